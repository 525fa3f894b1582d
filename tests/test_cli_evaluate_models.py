"""`keras-lrcn evaluate activity` and `description` from a preset and a data set, in one call."""

import csv
import json
import pathlib
import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import keras_lrcn
from keras_lrcn.cli import captioning, classifying, main
from keras_lrcn.metrics import activity_scores, word_error_rate
from tests.models.describers import inputs_of, make_describer
from tests.models.test_activity import CLASSES, make_activity

pytest.importorskip("av")
from tests.reference.video_files import moving_squares, write_video  # noqa: E402

LABELS = [1, 2, 0, 1, 1, 2, 1, 0, 0]  # of nine videos, six of which the model names right
WORDS = ["a person cuts", "a person washes a plum", "knife"]


@pytest.fixture(scope="module")
def presets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("presets")
    make_activity(1).save_to_preset(str(folder / "activity"))
    make_activity(2).save_to_preset(str(folder / "other"))
    for kind in ("probabilities", "s2vt"):
        make_describer(kind).save_to_preset(str(folder / kind))
    return folder


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Nine videos in folders of three classes, of which one is none."""
    folder = tmp_path_factory.mktemp("clips")
    for number, label in enumerate(LABELS):
        path = folder / CLASSES[label] / f"{number}.mp4"
        path.parent.mkdir(exist_ok=True)
        write_video(path, moving_squares(8 + 3 * number, 48, 64, seed=number))
    (folder / CLASSES[1] / "4.mp4").write_text("<html>not found</html>")
    return folder


@pytest.fixture
def evaluate(presets, capsys):
    """Runs the command in this process: exit status, standard output, standard error."""

    def run(kind, preset, *argv):
        argv = ["--preset", str(presets / preset), *map(str, argv)]
        status = main(["evaluate", kind, *argv])
        return status, *capsys.readouterr()

    return run


def names(clips):
    return sorted(p.relative_to(clips).as_posix() for p in clips.glob("*/*"))


@pytest.fixture(scope="module")
def expected(presets, clips):
    """Label and class probabilities of every video, those of the broken one `None`."""
    task = keras_lrcn.LRCNActivity.from_preset(str(presets / "activity"))
    labels = [CLASSES.index(name.partition("/")[0]) for name in names(clips)]
    broken = [name.endswith("4.mp4") for name in names(clips)]
    rows = [
        None if bad else task.classify(str(clips / name)).probabilities
        for name, bad in zip(names(clips), broken, strict=True)
    ]
    return labels, rows


def test_activity_of_folders_scores_all_with_the_broken_ones_wrong(evaluate, clips, expected):
    status, out, err = evaluate("activity", "activity", "--data", clips, "--json")
    scores, (labels, rows) = json.loads(out), expected
    right = [row is not None and row.argmax() == y for row, y in zip(rows, labels, strict=True)]
    assert status == 1 and "1 of 9 videos are broken" in err and "4.mp4" in err
    assert 3 < sum(right) < 8
    assert scores["video"]["top_1"] == pytest.approx(np.mean(right))
    assert scores["broken"] == 1 and scores["signature"].endswith("|broken:1,wrong")
    each = {
        c: np.mean([r for r, y in zip(right, labels, strict=True) if y == c]) for c in (0, 1, 2)
    }
    assert scores["video"]["per_class"] == pytest.approx({CLASSES[c]: m for c, m in each.items()})
    assert "broken               1" in evaluate("activity", "activity", "--data", clips)[1]


def test_the_broken_ones_are_left_out_only_if_asked(evaluate, clips, expected):
    pairs = [(y, row) for y, row in zip(*expected, strict=True) if row is not None]
    status, out, err = evaluate(
        "activity", "activity", "--data", clips, "--broken", "omit", "--json"
    )
    library = activity_scores([row for _, row in pairs], [y for y, _ in pairs], CLASSES)
    scores = json.loads(out)
    assert status == 1 and "1 of 9 videos are broken" in err
    assert scores["video"]["top_1"] == library["top_1"]
    assert scores["signature"].startswith("videos:8|") and scores["broken"] == 1


def test_broken_videos_have_a_column_and_a_card(evaluate, clips, tmp_path):
    options = ["--confusion", tmp_path / "c.csv", "--report", tmp_path / "page.html"]
    evaluate("activity", "activity", "--data", clips, *options)
    (_, *header), *rows = csv.reader((tmp_path / "c.csv").read_text().splitlines())
    assert header == [*CLASSES, "(could not be read)"]
    counts = np.array([row[1:] for row in rows], int)
    assert counts.sum() == 9 and counts[:, -1].tolist() == [0, 1, 0, 0]
    page = (tmp_path / "page.html").read_text()
    assert page.count("data:image/jpeg;base64,") == 8  # a frame of each that can be read
    assert ">nan<" not in page and page.index("(could not be read)</p>") < page.index("Best first")
    evaluate("activity", "activity", "--data", clips, "--confusion", tmp_path / "c.png")
    with Image.open(tmp_path / "c.png") as picture:
        assert picture.width > 4 * 40


def test_a_csv_is_a_data_set_and_a_limit_is_kept(evaluate, clips, tmp_path):
    lines = [f"{name},{name.partition('/')[0]}" for name in names(clips)]
    (tmp_path / "test.csv").write_text("\n".join(["video,label", *lines, "gone.mp4,left"]) + "\n")
    options = ["--data", tmp_path / "test.csv", "--videos", clips, "--json"]
    whole = json.loads(evaluate("activity", "activity", *options, "--limit", 9)[1])
    folders = json.loads(evaluate("activity", "activity", "--data", clips, "--json")[1])
    assert whole["video"] == folders["video"]
    status, out, err = evaluate("activity", "activity", *options)
    assert status == 1 and json.loads(out)["broken"] == 2 and "gone.mp4" in err


def test_a_second_run_goes_on_and_a_third_has_nothing_to_do(evaluate, clips, tmp_path, monkeypatch):
    folder = tmp_path / "runs" / "activity"
    options = ["--data", clips, "--folder", folder, "--broken", "omit", "--json"]
    evaluate("activity", "activity", *options, "--limit", 3)
    with (folder / "classes.jsonl").open("a") as file:
        file.write('{"video": "half a li')  # what a kill in the middle of a write leaves
    status, out, err = evaluate("activity", "activity", *options)
    assert status == 1 and "3 of 9 videos are done already" in err
    whole = evaluate("activity", "activity", "--data", clips, "--broken", "omit", "--json")[1]
    assert json.loads(out)["video"] == json.loads(whole)["video"]
    rows = [json.loads(line) for line in (folder / "classes.jsonl").read_text().splitlines()]
    assert sorted(row["video"] for row in rows) == [n for n in names(clips) if "4.mp4" not in n]
    monkeypatch.setattr(classifying.ActivityModel, "load", lambda self: pytest.fail("loads"))
    status, _, err = evaluate("activity", "activity", *options, "--limit", 3)
    assert status == 0 and "3 of 3 videos are done already" in err


def test_a_folder_holds_one_model_one_data_set_and_one_protocol(evaluate, clips, tmp_path):
    folder = ["--folder", tmp_path / "run"]
    assert evaluate("activity", "no such preset", "--data", clips, *folder)[0] == 2  # no claim yet
    assert evaluate("activity", "activity", "--data", clips, "--limit", 1, *folder)[0] == 0
    held = (tmp_path / "run" / "classes.jsonl").read_bytes()
    (tmp_path / "test.csv").write_text(f"video,label\n{clips}/left/2.mp4,left\n")
    for preset, key, *argv in (
        ("other", "preset", "--data", clips),
        ("activity", "crops", "--data", clips, "--crops", "ten"),
        ("activity", "data", "--data", tmp_path / "test.csv"),
    ):
        status, out, err = evaluate("activity", preset, *argv, *folder)
        assert (status, out) == (2, "") and f"holds results with {key}" in err
    (tmp_path / "run" / "run.json").unlink()
    status, _, err = evaluate("activity", "activity", "--data", clips, *folder)
    assert status == 2 and "Name another folder" in err
    assert (tmp_path / "run" / "classes.jsonl").read_bytes() == held


def test_other_weights_under_the_same_name_are_another_model(presets, clips, evaluate, tmp_path):
    make_activity(3).save_to_preset(str(presets / "changing"))
    options = ["--data", clips, "--limit", 1, "--folder", tmp_path / "run"]
    assert evaluate("activity", "changing", *options)[0] == 0
    make_activity(4).save_to_preset(str(presets / "changing"))
    status, _, err = evaluate("activity", "changing", *options)
    assert status == 2 and "holds results with files" in err


def test_classes_that_the_model_cannot_name_are_told(evaluate, clips, tmp_path):
    lines = [f"{clips}/left/2.mp4,left", f"{clips}/still/5.mp4,standing"]
    (tmp_path / "test.csv").write_text("\n".join(["video,label", *lines]) + "\n")
    status, _, err = evaluate("activity", "activity", "--data", tmp_path / "test.csv")
    assert status == 0 and "does not know 1 classes" in err and "'standing'" in err
    (tmp_path / "test.csv").write_text("\n".join(["video,label", lines[1]]) + "\n")
    status, out, err = evaluate("activity", "activity", "--data", tmp_path / "test.csv")
    assert (status, out) == (2, "") and "'left'" in err and "--preset" in err


def test_one_good_video_is_enough(evaluate, clips, tmp_path):
    lines = [f"{clips}/right/{number}.mp4,right" for number in (4, 6)]
    (tmp_path / "test.csv").write_text("\n".join(["video,label", *lines]) + "\n")
    options = ["--data", tmp_path / "test.csv", "--broken", "omit", "--json"]
    status, out, _ = evaluate("activity", "activity", *options)
    assert status == 1 and json.loads(out)["signature"].startswith("videos:1|")


def test_where_nothing_can_be_read_there_is_no_score(evaluate, clips, tmp_path):
    for kind, preset, column in (
        ("activity", "activity", "label"),
        ("description", "s2vt", "caption"),
    ):
        (tmp_path / "test.csv").write_text(f"video,{column}\n{clips}/right/4.mp4,right\n")
        status, out, err = evaluate(kind, preset, "--data", tmp_path / "test.csv")
        assert (status, out) == (2, "") and "4.mp4" in err


KILLED = """
import os, signal, sys
from keras_lrcn.cli import classifying, main

