"""What is computed for real words only: padding costs no product with the vocabulary."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_lrcn")
class PickPositions(keras.layers.Layer):
    """Lays the positions of a batch below each other; in training, without padding.

    Exact where a loss gives padding no weight. JAX compiles for known shapes only, and so keeps
    padding there.

    Call arguments:
        hidden: float tensor `(batch, time, units)`.
        padding_mask: int or bool tensor `(batch, time)`, 0 on padding.

    Returns:
        Float tensor `(positions, units)`.
    """

    def call(self, hidden, padding_mask, training=False):
        rows = ops.reshape(hidden, (-1, hidden.shape[-1]))
        return ops.take(rows, _real(padding_mask), axis=0) if _skips(training) else rows

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
        batch, time = ops.shape(padding_mask)
        if _skips(training):
            shape = (batch * time, rows.shape[-1])
            zeros = ops.zeros(shape, rows.dtype)
            rows = ops.scatter_update(zeros, _real(padding_mask)[:, None], rows)
        return ops.reshape(rows, (batch, time, rows.shape[-1]))

    def compute_output_spec(self, rows, padding_mask, training=False):
        return keras.KerasTensor((*padding_mask.shape, rows.shape[-1]), dtype=rows.dtype)


def _skips(training):
    return training and keras.backend.backend() != "jax"


def _real(padding_mask):
    """Int tensor `(positions,)`: where the mask is not 0, in a flat batch."""
    return ops.nonzero(ops.reshape(padding_mask, (-1,)))[0]
