"""Prints, as JSON, how far each layer is from NumPy on the backend of this process.

`python tests/layers/differences.py`, with `KERAS_BACKEND` set; `test_layers_on_backends.py` runs
it once a backend and judges the numbers.
"""

import json
import pathlib
import sys

import keras
import numpy as np
from keras import ops

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent)]

from reference import caffe_layers, lstm_equations  # noqa: E402

from keras_lrcn.encoders.caffenet_backbone import CaffeNetBackbone  # noqa: E402
from keras_lrcn.layers.factored_lstm import FactoredLSTM  # noqa: E402
from keras_lrcn.layers.local_response_normalization import (  # noqa: E402
    LocalResponseNormalization,
)
from keras_lrcn.layers.time_distributed_cnn import TimeDistributedCNN  # noqa: E402

BATCH, UNITS, WORD, VISUAL = 3, 8, 6, 5
STACKS = {
    "1u": {"num_layers": 1},
    "2u": {"num_layers": 2},
    "2f": {"num_layers": 2, "factored": True},
    "3f, image into layer 3": {"num_layers": 3, "factored": True, "visual_layer": 3},
    "rnn 2f": {"num_layers": 2, "factored": True, "cell": "rnn"},
}


def uniform(*shape, scale=1.0):
    return np.random.uniform(-scale, scale, shape).astype("float32")


def difference(found, expected):
    """Largest difference, relative to values above one."""
    found = ops.convert_to_numpy(ops.cast(found, "float32"))
    return float(np.max(np.abs(found - expected) / np.maximum(1, np.abs(expected))))


def to_caffe(x):
    return np.moveaxis(x.astype("float64"), -1, 1)


def stack_of(options, **more):
    """A built stack with weights that matter, and the same weights for the equations."""
    stack = FactoredLSTM(UNITS, **options, **more)
    stack(uniform(1, 2, WORD), visual=uniform(1, VISUAL))
    for weight in stack.weights:
        weight.assign(uniform(*weight.shape, scale=0.5))
    outputs = stack.output_layers or [None] * stack.num_layers
    layers = [
        [ops.convert_to_numpy(w).astype("float64") for part in pair if part for w in part.weights]
        for pair in zip(stack.recurrent_layers, outputs, strict=True)
    ]
    return stack, {"layers": layers, "visual_layer": stack.visual_layer, "cell": stack.cell}


def stack_difference(options, time=7, compiled=False, reset=None, state=None, **more):
    stack, equations = stack_of(options, **more)
    words, visual = uniform(BATCH, time, WORD), uniform(BATCH, VISUAL)
    expected = lstm_equations.run_stack(words, visual=visual, reset=reset, state=state, **equations)
    if compiled:
        inputs = keras.Input((None, WORD)), keras.Input((VISUAL,))
        model = keras.Model(inputs, stack(inputs[0], visual=inputs[1]))
        model.compile(jit_compile=keras.backend.backend() != "torch")
        return difference(model.predict((words, visual), verbose=0), expected[0])
    outputs, final = stack(
        words, visual=visual, initial_state=state, reset=reset, return_state=True
    )
    pairs = zip([outputs, *final], [expected[0], *expected[1]], strict=True)
    return max(difference(found, wanted) for found, wanted in pairs)


def reset_difference(options, time=7):
    reset = (np.random.uniform(size=(BATCH, time)) < 0.4).astype("float32")
    return stack_difference(options, time, reset=reset)


def mask_difference(options, **more):
    """Padding on the right, masked, against the equations on each row without it."""
    stack, equations = stack_of(options, **more)
    words, visual = uniform(BATCH, 9, WORD), uniform(BATCH, VISUAL)
    lengths = [9, 4, 1]
    mask = np.arange(9)[None] < np.array(lengths)[:, None]
    outputs, final = stack(words, visual=visual, mask=mask, return_state=True)
    worst = 0.0
    for row, length in enumerate(lengths):
        one = slice(row, row + 1)
        expected = lstm_equations.run_stack(words[one, :length], visual=visual[one], **equations)
        pairs = [(outputs[one, :length], expected[0])]
        pairs += [(found[one], wanted) for found, wanted in zip(final, expected[1], strict=True)]
        worst = max(worst, *(difference(found, wanted) for found, wanted in pairs))
    return worst


