"""ROUGE-L as coco-caption computes it: the longest common subsequence of words."""

BETA = 1.2  # weight of recall


def rouge_l(candidate, references):
    """ROUGE-L of one caption.

    The best precision and the best recall are taken apart, over all references, then combined.

    Args:
        candidate: list of words.
        references: list of lists of words, at least one.

    Returns:
        Float, 0..1.

    Reference: Lin 2004; pycocoevalcap 1.2, `rouge/rouge.py`.
    """
    # coco-caption splits "" at blanks into one empty word, so two empty captions agree.
    candidate = candidate or [""]
    references = [words or [""] for words in references]
    common = [_longest_common_subsequence(candidate, words) for words in references]
    precision = max(common) / len(candidate)
    recall = max(c / len(words) for c, words in zip(common, references, strict=True))
    if not precision or not recall:
        return 0.0
    return (1 + BETA**2) * precision * recall / (recall + BETA**2 * precision)


def _longest_common_subsequence(a, b):
    """Length, by the bit-parallel recurrence of Hyyrö 2004: one integer is a row of the table."""
    positions = {}
    for place, word in enumerate(b):
        positions[word] = positions.get(word, 0) | 1 << place
    ones = (1 << len(b)) - 1
    row = ones
    for word in a:
        matched = row & positions.get(word, 0)
        row = ((row + matched) | (row - matched)) & ones
    return len(b) - row.bit_count()
