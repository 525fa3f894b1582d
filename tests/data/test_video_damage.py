"""What damage gives, in a table. Each file is read in another process, against hangs and crashes.

Counts follow from where the files' packets lie: PNG and MPEG-4 without reordering lose exactly the
frames whose packets are hit. What FFmpeg makes of damaged H.264 is bounded, not counted.
"""

import json
import os
import subprocess
import sys
from typing import NamedTuple

import numpy as np
import pytest

from keras_lrcn.data import VideoError, iter_video, read_video
from tests.reference.video_files import (
    cut_copy,
    damaged_copy,
    moving_squares,
    packet_places,
    write_mixed,
    write_video,
)

TOTAL = 120
READ_ALL = """
import json, pathlib, sys
from keras_lrcn.data import VideoError, read_video

def outcome(path, mode):
    try:
        video = read_video(path, on_error=mode)
    except VideoError as error:
        return str(error)
    return video and [len(video.frames), video.expected, video.errors]

for line in sys.stdin:
    path, modes = line.strip(), ("raise", "partial", "skip")
    print(json.dumps([path, {mode: outcome(path, mode) for mode in modes}]), flush=True)
"""


class Outcome(NamedTuple):
    """What `read_video` makes of a file.

    Args:
        frames: those that `on_error="partial"` gives, as a count or a `range`; 0: `VideoError`.
        expected: what the header promises.
        damage: the words that the error (or `errors`) must hold; "" for a whole file.
    """

    frames: int | range
    expected: int | None
    damage: str


