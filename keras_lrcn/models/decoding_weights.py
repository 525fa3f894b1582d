"""Weights in the shape in which decoding multiplies with them, kept until one changes."""

import keras
import numpy as np


class DecodingWeights:
    """Makes what `generate_step` may be given as `inputs["weights"]`, and notices changes.

    The products of all words with the first layer's kernel are looked up instead of multiplied
    again at every step: a table of `vocabulary x gates`, which takes more memory than the
    embedding by as much as gates are more than its width. It is never wrong: before each use,
    every weight is asked whether it was assigned.

    Args:
        task: `LRCNCaptioner`.
    """

    def __init__(self, task):
        self.task = task
        self.seen, self.weights = None, {}

    def get(self):
        """Returns a dict of tensors, empty where changes of weights cannot be noticed."""
        backbone = self.task.backbone
        layers = (backbone.token_embedding, backbone.lstm_stack, self.task.predict_words)
        variables = [v for layer in layers for v in layer.variables]
        if self.seen is None or not _unchanged(variables, self.seen):
            self.seen = self.weights = None  # frees the old ones first
            self.seen = _look_at(variables)
            self.weights = {} if self.seen is None else self._make()
        return self.weights

    def _make(self):
        if keras.backend.backend() != "torch":
            return self.task.decoding_weights()
        import torch

        with torch.no_grad():
            return self.task.decoding_weights()


def _look_at(variables):
    """What each variable holds now, or `None` if an assignment could not be told from it."""
    values = [_value(v) for v in variables]
    # TensorFlow: a variable that gives copies of itself, or is on a GPU, has no lasting address.
    marks = [_mark(value) for value in values]
    again = [_value(v) for v in variables]
    if None in marks or marks != [_mark(value) for value in again]:
        return None
    return list(zip(values, marks, strict=True))


def _unchanged(variables, seen):
    """As the values seen are still held, nothing else can have got their place in memory."""
    if len(variables) != len(seen):
        return False
    return all(_mark(_value(v)) == mark for v, (_, mark) in zip(variables, seen, strict=True))


def _value(variable):
    if keras.backend.backend() == "tensorflow":
        return variable.value.read_value()
    return variable.value


def _mark(value):
    """What differs after an assignment: JAX and TensorFlow make a new array, torch counts."""
    if keras.backend.backend() == "jax":
        return id(value)
    if keras.backend.backend() == "torch":
        return id(value), value._version
    if "CPU" not in value.device:
        return None
    try:
        return np.asarray(memoryview(value)).ctypes.data
    except ValueError:  # NumPy knows no such type
        return None
