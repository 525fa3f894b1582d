"""What is computed for real words only: padding costs no product with the vocabulary."""

import keras
from keras import ops


def on_real_positions(function, x, padding_mask=None):
    """Applies a function of rows where there is no padding; elsewhere the result is 0.

    JAX compiles for known shapes only, and so computes padding, too.

    Args:
        function: callable, `(rows, features)` to `(rows, other features)`.
        x: float tensor `(batch, time, features)`.
        padding_mask: int or bool tensor `(batch, time)`, 0 on padding; `None` is no padding.

    Returns:
        Float tensor `(batch, time, other features)`.
    """
    if padding_mask is None or not _skips(True):
        return function(x)
    return place(function(pick(x, padding_mask)), padding_mask)


def pick(x, padding_mask):
    """`(batch, time, features)` -> the rows that are no padding, `(rows, features)`."""
    return ops.take(ops.reshape(x, (-1, x.shape[-1])), _real(padding_mask), axis=0)


def place(rows, padding_mask):
    """What was computed of `pick` -> `(batch, time, features)`, 0 on padding."""
    batch, time = ops.shape(padding_mask)
    zeros = ops.zeros((batch * time, rows.shape[-1]), rows.dtype)
    placed = ops.scatter_update(zeros, _real(padding_mask)[:, None], rows)
    return ops.reshape(placed, (batch, time, rows.shape[-1]))


@keras.saving.register_keras_serializable(package="keras_lrcn")
class PickPositions(keras.layers.Layer):
    """Lays the positions of a batch below each other; in training, without padding.

    Exact where a loss gives padding no weight.

    Call arguments:
        hidden: float tensor `(batch, time, units)`.
        padding_mask: int or bool tensor `(batch, time)`, 0 on padding.

    Returns:
        Float tensor `(positions, units)`.
    """

    def call(self, hidden, padding_mask, training=False):
        if _skips(training):
            return pick(hidden, padding_mask)
        return ops.reshape(hidden, (-1, hidden.shape[-1]))

    def compute_output_spec(self, hidden, padding_mask, training=False):
        return keras.KerasTensor((None, hidden.shape[-1]), dtype=hidden.dtype)


@keras.saving.register_keras_serializable(package="keras_lrcn")
class PlacePositions(keras.layers.Layer):
    """Puts what was computed of `PickPositions` where it belongs; 0 on what was left out.

    Call arguments:
        rows: float tensor `(positions, features)`.
        padding_mask: int or bool tensor `(batch, time)`, as it was given to `PickPositions`.

    Returns:
        Float tensor `(batch, time, features)`.
    """

    def call(self, rows, padding_mask, training=False):
        if _skips(training):
            return place(rows, padding_mask)
        return ops.reshape(rows, (*ops.shape(padding_mask), rows.shape[-1]))

    def compute_output_spec(self, rows, padding_mask, training=False):
        return keras.KerasTensor((*padding_mask.shape, rows.shape[-1]), dtype=rows.dtype)


def _skips(training):
    return training and keras.backend.backend() != "jax"


def _real(padding_mask):
    """Int tensor `(positions,)`: where the mask is not 0, in a flat batch."""
    return ops.nonzero(ops.reshape(padding_mask, (-1,)))[0]
