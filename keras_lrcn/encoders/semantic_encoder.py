"""Probabilities of a semantic tuple -> the vector that a decoder sees at every step."""

import keras
import keras_hub
from keras import ops

from keras_lrcn.loading import CheckedPreset


@keras.saving.register_keras_serializable(package="keras_lrcn")
class SemanticEncoder(CheckedPreset, keras_hub.models.Backbone):
    """The visual input of Fig. 5 (b) and (c): the roles' vectors, one after another.

    Args:
        sizes: tuple of int, words of each role (`SemanticRoles.sizes`).
        are_multiple: tuple of bool, for each role whether it holds any number of words. Defaults
            to one word in every role.
        kind: `"probabilities"` (architecture c) hands on what the CRF believes; `"max"`
            (architecture b) its maximum: 1 for the likeliest word of a role, or for each word of
            at least 0.5 where a role holds several, else 0. Defaults to `"probabilities"`.
        units: int, width of a linear projection; `None` for the vector as it is. Defaults to
            `None`.

    Call arguments:
        probabilities: float tensor `(batch, sum(sizes))`, as `SemanticRoles` gives them.

    Returns:
        Float tensor `(batch, sum(sizes))`, or `(batch, units)`.

    Raises:
        ValueError: for an unknown kind, or a flag more or less than there are roles.

    Example:
    ```python
    encoder = keras_lrcn.SemanticEncoder((2, 3), kind="max")
    encoder(np.array([[0.6, 0.4, 0.2, 0.5, 0.3]]))  # [[1, 0, 0, 1, 0]]
    ```

    Reference: Donahue et al. 2015, Sec. 6 and Fig. 5.
    """

    def __init__(
        self, sizes, are_multiple=None, kind="probabilities", units=None, dtype=None, **kwargs
    ):
        if kind not in ("probabilities", "max"):
            raise ValueError(f'`kind` must be "probabilities" or "max". Received: {kind!r}.')
        sizes, are_multiple = check_roles(sizes, are_multiple)

        # === Layers ===
        self.projection = units and keras.layers.Dense(units, dtype=dtype, name="projection")

        # === Functional model ===
        probabilities = keras.Input((sum(sizes),), name="probabilities")
        x = probabilities
        if kind == "max":
            parts = zip(split_roles(x, sizes), are_multiple, strict=True)
            x = ops.concatenate([_maximum(part, several) for part, several in parts], axis=-1)
        if units:
            x = self.projection(x)
        super().__init__(inputs=probabilities, outputs=x, dtype=dtype, **kwargs)

        # === Config ===
        self.sizes = sizes
        self.are_multiple = are_multiple
        self.kind = kind
        self.units = units

    def get_config(self):
        config = super().get_config()
        config.update(
            sizes=self.sizes, are_multiple=self.are_multiple, kind=self.kind, units=self.units
        )
        return config


def check_roles(sizes, are_multiple):
    """Returns both as tuples of one length."""
    sizes = tuple(sizes)
    are_multiple = (False,) * len(sizes) if are_multiple is None else tuple(are_multiple)
    if len(sizes) != len(are_multiple):
        raise ValueError(
            "`are_multiple` must have a flag for each role. Received: "
            f"{len(are_multiple)} flags for sizes={sizes}."
        )
    return sizes, are_multiple


def split_roles(x, sizes):
    """`(batch, sum(sizes))` -> a tensor `(batch, size)` for each role."""
    starts = [sum(sizes[:i]) for i in range(len(sizes))]
    return [x[:, start : start + size] for start, size in zip(starts, sizes, strict=True)]


def _maximum(part, several):
    if several:
        return ops.cast(part >= 0.5, part.dtype)
    known = ops.cast(ops.max(part, axis=-1, keepdims=True) > 0, part.dtype)
    return known * ops.one_hot(ops.argmax(part, axis=-1), part.shape[-1], dtype=part.dtype)
