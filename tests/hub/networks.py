"""Tiny networks with the layers of the published ones, and Caffe's recurrent rules in NumPy."""

import numpy as np

FILTERS = (6, 8, 8, 8, 4)
CNN_WIDTHS = {"fc6": 10, "fc7": 9, "fc8": 7}
WORDS = ("a", "on", ', "', "man", "'", "dog", "runs", "zebra")  # after <unk>, ids 2 to 9
NUM_IDS = len(WORDS) + 2
EMBEDDING, UNITS = 5, 4


class Random:
    """Draws blobs."""

    def __init__(self, seed=0):
        self.rng = np.random.default_rng(seed)

    def __call__(self, *shape, scale=0.5):
        return self.rng.normal(scale=scale, size=shape).astype("float32")


def cnn(draw, kind="caffenet", dense=("fc6", "fc7", "fc8")):
    """CaffeNet or its hybrid at full image size with few filters, or VGG-16."""
    if kind == "vgg":
        layers, inputs = {}, 3
        for block, (filters, repeats) in enumerate(
            zip((2, 3, 4, 4, 4), (2, 2, 3, 3, 3), strict=True), 1
        ):
            for i in range(1, repeats + 1):
                weight = draw(filters, inputs, 3, 3)
                layers[f"conv{block}_{i}"] = ("Convolution", [weight, draw(filters)])
                inputs = filters
        width = inputs * 7 * 7
    else:
        sizes = (11 if kind == "caffenet" else 7, 5, 3, 3, 3)
        inputs = (3, FILTERS[0] // 2, FILTERS[1], FILTERS[2] // 2, FILTERS[3] // 2)
        layers = {
            f"conv{i}": ("Convolution", [draw(f, n, size, size, scale=0.1), draw(f)])
            for i, (f, n, size) in enumerate(zip(FILTERS, inputs, sizes, strict=True), 1)
        }
        width = FILTERS[-1] * 6 * 6
    for name in dense:
        layers[name] = (
            "InnerProduct",
            [draw(CNN_WIDTHS[name], width, scale=0.01), draw(CNN_WIDTHS[name])],
        )
        width = CNN_WIDTHS[name]
    return layers


def recurrent(draw, inputs, static=0, cell="lstm", units=UNITS):
    """One LSTM or RNN layer; with `static` features it has a blob for them."""
    rows = 4 * units if cell == "lstm" else units
    blobs = [draw(rows, inputs), draw(rows)]
    blobs += [draw(rows, static)] if static else []
    blobs += [draw(rows, units)]
    if cell == "rnn":
        blobs += [draw(units, units), draw(units)]
    return (cell.upper(), blobs)


def words(draw, embedding=EMBEDDING, ids=NUM_IDS):
    return {
        "embedding": ("Embed", [draw(ids, embedding)]),
        "predict": ("InnerProduct", [draw(ids, UNITS), draw(ids)]),
    }


def captioner(variant="2f", kind="caffenet", cell="lstm", static=CNN_WIDTHS["fc8"], seed=0):
    """`lrcn1u`, `lrcn2u` or `lrcn2f`, or with RNNs."""
    draw = Random(seed)
    layers = {**cnn(draw, kind), **words(draw)}
    seen = {"1u": (static,), "2u": (static, 0), "2f": (0, static)}[variant]
    for number, width in enumerate(seen, start=1):
        inputs = EMBEDDING if number == 1 else UNITS
        layers[f"lstm{number}"] = recurrent(draw, inputs, width, cell)
    return layers


def activity(variant="lrcn", kind="hybrid", classes=101, seed=0):
    draw = Random(seed)
    if variant == "single":
        layers, width = cnn(draw, kind, ("fc6", "fc7")), CNN_WIDTHS["fc7"]
        name = "fc8-ucf"
    else:
        layers, width, name = cnn(draw, kind, ("fc6",)), UNITS, "fc8-final"
        layers["lstm1"] = recurrent(draw, CNN_WIDTHS["fc6"])
    layers[name] = ("InnerProduct", [draw(classes, width), draw(classes)])
    return layers


def s2vt(factored=True, features=CNN_WIDTHS["fc7"], seed=0):
    draw, frame = Random(seed), 3
    layers = {
        "embed_encoder": ("InnerProduct", [draw(frame, features), draw(frame)]),
        **words(draw),
    }
    inputs = [frame, UNITS]
    inputs[factored] += EMBEDDING + 1
    for number, width in enumerate(inputs, start=1):
        layers[f"lstm{number}"] = recurrent(draw, width)
    return layers


def mean_pool(features=CNN_WIDTHS["fc7"], seed=0):
    draw = Random(seed)
    return {
        **words(draw),
        "lstm1": recurrent(draw, EMBEDDING),
        "lstm2": recurrent(draw, UNITS, static=features),
    }


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def caffe_step(layer, x, state, static=None, cont=1.0):
    """One step of a recurrent layer by Caffe's rules: gates i, f, o, g.

    Returns the output and the state.
    """
    kind, blobs = layer
    blobs = [blob.astype("float64") for blob in blobs]
    weight, bias, *rest = blobs
    a = weight @ x + bias
    if len(blobs) in (4, 6):
        a = a + rest.pop(0) @ static
    a = a + rest[0] @ (cont * state[0])
    if kind == "RNN":
        h = np.tanh(a)
        return np.tanh(rest[1] @ h + rest[2]), (h,)
    i, f, o, g = np.split(a, 4)
    c = cont * sigmoid(f) * state[1] + sigmoid(i) * np.tanh(g)
    h = sigmoid(o) * np.tanh(c)
    return h, (h, c)


def log_softmax(logits):
    logits = logits - logits.max()
    return logits - np.log(np.exp(logits).sum())


def said(log_p, ids):
    """Of log-probabilities of all words, those of Caffe's ids and then of the end."""
    return np.take_along_axis(log_p, np.array([*ids, 0])[:, None], axis=1)[:, 0]


def caption_log_probabilities(net, static, ids):
    """Log-probabilities `(words + 1, all words)` after each of Caffe's ids, by a static input."""
    layers = [net[name] for name in ("lstm1", "lstm2") if name in net]
    states = [(np.zeros(UNITS), np.zeros(UNITS))] * len(layers)
    weight, bias = net["predict"][1]
    log_p = []
    for previous in [0, *ids]:
        x = net["embedding"][1][0][previous].astype("float64")
        for index, layer in enumerate(layers):
            x, states[index] = caffe_step(layer, x, states[index], static, cont=float(previous > 0))
        log_p.append(log_softmax(weight @ x + bias))
    return np.array(log_p)


def s2vt_log_probabilities(net, frames, ids):
    """As `caption_log_probabilities`, for S2VT: frames first, then words."""
    weight, bias = net["embed_encoder"][1]
    embedding = net["embedding"][1][0]
    steps = [(frame, 0, 0.0) for frame in frames]
    steps += [(np.zeros_like(frames[0]), word, 1.0) for word in [0, *ids]]
    states, outputs = [(np.zeros(UNITS), np.zeros(UNITS))] * 2, []
    for number, (frame, word, stage) in enumerate(steps):
        x, text = weight @ frame + bias, [*embedding[word], stage]
        for index, name in enumerate(("lstm1", "lstm2")):
            if net[name][1][0].shape[1] > len(x):
                x = np.concatenate([x, text])
            x, states[index] = caffe_step(net[name], x, states[index], cont=float(number > 0))
        outputs.append(x)
    weight, bias = net["predict"][1]
    return np.array([log_softmax(weight @ h + bias) for h in outputs[len(frames) :]])
