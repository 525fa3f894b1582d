"""The layers of the authors' published nets, by name and shape, with random values.

Each function returns a list of `Layer` in the order of a snapshot, those without arrays too.
`scale=1` is the published size; a smaller one narrows every layer for quick tests, but neither
the image, nor the classes, nor the words, which are given.

Values are normal with a deviation of `gain / sqrt(fan in)`, so that responses stay in the
hundreds up to fc7, where the normalization works, and in ones behind it, where gates do.
"""

import numpy as np
from reference.caffe_file import Layer

COCO_WORDS = 8801  # of their vocabulary, with <EOS>
FLICKR30K_WORDS = 7415  # no file is known; about what words of five captions and more are
MSVD_WORDS = 12_594
S2VT_WORDS = 46_168

# Rows of (outputs, window, groups) of conv1 to conv5.
ALEXNETS = {
    "caffenet": ((96, 11, 1), (256, 5, 2), (384, 3, 1), (384, 3, 2), (256, 3, 2)),
    "hybrid": ((96, 7, 1), (384, 5, 2), (512, 3, 1), (512, 3, 2), (384, 3, 2)),
}
VGG16 = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
TO_RELU = np.sqrt(2)  # gain that keeps the size of rectified values


def wide(width, scale):
    """A published width, narrowed; even, for the groups."""
    return max(4, 2 * round(width * scale / 2))


def layer(name, kind, shapes, gains, seed):
    """A layer of normal values; a gain below 0 is the deviation of a bias, without fan in."""

    def make():
        random = np.random.default_rng([seed, *name.encode()])
        arrays = [random.standard_normal(shape, "float32") for shape in shapes]
        for array, gain in zip(arrays, gains, strict=True):
            array *= -gain if gain < 0 else gain / np.sqrt(array[0].size)
        return arrays

    return Layer(name, kind, tuple(shapes), make)


def with_bias(name, kind, shape, seed, gain=TO_RELU, bias=1.0):
    return layer(name, kind, [shape, shape[:1]], [gain, -bias], seed)


def cnn(name, scale=1, seed=0, last="fc8", gain=0.04, last_name=None, outputs=None):
    """A CNN up to its layer `last`; `gain` is that of the last one if it is fc8."""
    layers = [Layer("data", "Data")]
    layers += _vgg16(scale, seed) if name == "vgg" else _alexnet(name, scale, seed)
    side = 7 if name == "vgg" else 6
    inputs = layers_outputs(layers) * side * side
    for number, width in ((6, 4096), (7, 4096)):
        width = wide(width, scale)
        layers += [
            with_bias(f"fc{number}", "InnerProduct", (width, inputs), seed),
            Layer(f"relu{number}", "ReLU"),
            Layer(f"drop{number}", "Dropout"),
        ]
        inputs = width
        if last == f"fc{number}":
            return layers
    shape = (outputs or wide(1000, scale), inputs)
    return [*layers, with_bias(last_name or "fc8", "InnerProduct", shape, seed, gain)]


def layers_outputs(layers):
    """Outputs of the last layer that has arrays."""
    return next(layer.shapes[0][0] for layer in reversed(layers) if layer.shapes)


