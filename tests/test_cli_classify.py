"""`keras-lrcn classify` with tiny recognisers of random weights, loaded from folders."""

import contextlib
import csv
import http.server
import io
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from PIL import Image

import keras_lrcn
from keras_lrcn.cli import classifying, main
from keras_lrcn.cli.class_records import FORMATS, ClassRecord
from keras_lrcn.cli.classify import timeline_paths
from keras_lrcn.cli.records import resume, to_bytes
from tests.models.test_activity import CLASSES, make_activity

pytest.importorskip("av")
from tests.reference.video_files import cut_copy, moving_squares, write_video  # noqa: E402

BROKEN = ("02.mp4", "05.mp4", "09.mp4")


@pytest.fixture(scope="module")
def presets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("presets")
    rgb = make_activity(1)
    rgb.save_to_preset(str(folder / "rgb"))
    try:
        flow = make_activity(2, modality="flow")
        keras_lrcn.TwoStream.from_streams(rgb, flow).save_to_preset(str(folder / "both"))
    except ImportError:  # no OpenCV: the tests of flow skip
        pass
    return folder


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    """Twelve videos of different lengths; three are none, one of those is cut in the middle."""
    folder = tmp_path_factory.mktemp("videos")
    for number in range(12):
        frames = moving_squares(8 + 5 * number, 48, 64, seed=number)
        write_video(folder / f"{number:02}.mp4", frames)
    (folder / "02.mp4").write_bytes(b"")
    (folder / "05.mp4").write_text("<html>not found</html>")
    write_video(folder / "09.mkv", moving_squares(60, 48, 64, seed=9))
    cut_copy(folder / "09.mkv", folder / "09.mp4", (folder / "09.mkv").stat().st_size // 2)
    (folder / "09.mkv").unlink()
    return folder


def good(folder):
    return [str(path) for path in sorted(folder.iterdir()) if path.name not in BROKEN]


@pytest.fixture
def classify(presets, capsys):
    """Runs the command in this process: exit status, standard output, standard error."""

    def run(*argv, preset="rgb"):
        status = main(["classify", *map(str, argv), "--preset", str(presets / preset)])
        return status, *capsys.readouterr()

    return run


def rows(text):
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("preset", ["rgb", "both"])
@pytest.mark.parametrize("crops", ["centre", "ten"])
def test_jsonl_says_what_classify_returns(presets, videos, classify, preset, crops):
    if preset == "both":
        pytest.importorskip("cv2")
    task = {"rgb": keras_lrcn.LRCNActivity, "both": keras_lrcn.TwoStream}[preset]
    paths = good(videos)[:4]
    results = task.from_preset(str(presets / preset)).classify(paths, top=2, crops=crops)
    options = ["--format", "jsonl", "--top", 2, "--crops", crops]
    status, out, _ = classify(*paths, *options, preset=preset)
    assert status == 0 and [row["video"] for row in rows(out)] == paths
    for row, result in zip(rows(out), results, strict=True):
        assert list(row) == ["video", "label", "probability", "top", "start", "end"]
        assert row["label"] == result.label == row["top"][0]["label"]
        listed = [(entry["label"], entry["probability"]) for entry in row["top"]]
        assert [label for label, _ in listed] == [label for label, _ in result.top]
        np.testing.assert_allclose(
            [p for _, p in listed], [p for _, p in result.top], atol=1e-4
        )  # 4 digits
        np.testing.assert_allclose(
            [row["start"], row["end"]], [result.start, result.end], atol=1e-3
        )


def test_clips_are_as_long_as_asked_for(presets, videos, classify):
    activity = keras_lrcn.LRCNActivity.from_preset(str(presets / "rgb"))
    path = good(videos)[-1]
    result = activity.classify(path, clip_length=12, stride=5)
    _, out, _ = classify(path, "--format", "jsonl", "--clip-length", 12, "--stride", 5)
    assert rows(out)[0]["probability"] == pytest.approx(result.probability, abs=1e-4)
    _, other, _ = classify(path, "--format", "jsonl")
    assert other != out


def test_broken_videos_are_named_and_the_others_done(videos, classify):
    status, out, err = classify(videos)
    assert status == 1
    assert "3 of 12 videos are broken" in err and all(name in err for name in BROKEN)
    assert out.count("\n\n") == 9 and not any(name in out for name in BROKEN)


def test_a_damaged_video_is_classified_as_far_as_it_goes_if_asked(videos, classify):
    status, out, err = classify(videos, "--format", "jsonl", "--on-error", "partial")
    assert status == 1 and "2 of 12 videos are broken" in err  # of those no frame decodes
    assert "1 of 12 videos are damaged" in err and err.count("09.mp4") == 1
    by_name = {os.path.basename(row["video"]): row for row in rows(out)}
    assert len(by_name) == 10 and 0.5 < by_name["09.mp4"]["end"] < 60 / 25 - 0.1


def test_folders_of_frames_are_videos(classify, tmp_path):
    folder = tmp_path / "clips" / "frames"
    folder.mkdir(parents=True)
    for number, frame in enumerate(moving_squares(9, 48, 64)):
        Image.fromarray(frame).save(folder / f"{number}.png")
    status, out, _ = classify(tmp_path / "clips", "--format", "jsonl")
    assert status == 0 and [row["video"] for row in rows(out)] == [str(folder)]


def test_a_second_run_does_nothing(videos, classify, tmp_path, monkeypatch):
    output = tmp_path / "classes.jsonl"
    classify(videos, "--format", "jsonl", "--output", output)
    written = output.read_bytes()
    paths = good(videos)
    monkeypatch.setattr(classifying.ActivityModel, "load", lambda self: pytest.fail("loads"))
    status, out, err = classify(*paths, "--format", "jsonl", "--output", output)
    assert (status, out) == (0, "") and "9 of 9 videos are done" in err
    assert output.read_bytes() == written


KILLED = """
import os, signal, sys
from keras_lrcn.cli import classifying, main

calls, classify = [], classifying.ActivityModel.__call__

def three_videos(self, path):
    calls.append(path)
    if len(calls) == 6:
        os.kill(os.getpid(), signal.SIGKILL)
    return classify(self, path)

classifying.ActivityModel.__call__ = three_videos
main(sys.argv[1:])
"""


@pytest.mark.slow
def test_a_killed_run_goes_on_without_loss_or_repeat(presets, videos, classify, tmp_path):
    output, whole = tmp_path / "killed.jsonl", tmp_path / "whole.jsonl"
    argv = ["classify", str(videos), "--preset", str(presets / "rgb"), "--format", "jsonl"]
    argv += ["--output", str(output), "--timeline", str(tmp_path / "timelines")]
    killed = subprocess.run([sys.executable, "-c", KILLED, *argv], cwd=pathlib.Path.cwd())
    assert killed.returncode == -signal.SIGKILL
    assert len(rows(output.read_text())) == 4  # and one broken
    with output.open("a") as file:
        file.write('{"video": "half a li')  # what a kill in the middle of a write leaves
    timelines = ["--timeline", tmp_path / "timelines"]
    assert classify(videos, "--format", "jsonl", "--output", output, *timelines)[0] == 1
    assert classify(videos, "--format", "jsonl", "--output", whole)[0] == 1
    resumed, uninterrupted = rows(output.read_text()), rows(whole.read_text())
    assert [row["video"] for row in resumed] == good(videos)
    assert [row["top"] for row in resumed] == [row["top"] for row in uninterrupted]
    names = sorted(path.name for path in (tmp_path / "timelines").iterdir())
    assert names == [f"{pathlib.Path(path).stem}.csv" for path in good(videos)]


def test_timelines_are_written_beside_the_classes(presets, videos, classify, tmp_path):
    activity = keras_lrcn.LRCNActivity.from_preset(str(presets / "rgb"))
    paths = good(videos)[:2]
    for kind in ("csv", "json", "srt", "png"):
        folder = tmp_path / kind
        status, out, _ = classify(*paths, "--timeline", folder, "--timeline-format", kind)
        assert status == 0 and out
        assert [p.name for p in sorted(folder.iterdir())] == [f"00.{kind}", f"01.{kind}"]
    result = activity.classify(paths[1])
    header, *cells = csv.reader((tmp_path / "csv" / "01.csv").read_text().splitlines())
    assert header == ["second", *CLASSES]
    np.testing.assert_allclose(np.array(cells, float)[:, 1:], result.timeline, atol=1e-4)
    assert Image.open(tmp_path / "png" / "00.png").height > 400  # with a film strip


def test_missing_timelines_are_made_without_repeating_a_line(videos, classify, tmp_path):
    output, folder = tmp_path / "classes.csv", tmp_path / "timelines"
    paths = good(videos)[:3]
    options = ("--format", "csv", "--output", output)
    classify(*paths, *options)
    written = output.read_bytes()
    status, _, err = classify(*paths, *options, "--timeline", folder)
    assert status == 0 and len(list(folder.iterdir())) == 3 and output.read_bytes() == written
    (folder / "01.csv").unlink()
    assert "2 of 3 videos are done" in classify(*paths, *options, "--timeline", folder)[2]
    assert len(list(folder.iterdir())) == 3 and output.read_bytes() == written


def test_timelines_of_equal_names_stand_apart():
    paths = ["/v/run/1.mp4", "/v/run/1.avi", "/v/walk/1.mp4"]
    files = timeline_paths(paths, "t", "csv")
    assert list(files.values()) == ["t/run/1.csv", "t/run/1.avi.csv", "t/walk/1.csv"]
    assert timeline_paths(["clips/a.mp4"], "t", "srt") == {"clips/a.mp4": "t/a.srt"}


def test_errors_of_use_have_status_2_and_write_nothing(videos, classify, tiny_preset, capsys):
    path = good(videos)[0]
    assert main(["classify", path, "--preset", "no_such_preset"]) == 2
    assert "no_such_preset" in capsys.readouterr().err
    assert main(["classify", path, "--preset", tiny_preset]) == 2
    assert "LRCNCaptioner" in capsys.readouterr().err
    for argv, message in (
        ([path, "--output", "no/folder/a.txt"], "there is no folder"),
        (["camera:0", "--output", "a.txt"], "--output means nothing"),
        (["camera:0", "rtsp://door"], "alone"),
        ([path, "--stream", "--clip-length", "7", "--stride", "2"], "divide"),
    ):
        status, out, err = classify(*argv)
        assert (status, out) == (2, "") and message in err, argv


def test_a_stream_has_a_line_for_each_second(presets, classify, tmp_path):
    path = tmp_path / "long.mp4"
    write_video(path, moving_squares(70, 48, 64), rate=20)
    status, out, _ = classify(path, "--stream", "--format", "jsonl", "--top", 2)
    lines = rows(out)
    assert status == 0 and [int(line["start"]) for line in lines] == [0, 1, 2, 3]
    activity = keras_lrcn.LRCNActivity.from_preset(str(presets / "rgb"))
    stream = activity.stream()
    steps = [stream.step(frame) for frame, _ in keras_lrcn.data.iter_video(path)]
    for number, line in enumerate(lines):
        mean = np.mean(steps[20 * number : 20 * number + 20], axis=0)
        assert line["label"] == CLASSES[int(mean.argmax())] and len(line["top"]) == 2
        assert line["probability"] == pytest.approx(float(mean.max()), abs=1e-4)
    assert len(classify(path, "--stream")[1].splitlines()) == 4
    assert len(classify(path, "--stream", "--format", "csv")[1].splitlines()) == 5


def test_ctrl_c_ends_a_stream_in_good_order(classify, monkeypatch):
    def camera(source, **options):
        assert source == "camera:0"
        for number, frame in enumerate(moving_squares(40, 48, 64)):
            yield frame, number / 10
        signal.raise_signal(signal.SIGINT)
        yield frame, 4.0

    monkeypatch.setattr(keras_lrcn.data, "iter_video", camera)
    status, out, err = classify("camera:0")
    assert (status, err) == (0, "") and len(out.splitlines()) == 4


def test_a_missing_package_is_named_with_its_remedy(videos, classify, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)  # what an import finds that is not installed
    status, out, err = classify(good(videos)[0])
    assert (status, out) == (2, "") and 'pip install "keras-lrcn[video]"' in err


def test_a_camera_that_is_not_there_is_an_error_of_use(classify):
    pytest.importorskip("cv2")
    status, out, err = classify("camera:97")
    assert status == 2 and "camera:97" in err and out == ""


RECORDS = [
    ClassRecord("a.mp4", (("PushUps", 0.75), ("Punch", 0.25)), 0.0, 3.84),
    ClassRecord('odd "name",\nbroken.avi', (("two  words", 1.0),), 0.0, 0.0),
    ClassRecord("b/\udcff.mp4", (("Punch", 0.5), ("PushUps", 0.5)), 0.04, 2.0),
]


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_cut_anywhere_is_completed_without_loss_or_repeat(name, tmp_path):
    record_format, path = FORMATS[name](2), tmp_path / "out"
    whole = to_bytes(record_format.header + "".join(map(record_format.encode, RECORDS)))
    first = len(to_bytes(record_format.header + record_format.encode(RECORDS[0])))
    for length in [0, *range(first, len(whole) + 1)]:
        path.write_bytes(whole[:length])
        records, file = resume(str(path), record_format)
        with file:
            for record, written in zip(records, RECORDS, strict=False):
                assert record.video == written.video and record.top == written.top
                assert record.start in (written.start, None)
            for record in RECORDS[len(records) :]:
                file.write(to_bytes(record_format.encode(record)))
        assert path.read_bytes() == whole


@pytest.fixture
def camera_on_the_network():
    """Address of a stream of JPEG pictures without end, as network cameras serve it."""
    picture = io.BytesIO()
    Image.fromarray(moving_squares(1, 48, 64)[0]).save(picture, "JPEG")
    part = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n"

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            with contextlib.suppress(OSError):
                while True:
                    self.wfile.write(part % (picture.tell(), picture.getvalue()))
                    time.sleep(0.04)

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/door.mjpg"
    server.shutdown()


@pytest.mark.slow
def test_a_network_stream_is_watched_until_ctrl_c(presets, camera_on_the_network):
    pytest.importorskip("cv2")
    argv = ["classify", camera_on_the_network, "--preset", str(presets / "rgb")]
    process = subprocess.Popen(
        [sys.executable, "-m", "keras_lrcn", *argv, "--format", "jsonl"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    lines = [json.loads(process.stdout.readline()) for _ in range(3)]
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    assert [int(line["start"]) for line in lines] == [0, 1, 2]
    assert {line["video"] for line in lines} == {camera_on_the_network}
