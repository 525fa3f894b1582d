"""`keras-lrcn caption` with a tiny captioner of random weights, loaded from a folder."""

import json
import pathlib
import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from keras_lrcn.cli import captioning, main


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    """A folder of 30 images of different sizes, three of them broken."""
    folder = tmp_path_factory.mktemp("photos")
    random = np.random.default_rng(5)
    for number in range(30):
        height, width = random.integers(16, 40, 2)
        coarse = random.integers(0, 256, (3, 3, 3), "uint8")
        photo = Image.fromarray(coarse).resize((width, height), Image.BICUBIC)
        photo.save(folder / f"{number:02}.png")
    (folder / "04.png").write_bytes(b"")
    (folder / "11.png").write_bytes((folder / "12.png").read_bytes()[:60])
    (folder / "20.png").write_text("<html>not found</html>")
    return folder


BROKEN = ("04.png", "11.png", "20.png")


@pytest.fixture
def photos(originals, tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for path in originals.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


@pytest.fixture
def caption(tiny_preset, capsys):
    """Runs the command in this process: exit status, standard output, standard error."""

    def run(*argv):
        status = main(["caption", *map(str, argv), "--preset", tiny_preset])
        return status, *capsys.readouterr()

    return run


def rows(text):
    return [json.loads(line) for line in text.splitlines()]


def good(folder):
    return [str(path) for path in sorted(folder.iterdir()) if path.name not in BROKEN]


def test_jsonl_says_what_generate_returns(tiny_preset, originals, caption):
    import keras_lrcn

    captioner = keras_lrcn.LRCNCaptioner.from_preset(tiny_preset)
    details = captioner.generate(good(originals), return_details=True)
    status, out, _ = caption(originals, "--format", "jsonl")
    assert [row["image"] for row in rows(out)] == good(originals)
    assert [row["caption"] for row in rows(out)] == [best.text for [best] in details]
    scores = [best.score for [best] in details]
    np.testing.assert_allclose([row["score"] for row in rows(out)], scores, atol=1e-4)  # 4 digits
    assert len({row["caption"] for row in rows(out)}) > 3  # the model looks at the image


def test_broken_images_are_named_and_the_others_done(originals, caption):
    status, out, err = caption(originals)
    assert status == 1
    assert "3 of 30 images are broken" in err and all(name in err for name in BROKEN)
    assert out.count("\n\n") == 27 and not any(name in out for name in BROKEN)


@pytest.mark.parametrize("strategy", ["greedy", "beam", "sample", "best_of_n"])
def test_captions_do_not_depend_on_the_batch_size(originals, caption, strategy):
    results = []
    for size in (1, 3, 16):
        options = ("--format", "jsonl", "--strategy", strategy, "--batch-size", size)
        results.append(rows(caption(originals, "--limit", 9, *options)[1]))
    one, three, sixteen = ([row["caption"] for row in result] for result in results)
    assert one == three == sixteen and len(one) == 8


def test_n_best_lists_captions_from_the_best_down(originals, caption):
    _, out, _ = caption(originals / "00.png", "--format", "jsonl", "--n-best", 7)
    [row] = rows(out)
    scores = [entry["score"] for entry in row["captions"]]
    assert len(scores) == 7 and scores == sorted(scores, reverse=True)
    assert row["captions"][0]["caption"] == row["caption"] and scores[0] == row["score"]


def test_draws_come_from_the_seed(originals, caption):
    options = (originals, "--limit", 6, "--format", "csv", "--strategy", "sample")
    first, again, other = (caption(*options, "--seed", seed)[1] for seed in (1, 1, 2))
    assert first == again != other


def test_forbidden_words_do_not_occur(originals, caption):
    _, out, _ = caption(originals, "--format", "jsonl", "--forbid", "dog", "cat")
    said = {word.strip(".").lower() for row in rows(out) for word in row["caption"].split()}
    assert said and not said & {"dog", "cat"}


def test_errors_of_use_have_status_2_and_write_nothing(originals, caption, capsys):
    status, out, err = caption(originals / "00.png", "--forbid", "unicorn")
    assert (status, out) == (2, "") and "unicorn" in err
    assert main(["caption", str(originals / "00.png"), "--preset", "no_such_preset"]) == 2
    assert "no_such_preset" in capsys.readouterr().err


def test_a_second_run_does_nothing(originals, caption, tmp_path, monkeypatch):
    output = tmp_path / "captions.jsonl"
    caption(originals, "--format", "jsonl", "--output", output)
    written = output.read_bytes()
    monkeypatch.setattr(captioning.Model, "load", lambda self: pytest.fail("loads the model"))
    status, out, err = caption(originals, "--format", "jsonl", "--output", output)
    assert (status, out) == (1, "") and "27 of 30 images are done" in err
    assert output.read_bytes() == written


KILLED = """
import os, signal, sys
from keras_lrcn.cli import captioning, main

calls, caption = [], captioning.Model.__call__

def three_batches(self, images):
    calls.append(len(images))
    if len(calls) == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    return caption(self, images)

captioning.Model.__call__ = three_batches
main(sys.argv[1:])
"""


@pytest.mark.slow
def test_a_killed_run_goes_on_without_loss_or_repeat(tiny_preset, originals, caption, tmp_path):
    output, whole = tmp_path / "killed.jsonl", tmp_path / "whole.jsonl"
    options = ["--format", "jsonl", "--batch-size", "4"]
    argv = ["caption", str(originals), "--preset", tiny_preset, *options, "--output", str(output)]
    killed = subprocess.run([sys.executable, "-c", KILLED, *argv], cwd=pathlib.Path.cwd())
    assert killed.returncode == -signal.SIGKILL
    assert len(rows(output.read_text())) == 12
    with output.open("a") as file:
        file.write('{"image": "half a li')  # what a kill in the middle of a write leaves
    assert caption(originals, *options, "--output", output)[0] == 1
    assert caption(originals, *options, "--output", whole)[0] == 1
    resumed, uninterrupted = rows(output.read_text()), rows(whole.read_text())
    assert [row["image"] for row in resumed] == good(originals)
    assert [row["caption"] for row in resumed] == [row["caption"] for row in uninterrupted]


def test_side_files_stand_beside_the_photos_and_are_never_overwritten(photos, caption):
    (photos / "01.txt").write_text("my own note\n")
    status, out, err = caption(photos, "--side-files", "--format", "jsonl")
    assert (photos / "01.txt").read_text() == "my own note\n" and "1 of 30 images" in err
    said = {row["image"]: row["caption"] + "\n" for row in rows(out)}
    assert len(said) == 26
    assert all(pathlib.Path(image).with_suffix(".txt").read_text() == said[image] for image in said)
    assert caption(photos, "--side-files")[1] == ""


def test_two_photos_of_one_name_cannot_share_a_side_file(photos, caption):
    (photos / "00.jpg").write_bytes((photos / "00.png").read_bytes())
    status, out, err = caption(photos, "--side-files")
    assert (status, out) == (2, "") and "would share" in err


def test_the_gallery_also_shows_what_an_earlier_run_captioned(originals, caption, tmp_path):
    output, page = tmp_path / "captions.txt", tmp_path / "page.html"
    caption(originals, "--limit", 3, "--output", output)
    caption(originals, "--limit", 8, "--output", output, "--gallery", page)
    assert page.read_text().count("<figure>") == 7
    assert page.read_text().count('%">') > 4  # words of the new ones have probabilities