def _alexnet(name, scale, seed):
    layers, channels = [], 3
    for number, (outputs, window, groups) in enumerate(ALEXNETS[name], start=1):
        outputs = wide(outputs, scale)
        shape = (outputs, channels // groups, window, window)
        layers.append(with_bias(f"conv{number}", "Convolution", shape, seed))
        layers.append(Layer(f"relu{number}", "ReLU"))
        if number in (1, 2, 5):
            layers.append(Layer(f"pool{number}", "Pooling"))
        if number in (1, 2):
            layers.append(Layer(f"norm{number}", "LRN"))
        channels = outputs
    return layers


def _vgg16(scale, seed):
    layers, channels = [], 3
    for block, widths in enumerate(VGG16, start=1):
        for number, outputs in enumerate(widths, start=1):
            outputs = wide(outputs, scale)
            shape = (outputs, channels, 3, 3)
            layers.append(with_bias(f"conv{block}_{number}", "Convolution", shape, seed))
            layers.append(Layer(f"relu{block}_{number}", "ReLU"))
            channels = outputs
        layers.append(Layer(f"pool{block}", "Pooling"))
    return layers


def recurrent(name, inputs, units, seed, static=0, cell="LSTM", gain=1.0, static_gain=0.3):
    """An LSTM (W_xc, b_c, [W_xc_static], W_hc) or RNN (W_xh, b_h, [...], W_hh, W_ho, b_o)."""
    rows = 4 * units if cell == "LSTM" else units
    shapes = [(rows, inputs), (rows,), *[(rows, static)] * bool(static), (rows, units)]
    gains = [gain, -0.3, *[static_gain] * bool(static), 1.0]
    if cell == "RNN":
        shapes, gains = [*shapes, (units, units), (units,)], [*gains, 1.5, -0.3]
    return layer(name, cell, shapes, gains, seed)


def language(variant, visual, words, scale=1, seed=0, cell="LSTM", names=("lstm1", "lstm2")):
    """Embedding, one or two recurrent layers and predict: `"1u"`, `"2u"` or `"2f"`."""
    width, units = wide(1000, scale), wide(1000, scale)
    at = 1 if variant == "2f" else 0  # the layer that sees the visual vector
    layers = [layer("embedding", "Embed", [(words, width)], [-1.0], seed)]
    for index, name in enumerate(names[: int(variant[0])]):
        static = visual if index == at else 0
        inputs = units if index else width
        gain = 2.0 if index else 1.0
        layers.append(recurrent(name, inputs, units, seed, static, cell, gain))
    return [*layers, predict(words, units, seed)]


def predict(words, units, seed, end=1.2):
    """Logits of some ones; `end` makes <EOS> more likely than a word is by chance."""
    layer = with_bias("predict", "InnerProduct", (words, units), seed, gain=5.0)

    def make():
        weight, bias = layer.make()
        bias[0] += end
        return [weight, bias]

    return layer._replace(make=make)


def captioner(
    variant="2f", net="caffenet", words=COCO_WORDS, scale=1, seed=0, cnn_scale=None, **options
):
    """A file of LRCN1u, 2u or 2f: the CNN, which may be narrower, and the language part."""
    visual = wide(1000, scale)
    layers = cnn(net, cnn_scale or scale, seed, outputs=visual)
    return [*layers, *language(variant, visual, words, scale, seed, **options)]


def activity(kind="lrcn", net="hybrid", classes=101, scale=1, seed=0):
    """A file of the LSTM net (`"lrcn"`) or of the single frame net (`"single"`)."""
    if kind == "single":
        return cnn(net, scale, seed, last_name="fc8-ucf", outputs=classes)
    layers, units = cnn(net, scale, seed, last="fc6"), wide(256, scale)
    return [
        *layers,
        recurrent("lstm1", wide(4096, scale), units, seed, gain=0.02),
        with_bias("fc8-final", "InnerProduct", (classes, units), seed, gain=5.0),
    ]


def s2vt(factored=True, words=S2VT_WORDS, features=4096, scale=1, seed=0):
    """A file of S2VT, on features of frames."""
    frame, units = wide(500, scale), wide(1000, scale)
    first = frame if factored else frame + frame + 1  # the frame; with word and stage
    second = units + frame + 1 if factored else units
    return [
        Layer("data", "Data"),
        with_bias("embed_encoder", "InnerProduct", (frame, features), seed, gain=1.0, bias=0.5),
        layer("embedding", "Embed", [(words, frame)], [-1.0], seed),
        recurrent("lstm1", first, units, seed, gain=1.5),
        recurrent("lstm2", second, units, seed, gain=2.0),
        predict(words, units, seed),
    ]


def mean_pool(variant="2f", words=MSVD_WORDS, features=4096, scale=1, seed=0):
    """A file of the mean-pool describer, on the mean of the frames' fc7."""
    return [Layer("data", "Data"), *language(variant, features, words, scale, seed)]
