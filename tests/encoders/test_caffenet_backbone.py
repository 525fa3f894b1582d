"""Both convolutional networks against Caffe's rules in NumPy."""

import keras
import keras_hub
import numpy as np
import pytest
import tensorflow as tf
from keras import ops
from reference import caffe_layers

from keras_lrcn.encoders.caffenet_backbone import (
    SMALLEST_IMAGE,
    VARIANTS,
    CaffeNetBackbone,
    CeilMaxPooling2D,
)

NARROW = (6, 8, 8, 8, 4)
REFERENCE = {"caffenet": caffe_layers.caffenet, "hybrid": caffe_layers.hybrid}
CONV1_WEIGHTS = {"caffenet": (96, 3, 11, 11), "hybrid": (96, 3, 7, 7)}
CONV2_WEIGHTS = {"caffenet": (256, 48, 5, 5), "hybrid": (384, 48, 5, 5)}


def narrow(variant="caffenet", side=67, **options):
    return CaffeNetBackbone(variant, filters=NARROW, image_shape=(side, side, 3), **options)


def images(side=67, batch=2):
    """Pixels less the mean."""
    shape = (batch, side, side, 3)
    return np.random.uniform(-120, 130, size=shape).astype("float32")


def scale_up(backbone):
    """Gives every layer responses of some hundreds, where the normalization works."""
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.Conv2D):
            fan_in = np.prod(layer.kernel.shape[:-1])
            layer.kernel.assign(layer.kernel * 100 * np.sqrt(2 / fan_in))


def caffe_weights(backbone):
    """`conv1` ... `conv5` -> `(weight, bias)` in Caffe's layout, float64."""
    layers = [backbone.get_layer(f"conv{number}") for number in range(1, 6)]
    arrays = {layer.name: [ops.convert_to_numpy(w) for w in layer.weights] for layer in layers}
    return {
        name: (kernel.transpose(3, 2, 0, 1).astype("float64"), bias.astype("float64"))
        for name, (kernel, bias) in arrays.items()
    }


def by_caffe(backbone, x):
    y = REFERENCE[backbone.variant](
        x.transpose(0, 3, 1, 2).astype("float64"), caffe_weights(backbone)
    )
    return y.transpose(0, 2, 3, 1)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("side", [227, 256])  # 256 makes other pools hang over the edge
def test_equals_caffe_in_full_size(variant, side):
    backbone = CaffeNetBackbone(variant, image_shape=(side, side, 3))
    scale_up(backbone)
    x = images(side, batch=1)
    expected = by_caffe(backbone, x)
    assert expected.max() > 10
    features = backbone.predict(x, verbose=0)
    # Five layers of up to 4608 float32 products each.
    np.testing.assert_allclose(features, expected, rtol=1e-4, atol=1e-4 * expected.max())


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("height, width", [(67, 67), (68, 91), (83, 70), (99, 74)])
def test_equals_caffe_at_any_image_shape(variant, height, width):
    x = np.random.uniform(-120, 130, size=(2, height, width, 3)).astype("float32")
    fixed = CaffeNetBackbone(variant, NARROW, image_shape=(height, width, 3))
    scale_up(fixed)
    free = CaffeNetBackbone(variant, NARROW, image_shape=(None, None, 3))
    free.set_weights(fixed.get_weights())
    expected = by_caffe(fixed, x)
    assert fixed.output_shape[1:] == expected.shape[1:]
    for backbone in (fixed, free):
        features = backbone.predict(x, verbose=0)
        np.testing.assert_allclose(features, expected, rtol=1e-4, atol=1e-4 * expected.max())


@pytest.mark.parametrize(
    "variant, sizes, parameters",
    [
        # 60,965,224 of the whole CaffeNet less fc6, fc7 and fc8.
        ("caffenet", (55, 27, 27, 13, 13, 6), 60_965_224 - 37_752_832 - 16_781_312 - 4_097_000),
        # 65,421,285 of the released RGB LRCN less fc6, lstm1 and fc8-final.
        ("hybrid", (111, 55, 26, 13, 13, 6), 65_421_285 - 56_627_200 - 4_457_472 - 25_957),
    ],
)
def test_shapes_and_parameters_are_those_of_the_published_nets(variant, sizes, parameters):
    backbone = CaffeNetBackbone(variant)
    names = ("conv1", "pool1", "conv2", "pool2", "conv5", "pool5")
    assert tuple(backbone.get_layer(name).output.shape[1] for name in names) == sizes
    weights = caffe_weights(backbone)
    assert weights["conv1"][0].shape == CONV1_WEIGHTS[variant]
    assert weights["conv2"][0].shape == CONV2_WEIGHTS[variant]
    assert backbone.count_params() == parameters
    assert backbone.output_shape == (None, 6, 6, VARIANTS[variant][-1][0])


def test_pooling_takes_what_lies_inside_the_image_however_low():
    x = np.random.uniform(-9, -5, size=(1, 6, 8, 2)).astype("float32")
    y = ops.convert_to_numpy(CeilMaxPooling2D(3, 2)(x))
    expected = caffe_layers.max_pool(x.transpose(0, 3, 1, 2)).transpose(0, 2, 3, 1)
    np.testing.assert_array_equal(y, expected)
    assert y.max() < -4 and y.shape == (1, 3, 4, 2)


