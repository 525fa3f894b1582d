"""What every network of Table 1 says of every held-out video, and who is right."""

import dataclasses
import os

import numpy as np

MODALITIES = ("rgb", "flow")
FUSIONS = {"1/2, 1/2": (1 / 2, 1 / 2), "1/3, 2/3": (1 / 3, 2 / 3)}  # weights of RGB and flow


@dataclasses.dataclass(frozen=True)
class Answers:
    """The cells of a table.

    Args:
        classes: strings.
        labels: int array `(videos,)`, the right classes.
        splits: int array `(videos,)`, which split each video was held out in.
        probabilities: dict from `(model, modality)` to a float array `(seeds, videos, classes)`.
    """

    classes: tuple
    labels: np.ndarray
    splits: np.ndarray
    probabilities: dict

    @property
    def models(self):
        return tuple(dict.fromkeys(model for model, _ in self.probabilities))

    @property
    def streams(self):
        """The modalities that are there, and with both of them the fusions."""
        found = tuple(dict.fromkeys(modality for _, modality in self.probabilities))
        return found + (tuple(FUSIONS) if set(MODALITIES) <= set(found) else ())

    def right(self, model, stream):
        """bool array `(seeds, videos)`; a video without an answer, all NaN, is wrong."""
        if stream in FUSIONS:
            weights = zip(FUSIONS[stream], MODALITIES, strict=True)
            found = sum(weight * self.probabilities[model, m] for weight, m in weights)
        else:
            found = self.probabilities[model, stream]
        return (found.argmax(-1) == self.labels) & np.isfinite(found).all(-1)


def kept(path, compute):
    """An array that is computed once: what a killed run had finished stays.

    Args:
        path: str, of the `.npy`; it is there whole or not at all.
        compute: function without arguments that gives the array.

    Returns:
        The array.
    """
    if not os.path.exists(path):
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        values = compute()
        with open(path + ".new", "wb") as file:
            np.save(file, values)
        os.replace(path + ".new", path)
    return np.load(path)