def read_in_another_process(paths, timeout=120):
    done = subprocess.run(
        [sys.executable, "-c", READ_ALL],
        input="\n".join(map(str, paths)),
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(map(json.loads, done.stdout.splitlines()))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Whole files of 120 frames, by name."""
    folder, squares = tmp_path_factory.mktemp("whole"), moving_squares(TOTAL)
    faststart = {"container_options": {"movflags": "faststart"}}
    return {
        name: write_video(folder / name, squares, codec, **options)
        for name, codec, options in [
            ("h264.mp4", "libx264", {}),
            ("h264_index_first.mp4", "libx264", faststart),
            ("h264.mkv", "libx264", {"bf": "0"}),
            ("vp9.webm", "libvpx-vp9", {}),
            ("mpeg4.avi", "mpeg4", {}),
            ("mpeg4.mkv", "mpeg4", {}),
            ("mpeg4_index_first.mp4", "mpeg4", faststart),
            ("png.avi", "png", {}),
            ("png_index_first.mov", "png", faststart),
        ]
    }


@pytest.fixture(scope="module")
def table(whole, tmp_path_factory):
    """Path -> `Outcome` of every broken and odd file."""
    folder = tmp_path_factory.mktemp("broken")
    return {
        **{path: Outcome(TOTAL, None if name[-3:] in ("mkv", "ebm") else TOTAL, "")
           for name, path in whole.items()},
        **_cut(whole, folder),
        **_altered(whole, folder),
        **_no_videos(folder),
        **_short(folder),
    }  # fmt: skip


def _cut(whole, folder):
    """Cut in the middle, inside a packet; and where FFmpeg sees nothing wrong, between two."""
    table = {}
    for name, codec_shows_rest in [
        ("mpeg4.avi", False),
        ("mpeg4.mkv", False),
        ("mpeg4_index_first.mp4", True),
        ("png.avi", False),
        ("png_index_first.mov", False),
        ("h264.mkv", False),
        ("vp9.webm", False),
    ]:
        places = packet_places(whole[name])
        start, size = places[70]
        inside = range(70, 72) if codec_shows_rest else 70
        expected = None if name[-3:] in ("mkv", "ebm") else TOTAL
        for end, frames in ((start + size // 2, inside), (start, 70)):
            path = cut_copy(whole[name], folder / f"cut_{end}_{name}", end)
            table[path] = Outcome(frames, expected, "the file is cut")
    path = cut_copy(whole["h264.mp4"], folder / "cut_index_last.mp4", 4000)
    table[path] = Outcome(0, None, "the file is cut")
    return table


def _altered(whole, folder):
    """Bytes flipped in three packets; a run of zeros over some packets and their headers."""
    table = {}
    for name in ("png.avi", "png_index_first.mov"):
        path, places = whole[name], packet_places(whole[name])
        for hit in (20, 50, 51):
            start, size = places[hit]
            target = folder / f"flipped_{name}"
            path = damaged_copy(path, target, start + 60, size - 120, scrambled)
        table[path] = Outcome(TOTAL - 3, TOTAL, "packets that do not decode: 3, first at frame 20")
        start, end = places[30][0], places[40][0] - 8
        zeros = damaged_copy(whole[name], folder / f"zeroed_{name}", start, end - start, zeroed)
        # An AVI is searched for its next packet, which may swallow one more.
        frames = TOTAL - 10 if name.endswith("mov") else range(TOTAL - 12, TOTAL - 9)
        table[zeros] = Outcome(frames, TOTAL, "of 120 frames")
    for name in ("h264.mp4", "h264_index_first.mp4", "mpeg4.avi"):
        path, places = whole[name], packet_places(whole[name])
        for hit in (20, 50, 51):
            start, size = places[hit]
            target = folder / f"flipped_{name}"
            path = damaged_copy(path, target, start + 5, size - 5, scrambled)
        table[path] = Outcome(range(TOTAL - 20, TOTAL + 1), TOTAL, "first at frame")
    for name in ("mpeg4.mkv", "vp9.webm"):
        places = packet_places(whole[name])
        start, end = places[30][0], places[40][0] - 8
        path = folder / f"zeroed_{name}"
        damaged_copy(whole[name], path, start, end - start, zeroed)
        table[path] = Outcome(range(25, TOTAL - 9), None, "at ")  # second, or frame
    return table


def scrambled(content):
    return bytes(byte ^ 0xA5 for byte in content)


def zeroed(content):
    return bytes(len(content))


def _no_videos(folder):
    files = {
        "empty.mp4": (b"", "an empty file"),
        "text.mp4": (b"This is no video.\n" * 50, "no video that FFmpeg can open"),
        "page.mp4": (b"<!DOCTYPE html><title>404</title>" * 9, "no video that FFmpeg can open"),
        "noise.avi": (np.random.default_rng(0).bytes(5000), "no video that FFmpeg can open"),
        "text.gif": (b"This is no video.\n" * 50, "no animation that Pillow can open"),
    }
    table = {}
    for name, (content, damage) in files.items():
        (folder / name).write_bytes(content)
        table[folder / name] = Outcome(0, None, damage)
    sound = write_mixed(folder / "sound.mp4", cover=False)
    table[sound] = Outcome(0, None, "no video in it, only sound")
    table[write_mixed(folder / "album.mp4")] = Outcome(0, None, "only a cover picture")
    os.mkfifo(folder / "pipe.mp4")
    table[folder / "pipe.mp4"] = Outcome(0, None, "neither a file nor a folder")
    playlist = folder / "playlist.mp4"
    playlist.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://192.0.2.1/a.ts\n")
    table[playlist] = Outcome(0, None, "no video")
    return table


def _short(folder):
    squares = moving_squares(5)
    one = write_video(folder / "one.mp4", squares[:1])
    five = write_video(folder / "five.avi", squares, "mpeg4")
    return {one: Outcome(1, 1, ""), five: Outcome(5, 5, "")}


def test_every_outcome_is_that_of_the_table(table):
    found = read_in_another_process(table)
    assert len(found) == len(table) > 40
    for path, (frames, expected, damage) in table.items():
        outcome = found[str(path)]
        if frames == 0:
            assert damage in outcome["raise"] and outcome["partial"] == outcome["raise"], path
            assert str(path) in outcome["raise"] and outcome["skip"] is None
            continue
        count, promised, errors = outcome["partial"]
        assert count in (frames if isinstance(frames, range) else [frames]), (path, outcome)
        assert promised == expected, (path, outcome)
        if damage:
            assert damage in "; ".join(errors) and outcome["skip"] is None, (path, outcome)
            assert str(path) in outcome["raise"] and damage in outcome["raise"]
        else:
            assert outcome["raise"] == outcome["skip"] == outcome["partial"] and not errors, path


def test_whole_frames_of_a_damaged_file_are_those_of_the_whole_one(whole, tmp_path):
    start, size = packet_places(whole["png.avi"])[9]
    path = damaged_copy(whole["png.avi"], tmp_path / "x.avi", start + 60, size - 120, scrambled)
    video, frames = read_video(path, on_error="partial"), read_video(whole["png.avi"])
    kept = [number for number in range(TOTAL) if number != 9]
    np.testing.assert_array_equal(video.frames, frames.frames[kept])
    np.testing.assert_allclose(video.seconds, frames.seconds[kept])  # the gap stays


def test_opencv_leaves_damage_to_pyav(whole, tmp_path):
    pytest.importorskip("cv2")
    for name in ("mpeg4.avi", "h264.mkv", "h264_index_first.mp4"):
        path = cut_copy(whole[name], tmp_path / name, packet_places(whole[name])[70][0] + 3)
        ours, theirs = (read_video(path, on_error="partial", decoder=d) for d in ("pyav", "opencv"))
        assert theirs.errors == ours.errors and theirs.damaged
        np.testing.assert_array_equal(theirs.frames, ours.frames)
        assert read_video(path, on_error="skip", decoder="opencv") is None


def test_a_missing_file_is_an_error_in_every_mode(tmp_path):
    for mode in ("raise", "partial", "skip"):
        with pytest.raises(VideoError, match=r"gone.mp4: no such file. Check"):
            read_video(tmp_path / "gone.mp4", on_error=mode)
    with pytest.raises(VideoError, match="no such file"):
        next(iter_video(tmp_path / "gone.mp4"))


def test_iterating_goes_on_over_damage_and_warns_at_the_end(whole, tmp_path):
    start, size = packet_places(whole["png.avi"])[9]
    path = damaged_copy(whole["png.avi"], tmp_path / "x.avi", start + 60, size - 120, scrambled)
    with pytest.warns(UserWarning, match="x.avi: packets that do not decode: 1, first at frame 9"):
        assert len(list(iter_video(path))) == TOTAL - 1
    frames = iter_video(path, on_error="raise")
    with pytest.raises(VideoError, match="x.avi.*frame 9"):
        for number, _ in enumerate(frames):
            assert number < 9


def test_a_wild_time_stamp_does_not_fill_memory(tmp_path):
    """Frames said to come two days later would make four million at 25 a second."""
    stamps = [40 * number for number in range(40)]
    stamps[30:] = [stamp + 2 * 24 * 3600 * 1000 for stamp in stamps[30:]]
    for name, options in [("jump.ts", {}), ("live.mkv", {"live": "1"})]:
        path = tmp_path / name
        write_video(path, moving_squares(40), stamps=stamps, container_options=options)
        video = read_video(path, fps=25, max_frames=999, on_error="partial")
        assert len(video.frames) == 40 and "time stamps far beyond the end: 10" in video.errors[0]


@pytest.mark.slow
def test_random_damage_neither_crashes_nor_hangs(whole, tmp_path):
    paths = []
    for name, path in whole.items():
        for seed in range(40):
            rng, content = np.random.default_rng(seed), bytearray(path.read_bytes())
            kind, place = seed % 4, rng.integers(len(content))
            if kind == 0:
                for byte in rng.integers(0, len(content), 20):
                    content[byte] ^= 1 << rng.integers(8)
            elif kind == 1:
                content[place : place + 2000] = bytes(len(content[place : place + 2000]))
            elif kind == 2:
                del content[max(place, 1) :]
            else:
                for byte in rng.integers(0, min(len(content), 1500), 8):
                    content[byte] = rng.integers(256)
            paths.append(tmp_path / f"{seed}_{name}")
            paths[-1].write_bytes(content)
    for outcome in read_in_another_process(paths, timeout=500).values():
        assert isinstance(outcome["raise"], (str, list))
        cut = "the file is cut" in str(outcome["raise"])
        assert not cut or outcome["skip"] is None