calls, classify = [], classifying.ActivityModel.__call__

def four_videos(self, path):
    calls.append(path)
    if len(calls) == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return classify(self, path)

classifying.ActivityModel.__call__ = four_videos
main(sys.argv[1:])
"""


@pytest.mark.slow
def test_a_killed_evaluation_ends_with_the_scores_of_a_whole_one(
    presets, clips, evaluate, tmp_path
):
    options = ["--data", str(clips), "--folder", str(tmp_path / "run"), "--json"]
    argv = ["evaluate", "activity", "--preset", str(presets / "activity"), *options]
    killed = subprocess.run([sys.executable, "-c", KILLED, *argv], cwd=pathlib.Path.cwd())
    assert killed.returncode == -signal.SIGKILL
    assert len((tmp_path / "run" / "classes.jsonl").read_text().splitlines()) == 4
    status, out, err = evaluate("activity", "activity", *options)
    whole = json.loads(evaluate("activity", "activity", "--data", clips, "--json")[1])
    assert status == 1 and "4 of 9 videos are done already" in err
    assert json.loads(out)["video"] == whole["video"]


@pytest.fixture(scope="module")
def tuples(tmp_path_factory):
    """Six tuples with references, the fifth with a probability that is none."""
    rows = inputs_of("probabilities", 6)
    rows[4] = {"roles": {"activity": {"cut": 7}}}
    path = tmp_path_factory.mktemp("tuples") / "test.jsonl"
    text = [{"id": f"t{i}", **row, "caption": WORDS[i % 3]} for i, row in enumerate(rows)]
    path.write_text("".join(json.dumps(row) + "\n" for row in text))
    return path


def test_tuples_are_described_and_scored(presets, evaluate, tuples, tmp_path):
    describer = keras_lrcn.LRCNVideoDescriber.from_preset(str(presets / "probabilities"))
    said = describer.generate(
        [row for i, row in enumerate(inputs_of("probabilities", 6)) if i != 4]
    )
    said.insert(4, "")
    references = {f"t{i}": [WORDS[i % 3]] for i in range(6)}
    candidates = dict(zip(references, said, strict=True))
    options = ["--data", tuples, "--no-meteor", "--json"]
    status, out, err = evaluate("description", "probabilities", *options)
    scores, library = json.loads(out), word_error_rate(references, candidates)
    assert status == 1 and "1 of 6 inputs are broken" in err and "t4" in err
    assert [scores[n] for n in ("WER", "exact")] == [library[n] for n in ("WER", "exact")]
    assert scores["broken"] == 1 and "|broken:1,wrong" in scores["signature"]
    scores = json.loads(evaluate("description", "probabilities", *options, "--broken", "omit")[1])
    del references["t4"], candidates["t4"]
    assert scores["WER"] == word_error_rate(references, candidates)["WER"]


def test_descriptions_go_on_and_are_shown(presets, evaluate, tuples, tmp_path, monkeypatch):
    folder = ["--folder", tmp_path / "run"]
    options = ["--data", tuples, "--no-meteor", *folder]
    evaluate("description", "probabilities", *options, "--limit", 3)
    page = tmp_path / "page.html"
    status, out, err = evaluate("description", "probabilities", *options, "--report", page)
    assert status == 1 and "3 of 6 inputs are done already" in err
    assert "broken         1" in out and "(no words)" in page.read_text()
    assert evaluate("description", "probabilities", *options, "--num-beams", 2)[0] == 2
    monkeypatch.setattr(captioning.Model, "load", lambda self: pytest.fail("loads the model"))
    status, _, err = evaluate("description", "probabilities", *options, "--limit", 4)
    assert status == 0 and "4 of 4 inputs are done already" in err


def test_videos_of_grid_are_described(presets, evaluate, tmp_path):
    (tmp_path / "mouth").mkdir()
    (tmp_path / "align").mkdir()
    for name, frames in zip("ab", inputs_of("s2vt", 2, seed=3), strict=True):
        write_video(tmp_path / f"mouth/{name}.mp4", frames.repeat(4, axis=1).repeat(4, axis=2))
        (tmp_path / f"align/{name}.align").write_text("0 9000 sil\n9000 9500 a\n9500 9900 knife\n")
    describer = keras_lrcn.LRCNVideoDescriber.from_preset(str(presets / "s2vt"))
    said = describer.generate([str(tmp_path / f"mouth/{name}.mp4") for name in "ab"])
    options = ["--data", tmp_path, "--no-meteor", "--json"]
    status, out, _ = evaluate("description", "s2vt", *options)
    library = word_error_rate({n: ["a knife"] for n in "ab"}, dict(zip("ab", said, strict=True)))
    assert status == 0 and json.loads(out)["WER"] == library["WER"]
    status, _, err = evaluate("description", "probabilities", *options)
    assert status == 2 and "describes semantic tuples, not videos" in err


def test_descriptions_without_files_say_what_is_missing(evaluate, tmp_path):
    content = {"videos": [{"video_id": "v0", "split": "test"}]}
    content["sentences"] = [{"video_id": "v0", "caption": "a knife"}]
    (tmp_path / "info.json").write_text(json.dumps(content))
    status, _, err = evaluate("description", "s2vt", "--data", tmp_path / "info.json")
    assert status == 2 and "v0" in err and "--videos" in err
