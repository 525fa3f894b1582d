"""The flow of many videos: once each, whole, in one way, and whatever else is broken."""

import os

import numpy as np
import pytest
from PIL import Image

from keras_lrcn.data import FlowEncoding, cache_flow, flow_frames, read_flow

pytest.importorskip("cv2")
ENCODING = FlowEncoding(method="dis")


def write_video(folder, seed=0, num_frames=4):
    """A folder of frames, which is a video too."""
    folder.mkdir(parents=True)
    texture = np.random.default_rng(seed).integers(0, 256, (60, 60, 3), dtype="uint8")
    frames = np.stack([texture[k : 36 + k, 2 * k : 44 + 2 * k] for k in range(num_frames)])
    for number, frame in enumerate(frames, 1):
        Image.fromarray(frame).save(folder / f"{number:04d}.png")
    return frames


@pytest.fixture
def videos(tmp_path):
    """Two good videos, and one of which a frame is cut short."""
    frames = {name: write_video(tmp_path / "videos" / name, seed) for seed, name in enumerate("ab")}
    write_video(tmp_path / "videos" / "broken")
    path = tmp_path / "videos" / "broken" / "0003.png"
    path.write_bytes(path.read_bytes()[:200])
    return {str(tmp_path / "videos" / name): frames.get(name) for name in ("a", "broken", "b")}


@pytest.mark.parametrize("workers", [1, 2])
def test_good_videos_have_their_flow_and_broken_ones_are_named(videos, tmp_path, workers):
    errors = []
    files = cache_flow(list(videos), tmp_path / "flow", ENCODING, workers, on_error=errors.append)
    assert [os.path.basename(path) for path in files] == ["a", "b"]
    for path, file in files.items():
        images, encoding = read_flow(file, ENCODING)
        np.testing.assert_array_equal(images, flow_frames(videos[path], ENCODING))
    (error,) = errors
    assert os.path.basename(error.path) == "broken" and "0003.png" in str(error)
    assert sorted(os.listdir(tmp_path / "flow")) == ["a.flow.zip", "b.flow.zip"]


def test_broken_videos_raise_only_once_the_others_are_done(videos, tmp_path):
    with pytest.raises(ValueError, match="broken"):
        cache_flow(list(videos), tmp_path / "flow", ENCODING, on_error="raise")
    assert sorted(os.listdir(tmp_path / "flow")) == ["a.flow.zip", "b.flow.zip"]
    with pytest.warns(UserWarning, match="broken"):
        cache_flow(list(videos), tmp_path / "flow", ENCODING)


def test_a_second_run_computes_only_what_is_missing_or_has_changed(videos, tmp_path):
    paths = [path for path in videos if videos[path] is not None]
    calls = []

    def method(previous, frame):
        calls.append(frame.shape)
        return np.zeros((*frame.shape[:2], 2))

    def run():
        calls.clear()
        cache_flow(paths, tmp_path / "flow", FlowEncoding(method="still"), method=method)
        return len(calls)

    assert run() == 6 and run() == 0
    os.remove(tmp_path / "flow" / "a.flow.zip")
    assert run() == 3
    os.remove(os.path.join(paths[1], "0004.png"))
    assert run() == 2 and run() == 0
    os.rename(paths[0], paths[0] + " is gone")
    assert run() == 0  # flow outlives the video


def test_flow_computed_otherwise_is_refused_before_any_work(videos, tmp_path):
    path = next(iter(videos))
    (file,) = cache_flow([path], tmp_path, ENCODING).values()
    before = os.stat(file).st_mtime_ns
    for arguments, difference in [
        ({"encoding": FlowEncoding()}, "method dis, not brox_fast"),
        ({"encoding": ENCODING, "size": (20, 24)}, r"size None, not \[20, 24\]"),
        ({"encoding": ENCODING, "fps": 5.0}, "fps None, not 5.0"),
    ]:
        with pytest.raises(ValueError, match=f"a.flow.zip is there already.*{difference}"):
            cache_flow([path], tmp_path, **arguments)
    assert os.stat(file).st_mtime_ns == before


def test_a_damaged_file_is_named_and_left_alone(videos, tmp_path):
    path = next(iter(videos))
    (file,) = cache_flow([path], tmp_path, ENCODING).values()
    with open(file, "r+b") as damaged:
        damaged.truncate(os.path.getsize(file) // 2)
    with pytest.warns(UserWarning, match="a.flow.zip.*Delete it"):
        assert cache_flow([path], tmp_path, ENCODING) == {}


def test_frames_are_resized_before(videos, tmp_path):
    path = next(iter(videos))
    (file,) = cache_flow([path], tmp_path, ENCODING, size=(20, 32)).values()
    assert read_flow(file).images.shape == (3, 20, 32, 3)


def test_frames_of_another_size_on_the_way_are_brought_to_the_first(videos, tmp_path):
    path = next(iter(videos))
    Image.new("RGB", (30, 20)).save(os.path.join(path, "0003.png"))
    (file,) = cache_flow([path], tmp_path, ENCODING).values()
    assert read_flow(file).images.shape == (3, 36, 44, 3)


def test_names_are_those_of_the_files_or_given(videos, tmp_path):
    path = next(iter(videos))
    files = cache_flow({path: "Punch/v_Punch_g01_c01"}, tmp_path, ENCODING)
    assert files == {path: str(tmp_path / "Punch" / "v_Punch_g01_c01.flow.zip")}
    with pytest.raises(ValueError, match="x/run.mp4 and y/run.avi would share the name run"):
        cache_flow(["x/run.mp4", "y/run.avi"], tmp_path)


def test_a_single_frame_has_no_flow(tmp_path):
    write_video(tmp_path / "photo", num_frames=1)
    with pytest.warns(UserWarning, match="single frame"):
        assert cache_flow([tmp_path / "photo"], tmp_path / "flow", ENCODING) == {}


def test_a_method_of_ones_own_needs_a_name_of_its_own(tmp_path):
    with pytest.raises(ValueError, match="needs a name.*brox_fast"):
        cache_flow([], tmp_path, method=lambda previous, frame: None)


def test_video_files_have_flow_with_the_seconds_of_its_frames(tmp_path):
    av = pytest.importorskip("av")
    frames = write_video(tmp_path / "frames")
    with av.open(str(tmp_path / "run.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height = 42, 36
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame[:, :42].copy(), "rgb24")))
        container.mux(stream.encode())
    (file,) = cache_flow([tmp_path / "run.mp4"], tmp_path, ENCODING).values()
    assert read_flow(file).images.shape == (3, 36, 42, 3)
    from keras_lrcn.data.flow_file import read_flow_header

    np.testing.assert_allclose(read_flow_header(file)["seconds"], [0.1, 0.2, 0.3])