def state_difference(options):
    count = options["num_layers"] * (1 if options.get("cell") == "rnn" else 2)
    return stack_difference(options, state=[uniform(BATCH, UNITS) for _ in range(count)])


def step_difference(options):
    stack, equations = stack_of(options)
    words, visual = uniform(BATCH, 5, WORD), uniform(BATCH, VISUAL)
    expected, _ = lstm_equations.run_stack(words, visual=visual, **equations)
    state, outputs = stack.initial_state(BATCH), []
    gates = stack.project_visual(ops.convert_to_tensor(visual))
    for t in range(5):
        output, state = stack.step(ops.convert_to_tensor(words[:, t]), state, gates)
        outputs.append(output)
    return difference(ops.stack(outputs, axis=1), expected)


def normalization_difference(dtype="float32"):
    x = ops.cast(np.random.normal(scale=300, size=(2, 5, 4, 12)), dtype)
    values = ops.convert_to_numpy(ops.cast(x, "float32"))
    expected = np.moveaxis(caffe_layers.normalize_responses(to_caffe(values)), 1, -1)
    return difference(LocalResponseNormalization(dtype=dtype)(x), expected)


def time_distributed_difference(dtype="float32"):
    images = keras.Input((9, 9, 4), dtype="float32")
    convolution = keras.layers.Conv2D(6, 3, strides=2, groups=2, dtype=dtype)
    features = keras.layers.GlobalAveragePooling2D(dtype=dtype)(convolution(images))
    frames = keras.Input((None, 9, 9, 4))
    layer = TimeDistributedCNN(keras.Model(images, features), dtype=dtype)
    model = keras.Model(frames, layer(frames))
    kernel, bias = (ops.convert_to_numpy(w).astype("float64") for w in convolution.weights)
    worst = 0.0
    for time in (1, 4):
        x = uniform(2, time, 9, 9, 4)
        maps = [
            caffe_layers.convolve(
                to_caffe(x[:, t]), kernel.transpose(3, 2, 0, 1), bias, stride=2, groups=2
            )
            for t in range(time)
        ]
        expected = np.stack(maps, axis=1).mean(axis=(3, 4))
        worst = max(worst, difference(model.predict(x, verbose=0), expected))
    return worst


def caffenet_difference(variant):
    backbone = CaffeNetBackbone(variant, filters=(6, 8, 8, 8, 4), image_shape=(68, 75, 3))
    weights = {}
    for layer in backbone.layers:
        if layer.weights:
            layer.kernel.assign(uniform(*layer.kernel.shape, scale=0.3))
            kernel, bias = (ops.convert_to_numpy(w).astype("float64") for w in layer.weights)
            weights[layer.name] = kernel.transpose(3, 2, 0, 1), bias
    x = uniform(2, 68, 75, 3, scale=100)
    reference = {"caffenet": caffe_layers.caffenet, "hybrid": caffe_layers.hybrid}[variant]
    expected = np.moveaxis(reference(to_caffe(x), weights), 1, -1)
    assert expected.max() > 10
    return difference(backbone.predict(x, verbose=0) / expected.max(), expected / expected.max())


def differences():
    """Yields `(name, difference)`."""
    yield "normalization", normalization_difference()
    yield "normalization, bfloat16", normalization_difference("bfloat16")
    yield "time distributed", time_distributed_difference()
    yield "time distributed, mixed_bfloat16", time_distributed_difference("mixed_bfloat16")
    for variant in ("caffenet", "hybrid"):
        yield variant, caffenet_difference(variant)
    for name, options in STACKS.items():
        yield name, stack_difference(options)
        yield f"{name}, compiled", stack_difference(options, compiled=True)
        yield f"{name}, fused", stack_difference(options, fused=True)
        yield f"{name}, resets", reset_difference(options)
        yield f"{name}, 40 steps with resets", reset_difference(options, time=40)
        yield f"{name}, masked", mask_difference(options)
        yield f"{name}, masked, fused", mask_difference(options, fused=True)
        yield f"{name}, from a state", state_difference(options)
        yield f"{name}, step by step", step_difference(options)
        yield f"{name}, mixed_bfloat16", stack_difference(options, dtype="mixed_bfloat16")


if __name__ == "__main__":
    keras.utils.set_random_seed(0)
    print(json.dumps({"backend": keras.backend.backend(), **dict(differences())}))
