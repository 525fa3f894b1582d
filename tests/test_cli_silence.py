"""`keras-lrcn caption --min-confidence` and `--min-score`: saying nothing."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from keras_lrcn.cli import main
from keras_lrcn.cli.records import FORMATS, Record, StoredCaption, resume, to_bytes


def stripes(rng):
    return rng.integers(0, 60, (16, 16, 3)) + 190 * (np.arange(16) // 4 % 2)[:, None, None]


def noise(rng):
    return rng.integers(0, 60, (16, 16, 3))


@pytest.fixture(scope="module")
def preset(tiny_preset, tmp_path_factory):
    """The tiny captioner with a confidence that knows stripes from noise."""
    import keras_lrcn

    folder = tmp_path_factory.mktemp("preset") / "tiny"
    shutil.copytree(tiny_preset, folder)
    rng = np.random.default_rng(0)
    kinds = [[make(rng).astype("uint8") for _ in range(24)] for make in (stripes, noise)]
    captioner = keras_lrcn.LRCNCaptioner.from_preset(str(folder))
    keras_lrcn.CaptionConfidence.fit(captioner, *kinds).save(folder)
    return str(folder)


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(6):
        make = stripes if number % 2 else noise
        pixels = make(np.random.default_rng(100 + number)).astype("uint8")
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


@pytest.fixture
def caption(preset, pictures, capsys):
    def run(*options, preset=preset):
        status = main(["caption", str(pictures), "--preset", preset, *map(str, options)])
        return status, *capsys.readouterr()

    return run


def rows(text):
    return [json.loads(line) for line in text.splitlines()]


def test_pictures_of_another_kind_get_no_caption(caption):
    every = rows(caption("--format", "jsonl")[1])
    status, out, err = caption("--format", "jsonl", "--min-confidence", 0.5)
    for number, (row, plain) in enumerate(zip(rows(out), every, strict=True)):
        assert row["caption"] == (plain["caption"] if number % 2 else "")
        assert row["score"] == pytest.approx(plain["score"], abs=1e-3)
        assert (row["confidence"] > 0.5) == bool(number % 2)
        assert "confidence" not in plain
    assert status == 0 and "3 of 6 images have nothing that could be described" in err


def test_unlikely_captions_are_left_out(caption):
    every = rows(caption("--format", "jsonl")[1])
    limit = float(np.median([row["score"] for row in every]))
    kept = rows(caption("--format", "jsonl", "--min-score", limit)[1])
    assert {bool(row["caption"]) for row in kept} == {True, False}
    for row, plain in zip(kept, every, strict=True):
        assert bool(row["caption"]) == (plain["score"] >= limit)


def test_silence_is_taken_up_again_and_shown(caption, tmp_path):
    for name in FORMATS:
        options = ("--format", name, "--output", tmp_path / name, "--min-confidence", 0.5)
        caption(*options)
        before = (tmp_path / name).read_bytes()
        page = tmp_path / f"{name}.html"
        err = caption(*options, "--gallery", page)[2]
        assert (tmp_path / name).read_bytes() == before
        assert "6 of 6 images are done already" in err and "3 of 6 images have nothing" in err
        assert page.read_text().count("<i>nothing to describe</i>") == 3


def test_silence_comes_back_from_every_format(tmp_path):
    records = [
        Record("a.jpg", (StoredCaption("", -3.5),)),
        Record("b.jpg", (StoredCaption("b", -1),)),
    ]
    for name, make in FORMATS.items():
        record_format = make(1)
        text = record_format.header + "".join(map(record_format.encode, records))
        (tmp_path / name).write_bytes(to_bytes(text))
        held, file = resume(str(tmp_path / name), record_format)
        file.close()
        assert held == records


def test_a_preset_without_a_confidence_says_how_to_get_one(caption, tiny_preset):
    status, _, err = caption("--min-confidence", 0.5, preset=tiny_preset)
    assert status == 2 and "CaptionConfidence.fit" in err


def test_a_confidence_is_a_share(caption, capsys):
    with pytest.raises(SystemExit):
        caption("--min-confidence", 50)
    assert "must be from 0 to 1" in capsys.readouterr().err
