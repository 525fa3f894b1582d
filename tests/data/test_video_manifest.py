import hashlib
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from keras_lrcn.data import (
    VideoError,
    check_videos,
    read_manifest,
    read_video,
    video_check,
    videos_of_manifest,
)
from tests.reference.video_files import cut_copy, moving_squares, write_video


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    squares = moving_squares(30)
    (folder / "clips").mkdir()
    whole = write_video(folder / "clips" / "a.mp4", squares)
    write_video(folder / "clips" / "b.mkv", squares[:20], rate=10)
    cut_copy(whole, folder / "clips" / "no index.mp4", 900)
    avi = write_video(folder / "whole.avi", moving_squares(99), "mpeg4")
    cut_copy(avi, folder / "clips" / "cut.avi", len(avi.read_bytes()) * 3 // 4)
    (folder / "clips" / "text.mp4").write_text("no video")
    (folder / "clips" / "frames").mkdir()
    for number, pixels in enumerate(squares[:4]):
        Image.fromarray(pixels).save(folder / "clips" / "frames" / f"{number}.png")
    return folder


@pytest.fixture
def clips(made, tmp_path):
    return shutil.copytree(made / "clips", tmp_path / "clips")


@pytest.fixture
def decoded(monkeypatch):
    """Names of the videos that `check_videos` decodes; without processes, which take seconds."""
    names = []

    def here(function, jobs, workers, seconds=None):
        for job in jobs:
            names.append(os.path.basename(job))
            yield job, function(job)

    monkeypatch.setattr(video_check, "in_processes", here)
    return names


DAMAGED = ["cut.avi", "no index.mp4", "text.mp4"]


def test_every_video_is_described(clips):
    report = check_videos(clips, clips / "manifest.jsonl", workers=2)
    found = {os.path.basename(video.path): video for video in report.videos}
    assert [name for name, video in sorted(found.items()) if video.damaged] == DAMAGED
    assert not report.ok and report.exit_code == 1
    for name in ("a.mp4", "b.mkv", "cut.avi", "frames"):
        video, checked = read_video(clips / name, on_error="partial"), found[name]
        assert checked.frames == len(video.frames)
        assert (checked.expected, checked.errors) == (video.expected, video.errors)
        assert (checked.height, checked.width) == video.frames.shape[1:3]
        assert checked.fps == pytest.approx(1 / np.diff(video.seconds).mean(), abs=1e-3)
        assert checked.seconds == pytest.approx(len(video.frames) / checked.fps, abs=1e-3)
    content = (clips / "a.mp4").read_bytes()
    assert found["a.mp4"].sha256 == hashlib.sha256(content).hexdigest()
    assert found["a.mp4"].bytes == len(content)
    assert found["text.mp4"].frames == 0 and "FFmpeg" in found["text.mp4"].errors[0]
    assert read_manifest(clips / "manifest.jsonl") == report.videos


def test_a_second_run_decodes_nothing(clips, decoded):
    first = check_videos(clips, clips / "manifest.jsonl")
    assert len(decoded) == 6
    lines = (clips / "manifest.jsonl").read_bytes()
    assert check_videos(clips, clips / "manifest.jsonl") == first and len(decoded) == 6
    assert (clips / "manifest.jsonl").read_bytes() == lines


def test_only_what_changed_is_decoded_again(clips, decoded):
    manifest = clips / "manifest.jsonl"
    first = check_videos(clips, manifest)
    decoded.clear()
    os.utime(clips / "a.mp4", (1, 1))  # copied or unpacked anew: the same content
    write_video(clips / "b.mkv", moving_squares(7))
    Image.fromarray(moving_squares(1)[0]).save(clips / "frames" / "9.png")
    write_video(clips / "new.mp4", moving_squares(3))
    os.remove(clips / "text.mp4")
    second = check_videos(clips, manifest)
    assert sorted(decoded) == ["b.mkv", "frames", "new.mp4"]
    found = {os.path.basename(video.path): video.frames for video in second.videos}
    expected = {"a.mp4": 30, "b.mkv": 7, "frames": 5, "new.mp4": 3, "no index.mp4": 0}
    cut = next(video.frames for video in first.videos if video.path.endswith("cut.avi"))
    assert found == expected | {"cut.avi": cut}
    assert read_manifest(manifest) == second.videos  # the line of what is gone is gone too


@pytest.mark.parametrize("cut", range(0, 2000, 111))
def test_a_killed_run_goes_on_where_it_stopped(clips, decoded, cut):
    manifest = clips / "manifest.jsonl"
    report = check_videos(clips, manifest)
    content = manifest.read_bytes()[:cut]
    manifest.write_bytes(content)
    decoded.clear()
    assert check_videos(clips, manifest) == report
    assert len(decoded) == 6 - content.count(b"\n")
    assert len(manifest.read_bytes().splitlines()) == 6


def test_lines_are_there_before_the_run_ends(clips, monkeypatch):
    def interrupted(function, jobs, workers, seconds=None):
        yield jobs[0], function(jobs[0])
        raise KeyboardInterrupt

    monkeypatch.setattr(video_check, "in_processes", interrupted)
    with pytest.raises(KeyboardInterrupt):
        check_videos(clips, clips / "manifest.jsonl")
    assert len(read_manifest(clips / "manifest.jsonl")) == 1


def test_paths_are_relative_so_that_the_folder_may_move(clips, decoded, tmp_path):
    check_videos(clips, clips / "manifest.jsonl")
    rows = map(json.loads, (clips / "manifest.jsonl").read_text().splitlines())
    assert "frames" in [row["path"] for row in rows]
    moved = clips.rename(tmp_path / "moved")
    decoded.clear()
    check_videos(moved, moved / "manifest.jsonl")
    assert not decoded
    assert len(videos_of_manifest(moved / "manifest.jsonl")) == 3


def test_a_manifest_may_lie_elsewhere_and_hold_several_folders(made, decoded, tmp_path):
    manifest = tmp_path / "sub" / "all.jsonl"
    check_videos(made / "clips" / "a.mp4", manifest)
    report = check_videos(made / "whole.avi", manifest)
    assert [os.path.basename(video.path) for video in report.videos] == ["whole.avi"]
    assert len(videos_of_manifest(manifest)) == 2


def test_training_is_held_to_the_manifest(clips, decoded):
    manifest = clips / "manifest.jsonl"
    check_videos(clips, manifest)
    good = [str(clips / name) for name in ("a.mp4", "b.mkv", "frames")]
    assert videos_of_manifest(manifest) == good
    assert videos_of_manifest(manifest, "keep") == sorted([*good, str(clips / "cut.avi")])
    wanted = [clips / "frames", clips / "text.mp4", clips / "a.mp4"]
    assert videos_of_manifest(manifest, paths=wanted) == [good[2], good[0]]
    with pytest.raises(VideoError, match="cut.avi: the file is cut"):
        videos_of_manifest(manifest, "raise")
    with pytest.raises(ValueError, match="`on_damage`"):
        videos_of_manifest(manifest, "ignore")


def test_a_video_that_is_not_in_the_manifest_or_has_changed_is_named(clips, decoded):
    manifest = clips / "manifest.jsonl"
    check_videos(clips, manifest)
    write_video(clips / "new.mp4", moving_squares(3))
    with pytest.raises(VideoError, match=r"new.mp4: not in the manifest.*keras-lrcn check"):
        videos_of_manifest(manifest, paths=[clips / "new.mp4"])
    os.utime(clips / "a.mp4", (1, 1))
    assert len(videos_of_manifest(manifest)) == 3  # touched, but the same
    content = bytearray((clips / "a.mp4").read_bytes())
    content[-1] ^= 1
    (clips / "a.mp4").write_bytes(content)
    with pytest.raises(VideoError, match=r"a.mp4: changed since the manifest"):
        videos_of_manifest(manifest)
    os.remove(clips / "a.mp4")
    with pytest.raises(VideoError, match=r"a.mp4: gone since the manifest"):
        videos_of_manifest(manifest)


def test_other_files_are_not_taken_for_a_manifest(clips, decoded):
    for content in ("frames,seconds\n1,2\n", "notes", '{"path": 1}\n', '{"path": "a"}\n'):
        (clips / "notes.txt").write_text(content)
        with pytest.raises(ValueError, match="notes.txt, line 1"):
            check_videos(clips, clips / "notes.txt")
        assert (clips / "notes.txt").read_text() == content
    with pytest.raises(FileNotFoundError, match="No videos"):
        (clips / "empty").mkdir()
        check_videos(clips / "empty")


def test_names_of_any_kind_come_back(clips, decoded):
    for name in ("ein Löwe.mp4", "two\nlines.mp4", "nicht \udcff utf-8.mp4"):
        shutil.copy(clips / "a.mp4", clips / name)
    report = check_videos(clips, clips / "manifest.jsonl")
    assert read_manifest(clips / "manifest.jsonl") == report.videos
    assert len(videos_of_manifest(clips / "manifest.jsonl")) == 6


def test_a_decoder_that_takes_too_long_or_crashes_costs_one_video(clips):
    report = check_videos([clips / "a.mp4", clips / "b.mkv"], workers=1, time_limit=1e-4)
    assert [video.frames for video in report.videos] == [0, 0]
    assert "longer than 0.0001 seconds" in report.videos[0].errors[0]
    assert report.videos[0].bytes and report.videos[0].sha256


def test_the_report_lists_all_damage(clips, decoded):
    report = check_videos(clips)
    text = report.text()
    assert "6 videos, " in text and "3 videos are whole, 3 damaged." in text
    for video in report.damaged:
        assert video.path in text and all(error in text for error in video.errors)
    facts = json.loads(report.json())["facts"]
    assert facts["num_videos"] == 6 and facts["num_damaged"] == 3
    assert facts["num_frames"] == sum(video.frames for video in report.videos)


COMMAND = [sys.executable, "-m", "keras_lrcn", "check"]


def run(*arguments):
    done = subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def test_the_command_checks_a_folder_of_videos(clips):
    code, out, _ = run(clips, "--manifest", clips / "manifest.jsonl", "--workers", 1)
    assert code == 1 and "3 videos are whole, 3 damaged." in out
    assert all(name in out for name in DAMAGED)
    code, out, _ = run(clips / "a.mp4", "--manifest", clips / "manifest.jsonl", "--json")
    assert code == 0 and json.loads(out)["ok"]
    assert len(read_manifest(clips / "manifest.jsonl")) == 6


def test_captions_and_videos_are_told_apart(clips, capsys, decoded):
    from keras_lrcn.cli import main

    assert main(["check", str(clips / "frames")]) == 2  # photos without captions
    assert "No captions known" in capsys.readouterr().err
    assert main(["check", str(clips / "frames"), "--format", "videos"]) == 0
    captions = "image,caption\nframes/0.png,a square\n"
    (clips / "captions.csv").write_text(captions)
    capsys.readouterr()
    main(["check", str(clips), "--images", str(clips)])
    assert "1 images, 1 captions" in capsys.readouterr().out
    for options in (["--manifest", "m.jsonl"], ["--workers", "2"], ["--time-limit", "3"]):
        assert main(["check", str(clips), *options]) == 2
        assert f"{options[0]} is not for captions" in capsys.readouterr().err
    assert main(["check", str(clips / "a.mp4"), "--split", "dev"]) == 2
    assert main(["check", str(clips / "a.mp4"), "--workers", "0"]) == 2
    assert main(["check", str(clips / "gone.mp4")]) == 2
