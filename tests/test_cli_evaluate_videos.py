"""`keras-lrcn evaluate activity` and `description`: files in, scores out."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from keras_lrcn.cli import main
from keras_lrcn.cli.confusion import draw_confusion
from keras_lrcn.metrics import activity_scores, evaluate_captions, word_error_rate

CLASSES = ["Dive", "Jump", "Run", "Sit", "Swim", "Walk"]


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return str(path)


@pytest.fixture
def videos():
    """Labels of 40 videos and class probabilities, a little better than chance."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 6, 40)
    return labels, rng.dirichlet(np.ones(6), 40) + 0.4 * np.eye(6)[labels]


@pytest.fixture
def activity(videos, tmp_path, capsys):
    """Runs `evaluate activity` on probabilities `(rows, classes)`, of which each video has as many
    as there are per label."""
    labels, probabilities = videos
    references = tmp_path / "test.csv"
    lines = [f"{i}.avi,{CLASSES[label]}" for i, label in enumerate(labels)]
    references.write_text("\n".join(["video,label", *lines]) + "\n")

    def rows(probabilities, listed=6):
        for i, row in enumerate(probabilities):
            order = np.argsort(-row)[:listed]
            top = [{"label": CLASSES[c], "probability": row[c]} for c in order]
            yield {"video": f"clips/{i % 40}.mp4", "label": top[0]["label"], "top": top}

    def run(*options, probabilities=probabilities, listed=6):
        results = write(tmp_path / "results.jsonl", rows(probabilities, listed))
        files = ["--references", str(references), "--results", results]
        status = main(["evaluate", "activity", *files, *map(str, options)])
        return status, *capsys.readouterr()

    run.rows = rows
    return run


def test_activity_json_is_what_the_library_returns(activity, videos):
    labels, probabilities = videos
    status, out, err = activity("--json", "--bootstrap", 20)
    expected = activity_scores(probabilities, labels, CLASSES, num_bootstrap=20)
    del expected["signature"], expected["videos"]
    assert (status, err) == (0, "")
    scores = json.loads(out)
    assert scores["video"] == json.loads(json.dumps(expected))
    assert scores["signature"].startswith("videos:40|results:40|classes:6|listed:6")


def test_clips_are_scored_and_averaged(activity, videos):
    labels, first = videos
    second = np.random.default_rng(1).dirichlet(np.ones(6), 40)
    scores = json.loads(activity("--json", probabilities=np.concatenate([first, second]))[1])
    averaged = activity_scores((first + second) / 2, labels, CLASSES)
    assert scores["video"]["top_1"] == averaged["top_1"]
    clips = activity_scores(np.concatenate([first, second]), np.tile(labels, 2), CLASSES)
    assert scores["clip"]["mean_class_accuracy"] == clips["mean_class_accuracy"]


def test_top_5_is_left_out_where_fewer_are_listed(activity):
    assert "top_5" in activity()[1] and "top_5" not in activity(listed=3)[1]


def test_gains_over_another_system_come_largest_first(activity, tmp_path, videos):
    labels, probabilities = videos
    other = np.random.default_rng(2).dirichlet(np.ones(6), 40)
    against = write(tmp_path / "other.jsonl", activity.rows(other))
    scores = json.loads(activity("--against", against, "--json")[1])
    ours, theirs = (activity_scores(p, labels, CLASSES) for p in (probabilities, other))
    gains = list(scores["gains"].values())
    assert gains == sorted(gains, reverse=True)
    for name, gain in scores["gains"].items():
        assert gain == ours["per_class"][name] - theirs["per_class"][name]
    assert "gain over" in activity("--against", against)[1]


def test_classes_are_shown_on_request(activity):
    assert "Swim" in activity("--per-class")[1] and "Swim" not in activity()[1]
    assert "| Swim |" in activity("--per-class", "--markdown")[1].splitlines()[0]


def test_confusion_is_written_as_counts_and_as_a_picture(activity, videos, tmp_path):
    labels, probabilities = videos
    assert activity("--confusion", tmp_path / "c.csv")[0] == 0
    (_, *header), *rows = csv.reader((tmp_path / "c.csv").read_text().splitlines())
    assert header == CLASSES and [row[0] for row in rows] == CLASSES
    counts = np.array([row[1:] for row in rows], int)
    for right, row in enumerate(counts):
        for taken, count in enumerate(row):
            assert count == ((labels == right) & (probabilities.argmax(1) == taken)).sum()
    assert activity("--confusion", tmp_path / "c.png")[0] == 0
    with Image.open(tmp_path / "c.png") as picture:
        assert min(picture.size) > 6 * 40
    status, _, err = activity("--confusion", tmp_path / "c.pdf")
    assert status == 2 and "c.pdf" in err


def test_the_picture_has_right_classes_in_rows_and_names_over_their_columns():
    counts = np.array([[0, 0, 9], [0, 5, 0], [0, 0, 5]])
    pixels = np.asarray(draw_confusion(counts, ["", "", "a long name"]).convert("L"), int)
    edge = pixels.shape[0] - 16 - 3 * 48
    cells = [[pixels[edge + 48 * r + 4, edge + 48 * c + 4] for c in range(3)] for r in range(3)]
    assert np.argwhere(np.array(cells) < 150).tolist() == [[0, 2], [1, 1], [2, 2]]
    ink = (pixels[:edge, edge:] < 128).any(axis=0)
    assert ink[96:].any() and not ink[:96].any()


def test_a_hundred_classes_fit_the_picture():
    picture = draw_confusion(np.eye(101, dtype=int), [f"class {i}" for i in range(101)])
    assert max(picture.size) < 6000


REFERENCES = [
    {"video": "a.mp4", "caption": "bin blue at f two now"},
    {"video": "b.mp4", "caption": "set red by g one please"},
]


@pytest.fixture
def description(tmp_path, capsys):
    def run(sentences, *options):
        results = [{"video": f"/x/{name}", "caption": text} for name, text in sentences.items()]
        files = ["--references", write(tmp_path / "references.jsonl", REFERENCES)]
        files += ["--results", write(tmp_path / "results.jsonl", results)]
        status = main(["evaluate", "description", *files, "--no-meteor", *map(str, options)])
        return status, *capsys.readouterr()

    return run


def test_descriptions_have_word_errors_and_caption_scores(description):
    sentences = {"a.mp4": "Bin blue at f two now.", "b.mp4": "set blue g one please"}
    status, out, _ = description(sentences, "--json", "--per-sentence", "--bootstrap", 10)
    references = {row["video"]: [row["caption"]] for row in REFERENCES}
    errors = word_error_rate(references, sentences, per_sentence=True, num_bootstrap=10)
    captions = evaluate_captions(references, sentences, meteor=False, num_bootstrap=10)
    scores = json.loads(out)
    assert status == 0 and scores["WER"] == errors["WER"] == 2 / 12 and scores["exact"] == 0.5
    assert scores["Bleu_4"] == captions["Bleu_4"] and scores["CIDEr"] == captions["CIDEr"]
    assert scores["per_sentence"]["b.mp4"]["deletions"] == 1
    assert scores["intervals"].keys() == errors["intervals"].keys() | captions["intervals"].keys()
    assert description(sentences)[1].startswith("WER            0.167\nexact          0.500")


def test_a_missing_description_is_named(description):
    status, _, err = description({"a.mp4": "bin blue"})
    assert status == 2 and "Missing: 'b.mp4'" in err
