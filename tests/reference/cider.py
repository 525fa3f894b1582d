"""CIDEr-D once more, straight from the equations of Vedantam et al. 2015, slowly, with arrays."""

import numpy as np


def ngrams(words, order):
    return [tuple(words[i : i + order]) for i in range(len(words) - order + 1)]


def cider_d(references, candidates, sigma=6.0):
    """Scores of every image, in the order of `references`.

    Args:
        references: dict from image id to lists of words.
        candidates: dict from image id to a list of words.
    """
    return np.array([score(references, i, candidates[i], sigma) for i in references])


def score(references, image_id, candidate, sigma):
    total = 0.0
    for reference in references[image_id]:
        length = len(ngrams(candidate, 2)) - len(ngrams(reference, 2))
        penalty = np.exp(-(length**2) / (2 * sigma**2))
        for order in (1, 2, 3, 4):
            total += penalty * clipped_cosine(references, candidate, reference, order)
    return 10 * total / 4 / len(references[image_id])


def clipped_cosine(references, candidate, reference, order):
    """Eq. 6: sum of min(g(c), g(s)) * g(s), over the norms of g(c) and g(s)."""
    vocabulary = sorted(set(ngrams(candidate, order)) | set(ngrams(reference, order)))
    given, true = (
        np.array([words.count(ngram) * rarity(references, ngram) for ngram in vocabulary])
        for words in (ngrams(candidate, order), ngrams(reference, order))
    )
    norms = np.linalg.norm(given) * np.linalg.norm(true)
    return np.minimum(given, true) @ true / norms if norms else 0.0


def rarity(references, ngram):
    having = sum(
        any(ngram in ngrams(words, len(ngram)) for words in texts) for texts in references.values()
    )
    return np.log(len(references) / max(1, having))