@pytest.mark.parametrize("size, pooled", [(26, 13), (27, 13), (55, 27), (111, 55), (3, 1), (2, 1)])
def test_pooling_rounds_sizes_up(size, pooled):
    layer = CeilMaxPooling2D(3, 2)
    assert layer(np.zeros((1, size, size, 1), "float32")).shape == (1, pooled, pooled, 1)
    assert layer.compute_output_shape((None, size, size, 1)) == (None, pooled, pooled, 1)


@pytest.mark.parametrize("variant, jit_compile", [("caffenet", False), ("hybrid", True)])
def test_every_weight_trains(variant, jit_compile):
    backbone = narrow(variant)
    scale_up(backbone)
    before = backbone.get_weights()
    features = keras.layers.Flatten()(backbone.output)
    model = keras.Model(backbone.input, keras.layers.Dense(1)(features))
    model.compile(keras.optimizers.Adam(1e-3), "mse", jit_compile=jit_compile)
    model.train_on_batch(images(), np.ones((2, 1), "float32"))
    pairs = zip(before, backbone.get_weights(), strict=True)
    assert all((old != new).any() for old, new in pairs)


def test_gradients_of_grouped_layers_equal_finite_differences():
    backbone = narrow(side=39)
    scale_up(backbone)
    x = tf.constant(images(39, batch=1))
    kernel = backbone.get_layer("conv2").kernel
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(backbone(x) ** 2)
    gradient = ops.convert_to_numpy(tape.gradient(value, kernel.value))
    direction = np.random.normal(size=kernel.shape)
    weights, step, values = caffe_weights(backbone), 1e-6, []
    weight, bias = weights["conv2"]
    for sign in (1, -1):
        weights["conv2"] = (weight + sign * step * direction.transpose(3, 2, 0, 1), bias)
        y = caffe_layers.caffenet(x.numpy().transpose(0, 3, 1, 2).astype("float64"), weights)
        values.append((y**2).sum())
    numeric = (values[0] - values[1]) / (2 * step)
    np.testing.assert_allclose((gradient * direction).sum(), numeric, rtol=1e-3)  # float32 sums


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_preset_directory_brings_it_back(variant, tmp_path):
    backbone, x = narrow(variant, name="visual"), images()
    backbone.trainable = False
    backbone.save_to_preset(tmp_path)
    for loader in (CaffeNetBackbone, keras_hub.models.Backbone):
        copy = loader.from_preset(str(tmp_path))
        assert isinstance(copy, CaffeNetBackbone)
        assert copy.get_config() == backbone.get_config()
        np.testing.assert_array_equal(copy(x), backbone(x))


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16", "bfloat16"])
def test_every_layer_follows_the_dtype_policy(dtype):
    backbone = narrow(dtype=dtype)
    half = dtype.removeprefix("mixed_")
    assert {layer.compute_dtype for layer in backbone.layers[1:]} == {half}  # after the input
    exact = narrow()
    exact.set_weights(backbone.get_weights())
    x = images()
    features, expected = ops.cast(backbone(x), "float32"), exact(x)
    assert keras.backend.standardize_dtype(backbone(x).dtype) == half
    # Eight bits of a bfloat16, five layers deep.
    np.testing.assert_allclose(features, expected, atol=0.05 * float(ops.max(expected)))


def test_a_preset_loads_in_another_dtype(tmp_path):
    narrow().save_to_preset(tmp_path)
    copy = CaffeNetBackbone.from_preset(str(tmp_path), dtype="mixed_bfloat16")
    assert copy.get_layer("norm1").compute_dtype == "bfloat16"


@pytest.mark.parametrize("variant", VARIANTS)
def test_xla_gives_the_same(variant):
    backbone, x = narrow(variant), images()
    scale_up(backbone)
    compiled = tf.function(backbone, jit_compile=True)(x)
    np.testing.assert_allclose(compiled, backbone(x), rtol=1e-4, atol=1e-3)


def test_fillers_are_the_authors():
    backbone = CaffeNetBackbone("hybrid", image_shape=(67, 67, 3))
    for layer in [layer for layer in backbone.layers if layer.weights]:
        np.testing.assert_allclose(layer.bias, 0.1)
        np.testing.assert_allclose(np.std(layer.kernel), 0.01, rtol=0.05)  # a sample's deviation


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_smallest_image_is_the_smallest_that_works(variant):
    side = SMALLEST_IMAGE[variant]
    assert narrow(variant, side).output_shape[1:3] == (1, 1)
    with pytest.raises(ValueError, match=f"at least {side} pixels.*{side - 1}"):
        narrow(variant, side - 1)
    sizes = {"caffenet": ((11, 4), None), "hybrid": ((7, 2), (5, 2))}[variant]
    assert pool5_input(side, *sizes) >= 2 > pool5_input(side - 1, *sizes)  # 3 less 1 overhang


def pool5_input(side, conv1, conv2):
    for convolution in (conv1, conv2):
        if convolution:
            window, stride = convolution
            side = (side - window) // stride + 1
        side = -(-(side - 3) // 2) + 1
    return side


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"variant": "alexnet"}, "`variant` must be one of .*'alexnet'"),
        ({"filters": (8, 8, 8, 8)}, "`filters` must be five even numbers"),
        ({"filters": (8, 8, 8, 8, 7)}, "`filters` must be five even numbers"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        CaffeNetBackbone(**arguments)
