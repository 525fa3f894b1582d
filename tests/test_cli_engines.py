"""`keras-lrcn caption --engine`: Keras' captions by ONNX Runtime, exported once."""

import json
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import keras_lrcn
from keras_lrcn.cli import captioning, engines, main

REASON = 'needs `pip install "keras-lrcn[serving]"`'
for package in ("onnx", "onnxruntime", "tf2onnx"):
    pytest.importorskip(package, reason=REASON)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """32 images of different sizes."""
    folder = tmp_path_factory.mktemp("photos")
    random = np.random.default_rng(5)
    for number in range(32):
        height, width = random.integers(16, 40, 2)
        coarse = Image.fromarray(random.integers(0, 256, (3, 3, 3), "uint8"))
        coarse.resize((width, height), Image.BICUBIC).save(folder / f"{number:02}.png")
    return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def caption(tiny_preset, photos, cache, capsys, monkeypatch):
    """Runs the command on the photos: exit status, rows of json, standard error."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))

    def run(*argv, preset=tiny_preset):
        argv = [str(photos), "--format", "jsonl", "--preset", preset, *argv]
        status = main(["caption", *map(str, argv)])
        out, err = capsys.readouterr()
        return status, [json.loads(line) for line in out.splitlines()], err

    return run


@pytest.mark.parametrize(
    "options",
    [
        ["--n-best", "3"],
        ["--strategy", "greedy"],
        ["--strategy", "beam", "--forbid", "dog", "--no-repeat-ngram", "2"],
        ["--strategy", "best_of_n", "--num-samples", "10", "--seed", "3"],
    ],
    ids=" ".join,
)
def test_onnx_writes_the_captions_of_keras(caption, options):
    _, expected, _ = caption(*options)
    status, found, _ = caption(*options, "--engine", "onnx")
    assert status == 0 and len(found) == 32
    assert len({row["caption"] for row in found}) > 3
    for row, wanted in zip(found, expected, strict=True):
        row, wanted = (r.get("captions", [r]) for r in (row, wanted))
        assert [c["caption"] for c in row] == [c["caption"] for c in wanted]
        np.testing.assert_allclose(
            [c["score"] for c in row], [c["score"] for c in wanted], atol=1e-3
        )


def test_int8_writes_nearly_the_same(caption):
    _, expected, _ = caption()
    _, found, _ = caption("--engine", "onnx-int8")
    pairs = list(zip(found, expected, strict=True))
    assert sum(a["caption"] == b["caption"] for a, b in pairs) >= 29
    same = [(a["score"], b["score"]) for a, b in pairs if a["caption"] == b["caption"]]
    assert np.mean([abs(score - wanted) for score, wanted in same]) < 0.1  # weights of size 1.5


def test_a_preset_is_exported_once(caption, monkeypatch):
    first = caption("--engine", "onnx")[1]
    monkeypatch.setattr(captioning, "load_model", lambda *_: pytest.fail("loads Keras' model"))
    _, again, err = caption("--engine", "onnx")
    assert again == first and "exporting" not in err


def test_a_changed_preset_is_exported_again(tiny_preset, tmp_path, cache, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    copy = tmp_path / pathlib.Path(tiny_preset).name
    shutil.copytree(tiny_preset, copy)
    before = engines.cache_folder(str(copy), "onnx")
    assert before == engines.cache_folder(tiny_preset, "onnx")
    assert before != engines.cache_folder(str(copy), "onnx-int8")
    settings = copy / "preprocessor.json"
    shorter = settings.read_text().replace('"sequence_length": 8', '"sequence_length": 5')
    settings.write_text(shorter)
    assert engines.cache_folder(str(copy), "onnx") != before


def test_an_exported_folder_needs_no_engine_named(caption, tiny_preset, tmp_path):
    exported = tmp_path / "exported"
    keras_lrcn.LRCNCaptioner.from_preset(tiny_preset).export(exported, format="onnx")
    expected = caption("--engine", "onnx")[1]
    assert caption(preset=exported)[1] == expected
    status, rows, err = caption("--engine", "onnx-int8", preset=exported)
    assert (status, rows) == (2, []) and "exported with quantize=None" in err


def test_what_the_engine_cannot_do_is_said(caption, monkeypatch):
    status, rows, err = caption("--engine", "onnx", "--min-confidence", "0.5")
    assert (status, rows) == (2, []) and "--min-confidence needs --engine keras" in err
    status, rows, err = caption("--engine", "onnx", "--strategy", "beam", "--forbid", "unicorn")
    assert (status, rows) == (2, []) and "unicorn" in err
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    status, rows, err = caption("--engine", "onnx")
    assert (status, rows) == (2, []) and 'pip install "keras-lrcn[serving]"' in err


def test_once_exported_no_tensorflow_is_loaded(caption, tiny_preset, photos, cache):
    caption("--engine", "onnx")
    argv = ["caption", str(photos), "--preset", tiny_preset, "--engine", "onnx"]
    code = (
        "import sys\nfrom keras_lrcn.cli import main\n"
        f"main({argv!r})\n"
        "print(*{'tensorflow', 'keras', 'torch', 'jax'} & set(sys.modules), file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stderr.strip() == "" and ran.stdout.count("\n\n") == 32
