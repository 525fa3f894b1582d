"""Positions without a word cost no product with the vocabulary, and nothing else changes."""

import keras
import numpy as np
import pytest

from keras_lrcn.layers import real_positions
from keras_lrcn.layers.real_positions import PickPositions, PlacePositions

MASK = np.array([[1, 1, 0, 0], [1, 1, 1, 1], [1, 0, 1, 0]])
HIDDEN = np.random.default_rng(0).normal(size=(3, 4, 5)).astype("float32")


def test_training_picks_words_and_puts_them_back():
    picked = PickPositions()(HIDDEN, MASK, training=True)
    np.testing.assert_array_equal(picked, HIDDEN[MASK > 0])
    placed = PlacePositions()(picked, MASK, training=True)
    np.testing.assert_array_equal(placed, HIDDEN * MASK[..., None])


def test_without_training_padding_is_kept():
    placed = PlacePositions()(PickPositions()(HIDDEN, MASK), MASK)
    np.testing.assert_array_equal(placed, HIDDEN)


def test_a_batch_of_padding_alone_is_zeros():
    picked = PickPositions()(HIDDEN, 0 * MASK, training=True)
    placed = PlacePositions()(picked, 0 * MASK, training=True)
    np.testing.assert_array_equal(placed, 0 * HIDDEN)


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_a_captioner_learns_the_same_from_words_alone(jit, smoothing, monkeypatch):
    from keras_lrcn import CaptionLoss
    from tests.models.conftest import make_captioner

    rng = np.random.default_rng(1)
    ids = rng.integers(4, 9, (3, 5))
    mask = -np.sort(-MASK, axis=1)  # padding on the right, as words have it
    inputs = {"visual": HIDDEN[:, 0, :3], "token_ids": ids[:, :4] * mask, "padding_mask": mask}
    learnt = []
    for skip in (True, False):
        captioner = make_captioner(length=4)
        captioner.preprocessor = None
        captioner.compile(keras.optimizers.SGD(1.0), CaptionLoss(smoothing), jit_compile=jit)
        if not skip:
            monkeypatch.setattr(real_positions, "_skips", lambda training: False)
        captioner.train_on_batch(inputs, ids[:, 1:], sample_weight=mask.astype("float32"))
        learnt.append(captioner.get_weights())
    for found, wanted in zip(*learnt, strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-5)
