"""The gradient written by hand, against the one that TensorFlow derives and against differences."""

import numpy as np
import pytest
from keras import ops

from keras_lrcn.layers import FactoredLSTM, factored_lstm
from keras_lrcn.layers.lstm_recurrence import run_lstm
from tests.layers.test_factored_lstm import VARIANTS, build, draw
from tests.reference.lstm_equations import run_stack


@pytest.fixture
def derived(monkeypatch):
    """Call it, and training runs the loop whose gradient TensorFlow derives."""
    return lambda: monkeypatch.setattr(FactoredLSTM, "_trains_fast", lambda *_: False)


def loss_and_gradients(stack, words, image, state=None, **more):
    """Of something that all outputs and the final state take part in."""
    import tensorflow as tf

    for layer in stack.dropout_layers:
        if layer.rate:
            layer.seed_generator.state.assign([3, 4])
    words, image, *state = map(tf.convert_to_tensor, (words, image, *(state or [])))
    learnt = [v.value for v in stack.trainable_variables]
    with tf.GradientTape() as tape:
        tape.watch([words, image, *state])
        outputs, final = stack(
            words, visual=image, initial_state=state, training=True, return_state=True, **more
        )
        loss = ops.sum(ops.sin(3 * outputs)) + sum(ops.sum(s**2) for s in final)
    return loss, tape.gradient(loss, [words, image, *state, *learnt])


@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("variant", VARIANTS)
def test_gradients_are_those_that_are_derived(variant, dropout, derived):
    stack, words, image = build(dropout=dropout, **VARIANTS[variant])
    state = [draw(4, 5) for _ in range(2 * stack.num_layers)]
    loss, gradients = loss_and_gradients(stack, words, image, state)
    derived()
    expected_loss, expected = loss_and_gradients(stack, words, image, state)
    np.testing.assert_allclose(loss, expected_loss, rtol=1e-5)
    assert len(gradients) == 2 + len(state) + 3 * stack.num_layers
    for found, wanted in zip(gradients, expected, strict=True):
        assert np.abs(wanted).max() > 1e-3
        np.testing.assert_allclose(found, wanted, atol=1e-4 * np.abs(wanted).max())


def test_gradients_are_the_slopes_of_the_papers_equations():
    import tensorflow as tf

    rng = np.random.default_rng(0)
    words, kernel, recurrent, bias = (
        rng.normal(0, 0.5, shape) for shape in [(2, 6, 3), (3, 16), (4, 16), (16,)]
    )
    directions = [rng.normal(size=x.shape) for x in (words, kernel, recurrent, bias)]

    def slope(eps=1e-6):
        sums = []
        for sign in (1, -1):
            moved = [
                x + sign * eps * d
                for x, d in zip((words, kernel, recurrent, bias), directions, strict=True)
            ]
            outputs, (_, c) = run_stack(moved[0], [moved[1:]])
            sums.append(np.sin(3 * outputs).sum() + (c**2).sum())
        return (sums[0] - sums[1]) / (2 * eps)

    tensors = [tf.constant(x) for x in (words, kernel, recurrent, bias)]
    zeros = [tf.zeros((2, 4), "float64")] * 2
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        x, w, r, b = tensors
        outputs, (_, c) = run_lstm(tf.matmul(x, w) + b, zeros, r)
        loss = tf.reduce_sum(tf.sin(3 * outputs)) + tf.reduce_sum(c**2)
    found = tape.gradient(loss, tensors)
    total = sum(np.sum(g * d) for g, d in zip(found, directions, strict=True))
    assert total == pytest.approx(slope(), rel=1e-6)


def test_xla_and_a_graph_give_the_same_gradients():
    import tensorflow as tf

    stack, words, image = build(factored=True)
    _, expected = loss_and_gradients(stack, words, image)
    for jit in (False, True):
        compiled = tf.function(lambda w, i: loss_and_gradients(stack, w, i), jit_compile=jit)
        for found, wanted in zip(compiled(words, image)[1], expected, strict=True):
            np.testing.assert_allclose(found, wanted, atol=1e-4 * np.abs(wanted).max())


@pytest.mark.parametrize(
    ("options", "more", "time"),
    [
        ({"cell": "rnn"}, {}, 7),
        ({}, {"mask": np.arange(7)[None] < np.array([[7], [4], [2], [1]])}, 7),
        ({}, {"reset": np.arange(7)[None] == np.array([[0], [4], [2], [1]])}, 7),
        ({}, {}, factored_lstm.UNROLL_LIMIT + 1),
    ],
    ids=["RNN", "mask", "reset", "long"],
)
def test_other_stacks_are_trained_with_derived_gradients(options, more, time, monkeypatch):
    stack, _, image = build(factored=True, **options)
    words = draw(4, time, 6)
    monkeypatch.setattr(factored_lstm, "run_lstm", None)  # calling it is an error
    outputs = stack(words, visual=image, training=True, **more)
    np.testing.assert_allclose(outputs, stack(words, visual=image, **more), atol=1e-6)
    _, gradients = loss_and_gradients(stack, words, image, **more)
    assert all(np.abs(gradient).max() > 0 for gradient in gradients)
