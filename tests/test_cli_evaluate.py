"""`keras-lrcn evaluate`: files in, scores out."""

import json
import pathlib
import subprocess
import sys

import pytest

from keras_lrcn.cli import main
from keras_lrcn.metrics import count_documents, evaluate_captions

REFERENCES = {"2": ["Two men talk."], "1": ["A dog runs (fast).", "The dog's running."]}
CANDIDATES = {"1": "a dog runs", "2": "two men\r"}


def coco_references(references):
    return {
        "images": [{"id": int(i)} for i in references],
        "annotations": [
            {"image_id": int(i), "caption": text}
            for i, texts in references.items()
            for text in texts
        ],
    }


def coco_results(candidates):
    return [{"image_id": int(i), "caption": text} for i, text in candidates.items()]


def write(path, content):
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return str(path)


@pytest.fixture
def captions(tmp_path, capsys):
    """Runs `evaluate captions` on a pair of dicts: exit status, standard output and error."""

    def run(references, candidates, *options):
        references = write(tmp_path / "references.json", coco_references(references))
        results = write(tmp_path / "results.json", coco_results(candidates))
        files = ["--references", references, "--results", results]
        status = main(["evaluate", "captions", *files, "--no-meteor", *options])
        return status, *capsys.readouterr()

    return run


def test_captions_json_is_what_the_library_returns(captions):
    status, out, err = captions(REFERENCES, CANDIDATES, "--json", "--per-image")
    expected = evaluate_captions(REFERENCES, CANDIDATES, per_image=True, meteor=False)
    assert (status, err) == (0, "")
    assert out.count("\n") == 1 and json.loads(out) == expected
    assert "per_image" not in json.loads(captions(REFERENCES, CANDIDATES, "--json")[1])


def test_captions_options_reach_the_scores(captions, tmp_path):
    counted = write(tmp_path / "train.json", coco_references({"1": ["a dog"], "5": ["a cat"]}))
    options = ("--no-brevity-penalty", "--document-frequencies", counted, "--bootstrap", "20")
    _, out, _ = captions(REFERENCES, CANDIDATES, "--json", *options)
    expected = evaluate_captions(
        REFERENCES,
        CANDIDATES,
        meteor=False,
        brevity_penalty=False,
        document_frequencies=count_documents({"1": ["a dog"], "5": ["a cat"]}),
        num_bootstrap=20,
    )
    assert json.loads(out) == json.loads(json.dumps(expected))


def test_captions_are_printed_for_reading_and_as_markdown(captions):
    _, out, _ = captions(REFERENCES, CANDIDATES)
    assert out.startswith("Bleu_1   0.") and "\nimages:2|references:1-2|" in out
    _, out, _ = captions(REFERENCES, CANDIDATES, "--markdown", "--name", "a|b")
    header, rule, row = out.splitlines()
    assert header.count("|") == rule.count("|") == row.replace(r"\|", "").count("|") == 8
    assert row.startswith(r"| a\|b | 0.")


@pytest.mark.parametrize(
    "candidates, message",
    [({"1": "a"}, "Missing: '2'. Extra: none"), (CANDIDATES | {"9": "b"}, "Extra: '9'")],
)
def test_ids_that_differ_end_the_command_and_are_named(captions, candidates, message):
    status, out, err = captions(REFERENCES, candidates, "--json")
    assert (status, out) == (2, "") and message in err


def test_missing_and_broken_files_are_named(captions, tmp_path, capsys):
    assert main(["evaluate", "captions", "--references", "no.json", "--results", "no.json"]) == 2
    assert "no.json" in capsys.readouterr().err
    status, _, err = captions(REFERENCES, CANDIDATES, "--document-frequencies", "gone.json")
    assert status == 2 and "gone.json" in err


def test_missing_meteor_is_explained(captions, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    status, _, err = captions(REFERENCES, CANDIDATES, "--meteor")
    assert status == 2 and 'pip install "keras-lrcn[meteor]"' in err


def test_a_score_that_is_left_out_is_explained_on_standard_error(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    files = ["--references", write(tmp_path / "references.json", coco_references(REFERENCES))]
    files += ["--results", write(tmp_path / "results.json", coco_results(CANDIDATES)), "--json"]
    for kind in ("captions", "description"):
        assert main(["evaluate", kind, *files]) == 0
        out, err = capsys.readouterr()
        assert "METEOR" not in json.loads(out)
        assert "without METEOR" in err and 'pip install "keras-lrcn[meteor]"' in err


def test_captions_need_neither_keras_nor_java(tmp_path):
    references = write(tmp_path / "references.json", coco_references(REFERENCES))
    results = write(tmp_path / "results.json", coco_results(CANDIDATES))
    code = (
        "import sys; from keras_lrcn.cli import main\n"
        f"files = ['--references', {references!r}, '--results', {results!r}]\n"
        "main(['evaluate', 'captions', *files])\n"
        "print({'keras', 'tensorflow'} & sys.modules.keys())"
    )
    checkout = pathlib.Path(__file__).resolve().parents[1]
    printed = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=checkout,
        env={"PATH": ""},
    ).stdout
    assert "CIDEr" in printed and "METEOR" not in printed and printed.endswith("set()\n")
