"""What the decoders of Fig. 5 are given, against a loop over roles and words."""

import keras
import numpy as np
import pytest
from keras import ops

import keras_lrcn
from keras_lrcn.layers import FactoredLSTM

SIZES, MULTIPLE = (3, 5, 2), (False, True, False)


def probabilities(seed=0, batch=6):
    rng = np.random.default_rng(seed)
    one, other = rng.dirichlet(np.ones(3), batch), rng.dirichlet(np.ones(2), batch)
    rows = np.concatenate([one, rng.random((batch, 5)), other], axis=1).astype("float32")
    rows[0, :3] = 0  # an unknown role
    rows[1, 3:8] = 0.2  # nothing is likely
    return rows


def maxima(row):
    """The words at the maximum, role after role, the likeliest first."""
    found = []
    for first, size, several in zip((0, 3, 8), SIZES, MULTIPLE, strict=True):
        part = sorted(((p, first + i) for i, p in enumerate(row[first : first + size])), key=_rank)
        found += [i for p, i in part if p >= 0.5] if several else [i for p, i in part[:1] if p]
    return found


def _rank(pair):
    return -pair[0], pair[1]


def test_probabilities_pass_as_they_are():
    encoder = keras_lrcn.SemanticEncoder(SIZES, MULTIPLE)
    np.testing.assert_array_equal(encoder(probabilities()), probabilities())


def test_the_maximum_is_one_hot():
    encoder = keras_lrcn.SemanticEncoder(SIZES, MULTIPLE, kind="max")
    expected = np.zeros((6, 10))
    for row, words in zip(expected, map(maxima, probabilities()), strict=True):
        row[words] = 1
    np.testing.assert_array_equal(encoder(probabilities()), expected)


@pytest.mark.parametrize("kind", ["max", "probabilities"])
def test_a_projection_is_linear(kind):
    encoder = keras_lrcn.SemanticEncoder(SIZES, MULTIPLE, kind, units=4)
    plain = keras_lrcn.SemanticEncoder(SIZES, MULTIPLE, kind)
    kernel, bias = encoder.get_weights()
    expected = np.asarray(plain(probabilities())) @ kernel + bias
    np.testing.assert_allclose(encoder(probabilities()), expected, atol=1e-6)


def test_the_tuple_is_read_one_word_a_step():
    encoder = keras_lrcn.SemanticSequenceEncoder(SIZES, MULTIPLE, embedding_dim=4, units=6)
    for weight in encoder.weights:
        weight.assign(np.random.normal(0, 0.5, weight.shape))
    table, *stack_weights = encoder.get_weights()
    stack = FactoredLSTM(6)
    stack.build((None, None, 4))
    stack.set_weights(stack_weights)
    state = encoder(probabilities())["state"]
    for row, p in enumerate(probabilities()):
        words = table[maxima(p)][None]
        _, expected = stack(words, return_state=True)
        for found, wanted in zip(state, expected, strict=True):
            np.testing.assert_allclose(found[row], wanted[0], atol=1e-6)


def test_a_tuple_of_nothing_starts_from_zero():
    encoder = keras_lrcn.SemanticSequenceEncoder(SIZES, MULTIPLE, embedding_dim=4, units=6)
    assert not any(np.any(ops.convert_to_numpy(s)) for s in encoder(np.zeros((2, 10)))["state"])


@pytest.mark.parametrize(
    "encoder",
    [
        keras_lrcn.SemanticEncoder(SIZES, MULTIPLE, "max", units=3),
        keras_lrcn.SemanticSequenceEncoder(SIZES, MULTIPLE, 2, 4, 6, 1),
    ],
    ids=["vector", "sequence"],
)
def test_config_round_trip(encoder):
    again = type(encoder).from_config(encoder.get_config())
    again.set_weights(encoder.get_weights())
    outputs = keras.tree.flatten(again(probabilities()))
    for found, wanted in zip(outputs, keras.tree.flatten(encoder(probabilities())), strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_impossible_encoders_are_refused():
    with pytest.raises(ValueError, match="sum"):
        keras_lrcn.SemanticEncoder(SIZES, kind="sum")
    with pytest.raises(ValueError, match="2 flags"):
        keras_lrcn.SemanticSequenceEncoder(SIZES, (True, False))
