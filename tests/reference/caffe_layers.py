"""Caffe's layers in NumPy, by their definition: `(batch, channels, height, width)`, float64."""

import numpy as np


def convolve(x, weight, bias, stride=1, pad=0, groups=1):
    """Cross-correlates; `weight` is `(outputs, channels / groups, height, width)`.

    The first `outputs / groups` maps see the first `channels / groups` channels, and so on.
    """
    outputs, part, window, _ = weight.shape
    batch, _, height, width = x.shape
    x = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    rows, columns = ((size + 2 * pad - window) // stride + 1 for size in (height, width))
    y = np.zeros((batch, outputs, rows, columns))
    share = outputs // groups
    for group in range(groups):
        maps = slice(group * share, (group + 1) * share)
        channels = x[:, group * part : (group + 1) * part]
        for i in range(window):
            for j in range(window):
                pixels = channels[
                    :, :, i : i + stride * rows : stride, j : j + stride * columns : stride
                ][:, :, :rows, :columns]
                y[:, maps] += np.einsum(
                    "oc,bchw->bohw", weight[maps, :, i, j], pixels, optimize=True
                )
    return y + bias[:, None, None]


def max_pool(x, window=3, stride=2):
    """Maximum over windows; the output size is rounded up and windows end at the image's edge."""
    batch, channels, height, width = x.shape
    rows, columns = (-(-(size - window) // stride) + 1 for size in (height, width))
    y = np.empty((batch, channels, rows, columns))
    for i in range(rows):
        for j in range(columns):
            top, left = i * stride, j * stride
            y[:, :, i, j] = x[:, :, top : top + window, left : left + window].max(axis=(2, 3))
    return y


def normalize_responses(x, depth=5, alpha=1e-4, beta=0.75, k=1.0):
    """Local response normalization across channels."""
    y = np.empty_like(x)
    for channel in range(x.shape[1]):
        window = x[:, max(0, channel - depth // 2) : channel + depth // 2 + 1]
        y[:, channel] = x[:, channel] / (k + alpha / depth * (window**2).sum(axis=1)) ** beta
    return y


def caffenet(x, weights):
    """BVLC CaffeNet to pool5; `weights` maps `conv1` ... `conv5` to `(weight, bias)`."""
    x = np.maximum(convolve(x, *weights["conv1"], stride=4), 0)
    x = normalize_responses(max_pool(x))
    x = np.maximum(convolve(x, *weights["conv2"], pad=2, groups=2), 0)
    x = normalize_responses(max_pool(x))
    return _conv3_to_pool5(x, weights)


def hybrid(x, weights):
    """The hybrid of CaffeNet and Zeiler and Fergus' network to pool5."""
    x = np.maximum(convolve(x, *weights["conv1"], stride=2), 0)
    x = normalize_responses(max_pool(x))
    x = np.maximum(convolve(x, *weights["conv2"], stride=2, groups=2), 0)
    x = normalize_responses(max_pool(x))
    return _conv3_to_pool5(x, weights)


def _conv3_to_pool5(x, weights):
    x = np.maximum(convolve(x, *weights["conv3"], pad=1), 0)
    x = np.maximum(convolve(x, *weights["conv4"], pad=1, groups=2), 0)
    x = np.maximum(convolve(x, *weights["conv5"], pad=1, groups=2), 0)
    return max_pool(x)
