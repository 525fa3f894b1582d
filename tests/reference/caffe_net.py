"""The authors' nets by Caffe's rules, in NumPy, float64: `(batch, channels, height, width)`.

Written from the prototxts and layer definitions alone, without a look at our converter. A net is
a dict from a layer's name to its arrays, as they are in a file (`Net`).

Reference: jeffdonahue/caffe, branch recurrent (`lrcn.prototxt`, `recurrent_layer.cpp`,
`lstm_layer.cpp`, `rnn_layer.cpp`, `captioner.py`); LisaAnne/lisa-caffe-public, branch
lstm_video_deploy; vsubhashini/caffe, branch recurrent (`examples/s2vt`).
"""

import numpy as np
from reference.caffe_layers import convolve, max_pool, normalize_responses


class Net(dict):
    """Layers by name, whose arrays are made when they are asked for.

    Args:
        layers: iterable of `reference.caffe_file.Layer`.
        keep: bool, whether arrays are kept once they are made; a large CNN needs them once only.
    """

    def __init__(self, layers, keep=False):
        super().__init__((layer.name, layer) for layer in layers)
        self.keep, self.kept = keep, {}

    def arrays(self, name):
        """The arrays of a layer, float64."""
        if name in self.kept:
            return self.kept[name]
        arrays = [array.astype("float64") for array in self[name].make()]
        if self.keep:
            self.kept[name] = arrays
        return arrays


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    odds = np.exp(x - x.max(axis=-1, keepdims=True))
    return odds / odds.sum(axis=-1, keepdims=True)


def relu(x):
    return np.maximum(x, 0)


def inner_product(x, weight, bias):
    """Takes images flat in the order channels, height, width."""
    return x.reshape(len(x), -1) @ weight.T + bias


def preprocess(images, mean):
    """uint8 RGB `(batch, height, width, 3)` -> BGR less the mean, channels first."""
    bgr = images[..., ::-1].astype("float64") - np.array(mean)
    return bgr.transpose(0, 3, 1, 2)


# === Visual nets: rows of (blob, rule, options); a blob is written again by a layer in place ===


def _alexnet(conv1, conv2, last_fc):
    rows = [
        ("conv1", convolve, conv1),
        ("conv1", relu, {}),
        ("pool1", max_pool, {}),
        ("norm1", normalize_responses, {}),
        ("conv2", convolve, conv2),
        ("conv2", relu, {}),
        ("pool2", max_pool, {}),
        ("norm2", normalize_responses, {}),
        ("conv3", convolve, {"pad": 1}),
        ("conv3", relu, {}),
        ("conv4", convolve, {"pad": 1, "groups": 2}),
        ("conv4", relu, {}),
        ("conv5", convolve, {"pad": 1, "groups": 2}),
        ("conv5", relu, {}),
        ("pool5", max_pool, {}),
    ]
    return rows + _fully_connected(last_fc)


def _vgg16(last_fc):
    rows = []
    for block, count in enumerate((2, 2, 3, 3, 3), start=1):
        for number in range(1, count + 1):
            rows.append((f"conv{block}_{number}", convolve, {"pad": 1}))
            rows.append((f"conv{block}_{number}", relu, {}))
        rows.append((f"pool{block}", max_pool, {"window": 2, "stride": 2}))
    return rows + _fully_connected(last_fc)


def _fully_connected(last):
    rows = [
        ("fc6", inner_product, {}),
        ("fc6", relu, {}),
        ("fc7", inner_product, {}),
        ("fc7", relu, {}),
    ]
    few = {"fc6": rows[:2], "fc7": rows}
    return few.get(last) or [*rows, (last, inner_product, {})]


CAFFENET = ({"stride": 4}, {"pad": 2, "groups": 2})
HYBRID = ({"stride": 2}, {"stride": 2, "groups": 2})
ROWS = {
    "caffenet": lambda last: _alexnet(*CAFFENET, last),
    "hybrid": lambda last: _alexnet(*HYBRID, last),
    "vgg": _vgg16,
}


def visual_blobs(kind, net, x, last="fc8"):
    """All blobs of a CNN for preprocessed images: dict from name to array."""
    return run_rows(ROWS[kind](last), net, x)


def run_rows(rows, net, x):
    blobs = {}
    for name, rule, options in rows:
        arrays = net.arrays(name) if rule in (convolve, inner_product) else []
        x = blobs[name] = rule(x, *arrays, **options)
    return blobs


# === Recurrent layers: time first, `(time, streams, features)`; `cont` of 0 starts anew ===


def lstm(x, cont, arrays, x_static=None):
    """Caffe's LSTM; `arrays` are W_xc, b_c, [W_xc_static], W_hc with the gates i, f, o, g."""
    w_xc, b_c, *w_static, w_hc = arrays
    units = w_hc.shape[1]
    h = c = np.zeros((x.shape[1], units))
    outputs = []
    for x_t, cont_t in zip(x, cont[..., None], strict=True):
        a = x_t @ w_xc.T + b_c + (cont_t * h) @ w_hc.T
        for weight in w_static:
            a = a + x_static @ weight.T
        i, f, o, g = (a[:, k * units : (k + 1) * units] for k in range(4))
        c = cont_t * sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        outputs.append(h)
    return np.stack(outputs)


def rnn(x, cont, arrays, x_static=None):
    """Caffe's RNN; `arrays` are W_xh, b_h, [W_xh_static], W_hh, W_ho, b_o."""
    w_xh, b_h, *w_static, w_hh, w_ho, b_o = arrays
    h = np.zeros((x.shape[1], len(w_hh)))
    outputs = []
    for x_t, cont_t in zip(x, cont[..., None], strict=True):
        a = x_t @ w_xh.T + b_h + (cont_t * h) @ w_hh.T
        for weight in w_static:
            a = a + x_static @ weight.T
        h = np.tanh(a)
        outputs.append(np.tanh(h @ w_ho.T + b_o))
    return np.stack(outputs)
