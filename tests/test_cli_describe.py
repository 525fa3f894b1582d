"""`keras-lrcn describe` with tiny describers of random weights, loaded from folders."""

import json

import numpy as np
import pytest

import keras_lrcn
from keras_lrcn.cli import captioning, main
from tests.models.describers import inputs_of, make_describer
from tests.reference.video_files import write_video


@pytest.fixture(scope="module")
def presets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("presets")
    for kind in ("probabilities", "s2vt"):
        make_describer(kind).save_to_preset(str(folder / kind))
    return folder


@pytest.fixture(scope="module")
def tuples(tmp_path_factory):
    """A file of nine good tuples and three that are none."""
    lines = [json.dumps(row) for row in inputs_of("probabilities", 9)]
    lines[2] = json.dumps({"id": "my own", **json.loads(lines[2])})
    lines.insert(4, "no json")
    lines.insert(6, '{"roles": {"activity": {"cut": 7}}}')
    lines.append('{"scene": "kitchen"}')
    path = tmp_path_factory.mktemp("tuples") / "tuples.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """A folder of three videos and two files that are none."""
    pytest.importorskip("av")
    folder = tmp_path_factory.mktemp("clips")
    for name, frames in zip("abc", inputs_of("s2vt", 3, seed=3), strict=True):
        write_video(folder / f"{name}.mp4", frames.repeat(4, axis=1).repeat(4, axis=2))
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "page.mp4").write_text("<html>not found</html>")
    return folder


@pytest.fixture
def describe(capsys, presets):
    """Runs the command in this process: exit status, standard output, standard error."""

    def run(kind, *argv):
        status = main(["describe", *map(str, argv), "--preset", str(presets / kind)])
        return status, *capsys.readouterr()

    return run


def rows(text):
    return [json.loads(line) for line in text.splitlines()]


def test_tuples_are_described_as_generate_does(presets, tuples, describe):
    describer = keras_lrcn.LRCNVideoDescriber.from_preset(str(presets / "probabilities"))
    expected = describer.generate(inputs_of("probabilities", 9), return_details=True)
    status, out, err = describe("probabilities", tuples, "--format", "jsonl")
    assert [row["sentence"] for row in rows(out)] == [best.text for [best] in expected]
    scores = [best.score for [best] in expected]
    np.testing.assert_allclose([row["score"] for row in rows(out)], scores, atol=1e-4)  # 4 digits
    names = [f"{tuples}:{line}" for line in (1, 2, 3, 4, 6, 8, 9, 10, 11)]
    names[2] = "my own"
    assert [row["input"] for row in rows(out)] == names
    assert len({row["sentence"] for row in rows(out)}) > 2


def test_broken_tuples_are_named_and_the_others_done(tuples, describe):
    status, _, err = describe("probabilities", tuples)
    assert status == 1 and "3 of 12 inputs are broken" in err
    assert all(f"{tuples}:{line}" in err for line in (5, 7, 12)) and "'activity'" in err


def test_unknown_words_are_named_in_one_line(tmp_path, describe):
    path = tmp_path / "odd.jsonl"
    odd = [{"roles": {"activity": "cut", "objects": [f"thing {i}", "cup"]}} for i in range(40)]
    path.write_text("\n".join(map(json.dumps, odd)))
    status, out, err = describe("probabilities", path, "--batch-size", 4, "--format", "jsonl")
    assert status == 0 and len(rows(out)) == 40
    assert err.count("Ignored") == 1 and "'thing 0'" in err and "and 30 more" in err


def test_videos_are_described_and_broken_ones_named(presets, clips, describe):
    describer = keras_lrcn.LRCNVideoDescriber.from_preset(str(presets / "s2vt"))
    good = [str(clips / f"{name}.mp4") for name in "abc"]
    status, out, err = describe("s2vt", clips, "--format", "jsonl")
    assert status == 1 and "empty.mp4" in err and "page.mp4" in err
    assert [row["input"] for row in rows(out)] == good
    assert [row["sentence"] for row in rows(out)] == describer.generate(good)


def test_a_model_says_what_it_describes(tuples, clips, describe):
    status, out, err = describe("probabilities", clips / "a.mp4", "--format", "jsonl")
    assert (status, out) == (1, "") and "describes semantic tuples" in err
    status, out, err = describe("s2vt", tuples, "--format", "jsonl")
    assert (status, out) == (1, "") and "describes videos" in err


def test_n_best_and_csv(tuples, describe):
    _, out, _ = describe("probabilities", tuples, "--limit", 2, "--n-best", 2, "--format", "csv")
    header, *lines = out.splitlines()
    assert header == "input,sentence,score,finished,sentence_2,score_2,finished_2"
    assert len(lines) == 2
    _, out, _ = describe("probabilities", tuples, "--limit", 1, "--n-best", 3, "--format", "jsonl")
    [row] = rows(out)
    assert [s["sentence"] for s in row["sentences"]][0] == row["sentence"]


def test_a_second_run_does_nothing(tuples, describe, tmp_path, monkeypatch):
    output = tmp_path / "sentences.jsonl"
    good = tmp_path / "good.jsonl"
    good.write_text("".join(line + "\n" for line in tuples.read_text().splitlines()[:4]))
    options = (good, "--format", "jsonl", "--output", output)
    describe("probabilities", *options, "--limit", 2)
    assert describe("probabilities", *options)[0] == 0
    assert [row["input"] for row in rows(output.read_text())][2:] == ["my own", f"{good}:4"]
    monkeypatch.setattr(captioning.Model, "load", lambda self: pytest.fail("loads the model"))
    status, out, err = describe("probabilities", *options)
    assert (status, out) == (0, "") and "4 of 4 inputs are done" in err


def test_what_is_not_there_is_an_error_of_use(describe, tmp_path):
    assert describe("probabilities", tmp_path / "no.jsonl")[0] == 2
    assert describe("probabilities", tmp_path / "no.mp4")[0] == 2
    (tmp_path / "none.jsonl").write_text("")
    assert describe("probabilities", tmp_path / "none.jsonl")[0] == 2
