"""Ranks of captions for images and of images for captions, from scores of all pairs."""

import numpy as np

from keras_lrcn.metrics.bootstrap import bootstrap_interval

RECALLS = (1, 5, 10)
SCORES = (*(f"R@{k}" for k in RECALLS), "median_rank", "mean_rank")


def normalize_log_p(log_p):
    """Log-probabilities of captions, against how probable they are for the whole pool.

    A common sentence is probable whatever the image: what counts is how much more probable this
    image makes it than the images of the pool do on average.

    Args:
        log_p: float array `(images, captions)`, natural logarithms.

    Returns:
        Float64 array of the same shape: `log_p` minus the logarithm of the mean over images of
        the probability.

    Reference: the authors' `retrieval_experiment.py`, `normalized_log_p`.
    """
    log_p = np.asarray(log_p, "float64")
    peak = log_p.max(axis=0)
    return log_p - peak - np.log(np.exp(log_p - peak).mean(axis=0))


def retrieval_scores(log_p, caption_image, normalize=True, num_bootstrap=0, seed=0):
    """Recall and ranks of retrieval both ways.

    A query's rank is that of its first right answer, from 1. Among equal scores wrong answers
    come first, so that a model that cannot tell them apart gains nothing by it.

    Args:
        log_p: float array `(images, captions)`, how probable each caption is for each image, in
            nats; see `keras_lrcn.retrieval.score_matrix`.
        caption_image: int array `(captions,)`, the row of the image that each caption is of.
        normalize: bool, whether to rank by `normalize_log_p`, as the authors do. It matters for
            image to caption only.
        num_bootstrap: int, number of resamples of the queries for 95 % intervals; 0 gives none.
        seed: int, of the resampling.

    Returns:
        Dict of `caption_to_image` and `image_to_caption`, each a dict of `R@1`, `R@5`, `R@10`
        (share of the queries, 0..1), `median_rank`, `mean_rank`, `queries`, `ties` (queries whose
        best right answer ties with a wrong one) and, with `num_bootstrap`, `intervals`; and of a
        string `signature`.

    Raises:
        ValueError: if the shapes do not fit, a score is not finite, or an image has no caption.

    Example:
        >>> log_p = [[-1.0, -3.0], [-2.0, -2.5]]
        >>> retrieval_scores(log_p, [0, 1])["image_to_caption"]["R@1"]
        1.0
        >>> retrieval_scores(log_p, [0, 1], normalize=False)["image_to_caption"]["R@1"]
        0.5

    Reference: Donahue et al. 2015, Sec. 5, Tables 4 and 5.
    """
    log_p, caption_image = np.asarray(log_p, "float64"), np.asarray(caption_image)
    _check(log_p, caption_image)
    scores = normalize_log_p(log_p) if normalize else log_p
    right = caption_image[None] == np.arange(len(log_p))[:, None]
    directions = {"caption_to_image": (scores.T, right.T), "image_to_caption": (scores, right)}
    result = {
        name: _summary(*first_right_ranks(*pair), num_bootstrap, seed)
        for name, pair in directions.items()
    }
    kind = "log-p-minus-log-mean-p" if normalize else "log-p"
    signature = f"images:{log_p.shape[0]}|captions:{log_p.shape[1]}|score:{kind}|ties:wrong-first"
    return {**result, "signature": signature}


def first_right_ranks(scores, right):
    """Ranks of the first right answers; among equal scores wrong answers come first.

    Args:
        scores: float array `(queries, answers)`.
        right: bool array of the same shape, at least one of each row true.

    Returns:
        Int array `(queries,)`, from 1, and a bool array, whether that answer ties with a wrong one.
    """
    best = np.where(right, scores, -np.inf).max(axis=1, keepdims=True)
    ahead = ((scores >= best) & ~right).sum(axis=1)
    ties = ((scores == best) & ~right).any(axis=1)
    return ahead + 1, ties


def _summary(ranks, ties, num_bootstrap, seed):
    statistics = {f"R@{k}": lambda ranks, k=k: (ranks <= k).mean() for k in RECALLS}
    statistics |= {"median_rank": np.median, "mean_rank": np.mean}
    summary = {name: float(statistic(ranks)) for name, statistic in statistics.items()}
    summary |= {"queries": len(ranks), "ties": int(ties.sum())}
    if num_bootstrap:
        summary["intervals"] = {
            name: bootstrap_interval(ranks, statistic, num_bootstrap, seed=seed)
            for name, statistic in statistics.items()
        }
    return summary


def _check(log_p, caption_image):
    if log_p.ndim != 2 or caption_image.shape != log_p.shape[1:] or not log_p.size:
        raise ValueError(
            "`log_p` must be (images, captions) and `caption_image` (captions,). Received: shapes "
            f"{log_p.shape} and {caption_image.shape}."
        )
    bare = np.setdiff1d(np.arange(len(log_p)), caption_image)
    if len(bare) or caption_image.min() < 0 or caption_image.max() >= len(log_p):
        raise ValueError(
            "`caption_image` must name rows of `log_p`, every one at least once. Received: "
            f"{caption_image.min()}..{caption_image.max()} for {len(log_p)} rows; without a "
            f"caption: {bare[:10].tolist()}."
        )
    if not np.isfinite(log_p).all():
        image, caption = np.argwhere(~np.isfinite(log_p))[0]
        raise ValueError(
            "`log_p` must be finite. Received: "
            f"{log_p[image, caption]} for image {image}, caption {caption}."
        )
