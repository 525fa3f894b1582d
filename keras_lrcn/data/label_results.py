"""Labels of videos, and what some system took them for."""

import json
import os
import pathlib
from typing import NamedTuple

import numpy as np

from keras_lrcn.data.captions_file import entries

VIDEO_COLUMNS = ("video", "video_id", "path", "file_path", "clip")
LABEL_COLUMNS = ("label", "class", "activity")


class LabelResults(NamedTuple):
    """Class probabilities of videos or of clips, a row each.

    Attributes:
        videos: list of str, the video of each row, as the references name it.
        labels: int array `(rows,)`, the right classes.
        probabilities: float array `(rows, classes)`; 0 for classes that a row does not list,
            NaN throughout for videos without an answer.
        classes: list of str.
        num_listed: int, the fewest classes that a row lists, with their probabilities.
    """

    videos: list
    labels: np.ndarray
    probabilities: np.ndarray
    classes: list
    num_listed: int


def read_labels(path):
    """Reads the right labels of videos.

    Args:
        path: csv, json or json lines with the columns `video` and `label`.

    Returns:
        Dict from video (a string) to label (a string), in the order of the file.

    Raises:
        ValueError: an entry lacks one of them, or a video has two labels.

    Example:
    ```python
    labels = read_labels("test.csv")
    ```
    """
    labels = {}
    for place, entry in entries(pathlib.Path(path)):
        video, label = video_of(entry, place), _text(entry, LABEL_COLUMNS, place)
        if labels.setdefault(video, label) != label:
            raise ValueError(f"{place}: {video!r} is {labels[video]!r} already, not {label!r}.")
    if not labels:
        raise ValueError(f"{path} names no videos.")
    return labels


def read_label_results(path, labels):
    """Reads class probabilities of videos, and puts them beside the right labels.

    Each entry has the `video` and one of

    - `probabilities`: an object from class to probability, in a csv as json;
    - `top`: a list of objects with `label` and `probability`, the likeliest first;
    - `label`, the class it was taken for, and optionally its `probability`; in a csv then
      `label_2`, `probability_2` and so on.

    Several entries of one video are its clips.

    Args:
        path: csv, json or json lines.
        labels: dict from video to right label, see `read_labels`. A result belongs to the video
            of the same name, else of the same file name, else of the same stem.

    Returns:
        `LabelResults`, clip by clip.

    Raises:
        ValueError: a video has no result, or a result no video, naming them; or an entry is no
            result.

    Example:
    ```python
    results = read_label_results("results.jsonl", read_labels("test.csv"))
    activity_scores(results.probabilities, results.labels, results.classes)
    ```
    """
    find = _Finder(labels)
    rows, strangers = [], []
    for place, entry in entries(pathlib.Path(path)):
        name = video_of(entry, place)
        video = find(name)
        if video is None:
            strangers.append(name)
        else:
            rows.append((video, _probabilities(entry, place)))
    found = {video for video, _ in rows}
    missing = [video for video in labels if video not in found]
    if missing or strangers:
        raise ValueError(
            f"{path} must have exactly the videos of the references. Missing: {_few(missing)}. "
            f"Extra: {_few(strangers)}."
        )
    return stack_label_results(rows, labels)


def stack_label_results(rows, labels):
    """Class probabilities as arrays, beside the right labels.

    Args:
        rows: list of pairs of a video and its dict from class to probability, or `None` for a
            video without an answer, whose row is all NaN.
        labels: dict from video to right label.

    Returns:
        `LabelResults`.
    """
    answers = [listed for _, listed in rows if listed is not None]
    given = {name for listed in answers for name in listed}
    classes = sorted({*labels.values(), *given})
    places = {name: place for place, name in enumerate(classes)}
    matrix = np.zeros((len(rows), len(classes)))
    for row, (_, listed) in zip(matrix, rows, strict=True):
        if listed is None:
            row[:] = np.nan
        for name, probability in (listed or {}).items():
            row[places[name]] = probability
    videos = [video for video, _ in rows]
    right = np.array([places[labels[video]] for video in videos], int)
    num_listed = min(map(len, answers), default=0)
    return LabelResults(videos, right, matrix, classes, num_listed)


def video_of(entry, place):
    """The video that an entry of a file, which stands at `place`, names."""
    return _text(entry, VIDEO_COLUMNS, place)


def _probabilities(entry, place):
    """Class -> probability, of one entry."""
    listed = entry.get("probabilities") or entry.get("top")
    try:
        if not listed:
            return _columns(entry, place)
        if isinstance(listed, str):  # a csv cell
            listed = json.loads(listed)
        if not isinstance(listed, dict):
            listed = {one["label"]: one["probability"] for one in listed}
        return {str(name): float(probability) for name, probability in listed.items()}
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(
            f"{place}: not class probabilities ({error!r}). Received: {entry}."
        ) from error


def _columns(entry, place):
    """`label, probability, label_2, probability_2, ...`, as a csv has them."""
    probabilities = {_text(entry, LABEL_COLUMNS, place): float(entry.get("probability") or 1)}
    rank = 2
    while entry.get(f"label_{rank}"):
        probabilities[entry[f"label_{rank}"]] = float(entry[f"probability_{rank}"])
        rank += 1
    return probabilities


class _Finder:
    """Which of the known videos a name means: the same, its file name, or its stem."""

    def __init__(self, videos):
        self.tables = []
        for shorten in (str, os.path.basename, lambda name: pathlib.PurePath(name).stem):
            table = {}
            for video in videos:
                table.setdefault(shorten(video), []).append(video)
            self.tables.append((shorten, table))

    def __call__(self, name):
        for shorten, table in self.tables:
            if len(found := table.get(shorten(name), [])) == 1:
                return found[0]
        return None


def _text(entry, columns, place):
    value = next((entry[column] for column in columns if entry.get(column) not in (None, "")), None)
    if not isinstance(value, (str, int)):
        raise ValueError(f"{place}: expected one of {list(columns)}. Received: {entry}.")
    return str(value)


def _few(names):
    rest = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return (", ".join(map(repr, names[:10])) or "none") + rest
