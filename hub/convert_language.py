"""The language part of Caffe's networks: words, LSTM or RNN layers, and their predictions.

What differs and is turned here: gates in the order i, f, o, g; word 0 both starts and ends a
sentence; the words' file leaves it out.
"""

from typing import NamedTuple

import numpy as np

from keras_lrcn.preprocessing.word_tokenizer import SPECIAL_TOKENS, WordTokenizer

UNKNOWN = ("<unk>", "<en_unk>")  # the first line of the words' file
IMPOSSIBLE = -1e4  # logit of the tokens that Caffe's network does not have; half precision holds it
LSTM_BLOBS, RNN_BLOBS = (3, 4), (5, 6)  # the larger number: with a static visual input


class RecurrentLayer(NamedTuple):
    """One LSTM or RNN layer in Keras' order, `static` being the rows for the visual vector."""

    name: str
    cell: str
    kernel: np.ndarray  # (features, gates)
    bias: np.ndarray
    static: np.ndarray | None
    recurrent: np.ndarray
    output: tuple = ()  # kernel and bias of the RNN's output

    @property
    def units(self):
        return self.recurrent.shape[0]


def read_tokenizer(path, source, splitter="lrcn"):
    """Reads the words of a network.

    Args:
        path: text file, one word a line, `<unk>` first. Word k of Caffe is line k, from 1.
        source: `hub.source.Source`, whose `embedding` must have one row more than there are lines.
        splitter: see `keras_lrcn.preprocessing.WordTokenizer`.

    Returns:
        `WordTokenizer`; Caffe's word k is its token k + 2.
    """
    if path is None:
        raise ValueError(f"{source.path} names no words: give their file as `vocabulary`.")
    with open(path, encoding="utf-8") as file:
        words = [line.strip() for line in file.read().removesuffix("\n").split("\n")]
    if words[0] not in UNKNOWN:
        raise ValueError(
            f"{path} must begin with one of {UNKNOWN}, as the authors' file. It has {words[0]!r}."
        )
    rows = source.layers["embedding"].blobs[0].shape[-2] if "embedding" in source else None
    if rows is not None and rows != len(words) + 1:
        raise ValueError(
            f"{path} has {len(words)} words, and the embedding of {source.path} has {rows} rows "
            "where one more than words is due (row 0 is the end of a sentence). It is the file "
            "of another network."
        )
    try:
        return WordTokenizer([*SPECIAL_TOKENS, *words[1:]], splitter=splitter)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def embedding_rows(rows):
    """Embeddings of Caffe's words -> of our tokens; `<bos>` and `<eos>` are its word 0."""
    return np.concatenate([np.zeros_like(rows[:1]), rows[:1], rows])


def prediction_rows(rows, impossible):
    """Weights or biases of Caffe's words -> of our tokens; only `<eos>` is its word 0."""
    nothing = np.full_like(rows[:1], impossible)
    return np.concatenate([nothing, nothing, rows])


def read_layers(source):
    """Reads all recurrent layers, `lstm1` (or `rnn1`) first.

    Args:
        source: `hub.source.Source`.

    Returns:
        List of `RecurrentLayer`.
    """
    prefix = "rnn" if "rnn1" in source else "lstm"
    layers = []
    while (name := f"{prefix}{len(layers) + 1}") in source or not layers:
        layers.append(_read_layer(source, name))
    if len({layer.cell for layer in layers}) > 1 or len({layer.units for layer in layers}) > 1:
        source.refuse(layers[-1].name, f"is of another kind or width than {layers[0].name!r}")
    return layers


def _read_layer(source, name):
    count = source.count(name)
    if count in LSTM_BLOBS:
        return _read_lstm(source, name, static=count == LSTM_BLOBS[1])
    if count in RNN_BLOBS:
        return _read_rnn(source, name, static=count == RNN_BLOBS[1])
    source.refuse(name, f"has {count} blobs: neither an LSTM (3 or 4) nor an RNN (5 or 6)")


def _read_lstm(source, name, static):
    weight, bias, *static_weight, recurrent = source.take(name, 2, 1, *[2] * static, 2)
    units = recurrent.shape[-1]
    if any(len(blob) != 4 * units for blob in (weight, bias, *static_weight, recurrent)):
        source.refuse(name, "has no four gates")
    i, f, o, g = np.split(np.arange(4 * units), 4)
    order = np.concatenate([i, f, g, o])
    turned = [np.ascontiguousarray(b[order].T) for b in (weight, bias, *static_weight, recurrent)]
    kernel, bias, *static_kernel, recurrent = turned
    return RecurrentLayer(
        name, "lstm", kernel, bias, static_kernel[0] if static else None, recurrent
    )


def _read_rnn(source, name, static):
    ranks = [2, 1, *[2] * static, 2, 2, 1]
    weight, bias, *static_weight, recurrent, output, output_bias = source.take(name, *ranks)
    return RecurrentLayer(
        name,
        "rnn",
        weight.T,
        bias,
        static_weight[0].T if static else None,
        recurrent.T,
        (output.T, output_bias),
    )


def visual_layer(source, layers):
    """Which layer, from 1, has the static visual input; `None` for none.

    Raises:
        ValueError: for several.
    """
    numbers = [i for i, layer in enumerate(layers, start=1) if layer.static is not None]
    if len(numbers) > 1:
        source.refuse(layers[numbers[1] - 1].name, "has a second static input")
    return numbers[0] if numbers else None


def copy_stack(source, layers, stack):
    """Puts the layers into a `keras_lrcn.layers.FactoredLSTM`."""
    for index, (layer, target) in enumerate(zip(layers, stack.recurrent_layers, strict=True)):
        kernel = layer.kernel
        if layer.static is not None:
            kernel = np.concatenate([kernel, layer.static])
        cell = target.cell
        variables = [cell.kernel, cell.bias, cell.recurrent_kernel]
        source.assign(layer.name, variables, [kernel, layer.bias, layer.recurrent])
        if layer.output:
            source.assign(layer.name, stack.output_layers[index].weights, layer.output)


def copy_words(source, embedding, predict):
    """Puts `embedding` and `predict` into a task's layers, in the order of our tokens."""
    (rows,) = source.take("embedding", 2)
    source.assign("embedding", embedding.weights, [embedding_rows(rows)])
    weight, bias = source.take("predict", 2, 1)
    arrays = [prediction_rows(weight, 0).T, prediction_rows(bias, IMPOSSIBLE)]
    source.assign("predict", predict.weights, arrays)
