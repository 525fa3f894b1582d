"""`keras-lrcn evaluate retrieval` with a tiny captioner of random weights."""

import json

import numpy as np
import pytest
from PIL import Image

from keras_lrcn.cli import main
from keras_lrcn.metrics import retrieval_scores

SENTENCES = {"0.png": ["a dog runs", "the dog"], "1.png": ["a cat sits"], "2.png": ["a red ball"]}
OWNERS = [0, 0, 1, 2]


@pytest.fixture
def data(tmp_path):
    """A csv of three images with four captions."""
    lines = ["image,caption"]
    for name, sentences in SENTENCES.items():
        pixels = np.random.default_rng(int(name[0])).integers(0, 256, (16, 16, 3), "uint8")
        Image.fromarray(pixels).save(tmp_path / name)
        lines += [f"{name},{sentence}" for sentence in sentences]
    path = tmp_path / "captions.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def retrieval(data, capsys):
    def run(*options):
        status = main(["evaluate", "retrieval", "--data", str(data), *map(str, options)])
        return status, *capsys.readouterr()

    return run


def test_a_preset_is_scored_as_by_the_library(retrieval, data, tiny_preset):
    import keras_lrcn

    captioner = keras_lrcn.LRCNCaptioner.from_preset(tiny_preset)
    paths = [str(data.parent / name) for name in SENTENCES]
    captions = [sentence for sentences in SENTENCES.values() for sentence in sentences]
    for options, normalize, end in [((), True, False), (("--raw", "--score-end"), False, True)]:
        log_p = keras_lrcn.retrieval.score_matrix(captioner, paths, captions, score_end=end)
        status, out, _ = retrieval("--preset", tiny_preset, "--json", *options)
        assert status == 0
        assert json.loads(out) == retrieval_scores(log_p, OWNERS, normalize)


def test_scores_in_a_folder_are_not_computed_again(retrieval, tiny_preset, tmp_path, monkeypatch):
    options = ("--preset", tiny_preset, "--folder", tmp_path / "work", "--json")
    first = retrieval(*options)[1]
    monkeypatch.setattr("keras_lrcn.retrieval._score_block", lambda *a: pytest.fail("computes"))
    assert retrieval(*options)[1] == first
    assert json.loads(retrieval(*options, "--raw")[1])["signature"].count("score:log-p|")
    status, _, err = retrieval(*options, "--limit", 2)
    assert status == 2 and "Name another `folder`" in err


def test_scores_of_another_system_need_no_model(retrieval, tmp_path):
    log_p = np.log(np.random.default_rng(0).random((3, 4)))
    np.save(tmp_path / "log_p.npy", log_p)
    status, out, _ = retrieval("--scores", tmp_path / "log_p.npy", "--markdown")
    header, _, row = out.splitlines()
    assert status == 0 and header.startswith("|  | caption to image R@1 | caption to image R@5")
    r1 = retrieval_scores(log_p, OWNERS)["caption_to_image"]["R@1"]
    assert row.startswith(f"| {tmp_path / 'log_p.npy'} | {r1:.3f} |")
    status, out, _ = retrieval("--scores", tmp_path / "log_p.npy", "--bootstrap", 50)
    assert "image to caption\n  R@1 " in out and "95 % interval" in out


def test_scores_that_do_not_fit_are_refused(retrieval, tmp_path):
    np.save(tmp_path / "log_p.npy", np.zeros((2, 4)))
    status, _, err = retrieval("--scores", tmp_path / "log_p.npy")
    assert status == 2 and "for 2 rows" in err
    (tmp_path / "text.npy").write_text("no array")
    status, _, err = retrieval("--scores", tmp_path / "text.npy")
    assert status == 2 and "text.npy" in err


def test_a_broken_image_is_named(retrieval, data, tiny_preset):
    (data.parent / "1.png").write_text("<html>not found</html>")
    status, _, err = retrieval("--preset", tiny_preset)
    assert status == 2 and "1.png" in err
