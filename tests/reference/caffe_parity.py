"""What the comparisons of converted networks with `caffe_net` share."""

import numpy as np

# Of the largest value. Both sides start from the same float32 weights; ours multiplies and adds
# in float32, up to 25,088 products in a sum and 16 layers deep, so that the relative 6e-8 of one
# operation grows to some 1e-6. A wrong weight, order or mean changes the values by their own size.
TOLERANCE = 1e-4


def difference(actual, expected):
    """Largest difference of two arrays, as a part of the largest expected value."""
    actual, expected = np.asarray(actual, "float64"), np.asarray(expected, "float64")
    assert actual.shape == expected.shape, (actual.shape, expected.shape)
    return np.abs(actual - expected).max() / np.abs(expected).max()


def assert_same(what, actual, expected):
    """Asserts that two arrays agree to `TOLERANCE`, and prints how well (`pytest -s`)."""
    ratio = difference(actual, expected)
    print(f"{what}: {ratio:.1e} of {np.abs(expected).max():.3g}")
    assert ratio < TOLERANCE, f"{what} differ by {ratio:.1e} of their largest value"


def picture(seed, height, width):
    """uint8 `(height, width, 3)`: a smooth random picture with some noise, in all colours."""
    random = np.random.default_rng(seed)
    corners = random.uniform(0, 255, (4, 4, 3))
    rows, columns = np.linspace(0, 3, height), np.linspace(0, 3, width)
    across = _between(corners.swapaxes(0, 1), columns).swapaxes(0, 1)
    smooth = _between(across, rows) + random.normal(0, 20, (height, width, 3))
    return smooth.clip(0, 255).astype("uint8")


def _between(values, places):
    """Values at places of the first axis, linear between two of them."""
    below = np.minimum(places.astype(int), len(values) - 2)
    part = (places - below).reshape(-1, *[1] * (values.ndim - 1))
    return values[below] * (1 - part) + values[below + 1] * part


def write_vocabulary(path, count, first="<unk>"):
    """A vocabulary file for a net of `count` words with `<EOS>`, which files leave out."""
    words = [first, *(f"w{number}" for number in range(2, count))]
    path.write_text("\n".join(words) + "\n")
    return words


def to_keras(words):
    """Caffe's word numbers as ours: `<EOS>` that starts is `<bos>` (1), word k is k + 2."""
    words = np.asarray(words)
    return np.where(words == 0, 1, words + 2).astype("int32")


def from_keras(logits):
    """Our logits in Caffe's order of words; `<pad>` and `<bos>` must be out of reach."""
    logits = np.asarray(logits)
    assert logits[..., :2].max() < logits[..., 2:].min() - 50
    return logits[..., 2:]


def assert_same_captions(captions, beams, vocabulary, sentence):
    """Asserts that captions have the words, sentences and log-probabilities of beams.

    Args:
        captions: list of `keras_lrcn` captions with details, best first.
        beams: what `caffe_tasks.beam_search` returned.
        vocabulary: list of str, the lines of the file.
        sentence: function of words and vocabulary to a sentence.
    """
    names = ["<eos>", *vocabulary]
    assert [list(caption.words) for caption in captions] == [
        [names[word] for word in words] for words, _ in beams
    ]
    assert [caption.text for caption in captions] == [
        sentence(words, vocabulary) for words, _ in beams
    ]
    for caption, (_, scores) in zip(captions, beams, strict=True):
        assert_same("log-probabilities", caption.word_scores, scores)


def changed(layers, name, change):
    """Layers, of which one's list of arrays is passed through `change`."""

    def make(layer):
        arrays = [np.ascontiguousarray(array) for array in change(layer.make())]
        return layer._replace(make=lambda: arrays, shapes=tuple(a.shape for a in arrays))

    return [make(layer) if layer.name == name else layer for layer in layers]


def first(change):
    """Changes the first array only."""
    return lambda arrays: [change(arrays[0]), *arrays[1:]]


def gates(order):
    """Rearranges the rows of all arrays by gate."""
    return lambda arrays: [
        np.concatenate([np.split(array, 4)[gate] for gate in order]) for array in arrays
    ]
