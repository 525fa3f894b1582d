"""What a video was taken for, over its whole length and over time."""

import os
from typing import NamedTuple

import numpy as np


class Classification(NamedTuple):
    """The classes of one video.

    Args:
        label: str, the likeliest class.
        probability: float, its probability.
        top: tuple of `(label, probability)` pairs, the likeliest first.
        start, end: float, the seconds covered: of the first and of the last frame.
        probabilities: float32 array `(classes,)`: mean of the softmax over all frames of all
            clips and crops, the paper's late fusion.
        timeline: float32 array `(time, classes)`: mean over the clips that hold a frame. The
            model learned from labels of whole videos, so it is over-confident early in a clip.
        seconds: float64 array `(time,)`, when each frame is shown.
        class_names: tuple of str.
    """

    label: str
    probability: float
    top: tuple
    start: float
    end: float
    probabilities: np.ndarray
    timeline: np.ndarray
    seconds: np.ndarray
    class_names: tuple

    @classmethod
    def of_clips(cls, clips, places, seconds, class_names, top=1):
        """Averages probabilities of clips.

        Args:
            clips: float array `(clips, length, classes)`.
            places: int array `(clips, length)`, the frame of each.
            seconds: float array `(time,)`.
            class_names: strings.
            top: int, how many classes to list.
        """
        timeline = np.zeros((len(seconds), clips.shape[-1]), "float64")
        counts = np.zeros((len(seconds), 1))
        np.add.at(timeline, places, clips)
        np.add.at(counts, places, 1.0)
        seen = counts[:, 0] > 0
        timeline[seen] /= counts[seen]
        timeline[~seen] = np.nan
        return cls.of_mean(clips.mean(axis=(0, 1)), timeline, seconds, class_names, top)

    @classmethod
    def of_mean(cls, probabilities, timeline, seconds, class_names, top=1):
        """Sorts the classes of given probabilities."""
        order = np.argsort(-probabilities, kind="stable")
        ranked = tuple((class_names[i], float(probabilities[i])) for i in order[:top])
        best = int(order[0])
        return cls(
            class_names[best],
            float(probabilities[best]),
            ranked,
            float(seconds[0]),
            float(seconds[-1]),
            probabilities.astype("float32"),
            timeline.astype("float32"),
            np.asarray(seconds, "float64"),
            tuple(class_names),
        )


def classify_each(videos, classify_one):
    """Runs `classify_one` on one video, or on each of a list."""
    if isinstance(videos, (str, os.PathLike)) or getattr(videos, "ndim", 0) == 4:
        return classify_one(videos)
    return [classify_one(video) for video in videos]
