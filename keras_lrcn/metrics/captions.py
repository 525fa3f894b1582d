"""All caption scores of a set of images at once."""

import numpy as np

from keras_lrcn.metrics.bleu import bleu_from_statistics, bleu_statistics
from keras_lrcn.metrics.cider import CiderD
from keras_lrcn.metrics.rouge import rouge_l
from keras_lrcn.metrics.words import as_words, tokenize_ptb


def evaluate_captions(references, candidates):
    """Scores captions against the references of their images.

    Args:
        references: dict from image id to a list of strings.
        candidates: dict from image id to a string.

    Returns:
        Dict with `Bleu_1` .. `Bleu_4`, `ROUGE_L` and `CIDEr`.
    """
    missing, extra = references.keys() - candidates.keys(), candidates.keys() - references.keys()
    if missing or extra:
        raise ValueError(
            f"`references` and `candidates` must have the same ids. Missing in `candidates`: "
            f"{sorted(missing, key=str)}; extra in `candidates`: {sorted(extra, key=str)}."
        )
    ids = list(references)
    words = {i: as_words(candidates[i]) for i in ids}
    reference_words = {i: [as_words(text) for text in references[i]] for i in ids}
    statistics = sum(bleu_statistics(words[i], reference_words[i]) for i in ids)
    scores = {f"Bleu_{n + 1}": float(b) for n, b in enumerate(bleu_from_statistics(statistics))}
    rouge = [
        rouge_l(tokenize_ptb(candidates[i]), [tokenize_ptb(t) for t in references[i]]) for i in ids
    ]
    scores["ROUGE_L"] = float(np.mean(rouge))
    scores["CIDEr"] = float(CiderD(reference_words).scores(ids, words.values()).mean())
    return scores
