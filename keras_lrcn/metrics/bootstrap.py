"""How far a score would move with other images: bootstrap intervals."""

import numpy as np


def bootstrap_interval(rows, statistic=None, num_samples=1000, confidence=0.95, seed=0):
    """Percentile interval of a score over resampled images.

    Args:
        rows: array `(images, ...)`, what the score is made of: one number or one row an image.
        statistic: function from resampled rows `(images, ...)` to a number. Defaults to the mean.
        num_samples: int, number of resamples.
        confidence: float in (0, 1), share of resamples inside.
        seed: int, same seed, same interval.

    Returns:
        Pair of floats, the lower and the upper end.

    Example:
        >>> low, high = bootstrap_interval(CiderD(references).scores(ids, captions))
        >>> bleu4 = lambda rows: bleu_from_statistics(rows.sum(axis=0))[3]
        >>> low, high = bootstrap_interval(statistics, bleu4)

    Reference: Efron and Tibshirani 1993, Chap. 13; Koehn 2004 for BLEU.
    """
    rows = np.asarray(rows)
    if not len(rows) or num_samples < 1 or not 0 < confidence < 1:
        raise ValueError(
            "A bootstrap needs `rows` that are not empty, `num_samples` of at least 1 and "
            f"`confidence` between 0 and 1. Received: {len(rows)} rows, "
            f"num_samples={num_samples}, confidence={confidence}."
        )
    statistic = statistic or np.mean
    generator = np.random.default_rng(seed)
    drawn = (generator.integers(len(rows), size=len(rows)) for _ in range(num_samples))
    scores = [float(statistic(rows[places])) for places in drawn]
    tail = (1 - confidence) / 2
    low, high = np.quantile(scores, [tail, 1 - tail])
    return float(low), float(high)
