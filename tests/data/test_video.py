import pathlib
import subprocess
import sys

import numpy as np
import pytest

from keras_lrcn.data import Video, VideoError, iter_video, read_video
from keras_lrcn.data.image_store import resize_pixels
from tests.reference import video_files
from tests.reference.video_files import copy_stream, moving_squares, write_video

# Every container and codec that people have: name, codec, FFmpeg's options.
FORMATS = [
    ("h264.mp4", "libx264", {}),
    ("b_frames.avi", "libx264", {"bf": "2"}),  # reordered, and AVI stores no presentation times
    ("xvid_like.avi", "mpeg4", {"bf": "2"}),
    ("h264.mkv", "libx264", {}),
    ("fragments.mp4", "libx264", {"container_options": {"movflags": "frag_keyframe+empty_moov"}}),
    ("vp9.webm", "libvpx-vp9", {}),
    ("transport.ts", "libx264", {}),
    ("mpeg2.mpg", "mpeg2video", {}),
    ("windows.wmv", "wmv2", {}),
    ("flash.flv", "flv", {}),
    ("alpha.mov", "qtrle", {}),
    ("jpeg.avi", "mjpeg", {}),
]


@pytest.fixture(scope="module")
def squares():
    return moving_squares(60)


@pytest.fixture(scope="module")
def clip(tmp_path_factory, squares):
    return write_video(tmp_path_factory.mktemp("video") / "clip.mp4", squares)


@pytest.mark.parametrize("name, codec, options", FORMATS)
def test_any_format_gives_all_frames_at_their_times(tmp_path, squares, name, codec, options):
    video = read_video(write_video(tmp_path / name, squares, codec, **options))
    assert video.frames.shape == squares.shape and video.frames.dtype == np.uint8
    assert np.abs(video.frames.astype(int) - squares).mean() < 6  # lossy codecs, in order
    np.testing.assert_allclose(video.seconds, np.arange(60) / 25, atol=1e-9)
    assert video.expected in (60, None) and not video.damaged and video.path.endswith(name)


def test_mp4_mkv_folder_array_and_lossless_video_agree(tmp_path, clip):
    from PIL import Image

    frames = read_video(clip, size=(30, 40)).frames
    native = read_video(clip).frames
    (tmp_path / "frames").mkdir()
    for number, pixels in enumerate(native):
        Image.fromarray(pixels).save(tmp_path / "frames" / f"{number}.png")
    for source in (
        copy_stream(clip, tmp_path / "copy.mkv"),
        tmp_path / "frames",
        native,
        write_video(tmp_path / "lossless.mov", native, "png"),
    ):
        video = read_video(source, size=(30, 40))
        np.testing.assert_array_equal(video.frames, frames)
        np.testing.assert_allclose(video.seconds, np.arange(60) / 25)


@pytest.mark.parametrize("name, codec, options", FORMATS[:8])
def test_opencv_sees_the_same_frames(tmp_path, squares, name, codec, options):
    pytest.importorskip("cv2")
    path = write_video(tmp_path / name, squares, codec, **options)
    ours, theirs = (read_video(path, size=(30, 40), decoder=d) for d in ("pyav", "opencv"))
    np.testing.assert_array_equal(theirs.frames, ours.frames)


def test_frames_are_resized_as_photos_are(clip):
    native, small = read_video(clip), read_video(clip, size=(20, 30))
    for pixels, resized in zip(native.frames, small.frames, strict=True):
        np.testing.assert_array_equal(resized, resize_pixels(pixels, (20, 30)))


@pytest.mark.parametrize("fps", [1, 3, 7.3, 12.5, 25, 60])
@pytest.mark.parametrize("start", [0, 0.9])
def test_resampling_takes_the_frame_nearest_in_time(clip, fps, start):
    whole = read_video(clip)
    video = read_video(clip, fps=fps, start=start)
    assert len(video.frames) == max(round((60 / 25 - start) * fps), 1)
    wanted = start + np.arange(len(video.frames)) / fps
    np.testing.assert_allclose(video.seconds, wanted)
    distance = np.abs(whole.seconds - wanted[:, None])
    nearest = (distance < distance.min(1, keepdims=True) + 1e-6).argmax(1)  # the earlier of two
    np.testing.assert_array_equal(video.frames, whole.frames[nearest])


