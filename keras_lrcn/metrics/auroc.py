"""How well a score tells two kinds apart."""

import numpy as np


def auroc(positive, negative):
    """Area under the ROC curve: how often a positive scores higher than a negative.

    Args:
        positive: float array `(n,)`, scores of what should score high.
        negative: float array `(m,)`, scores of what should score low.

    Returns:
        Float 0..1; 0.5 is chance. Equal scores count half.

    Raises:
        ValueError: if one of them is empty or holds NaN.

    Example:
        >>> auroc([0.9, 0.6], [0.5, 0.6])
        0.875

    Reference: Mann and Whitney 1947; Hanley and McNeil 1982.
    """
    positive, negative = (np.asarray(scores, float).reshape(-1) for scores in (positive, negative))
    if not len(positive) or not len(negative) or np.isnan([positive.sum(), negative.sum()]).any():
        raise ValueError(
            "An AUROC needs scores of both kinds, without NaN. Received: "
            f"{len(positive)} positive, {len(negative)} negative scores."
        )
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, "left")
    not_above = np.searchsorted(ordered, positive, "right")
    return float((below + not_above).mean() / 2 / len(negative))
