"""`keras-lrcn flow`: files, folders and films of flow, again and again, around broken videos."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from keras_lrcn.cli import flow, main
from keras_lrcn.cli.flow_formats import FORMATS
from keras_lrcn.data import FlowEncoding, flow_frames, read_flow, read_image, read_video
from keras_lrcn.data.flow_methods import METHODS

pytest.importorskip("cv2")
ENCODING = FlowEncoding(method="dis")


def write_frames(folder, seed=0, num_frames=4):
    """A folder of frames, 37x45, which is a video too."""
    os.makedirs(folder)
    texture = np.random.default_rng(seed).integers(0, 256, (60, 80, 3), dtype="uint8")
    frames = np.stack([texture[k : 37 + k, 2 * k : 45 + 2 * k] for k in range(num_frames)])
    for number, frame in enumerate(frames, 1):
        Image.fromarray(frame).save(os.path.join(folder, f"{number:04d}.png"))
    return frames


@pytest.fixture
def videos(tmp_path, monkeypatch):
    """Frames of `videos/run/a` and `videos/walk/b`; the working directory is around them."""
    monkeypatch.chdir(tmp_path)
    names = ("run/a", "walk/b")
    return {name: write_frames(f"videos/{name}", seed) for seed, name in enumerate(names)}


def compute(*arguments):
    return main(["flow", "videos", "--method", "dis", "--workers", "1", *arguments])


def state(folder):
    """Names and times of everything below a folder."""
    return {
        os.path.join(parent, name): os.stat(os.path.join(parent, name)).st_mtime_ns
        for parent, _, names in os.walk(folder)
        for name in names
    }


def test_choices_are_those_of_the_library():
    assert flow.FORMATS == tuple(FORMATS) and flow.METHODS == tuple(METHODS)


def test_every_video_has_its_flow_where_it_was(videos):
    assert compute("--output", "flow") == 0
    assert sorted(state("flow")) == ["flow/run/a.flow.zip", "flow/walk/b.flow.zip"]
    for name, frames in videos.items():
        images, encoding = read_flow(f"flow/{name}.flow.zip")
        assert encoding == ENCODING
        np.testing.assert_array_equal(images, flow_frames(frames, ENCODING))


@pytest.mark.parametrize("kind", FORMATS)
def test_a_second_run_does_nothing(videos, kind, capsys):
    if kind == "mp4":
        pytest.importorskip("av")
    assert compute("--output", "flow", "--format", kind) == 0
    before = state("flow")
    assert compute("--output", "flow", "--format", kind) == 0
    assert "2 of 2 videos are done already" in capsys.readouterr().err
    assert state("flow") == before


def test_png_folders_hold_the_flow_images_under_the_authors_names(videos):
    assert compute("--output", "flow", "--format", "png") == 0
    names = [f"flow_image_a.{number:04d}.png" for number in (2, 3, 4)]
    assert sorted(os.listdir("flow/run/a")) == ["flow.json", *names]
    images = [read_image(f"flow/run/a/{name}") for name in names]
    np.testing.assert_array_equal(images, flow_frames(videos["run/a"], ENCODING))
    with open("flow/run/a/flow.json") as file:
        assert FlowEncoding.from_config(json.load(file)["encoding"]) == ENCODING


def test_jpg_folders_are_close(videos):
    assert compute("--output", "flow", "--format", "jpg") == 0
    images = [read_image(f"flow/walk/b/flow_image_b.{n:04d}.jpg") for n in (2, 3, 4)]
    difference = np.subtract(images, flow_frames(videos["walk/b"], ENCODING), dtype="float32")
    assert np.abs(difference).mean() < 2  # levels, of motion that is noise


def test_a_folder_of_png_is_not_taken_for_one_of_jpg(videos, capsys):
    compute("--output", "flow", "--format", "png")
    before = state("flow")
    assert compute("--output", "flow", "--format", "jpg") == 1
    assert "flow/run/a: there already, with png images, not jpg" in capsys.readouterr().err
    assert state("flow") == before


def test_films_show_as_many_pictures_as_there_is_flow(videos):
    pytest.importorskip("av")
    assert compute("--output", "flow", "--format", "mp4", "--fps", "5") == 0
    film = read_video("flow/run/a.flow.mp4")
    assert film.frames.shape == (3, 38, 46, 3)  # the codec wants even sides
    np.testing.assert_allclose(film.seconds, [0, 0.2, 0.4], atol=1e-6)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_changed_video_is_computed_again(videos, kind):
    if kind == "mp4":
        pytest.importorskip("av")
    compute("--output", "flow", "--format", kind)
    before = state("flow")
    os.remove("videos/run/a/0004.png")
    assert compute("--output", "flow", "--format", kind) == 0
    after = state("flow")
    assert {name for name in before if before[name] == after.get(name)} == {
        name for name in before if name.startswith("flow/walk")
    }
    assert len(after) == len(before) - (kind in ("png", "jpg"))


def test_broken_videos_are_named_and_the_others_done(videos, capsys):
    pytest.importorskip("av")
    with open("videos/run/bad.mp4", "wb") as file:
        file.write(b"no video at all")
    write_frames("videos/jump/c")
    with open("videos/jump/c/0002.png", "wb") as file:
        file.write(b"")
    for _ in range(2):
        assert compute("--output", "flow") == 1
        message = capsys.readouterr().err
        assert "2 of 4 videos are broken" in message
        assert "videos/run/bad.mp4: " in message and "videos/jump/c" in message
        assert sorted(state("flow")) == ["flow/run/a.flow.zip", "flow/walk/b.flow.zip"]


def test_what_is_there_and_not_ours_is_left_alone(videos, capsys):
    os.makedirs("flow/run/a")
    with open("flow/run/a/thesis.txt", "w") as file:
        file.write("years of work")
    assert compute("--output", "flow", "--format", "png") == 1
    assert "flow/run/a: there already, but no folder of flow images" in capsys.readouterr().err
    assert os.listdir("flow/run/a") == ["thesis.txt"] and os.path.isdir("flow/walk/b")


def test_flow_of_other_settings_is_not_overwritten(videos, capsys):
    compute("--output", "flow")
    before = state("flow")
    assert compute("--output", "flow", "--size", "20x24") == 2
    assert "computed otherwise (size None, not [20, 24])" in capsys.readouterr().err
    assert state("flow") == before


def test_two_videos_of_one_name_are_refused(videos, capsys):
    write_frames("more/a")
    assert main(["flow", "videos/run/a", "more/a", "--output", "flow"]) == 2
    assert "would share the name a" in capsys.readouterr().err


def test_the_preview_shows_frames_above_their_flow(videos, capsys):
    assert compute("--preview", "sheet.png") == 0
    sheet = read_image("sheet.png")
    tile = (round(220 * 37 / 45), 220)  # of three moments, in three lines, for two videos
    assert sheet.shape[1] == 24 + 96 + 3 * 228 - 8 + 24
    assert sheet.shape[0] == 2 * (24 + 84 + 3 * (tile[0] + 8) - 8 + 24)
    frame = Image.fromarray(videos["run/a"][1]).resize(tile[::-1], Image.Resampling.LANCZOS)
    np.testing.assert_array_equal(sheet[108 : 108 + tile[0], 120 : 120 + 220], np.asarray(frame))
    image = flow_frames(videos["run/a"], ENCODING)[2]
    image = Image.fromarray(image).resize(tile[::-1], Image.Resampling.LANCZOS)
    top, left = 108 + 2 * (tile[0] + 8), 120 + 2 * 228
    np.testing.assert_array_equal(sheet[top : top + tile[0], left : left + 220], np.asarray(image))
    assert "a picture of 2 of 2 videos" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments, message",
    [
        ([], "give --output FOLDER, --preview FILE.png or both"),
        (["--preview", "nowhere/sheet.png"], "there is no folder nowhere"),
    ],
)
def test_what_cannot_be_done_is_said_at_once(videos, arguments, message, capsys):
    assert compute(*arguments) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("text", ["240", "240x", "0x5", "axb", "240x-3"])
def test_sizes_are_two_numbers(text, capsys):
    with pytest.raises(SystemExit):
        main(["flow", "videos", "--size", text])
    assert "must be HEIGHTxWIDTH" in capsys.readouterr().err


def test_missing_paths_and_empty_folders_are_named(tmp_path, capsys):
    assert main(["flow", str(tmp_path / "none.mp4"), "--output", "x"]) == 2
    assert "none.mp4" in capsys.readouterr().err
    assert main(["flow", str(tmp_path), "--output", "x"]) == 2
    assert "no videos below" in capsys.readouterr().err


def test_without_opencv_the_package_is_named(videos, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "cv2", None)
    assert compute("--output", "flow") == 2
    assert 'pip install "keras-lrcn[flow]"' in capsys.readouterr().err


def ended(group):
    """Whether every process of a group is gone, within twenty seconds."""
    for _ in range(200):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("sent, status", [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_a_run_that_is_stopped_leaves_only_whole_files_and_goes_on(tmp_path, sent, status):
    for number in range(4):
        write_frames(tmp_path / "videos" / str(number), num_frames=12)
    code = (
        "import signal, sys; from keras_lrcn.cli import main; "
        "signal.signal(signal.SIGINT, signal.default_int_handler); sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, "flow", "videos", "--output", "flow", "--workers", "2"]
    environment = os.environ | {"PYTHONPATH": str(pathlib.Path(__file__).parents[1])}
    arguments = {"cwd": tmp_path, "env": environment, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, start_new_session=True, **arguments) as run:
        while run.poll() is None and not list(tmp_path.glob("flow/*")):  # one is being written
            time.sleep(0.01)
        if sent == signal.SIGINT:
            os.killpg(run.pid, sent)  # as a terminal does
        else:
            run.send_signal(sent)
        assert run.wait(60) == status
    assert ended(run.pid)
    for file in tmp_path.glob("flow/*.flow.zip"):
        assert read_flow(file).images.shape == (11, 37, 45, 3)
    if sent == signal.SIGINT:
        assert not list(tmp_path.glob("flow/*.part*"))
    assert subprocess.run(command, **arguments).returncode == 0
    assert len(list(tmp_path.glob("flow/*.flow.zip"))) == 4
