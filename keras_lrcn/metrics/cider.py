"""CIDEr-D: how far a caption says what most references say, in words that few images share."""

import collections
import math
from typing import NamedTuple

import numpy as np

from keras_lrcn.metrics.words import as_words

ORDERS = 4


class DocumentFrequencies(NamedTuple):
    """How many of `num_images` images have an n-gram in their references, for each n-gram."""

    counts: dict
    num_images: int


class CiderD:
    """CIDEr-D of captions against the references of their images.

    An n-gram weighs its count times `log(images / images with it)`. The score is the cosine of the
    candidate's and the reference's weights, the candidate's clipped to the reference's, with a
    Gaussian penalty on the difference in length; then the mean over n = 1..4 and over references,
    times 10. coco-caption prints it as "CIDEr". All that depends on references alone is computed
    once, so that the class also serves as a reward in training.

    Args:
        references: dict from image id to its references, each a string or a list of words.
        document_frequencies: `DocumentFrequencies`, such as `count_documents` of a training set.
            `None` counts in `references`, as coco-caption does; then the score of an image depends
            on what other images there are, and is 0 if there are none.
        sigma: float, width of the length penalty in words.

    Example:
        >>> references = {"a": ["a dog runs", "the dog runs fast"], "b": ["two men talk"]}
        >>> CiderD(references).scores(["a", "b"], ["a dog runs", "a man"]).round(3).tolist()
        [4.764, 0.0]

    Reference: Vedantam et al. 2015; pycocoevalcap 1.2, `cider/cider_scorer.py`.
    """

    def __init__(self, references, document_frequencies=None, sigma=6.0):
        self.sigma = sigma
        counts = _count_references(references)
        if document_frequencies is None:
            document_frequencies = _count_images(counts.values())
        frequencies, num_images = document_frequencies
        if not 0 < max(frequencies.values(), default=1) <= num_images:
            raise ValueError(
                "`document_frequencies` must have been counted in `num_images` images, so none is "
                f"larger. Received: num_images={num_images}, max={max(frequencies.values())}."
            )
        self._rare = math.log(num_images)  # weight of an n-gram that no reference has
        self._weights = {
            ngram: self._rare - math.log(max(1.0, frequency))
            for ngram, frequency in frequencies.items()
        }
        shared = {}  # the few distinct rows of counts, kept once
        self._images = {i: self._index(texts, shared) for i, texts in counts.items()}

    def scores(self, ids, candidates):
        """Scores one caption for each id.

        Args:
            ids: list of image ids; one may come often.
            candidates: list of captions of the same length, strings or lists of words.

        Returns:
            Float array `(len(ids),)`, 0..10.

        Raises:
            KeyError: for an id without references.
        """
        pairs = zip(ids, candidates, strict=True)
        return np.array([self._score(self._image(i), as_words(text)) for i, text in pairs], float)

    def _image(self, image_id):
        if image_id not in self._images:
            raise KeyError(f"`references` has no image with the id {image_id!r}.")
        return self._images[image_id]

    def _index(self, texts, shared):
        """One image: n-gram -> its count in each reference, then the references' norms, lengths."""
        index = {}
        for ngram in set().union(*texts):
            row = tuple(text.get(ngram, 0) for text in texts)
            index[ngram] = shared.setdefault(row, row)
        return index, [self._norms(text) for text in texts], [_num_bigrams(text) for text in texts]

    def _norms(self, counts):
        squares = [0.0] * ORDERS
        for ngram, count in counts.items():
            squares[len(ngram) - 1] += (count * self._weights.get(ngram, self._rare)) ** 2
        return [math.sqrt(square) for square in squares]

    def _score(self, image, words):
        index, reference_norms, lengths = image
        counts = _count(words)
        dots = [[0.0] * ORDERS for _ in lengths]
        for ngram, count in counts.items():
            if ngram not in index:
                continue
            squared = self._weights.get(ngram, self._rare) ** 2
            for dot, shown in zip(dots, index[ngram], strict=True):
                if shown:
                    dot[len(ngram) - 1] += min(count, shown) * shown * squared
        norms, length, total = self._norms(counts), _num_bigrams(counts), 0.0
        for dot, other, other_length in zip(dots, reference_norms, lengths, strict=True):
            cosines = sum(d / (a * b) for d, a, b in zip(dot, norms, other, strict=True) if d)
            total += cosines * math.exp(-((length - other_length) ** 2) / (2 * self.sigma**2))
        return 10.0 * total / ORDERS / len(lengths)


def count_documents(references):
    """Counts for each n-gram, n = 1..4, the images whose references have it.

    Args:
        references: dict from image id to its references, each a string or a list of words.

    Returns:
        `DocumentFrequencies`: `counts`, dict from tuple of words to int, and `num_images`.
    """
    return _count_images(_count_references(references).values())


def _count_references(references):
    counts = {i: [_count(as_words(text)) for text in texts] for i, texts in references.items()}
    bare = [image_id for image_id, texts in counts.items() if not texts]
    if bare or not counts:
        raise ValueError(
            "`references` must have an image, and every image a reference. "
            f"Received: {len(counts)} images, without a reference: {bare[:10]}."
        )
    return counts


def _count_images(images):
    counts = collections.Counter()
    for texts in images:
        counts.update(set().union(*texts))
    return DocumentFrequencies(counts, len(images))


def _count(words):
    """Counts of all n-grams, n = 1..4."""
    counts = {}
    for order in range(1, ORDERS + 1):
        for ngram in zip(*(words[k:] for k in range(order)), strict=False):
            counts[ngram] = counts.get(ngram, 0) + 1
    return counts


def _num_bigrams(counts):
    return sum(count for ngram, count in counts.items() if len(ngram) == 2)
