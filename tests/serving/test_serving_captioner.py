"""What an exported captioner promises: Keras' captions, without Keras."""

import subprocess
import sys

import numpy as np
import pytest

import keras_lrcn
from keras_lrcn.samplers import BeamSearch
from keras_lrcn.serving.folder import ServingError
from tests.models.conftest import make_captioner

REASON = 'needs `pip install "keras-lrcn[serving]"`'
pytest.importorskip("onnx", reason=REASON)
pytest.importorskip("onnxruntime", reason=REASON)


@pytest.fixture(scope="module")
def visual():
    return np.random.default_rng(5).normal(0, 1, (16, 3)).astype("float32")


@pytest.fixture(scope="module")
def captioner():
    return make_captioner()


@pytest.fixture
def folder(captioner, tmp_path):
    captioner.export(tmp_path / "exported", format="onnx")
    return tmp_path / "exported"


@pytest.mark.parametrize("num_captions", [1, 3])
@pytest.mark.parametrize(
    "sampler",
    ["greedy", "beam", BeamSearch(4, length_penalty=0.7), BeamSearch(3, no_repeat_ngram=2)],
    ids=str,
)
def test_float_captions_and_scores_are_those_of_keras(
    captioner, folder, visual, sampler, num_captions
):
    if sampler == "greedy" and num_captions > 1:
        pytest.skip("greedy search writes one caption")
    options = {"sampler": sampler, "num_captions": num_captions, "return_details": True}
    expected = captioner.generate({"features": visual}, **options)
    found = keras_lrcn.serving.load(folder).generate({"features": visual}, **options)
    assert [[c.text for c in row] for row in found] == [[c.text for c in row] for row in expected]
    for row, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose([c.score for c in row], [c.score for c in wanted], atol=1e-3)


@pytest.mark.parametrize("stack", [{"factored": False}, {"factored": True}], ids=str)
def test_int8_scores_stay_near_those_of_float(visual, tmp_path, stack):
    captioner = make_captioner(scale=0.5, **stack)
    for quantize in (None, "int8"):
        captioner.export(tmp_path / str(quantize), format="onnx", quantize=quantize)
    exact, coarse = (keras_lrcn.serving.load(tmp_path / name) for name in ("None", "int8"))
    options = {"sampler": "greedy", "return_details": True}
    rows = zip(
        exact.generate({"features": visual}, **options),
        coarse.generate({"features": visual}, **options),
        strict=True,
    )
    same = [(a[0].score, b[0].score) for a, b in rows if a[0].text == b[0].text]
    assert len(same) >= 12
    np.testing.assert_allclose(*zip(*same, strict=True), atol=0.1)


def test_a_changed_file_is_refused_by_name(folder):
    data = bytearray((folder / "step.onnx").read_bytes())
    data[len(data) // 2] ^= 1
    (folder / "step.onnx").write_bytes(data)
    with pytest.raises(ServingError, match="step.onnx is not what was exported"):
        keras_lrcn.serving.load(folder)


def test_a_missing_file_is_named(folder):
    (folder / "start.onnx").unlink()
    with pytest.raises(ServingError, match="start.onnx is missing"):
        keras_lrcn.serving.load(folder)


def test_another_folder_is_not_replaced(captioner, tmp_path):
    (tmp_path / "diary.txt").write_text("dear")
    with pytest.raises(ServingError, match="no exported captioner"):
        captioner.export(tmp_path, format="onnx")
    assert (tmp_path / "diary.txt").read_text() == "dear"


def test_without_onnxruntime_the_command_is_named(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ImportError, match=r'pip install "keras-lrcn\[serving\]"'):
        keras_lrcn.serving.load(folder)


def test_captions_come_without_keras(folder):
    code = (
        "import sys, numpy, keras_lrcn.serving as s\n"
        f"s.load({str(folder)!r}).generate({{'features': numpy.ones((1, 3), 'float32')}})\n"
        "print(*sorted({'keras', 'keras_hub', 'tensorflow', 'torch', 'jax'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""
