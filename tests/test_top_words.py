"""The k largest, in two passes: the same as a sort."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from keras_lrcn.samplers.top_words import top_words

ON_BACKEND = """
import keras, numpy as np
from keras_lrcn.samplers.top_words import top_words
scores = np.random.default_rng(0).normal(size=(7, 1003)).astype("float32")
values, words = map(keras.ops.convert_to_numpy, top_words(scores, 5))
np.testing.assert_array_equal(words, np.argsort(-scores, axis=-1)[:, :5])
np.testing.assert_array_equal(values, np.take_along_axis(scores, words, -1))
print(keras.backend.backend(), words.dtype)
"""


@pytest.mark.parametrize("width", [5, 60, 1000, 2731, 10_000])
@pytest.mark.parametrize("k", [1, 5])
def test_the_largest_come_first_and_of_equals_the_first(width, k):
    scores = np.random.default_rng(width).integers(0, 30, (40, width)).astype("float32")
    scores[::2] = np.where(scores[::2] < 29, -1e9, scores[::2])  # few words may come, or none
    scores[0], scores[1] = -1e9, np.arange(width)
    values, words = map(keras.ops.convert_to_numpy, top_words(scores, k))
    expected = np.argsort(-scores, axis=-1, kind="stable")[:, :k]
    np.testing.assert_array_equal(words, expected)
    np.testing.assert_array_equal(values, np.take_along_axis(scores, expected, axis=-1))


@pytest.mark.backends
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends_find_the_same(backend):
    pytest.importorskip(backend)
    run = subprocess.run(
        [sys.executable, "-c", ON_BACKEND],
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    assert run.stdout.split() == [backend, "int32"]
