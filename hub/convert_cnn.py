"""Caffe's CNNs -> an `ImageEncoder`: CaffeNet, its hybrid with Zeiler and Fergus', VGG-16.

What differs and is turned here: channels B, G, R; kernels (out, in, height, width); maps that are
flattened channel by channel.
"""

import keras_hub
import numpy as np

import keras_lrcn

FIRST_CONVOLUTIONS = {"caffenet": "conv1", "hybrid": "conv1", "vgg": "conv1_1"}
KERNELS = {11: "caffenet", 7: "hybrid"}  # conv1's size tells which
SIDES = {"caffenet": (227, 6), "hybrid": (227, 6), "vgg": (224, 7)}  # of the image, of pool5
REPEATS = (2, 2, 3, 3, 3)  # VGG-16
BLUE_GREEN_RED = (104.0, 117.0, 123.0)  # the authors' mean of ImageNet's pixels


def has_cnn(source):
    """Whether a file holds a CNN at all."""
    return any(name in source for name in FIRST_CONVOLUTIONS.values())


def image_encoder(source, kind, last, activation=None, dropout=0.5):
    """Builds a CNN with the weights of a file.

    Args:
        source: `hub.source.Source`.
        kind: `"caffenet"`, `"hybrid"` or `"vgg"`.
        last: str, the fully connected layer whose output is the feature: `"fc6"` to `"fc8"`.
        activation: of this layer, see `keras_lrcn.ImageEncoder`.
        dropout: float, as there.

    Returns:
        `keras_lrcn.ImageEncoder` of R, G, B pixels less the mean.
    """
    if FIRST_CONVOLUTIONS[kind] not in source:
        raise ValueError(
            f"{source.path} holds no {kind} CNN: it has no layer {FIRST_CONVOLUTIONS[kind]!r}. "
            "Give the file that has it as `cnn`."
        )
    backbone = _vgg(source) if kind == "vgg" else _caffenet(source, kind)
    dense = [f"fc{number}" for number in range(6, int(last.removeprefix("fc")) + 1)]
    encoder = keras_lrcn.ImageEncoder(
        backbone,
        "flatten",
        units=[source.width(name) for name in dense],
        activation=activation,
        dropout=dropout,
    )
    for name, layer in zip(dense, encoder.dense_layers, strict=True):
        _copy_dense(source, name, layer, SIDES[kind][1])
    return encoder


def _caffenet(source, kind):
    (weight, _) = source.take("conv1", 4, 1)
    found = KERNELS.get(weight.shape[-1])
    if found != kind:
        source.refuse("conv1", f"is not that of a {kind} CNN" + (f" but a {found}" * bool(found)))
    names = [f"conv{number}" for number in range(1, 6)]
    side = SIDES[kind][0]
    backbone = keras_lrcn.CaffeNetBackbone(
        kind, filters=[source.width(name) for name in names], image_shape=(side, side, 3)
    )
    for name in names:
        _copy_convolution(source, name, backbone.get_layer(name))
    return backbone


def _vgg(source):
    blocks = [[f"conv{b}_{i}" for i in range(1, n + 1)] for b, n in enumerate(REPEATS, start=1)]
    side = SIDES["vgg"][0]
    backbone = keras_hub.models.VGGBackbone(
        list(REPEATS), [source.width(names[0]) for names in blocks], image_shape=(side, side, 3)
    )
    for block, names in enumerate(blocks, start=1):
        for i, name in enumerate(names, start=1):
            _copy_convolution(source, name, backbone.get_layer(f"block{block}_conv{i}"))
    return backbone


def _copy_convolution(source, name, layer):
    weight, bias = source.take(name, 4, 1)
    if name in FIRST_CONVOLUTIONS.values():
        weight = weight[:, ::-1]  # B, G, R to R, G, B
    source.assign(name, layer.weights, [weight.transpose(2, 3, 1, 0), bias])


def _copy_dense(source, name, layer, side):
    weight, bias = source.take(name, 2, 1)
    kernel = channels_last(source, name, weight, side) if name == "fc6" else weight.T
    source.assign(name, layer.weights, [kernel, bias])


def channels_last(source, name, weight, side):
    """A layer on flattened maps, (outputs, c h w) -> kernel (h w c, outputs), copied once."""
    outputs, inputs = weight.shape
    if inputs % side**2:
        source.refuse(name, f"does not take maps of {side} x {side}")
    maps = weight.reshape(outputs, inputs // side**2, side, side)
    kernel = np.ascontiguousarray(maps.transpose(2, 3, 1, 0)).reshape(inputs, outputs)
    source.drop_pages(name)
    return kernel