def test_a_variable_rate_is_resampled_by_time_not_by_number(tmp_path, squares):
    slow_then_fast = [*range(0, 2000, 200), *range(2000, 2400, 20)]  # 10 frames in 2 s, 20 in 0.4
    for name, codec in [("vfr.mp4", "libx264"), ("vfr.mkv", "libx264"), ("vfr.avi", "mpeg4")]:
        path = write_video(tmp_path / name, squares[:30], codec, stamps=slow_then_fast)
        video = read_video(path)
        np.testing.assert_allclose(video.seconds, np.array(slow_then_fast) / 1000, atol=1e-3)
        assert not video.damaged
        even = read_video(path, fps=5)
        np.testing.assert_array_equal(even.frames[:10], video.frames[:10])
        np.testing.assert_array_equal(even.frames[11], video.frames[20])


@pytest.mark.parametrize(
    "name, codec, options",
    [
        *FORMATS[:8],
        ("open_gop.mp4", "libx264", {"x264-params": "open-gop=1:keyint=12:bframes=3"}),
        ("open_gop.mkv", "libx264", {"x264-params": "open-gop=1:keyint=12:bframes=3"}),
        ("no_key_frames.mp4", "libx264", {"x264-params": "intra-refresh=1:keyint=12"}),
    ],
)
def test_a_clip_is_the_slice_of_the_whole(tmp_path, squares, name, codec, options):
    path = write_video(tmp_path / name, squares, codec, **options)
    whole = read_video(path)
    for first in range(0, 60, 3):
        clip = read_video(path, start=whole.seconds[first], max_frames=4)
        np.testing.assert_array_equal(clip.frames, whole.frames[first : first + 4])
        np.testing.assert_allclose(clip.seconds, whole.seconds[first : first + 4])
        assert not clip.damaged


def test_a_clip_of_a_long_video_decodes_from_the_key_frame(tmp_path, monkeypatch):
    path = write_video(tmp_path / "long.mp4", moving_squares(400))
    from keras_lrcn.data import video_pyav

    seen = []
    frames = video_pyav.PyAVSource._frames
    monkeypatch.setattr(
        video_pyav.PyAVSource, "_frames", lambda *a: (seen.append(f) or f for f in frames(*a))
    )
    assert read_video(path, start=15.5, max_frames=2).seconds.tolist() == [15.52, 15.56]
    assert len(seen) < 20


