"""BLEU-1..4 as coco-caption computes them, counted by sacreBLEU."""

import functools
import math

import numpy as np

ORDERS = 4
TINY, SMALL = 1e-15, 1e-9  # coco-caption's constants, so that no match gives almost 0


@functools.cache
def _counter():
    import sacrebleu

    return sacrebleu.BLEU(tokenize="none", smooth_method="none", effective_order=True)


def bleu_statistics(candidate, references):
    """The integers that BLEU is made of, for one image.

    Args:
        candidate: list of words.
        references: list of lists of words.

    Returns:
        Int array `(10,)`: length of the candidate, length of the closest reference (ties to the
        shorter), matched n-grams for n = 1..4, n-grams of the candidate for n = 1..4.
    """
    score = _counter().sentence_score(
        " ".join(candidate), [" ".join(words) for words in references]
    )
    return np.array([score.sys_len, score.ref_len, *score.counts, *score.totals])


def bleu_from_statistics(statistics, brevity_penalty=True):
    """BLEU-1..4 from statistics, those of one image or summed over a corpus.

    Args:
        statistics: array `(..., 10)`, see `bleu_statistics`.
        brevity_penalty: bool. `False` gives the BLEU of many papers of 2014 and 2015.

    Returns:
        Float array `(..., 4)`, 0..1.
    """
    statistics = np.asarray(statistics, float)
    length, reference_length = statistics[..., 0], statistics[..., 1]
    precision = (statistics[..., 2:6] + TINY) / (statistics[..., 6:10] + SMALL)
    bleu = np.cumprod(precision, axis=-1) ** (1 / np.arange(1, ORDERS + 1))
    ratio = (length + TINY) / (reference_length + SMALL)
    if not brevity_penalty:
        return bleu
    penalty = np.exp(1 - 1 / np.minimum(ratio, 1))
    return bleu * penalty[..., None]


def sentence_bleu4(candidate, references):
    """Smoothed BLEU-4 of one caption, fast enough to be a reward.

    The orders 2..4 have one added to matches and totals, so that a caption without a matched
    4-gram still gets a useful number. Not comparable with corpus BLEU.

    Args:
        candidate: list of words.
        references: list of lists of words.

    Returns:
        Float, 0..1.

    Reference: Lin and Och 2004, "ORANGE", Sec. 4 (BLEUS).
    """
    if not candidate:
        return 0.0
    log_precision = 0.0
    for order in range(1, ORDERS + 1):
        matched, total = _matches(candidate, references, order)
        if order == 1 and not matched:
            return 0.0
        added = 1 if order > 1 else 0
        log_precision += math.log((matched + added) / (total + added)) / ORDERS
    length = len(candidate)
    closest = min((abs(len(words) - length), len(words)) for words in references)[1]
    return math.exp(log_precision + min(0.0, 1 - closest / length))


def _matches(candidate, references, order):
    """Clipped matches and number of n-grams of one order."""
    counts = _count(candidate, order)
    best = dict.fromkeys(counts, 0)
    for words in references:
        for ngram, count in _count(words, order).items():
            if count > best.get(ngram, count):
                best[ngram] = count
    return sum(min(counts[g], best[g]) for g in counts), max(0, len(candidate) - order + 1)


def _count(words, order):
    counts = {}
    for ngram in zip(*(words[k:] for k in range(order)), strict=False):
        counts[ngram] = counts.get(ngram, 0) + 1
    return counts
