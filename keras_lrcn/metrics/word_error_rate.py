"""Word error rate: what has to be changed in a sentence until it is the reference."""

import numpy as np

from keras_lrcn.metrics.bootstrap import bootstrap_interval
from keras_lrcn.metrics.ids import check_ids
from keras_lrcn.metrics.words import as_words

KINDS = ("substitutions", "insertions", "deletions")


def word_errors(reference, candidate):
    """Counts the changes of the cheapest alignment of two sentences.

    Of equally cheap alignments one with the most words in place counts.

    Args:
        reference, candidate: lists of words.

    Returns:
        Int tuple `(substitutions, insertions, deletions)`; insertions are words that only the
        candidate has.

    Example:
        >>> word_errors("bin blue at f two now".split(), "bin red at two now please".split())
        (1, 1, 1)
    """
    # (errors, -hits) of aligning the words so far; hits settle which kinds the errors are.
    row = [(i, 0) for i in range(len(candidate) + 1)]
    for d, word in enumerate(reference, start=1):
        diagonal, row[0] = row[0], (d, 0)
        for i, other in enumerate(candidate, start=1):
            errors, hits = diagonal
            step = (errors, hits - 1) if word == other else (errors + 1, hits)
            diagonal = row[i]
            row[i] = min(step, (diagonal[0] + 1, diagonal[1]), (row[i - 1][0] + 1, row[i - 1][1]))
    errors, hits = row[-1]
    insertions = errors - len(reference) - hits
    deletions = insertions + len(reference) - len(candidate)
    return errors - insertions - deletions, insertions, deletions


def word_error_rate(references, candidates, per_sentence=False, num_bootstrap=0, seed=0):
    """Word error rate and share of exact sentences, over a set.

    Sentences are tokenized as for the caption scores: lower case, no punctuation. Of several
    references the one with the lowest rate counts.

    Args:
        references: dict from id to a list of sentences.
        candidates: dict from the same ids to a sentence.
        per_sentence: bool, whether to add the counts of each id.
        num_bootstrap: int, number of resamples for 95 % intervals; 0 gives none.
        seed: int, of the resampling.

    Returns:
        Dict of floats `WER` (errors by words of the references; may exceed 1) and `exact` (share
        of sentences without an error), ints `substitutions`, `insertions`, `deletions`, `words`
        and a string `signature`; with `per_sentence` a dict from id to such numbers; with
        `num_bootstrap` `intervals` of `WER` and `exact`.

    Raises:
        ValueError: if ids differ, naming them, or no reference has a word.

    Example:
        >>> scores = word_error_rate({"a": ["Bin blue now."]}, {"a": "bin red now"})
        >>> scores["WER"], scores["exact"]
        (0.3333333333333333, 0.0)
    """
    ids = check_ids(references, candidates)
    rows = np.array([_row(references[i], candidates[i]) for i in ids])
    if not rows[:, 3].sum():
        raise ValueError("`references` have no words to be wrong about.")
    scores = _scores(rows)
    signature = f"sentences:{len(ids)}|wer:best-reference|tokens:ptb-3.4.1,lower,no-punctuation"
    scores["signature"] = signature
    if per_sentence:
        scores["per_sentence"] = {i: _scores(row[None]) for i, row in zip(ids, rows, strict=True)}
    if num_bootstrap:
        scores["intervals"] = {
            name: bootstrap_interval(
                rows, lambda r, n=name: _scores(r)[n], num_bootstrap, seed=seed
            )
            for name in ("WER", "exact")
        }
    return scores


def _row(references, candidate):
    """Substitutions, insertions, deletions and words against the closest reference."""
    candidate = as_words(candidate)
    references = [as_words(reference) for reference in references]
    rows = [(*word_errors(reference, candidate), len(reference)) for reference in references]
    return min(rows, key=lambda row: sum(row[:3]) / max(1, row[3]))


def _scores(rows):
    totals = rows.sum(axis=0).tolist()
    exact = float((rows[:, :3].sum(axis=1) == 0).mean())
    # A resample may hold nothing but empty references; each word there is one too many.
    rate = sum(totals[:3]) / max(1, totals[3])
    return {
        "WER": rate,
        "exact": exact,
        **dict(zip(KINDS, totals, strict=False)),
        "words": totals[3],
    }
