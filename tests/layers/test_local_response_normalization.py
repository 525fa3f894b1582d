"""LRN against Caffe's rule in NumPy, TensorFlow's own operation and the closed bound."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops
from reference import caffe_layers

from keras_lrcn.layers.local_response_normalization import LocalResponseNormalization


def activations(*shape, scale=300.0):
    """Values where the denominator matters, as conv1 of the published nets has them."""
    return np.random.normal(scale=scale, size=shape).astype("float32")


def by_caffe(x, **options):
    y = caffe_layers.normalize_responses(np.moveaxis(x.astype("float64"), -1, 1), **options)
    return np.moveaxis(y, 1, -1)


@pytest.mark.parametrize("channels", [1, 3, 5, 96])
def test_equals_caffes_rule(channels):
    x = activations(2, 5, 4, channels)
    y = ops.convert_to_numpy(LocalResponseNormalization()(x))
    np.testing.assert_allclose(y, by_caffe(x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("options", [{"depth": 3}, {"alpha": 1e-3}, {"beta": 0.5}, {"k": 2.0}])
def test_every_option_counts(options):
    x = activations(2, 3, 3, 8)
    y = ops.convert_to_numpy(LocalResponseNormalization(**options)(x))
    np.testing.assert_allclose(y, by_caffe(x, **options), rtol=1e-5, atol=1e-5)
    assert np.abs(y - by_caffe(x)).max() > 1  # the defaults would not do


def test_tensorflow_agrees_when_its_alpha_is_divided_by_the_depth():
    x = activations(2, 4, 4, 16)
    expected = tf.nn.local_response_normalization(x, 2, bias=1.0, alpha=1e-4 / 5, beta=0.75)
    y = ops.convert_to_numpy(LocalResponseNormalization()(x))
    # TensorFlow's takes the power as exp(-beta log(x)).
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-4)


def test_no_output_exceeds_the_bound_of_caffenets_numbers():
    x = np.zeros((1, 1, 2000, 5), "float32")
    x[..., 2] = np.arange(2000)
    y = ops.convert_to_numpy(LocalResponseNormalization()(x))
    # x / (1 + 2e-5 x^2)^0.75 is largest where 2e-5 x^2 = 2.
    np.testing.assert_allclose(y.max(), np.sqrt(1e5) / 3**0.75, rtol=1e-5)  # 138.73


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_computed_in_float32(dtype):
    x = ops.cast(activations(1, 3, 3, 6, scale=2000.0), dtype)  # squares beyond float16's 65504
    y = LocalResponseNormalization(dtype=dtype)(x)
    assert keras.backend.standardize_dtype(y.dtype) == dtype
    exact = by_caffe(ops.convert_to_numpy(ops.cast(x, "float32")))
    spacing = {"float16": 2**-11, "bfloat16": 2**-8}[dtype]  # rounding of the result alone
    np.testing.assert_allclose(ops.convert_to_numpy(ops.cast(y, "float32")), exact, rtol=spacing)


def test_gradient_equals_finite_differences():
    x = tf.Variable(np.random.normal(size=(1, 1, 1, 7)), dtype="float64")
    layer = LocalResponseNormalization(alpha=1.0, dtype="float64")
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(layer(x) ** 2)
    gradient = tape.gradient(value, x).numpy().ravel()
    steps = 1e-6 * np.eye(7).reshape(7, 1, 1, 7)
    total = lambda z: (by_caffe(z, alpha=1.0) ** 2).sum(axis=(1, 2, 3))  # noqa: E731
    numeric = (total(x.numpy() + steps) - total(x.numpy() - steps)) / 2e-6
    np.testing.assert_allclose(gradient, numeric, rtol=1e-6, atol=1e-8)


def test_xla_gives_the_same():
    layer, x = LocalResponseNormalization(), activations(2, 5, 5, 12)
    compiled = tf.function(layer, jit_compile=True)(x)
    np.testing.assert_allclose(compiled, layer(x), rtol=1e-5, atol=1e-5)


def test_config_round_trip():
    layer = LocalResponseNormalization(depth=3, alpha=0.1, beta=0.5, k=2.0, name="norm1")
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert copy.get_config() == layer.get_config()


@pytest.mark.parametrize("depth", [0, 4, -3])
def test_a_window_without_a_middle_is_refused(depth):
    with pytest.raises(ValueError, match=f"`depth` must be .* odd.*depth={depth}"):
        LocalResponseNormalization(depth=depth)
