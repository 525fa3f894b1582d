"""CIDEr-D: how much a caption says what most references say, in words that few images share."""

import collections
import math

import numpy as np

from keras_lrcn.metrics.words import as_words

ORDERS = 4


class CiderD:
    """CIDEr-D of captions against the references of their images.

    An n-gram weighs its count times `log(num_images / num_images_with_it)`. The score is the cosine of
    candidate and reference weights, candidate weights clipped to the reference's, with a Gaussian
    penalty on the difference in length, as mean over n = 1..4 and references, times 10. The coco-caption
    code prints it as "CIDEr". Everything about the references is computed once, so that
    the class also serves as a reward in training.

    Args:
        references: dict from image id to its references, each a string or a list of words.
        document_frequencies: dict from n-gram (tuple of words) to the number of images whose references
            contain it; `None` counts them in `references`, as coco-caption does.
        num_images: int, the images behind `document_frequencies`. Defaults to `len(references)`.
        sigma: float, width of the length penalty in words.

    Example:
        >>> references = {"a": ["a dog runs", "the dog runs fast"], "b": ["two men talk"]}
        >>> CiderD(references).scores(["a", "b"], ["a dog runs", "a man"]).round(3).tolist()
        [4.717, 0.0]

    Reference: Vedantam et al. 2015, Sec. 5 and 6; pycocoevalcap 1.2, `cider/cider_scorer.py`.
    """

    def __init__(self, references, document_frequencies=None, num_images=None, sigma=6.0):
        if (document_frequencies is None) != (num_images is None):
            raise ValueError(
                "`document_frequencies` and `num_images` belong together. Received: "
                f"num_images={num_images}, document_frequencies given: "
                f"{document_frequencies is not None}."
            )
        self.sigma = sigma
        counts = {i: [_count(as_words(text)) for text in texts] for i, texts in references.items()}
        empty = [image_id for image_id, texts in counts.items() if not texts]
        if empty:
            raise ValueError(f"Every image needs a reference. Without one: {empty[:5]}.")
        if document_frequencies is None:
            document_frequencies = count_documents(counts.values())
            num_images = len(counts)
        self._log_images = math.log(num_images) if num_images else 0.0
        self._idf = {
            ngram: self._log_images - math.log(max(1.0, frequency))
            for ngram, frequency in document_frequencies.items()
        }
        shared = {}  # the few distinct count tuples, stored once
        self._images = {i: self._index(texts, shared) for i, texts in counts.items()}

    def scores(self, ids, candidates):
        """Scores one caption an entry.

        Args:
            ids: list of image ids; one may occur often.
            candidates: list of captions of the same length, strings or lists of words.

        Returns:
            Float array `(len(ids),)`, CIDEr-D in 0..10.

        Raises:
            KeyError: for an id without references.
        """
        pairs = zip(ids, candidates, strict=True)
        return np.array([self._score(self._image(i), as_words(text)) for i, text in pairs], float)

    def _image(self, image_id):
        if image_id not in self._images:
            raise KeyError(f"No references for the image id {image_id!r}.")
        return self._images[image_id]

    def _index(self, texts, shared):
        """References of one image as (n-gram -> its count in each reference, norms, lengths)."""
        index = {}
        for ngram in set().union(*texts):
            row = tuple(text.get(ngram, 0) for text in texts)
            index[ngram] = shared.setdefault(row, row)
        norms = [self._norms(text) for text in texts]
        return index, norms, [_num_bigrams(text) for text in texts]

    def _norms(self, counts):
        squares = [0.0] * ORDERS
        for ngram, count in counts.items():
            squares[len(ngram) - 1] += (count * self._idf.get(ngram, self._log_images)) ** 2
        return [math.sqrt(square) for square in squares]

    def _score(self, image, words):
        index, reference_norms, lengths = image
        counts = _count(words)
        dots = [[0.0] * ORDERS for _ in lengths]
        for ngram, count in counts.items():
            row = index.get(ngram)
            if row is None:
                continue
            squared = self._idf.get(ngram, self._log_images) ** 2
            for dot, reference_count in zip(dots, row, strict=True):
                if reference_count:
                    smaller = count if count < reference_count else reference_count
                    dot[len(ngram) - 1] += smaller * reference_count * squared
        norms = self._norms(counts)
        length = max(0, len(words) - 1)
        total = 0.0
        for dot, reference_norm, reference_length in zip(
            dots, reference_norms, lengths, strict=True
        ):
            cosine = sum(
                d / (a * b) for d, a, b in zip(dot, norms, reference_norm, strict=True) if d
            )
            total += cosine * math.exp(-((length - reference_length) ** 2) / (2 * self.sigma**2))
        return 10.0 * total / ORDERS / len(lengths)


def count_documents(images):
    """Counts in how many images each n-gram occurs.

    Args:
        images: iterable of lists (one an image) of dicts whose keys are the n-grams of a reference.

    Returns:
        Dict from n-gram to int.
    """
    frequencies = collections.Counter()
    for texts in images:
        frequencies.update(set().union(*texts))
    return frequencies


def _count(words):
    """Counts of all n-grams, n = 1..4."""
    counts = {}
    for order in range(ORDERS):
        for ngram in zip(*(words[k:] for k in range(order + 1)), strict=False):
            counts[ngram] = counts.get(ngram, 0) + 1
    return counts


def _num_bigrams(counts):
    return sum(count for ngram, count in counts.items() if len(ngram) == 2)
