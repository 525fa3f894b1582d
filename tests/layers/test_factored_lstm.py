"""The stack against the equations of Sec. 2 written in NumPy, and its structure (Fig. 4)."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_lrcn.layers import FactoredLSTM
from tests.reference.lstm_equations import run_stack

VARIANTS = {
    "1u": {"num_layers": 1},
    "2u": {"num_layers": 2},
    "2f": {"num_layers": 2, "factored": True},
    "3f, image at layer 3": {"num_layers": 3, "factored": True, "visual_layer": 3},
}


def build(**options):
    stack = FactoredLSTM(5, **options)
    words, image = draw(4, 7, 6), draw(4, 3)
    stack(words, visual=image)
    for weight in stack.weights:
        weight.assign(draw(*weight.shape))
    return stack, words, image


def draw(*shape):
    return np.random.normal(0, 0.5, shape).astype("float32")


def weights_of(stack):
    layers = []
    for index, layer in enumerate(stack.recurrent_layers):
        output = stack.output_layers[index].weights if stack.output_layers else []
        layers.append([np.asarray(w, "float64") for w in [*layer.weights, *output]])
    return layers


@pytest.mark.parametrize("cell", ["lstm", "rnn"])
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("loop", ["hoisted", "keras"])
def test_equals_the_equations(variant, cell, loop):
    stack, words, image = build(cell=cell, fused=loop == "keras", **VARIANTS[variant])
    outputs, state = stack(words, visual=image, return_state=True)
    expected, expected_state = run_stack(
        words, weights_of(stack), image, stack.visual_layer, cell=cell
    )
    np.testing.assert_allclose(outputs, expected, atol=1e-5)
    np.testing.assert_allclose(state, expected_state, atol=1e-5)


@pytest.mark.parametrize("cell", ["lstm", "rnn"])
def test_a_reset_starts_a_new_sequence(cell):
    stack, words, image = build(cell=cell, factored=True)
    reset = np.zeros((4, 7))
    reset[:, 3] = 1
    outputs = stack(words, visual=image, reset=reset)
    np.testing.assert_allclose(outputs[:, 3:], stack(words[:, 3:], visual=image), atol=1e-6)
    np.testing.assert_allclose(outputs[:, :3], stack(words[:, :3], visual=image), atol=1e-6)


@pytest.mark.parametrize("loop", ["hoisted", "keras"])
@pytest.mark.parametrize("time", [7, 40])
@pytest.mark.parametrize("cell", ["lstm", "rnn"])
def test_skipped_steps_leave_no_trace(cell, time, loop):
    stack, _, image = build(cell=cell, factored=True, fused=loop == "keras")
    words = draw(4, time, 6)
    mask = np.random.random((4, time)) < 0.6
    mask[:, 0] = True
    outputs, state = stack(words, visual=image, mask=mask, return_state=True)
    for row, kept in enumerate(mask):
        short = words[row : row + 1, kept]
        expected, expected_state = stack(short, visual=image[row : row + 1], return_state=True)
        np.testing.assert_allclose(outputs[row][kept], expected[0], atol=1e-5)
        for found, wanted in zip(state, expected_state, strict=True):
            np.testing.assert_allclose(found[row], wanted[0], atol=1e-5)


@pytest.mark.parametrize("cell", ["lstm", "rnn"])
def test_state_carries_a_sequence_that_comes_in_parts(cell):
    stack, words, image = build(cell=cell, num_layers=3)
    first, state = stack(words[:, :2], visual=image, return_state=True)
    second = stack(words[:, 2:], visual=image, initial_state=state)
    whole = stack(words, visual=image)
    np.testing.assert_allclose(ops.concatenate([first, second], axis=1), whole, atol=1e-6)


@pytest.mark.parametrize("variant", VARIANTS)
def test_single_steps_equal_the_sequence(variant):
    stack, words, image = build(**VARIANTS[variant])
    gates, state, outputs = stack.project_visual(image), stack.initial_state(4), []
    for t in range(words.shape[1]):
        output, state = stack.step(words[:, t], state, gates)
        outputs.append(output)
    np.testing.assert_allclose(ops.stack(outputs, axis=1), stack(words, visual=image), atol=1e-6)


def test_unknown_length_equals_known_length():
    stack, words, image = build(factored=True)
    inputs = keras.Input((None, 6)), keras.Input((3,))
    model = keras.Model(inputs, stack(inputs[0], visual=inputs[1]))
    for length in (1, 4, 7):
        np.testing.assert_allclose(
            model.predict([words[:, :length], image], verbose=0),
            stack(words[:, :length], visual=image),
            atol=1e-6,
        )


def test_layers_below_the_image_never_see_it():
    stack, words, image = build(num_layers=3, factored=True, visual_layer=3)
    _, seen = stack(words, visual=image, return_state=True)
    _, other = stack(words, visual=image + 9, return_state=True)
    np.testing.assert_array_equal(seen[:4], other[:4])  # h, c of layers 1 and 2
    assert np.abs(np.asarray(seen[4]) - np.asarray(other[4])).max() > 1e-3


@pytest.mark.parametrize("cell", ["lstm", "rnn"])
@pytest.mark.parametrize("input_layer", [2, 3])
def test_layers_below_the_inputs_run_on_their_states_alone(input_layer, cell):
    options = {"num_layers": 3, "factored": True, "visual_layer": 3, "cell": cell}
    stack, words, image = build(input_layer=input_layer, **options)
    outputs, state = stack(words, visual=image, return_state=True)
    layers, below = weights_of(stack), input_layer - 1
    nothing = np.zeros((4, 7, 0))
    x, expected_state = run_stack(nothing, layers[:below], cell=cell)
    x = np.concatenate([x, words], axis=-1)
    x, upper_state = run_stack(x, layers[below:], image, visual_layer=3 - below, cell=cell)
    np.testing.assert_allclose(outputs, x, atol=1e-5)
    np.testing.assert_allclose(state, [*expected_state, *upper_state], atol=1e-5)


@pytest.mark.parametrize("cell", ["lstm", "rnn"])
def test_single_steps_with_inputs_above_equal_the_sequence(cell):
    stack, words, image = build(cell=cell, factored=True, input_layer=2)
    gates, state, outputs = stack.project_visual(image), stack.initial_state(4), []
    for t in range(words.shape[1]):
        output, state = stack.step(words[:, t], state, gates)
        outputs.append(output)
    np.testing.assert_allclose(ops.stack(outputs, axis=1), stack(words, visual=image), atol=1e-6)


def test_what_lies_below_the_inputs_learns_all_but_their_kernel():
    import tensorflow as tf

    stack, words, image = build(factored=True, input_layer=2)
    with tf.GradientTape() as tape:
        loss = ops.sum(stack(words, visual=image) ** 2)
    gradients = tape.gradient(loss, [v.value for v in stack.trainable_variables])
    shapes = [gradient.shape for gradient in gradients]
    assert shapes == [v.shape for v in stack.trainable_variables]
    assert [bool(np.abs(g).sum()) for g in gradients] == [bool(np.prod(s)) for s in shapes]


def test_xla_gives_the_same():
    import tensorflow as tf

    stack, words, image = build(factored=True)
    compiled = tf.function(lambda w, i: stack(w, visual=i), jit_compile=True)
    np.testing.assert_allclose(compiled(words, image), stack(words, visual=image), atol=1e-5)
    above, words, image = build(factored=True, input_layer=2)
    compiled = tf.function(lambda w, i: above(w, visual=i), jit_compile=True)
    np.testing.assert_allclose(compiled(words, image), above(words, visual=image), atol=1e-5)


def test_config_round_trip():
    stack, words, image = build(
        num_layers=3, factored=True, visual_layer=3, cell="rnn", dropout=0.2, input_layer=2
    )
    again = FactoredLSTM.from_config(stack.get_config())
    again(words, visual=image)
    again.set_weights(stack.get_weights())
    np.testing.assert_array_equal(again(words, visual=image), stack(words, visual=image))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"factored": True, "num_layers": 1}, "num_layers=1"),
        ({"factored": True, "visual_layer": 1}, "2..2"),
        ({"visual_layer": 2}, "1..1"),
        ({"cell": "gru"}, "gru"),
        ({"num_layers": 0}, "num_layers=0"),
        ({"input_layer": 3}, "1..2"),
        ({"input_layer": 0}, "1..2"),
    ],
)
def test_impossible_stacks_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        FactoredLSTM(4, **options)
