"""Scores of labels: which share is right, of clips and of videos, by class and overall."""

import numpy as np

from keras_lrcn.metrics.bootstrap import bootstrap_interval

TOP = 5


def activity_scores(probabilities, labels, classes=None, num_bootstrap=0, seed=0):
    """Accuracies of class probabilities.

    Args:
        probabilities: float array `(videos, classes)`, or of clips; only their order counts. Of
            equal ones the first class is ahead. A row of NaN is a video without an answer: it
            counts as wrong.
        labels: int array `(videos,)`, the right classes.
        classes: optional list of names, for `per_class`. Defaults to the numbers.
        num_bootstrap: int, number of resamples for 95 % intervals; 0 gives none.
        seed: int, of the resampling.

    Returns:
        Dict of floats 0..1 `top_1`, `top_5` (only with more than five classes) and
        `mean_class_accuracy` (over the classes that occur in `labels`), int `videos`, a dict
        `per_class` from class to its accuracy, a string `signature`, and, with `num_bootstrap`,
        `intervals`, a dict from score to a pair of floats.

    Raises:
        ValueError: if the shapes do not fit, a label is no class, or a probability is not
            finite in a row that has others.

    Example:
        >>> scores = activity_scores([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]], [0, 1, 1])
        >>> round(scores["top_1"], 3), scores["mean_class_accuracy"]
        (0.667, 0.75)

    Reference: Donahue et al. 2015, Sec. 4, Table 1.
    """
    probabilities, labels = _checked(probabilities, labels)
    num_classes = probabilities.shape[1]
    classes = list(range(num_classes)) if classes is None else list(classes)
    order = np.argsort(-probabilities, axis=1, kind="stable")
    ranks = np.argmax(order == labels[:, None], axis=1)
    ranks[np.isnan(probabilities[:, 0])] = max(num_classes, TOP)  # behind every place that counts
    rows = np.stack([labels, ranks], axis=1)
    statistics = {"top_1": lambda rows: (rows[:, 1] < 1).mean()}
    if num_classes > TOP:
        statistics[f"top_{TOP}"] = lambda rows: (rows[:, 1] < TOP).mean()
    statistics["mean_class_accuracy"] = lambda rows: np.nanmean(
        _class_accuracies(rows, num_classes)
    )
    scores = {name: float(statistic(rows)) for name, statistic in statistics.items()}
    accuracies = zip(classes, _class_accuracies(rows, num_classes), strict=True)
    scores["videos"] = len(rows)
    scores["per_class"] = {name: float(a) for name, a in accuracies if not np.isnan(a)}
    scores["signature"] = f"videos:{len(rows)}|classes:{num_classes}|ties:first-class"
    if num_bootstrap:
        scores["intervals"] = {
            name: bootstrap_interval(rows, statistic, num_bootstrap, seed=seed)
            for name, statistic in statistics.items()
        }
    return scores


def video_probabilities(probabilities, videos):
    """Averages the class probabilities of the clips of each video.

    Args:
        probabilities: float array `(clips, classes)`.
        videos: list of the video that each clip is of.

    Returns:
        Pair of the list of videos, in the order in which they first come, and a float array
        `(videos, classes)`.

    Reference: Donahue et al. 2015, Sec. 4: clips are averaged over a video.
    """
    probabilities = np.asarray(probabilities, float)
    if len(probabilities) != len(videos):
        raise ValueError(
            "`videos` must say for each clip which video it is of. Received: "
            f"{len(videos)} for {len(probabilities)} clips."
        )
    names = list(dict.fromkeys(videos))
    places = {name: place for place, name in enumerate(names)}
    rows = np.array([places[video] for video in videos], int)
    totals = np.zeros((len(names), probabilities.shape[1]))
    np.add.at(totals, rows, probabilities)
    return names, totals / np.bincount(rows, minlength=len(names))[:, None]


def confusion_matrix(labels, predicted, num_classes):
    """Counts which class was taken for which.

    Args:
        labels, predicted: int arrays `(videos,)`.
        num_classes: int.

    Returns:
        Int array `(classes, classes)`: rows are right classes, columns predicted ones.
    """
    counts = np.zeros((num_classes, num_classes), int)
    np.add.at(counts, (np.asarray(labels, int), np.asarray(predicted, int)), 1)
    return counts


def class_gains(scores, baseline):
    """What one system gains over another, class by class, as in the paper's Tables 2 and 3.

    Args:
        scores, baseline: dicts as `activity_scores` returns them, on the same videos.

    Returns:
        List of `(class, gain)`, the accuracy minus the baseline's, largest first.

    Raises:
        ValueError: if the two have not the same classes.

    Reference: Donahue et al. 2015, Tables 2 and 3.
    """
    ours, theirs = scores["per_class"], baseline["per_class"]
    if ours.keys() != theirs.keys():
        raise ValueError(
            "Gains need the same classes in both. Received: only in one of them "
            f"{sorted(ours.keys() ^ theirs.keys(), key=str)[:10]}."
        )
    return sorted(((c, ours[c] - theirs[c]) for c in ours), key=lambda pair: -pair[1])


def _class_accuracies(rows, num_classes):
    """Float `(classes,)` of rows of (label, rank of the right class); NaN where none occurs."""
    labels, ranks = rows.T
    right = np.bincount(labels, ranks == 0, minlength=num_classes)
    total = np.bincount(labels, minlength=num_classes)
    return np.divide(right, total, out=np.full(num_classes, np.nan), where=total > 0)


def _checked(probabilities, labels):
    probabilities, labels = np.asarray(probabilities, float), np.asarray(labels)
    if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1] or not len(labels):
        raise ValueError(
            "`probabilities` must be (videos, classes) and `labels` (videos,). Received: shapes "
            f"{probabilities.shape} and {labels.shape}."
        )
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= probabilities.shape[1]:
        raise ValueError(
            f"`labels` must be ints from 0 to {probabilities.shape[1] - 1}. Received: {labels}."
        )
    finite, answered = np.isfinite(probabilities), ~np.isnan(probabilities).all(axis=1)
    if not finite[answered].all():
        row = probabilities[answered][~finite[answered].all(axis=1)][0]
        raise ValueError(
            f"`probabilities` must be finite, or NaN for all classes. Received: {row}."
        )
    return probabilities, labels