@pytest.mark.parametrize("degrees", [90, 180, 270])
@pytest.mark.parametrize("decoder", ["pyav", "opencv"])
def test_phone_videos_are_upright(tmp_path, clip, degrees, decoder):
    path = copy_stream(clip, tmp_path / "turned.mp4", rotation=degrees)
    turned = np.rot90(read_video(clip).frames, degrees // 90, axes=(1, 2))  # counterclockwise
    np.testing.assert_array_equal(read_video(path, decoder=decoder).frames, turned)


def test_display_matrices_turn_and_mirror():
    from keras_lrcn.data.video_pyav import upright

    picture = np.arange(24, dtype="uint8").reshape(4, 6, 1)
    one = 65536
    for (a, b, c, d), expected in {
        (one, 0, 0, one): picture,
        (-one, 0, 0, one): picture[:, ::-1],
        (one, 0, 0, -one): picture[::-1],
        (-one, 0, 0, -one): np.rot90(picture, 2),
        (0, -one, one, 0): np.rot90(picture),
        (0, one, -one, 0): np.rot90(picture, 3),
        (0, one, one, 0): picture.swapaxes(0, 1),
        (0, -one, -one, 0): np.rot90(picture.swapaxes(0, 1), 2),
    }.items():
        matrix = np.array([a, b, 0, c, d, 0, 0, 0, 1 << 30], "<i4")
        np.testing.assert_array_equal(upright(picture, matrix), expected)


def test_an_edit_list_cuts_frames_without_damage(tmp_path, clip):
    options = {"avoid_negative_ts": "disabled"}
    path = copy_stream(clip, tmp_path / "trimmed.mp4", options, shift=-5)
    video = read_video(path)
    np.testing.assert_array_equal(video.frames, read_video(clip).frames[5:])
    assert video.expected == 55 and video.seconds[0] == 0


def test_repeated_frames_of_xvid_are_no_damage(tmp_path, squares):
    """An MPEG-4 picture whose bit `vop_coded` is 0 says "as before" and gives no frame."""
    path = write_video(tmp_path / "clip.avi", squares, "mpeg4")
    (start, size), content = video_files.packet_places(path)[7], bytearray(path.read_bytes())
    # After the start code: type (2 bits), 0, marker, 1/25 s (5 bits), marker, vop_coded, the rest.
    head = int.from_bytes(content[start + 4 : start + 6], "big") & ~0b111111
    content[start + 4 : start + size] = head.to_bytes(2, "big") + bytes(size - 6)
    path.write_bytes(_shrunk(content, start, size, 8))
    video = read_video(path)
    assert len(video.frames) == video.expected == 59


def _shrunk(content, start, size, kept):
    """The AVI with one chunk of `kept` bytes, the rest of it under the name of a filler."""
    content[start - 4 : start] = kept.to_bytes(4, "little")
    filler = size + size % 2 - kept - 8
    content[start + kept : start + kept + 8] = b"JUNK" + filler.to_bytes(4, "little")
    index = content.rindex(b"idx1") + 8 + 16 * 7
    content[index + 12 : index + 16] = kept.to_bytes(4, "little")
    return content


def test_sound_subtitles_and_cover_pictures_are_passed_over(tmp_path, clip):
    subtitles = tmp_path / "words.srt"
    subtitles.write_text("1\n00:00:00,000 --> 00:00:01,000\nhello\n\n")
    for path in (
        video_files.write_mixed(tmp_path / "cover.mp4", clip),
        video_files.write_mixed(tmp_path / "words.mkv", clip, False, subtitles),
    ):
        video = read_video(path)
        np.testing.assert_array_equal(video.frames, read_video(clip).frames)
        assert not video.damaged


def test_iterating_gives_what_reading_gives(tmp_path, clip):
    for options in ({}, {"size": (20, 30)}, {"fps": 7.3}):
        video = read_video(clip, **options)
        frames, seconds = zip(*iter_video(clip, **options), strict=True)
        np.testing.assert_array_equal(frames, video.frames)
        np.testing.assert_array_equal(seconds, video.seconds)


def test_iterating_a_long_video_does_not_grow(tmp_path):
    """1,500 frames of 160x120 would be 86 MB; the process may grow by a tenth of it."""
    frames = np.concatenate([moving_squares(100, 120, 160)] * 15)
    path = write_video(tmp_path / "long.mp4", frames)
    code = (
        "import resource, sys; from keras_lrcn.data import iter_video\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for number, _ in enumerate(iter_video(sys.argv[1])):\n"
        "    early = peak() if number == 300 else early if number > 300 else 0\n"
        "print(number, peak() - early)"
    )
    number, growth = map(int, _run(code, path).split())
    assert number == 1499 and growth < 8_600  # in KiB


def test_silencing_ffmpeg_and_leaving_early_does_not_hang(clip):
    code = (
        "import sys, av; from keras_lrcn.data import iter_video, read_video\n"
        "av.logging.set_level(av.logging.PANIC)\n"
        "for _ in range(40):\n"
        "    next(iter_video(sys.argv[1]))\n"
        "    read_video(sys.argv[1], start=1, max_frames=3)\n"
        "print('done')"
    )
    assert _run(code, clip).strip() == "done"


def _run(code, path):
    command = [sys.executable, "-c", code, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout


def test_a_missing_package_is_named(clip, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(ImportError, match=r"keras-lrcn\[video\]"):
        read_video(clip)
    with pytest.raises(ImportError, match=r"keras-lrcn\[flow\]"):
        read_video(clip, decoder="opencv")


@pytest.mark.parametrize(
    "argument",
    [
        {"size": (0, 3)},
        {"size": (1, 2, 3)},
        {"fps": 0},
        {"fps": float("nan")},
        {"start": -1},
        {"max_frames": 0},
        {"on_error": "ignore"},
        {"decoder": "vlc"},
    ],
)
def test_wrong_arguments_are_named(clip, argument):
    with pytest.raises(ValueError, match=f"`{next(iter(argument))}`"):
        read_video(clip, **argument)


def test_a_start_beyond_the_end_is_an_error(clip):
    for options in ({}, {"fps": 5}):
        with pytest.raises(VideoError, match="second 3"):
            read_video(clip, start=3, **options)


def test_errors_and_videos_cross_processes(clip):
    import pickle

    error = VideoError("clip.mp4", "cut", "Fetch it")
    assert str(pickle.loads(pickle.dumps(error))) == str(error) == "clip.mp4: cut. Fetch it."
    video = pickle.loads(pickle.dumps(read_video(clip)))
    assert isinstance(video, Video) and not video.damaged


@pytest.mark.shared
def test_real_videos_are_whole_and_decoders_agree(shared_data):
    names = ["sample_media/bikes.mp4", "sample_media/carphone_pristine.mp4"]
    for folder in ("ucf101_3class/videos/Punch", "surv_fight/fight", "grid_s1/mouth"):
        names += sorted((pathlib.Path(shared_data) / folder).glob("*.mp4"))[:2]
    for name in names:
        video = read_video(pathlib.Path(shared_data) / name, size=(64, 64))
        assert len(video.frames) == video.expected and not video.damaged
        opencv = read_video(pathlib.Path(shared_data) / name, size=(64, 64), decoder="opencv")
        np.testing.assert_array_equal(opencv.frames, video.frames)
        np.testing.assert_allclose(opencv.seconds, video.seconds, atol=1e-6)
