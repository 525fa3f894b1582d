"""The benchmark of serving, on narrow layers and few words."""

import numpy as np
import pytest

REASON = 'needs `pip install "keras-lrcn[serving]"`'
pytest.importorskip("onnx", reason=REASON)
pytest.importorskip("onnxruntime", reason=REASON)

from benchmarks.serving import ENGINES, compare, engines_of, full_size  # noqa: E402
from keras_lrcn.samplers import BeamSearch  # noqa: E402


def test_engines_agree_and_have_a_row_each(tmp_path, capsys):
    generates, sizes = engines_of(full_size(width=128, num_words=600), tmp_path)
    random = np.random.default_rng(0).normal(size=(5, 1, 128)).astype("float32")
    features = [{"features": row} for row in random]
    compare("small", generates, features, {"greedy": BeamSearch(1, forbidden_words=(2,))})
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines()]
    assert [row[1] for row in rows] == list(ENGINES)
    assert all(float(row[2]) > 0 for row in rows) and rows[1][-1] == "100.0 % |"
    assert sizes["ONNX int8"] < sizes["ONNX"] / 3
