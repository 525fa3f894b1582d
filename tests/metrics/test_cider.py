import random

import numpy as np
import pytest
from reference import cider as naive

from keras_lrcn.metrics import CiderD, DocumentFrequencies, count_documents


def random_words(generator, longest):
    return [generator.choice("abcdefg") for _ in range(generator.randrange(longest))]


def random_images(seed, num_images=12):
    generator = random.Random(seed)
    references = {
        i: [random_words(generator, 12) for _ in range(generator.randrange(1, 6))]
        for i in range(num_images)
    }
    return references, {i: random_words(generator, 12) for i in references}


@pytest.mark.parametrize("seed", range(8))
def test_scores_equal_the_equations(seed):
    references, candidates = random_images(seed)
    scores = CiderD(references).scores(list(references), list(candidates.values()))
    expected = naive.cider_d(references, candidates)
    np.testing.assert_allclose(scores, expected, atol=1e-12)
    assert expected.max() > 0


def test_strings_and_lists_of_words_score_alike():
    references = {"a": ["A dog runs.", "The dog's fast"], "b": ["Two men talk."]}
    words = {
        "a": [["a", "dog", "runs"], ["the", "dog", "'s", "fast"]],
        "b": [["two", "men", "talk"]],
    }
    from_text = CiderD(references).scores(["a", "b"], ["A dog's fast!", "Two men"])
    from_words = CiderD(words).scores(["a", "b"], [["a", "dog", "'s", "fast"], ["two", "men"]])
    np.testing.assert_array_equal(from_text, from_words)


def test_example_of_the_docstring():
    references = {"a": ["a dog runs", "the dog runs fast"], "b": ["two men talk"]}
    scores = CiderD(references).scores(["a", "b"], ["a dog runs", "a man"])
    np.testing.assert_allclose(scores, [4.965005, 0.0], atol=1e-6)


def test_an_id_may_come_often_and_in_any_order():
    references, candidates = random_images(0)
    scorer = CiderD(references)
    ids = [3, 1, 3, 3]
    texts = [candidates[i] for i in (3, 1, 5, 3)]
    scores = scorer.scores(ids, texts)
    alone = [scorer.scores([i], [text])[0] for i, text in zip(ids, texts, strict=True)]
    np.testing.assert_array_equal(scores, alone)


def test_one_image_alone_scores_zero():
    assert CiderD({1: ["a dog"]}).scores([1], ["a dog"]) == [0.0]  # log(1 image) = 0


def test_given_frequencies_make_an_image_independent_of_the_others():
    references, candidates = random_images(1)
    frequencies = count_documents(references)
    together = CiderD(references, frequencies).scores(list(references), list(candidates.values()))
    alone = [
        CiderD({i: references[i]}, frequencies).scores([i], [candidates[i]])[0] for i in references
    ]
    np.testing.assert_array_equal(together, alone)
    np.testing.assert_array_equal(
        together, CiderD(references).scores(list(references), list(candidates.values()))
    )


def test_documents_are_counted_once_an_image():
    counts, num_images = count_documents({1: ["a a dog", "a cat"], 2: ["the dog"]})
    assert num_images == 2
    assert (counts["a",], counts["dog",], counts["a", "dog"], counts["the", "cat"]) == (1, 2, 1, 0)


def test_frequencies_above_the_number_of_images_are_refused():
    with pytest.raises(ValueError, match="num_images=2"):
        CiderD({1: ["a"]}, DocumentFrequencies({("a",): 3}, 2))


def test_unknown_id_is_named():
    with pytest.raises(KeyError, match="'x'"):
        CiderD({1: ["a"]}).scores(["x"], ["a"])


@pytest.mark.parametrize("references", [{}, {1: ["a"], 7: []}])
def test_image_without_references_is_refused(references):
    with pytest.raises(ValueError, match="every image a reference"):
        CiderD(references)


def test_as_many_candidates_as_ids():
    with pytest.raises(ValueError, match="zip"):
        CiderD({1: ["a"]}).scores([1, 1], ["a"])
