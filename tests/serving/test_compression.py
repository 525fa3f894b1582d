"""A CNN in 8 bits: small, near the float one, and right in the mean."""

import numpy as np
import pytest

from keras_lrcn.serving import compression
from keras_lrcn.serving.graphs import open_graph, quantize_blocks, quantize_rows

REASON = 'needs `pip install "keras-lrcn[serving]"`'
onnx = pytest.importorskip("onnx", reason=REASON)
pytest.importorskip("onnxruntime", reason=REASON)

SIZE = (24, 32)


def cnn(seed=0, groups=2, output="features"):
    """Pixels -> convolution -> ReLU -> grouped convolution -> mean of each channel -> product."""
    random = np.random.default_rng(seed)
    weights = {
        "first": random.normal(0, 0.02, (32, 3, 3, 3)),
        "first_bias": random.normal(0, 0.5, 32),
        "second": random.normal(0, 0.1, (256, 32 // groups, 3, 3)),
        "second_bias": random.normal(0, 0.5, 256),
        "matrix": random.normal(0, 0.1, (256, 100)),
        "axes": np.array([2, 3]),
    }
    tensors = [
        onnx.numpy_helper.from_array(w.astype("int64" if name == "axes" else "float32"), name)
        for name, w in weights.items()
    ]
    node = onnx.helper.make_node
    nodes = [
        node("Cast", ["pixels"], ["float"], to=1),
        node("Transpose", ["float"], ["x"], perm=[0, 3, 1, 2]),
        node("Conv", ["x", "first", "first_bias"], ["a"]),
        node("Relu", ["a"], ["b"]),
        node("Conv", ["b", "second", "second_bias"], ["c"], group=groups),
        node("ReduceMean", ["c", "axes"], ["pooled"], keepdims=0),
        node("MatMul", ["pooled", "matrix"], ["features"]),
    ]
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        nodes,
        "cnn",
        [value("pixels", 2, ["n", *SIZE, 3])],
        [value(output, 1, ["n", "width"])],
        tensors,
    )
    opset = [onnx.helper.make_opsetid("", 18)]
    return onnx.helper.make_model(graph, opset_imports=opset, ir_version=9)


@pytest.mark.parametrize("groups", [1, 2])
def test_a_compressed_cnn_is_small_and_near(monkeypatch, groups):
    monkeypatch.setattr(compression, "LARGE", 20_000)
    model = cnn(groups=groups)
    pixels = compression.smooth_noise(SIZE)
    exact, size = open_graph(model.SerializeToString())(pixels)[0], model.ByteSize()
    compression.store_in_8_bits(model, SIZE)
    onnx.checker.check_model(model)
    found = open_graph(model.SerializeToString())(pixels)[0]
    assert model.ByteSize() < 0.35 * size
    assert np.abs(found - exact).max() < 0.05 * exact.std()  # of 8 x 100
    assert np.sqrt(((found - exact) ** 2).mean()) < 0.01 * exact.std()


def test_rounding_moves_no_mean(monkeypatch):
    monkeypatch.setattr(compression, "LARGE", 5_000)
    pixels = compression.smooth_noise(SIZE)
    errors = {}
    for corrected in (True, False):
        model = cnn(seed=3, output="pooled")
        exact = open_graph(model.SerializeToString())(pixels)[0].mean(0)
        if not corrected:
            monkeypatch.setattr(compression, "_output_shift", lambda error, inputs: 0)
        compression.store_in_8_bits(model, SIZE)
        errors[corrected] = np.abs(open_graph(model.SerializeToString())(pixels)[0].mean(0) - exact)
    assert errors[True].mean() < 0.25 * errors[False].mean()


@pytest.mark.parametrize("groups", [1, 3])
def test_the_shift_is_that_of_a_constant_picture(groups):
    random = np.random.default_rng(0)
    error, inputs = random.normal(size=(6, 4, 3, 3)), random.normal(size=4 * groups)
    shift = compression._output_shift(error, inputs)
    for channel in range(6):
        group = channel // (6 // groups)
        seen = inputs[4 * group : 4 * group + 4]
        assert shift[channel] == pytest.approx((error[channel].sum((1, 2)) * seen).sum())


@pytest.mark.parametrize("seed", range(5))
def test_levels_times_scales_are_within_half_a_scale(seed):
    random = np.random.default_rng(seed)
    rows, columns = random.integers(1, 200, 2)
    matrix = random.normal(size=(rows, columns)).astype("float32")
    matrix[:, 0] = 0
    levels, scales = quantize_rows(matrix)
    assert (np.abs(levels * scales - matrix) <= scales * 0.5001).all()
    levels, scales = quantize_blocks(matrix)
    restored = ((levels.astype("float32") - 128) * scales[..., None]).reshape(columns, -1).T
    assert (np.abs(restored[:rows] - matrix).T <= scales.max(1, keepdims=True) * 0.5001).all()
    assert (restored[rows:] == 0).all()


def test_smooth_noise_is_smooth_and_always_the_same():
    noise = compression.smooth_noise(SIZE)
    np.testing.assert_array_equal(noise, compression.smooth_noise(SIZE))
    flat = noise.astype(float)
    step = np.abs(np.diff(flat, axis=1)).mean()
    assert 10 < step < 0.6 * np.abs(flat - flat.mean((1, 2), keepdims=True)).mean() * 2
    assert noise.shape == (compression.NUM_PROBES, *SIZE, 3)
