import itertools
import random

import numpy as np
import pytest

from keras_lrcn.metrics import word_error_rate, word_errors


def distance(a, b):
    """The plain table of dynamic programming."""
    table = np.add.outer(np.arange(len(a) + 1), np.arange(len(b) + 1))
    for i, j in itertools.product(range(len(a)), range(len(b))):
        changes = (table[i, j] + (a[i] != b[j]), table[i, j + 1] + 1, table[i + 1, j] + 1)
        table[i + 1, j + 1] = min(changes)
    return table[-1, -1]


def test_errors_are_the_cheapest_and_their_kinds_add_up():
    generator = random.Random(0)
    for _ in range(500):
        a, b = ([generator.choice("abcd") for _ in range(generator.randrange(9))] for _ in "ab")
        substitutions, insertions, deletions = word_errors(a, b)
        assert substitutions + insertions + deletions == distance(a, b)
        assert min(substitutions, insertions, deletions) >= 0
        assert len(a) - deletions == len(b) - insertions  # the words that stand side by side
        assert word_errors(b, a) == (substitutions, deletions, insertions)


@pytest.mark.parametrize(
    "reference, candidate, errors",
    [
        ("", "", (0, 0, 0)),
        ("a b", "", (0, 0, 2)),
        ("", "a", (0, 1, 0)),
        ("bin blue at f two now", "bin red at f two now", (1, 0, 0)),
        ("bin blue at f two now", "bin blue f two now please", (0, 1, 1)),
        ("a b c", "c a b", (0, 1, 1)),  # and not three substitutions
    ],
)
def test_errors_by_hand(reference, candidate, errors):
    assert word_errors(reference.split(), candidate.split()) == errors


def test_rate_is_of_all_words_and_exact_of_all_sentences():
    references = {1: ["Bin blue now."], 2: ["set it"], 3: ["place"]}
    scores = word_error_rate(references, {1: "bin red now", 2: "Set it!", 3: "please place"})
    assert scores["WER"] == pytest.approx(2 / 6)
    assert scores["exact"] == pytest.approx(1 / 3)
    assert [scores[k] for k in ("substitutions", "insertions", "deletions", "words")] == [
        1,
        1,
        0,
        6,
    ]
    assert "sentences:3" in scores["signature"]


def test_the_closest_reference_counts():
    scores = word_error_rate({1: ["a b c d", "a c"]}, {1: "a b"}, per_sentence=True)
    assert scores["WER"] == pytest.approx(0.5)
    assert scores["per_sentence"][1]["words"] in (2, 4)


def test_intervals_hold_the_rate_and_repeat_with_the_seed():
    generator = random.Random(1)
    sentences = [[generator.choice("abc") for _ in range(4)] for _ in range(80)]
    references = {i: [" ".join(words)] for i, words in enumerate(sentences[:40])}
    candidates = {i: " ".join(words) for i, words in enumerate(sentences[40:])}
    scores = word_error_rate(references, candidates, num_bootstrap=100)
    low, high = scores["intervals"]["WER"]
    assert low < scores["WER"] < high
    assert scores == word_error_rate(references, candidates, num_bootstrap=100)


def test_ids_and_empty_references_are_named():
    with pytest.raises(ValueError, match="Missing: 2"):
        word_error_rate({1: ["a"], 2: ["b"]}, {1: "a"})
    with pytest.raises(ValueError, match="no words"):
        word_error_rate({1: ["."]}, {1: "a"})
