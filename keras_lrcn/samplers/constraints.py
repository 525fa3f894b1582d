"""Words that may not come next."""

import numpy as np
from keras import ops

NEVER = -1e9  # log-probability of a word that may not come


def listed_words(ids, vocabulary_size):
    """Float tensor `(1, vocabulary_size)`: 1 for each word of a list, else 0."""
    listed = np.zeros((1, vocabulary_size), "float32")
    listed[0, list(ids)] = 1
    return ops.convert_to_tensor(listed)


def words_that_repeat(ids, position, n, vocabulary_size):
    """Words that would end a run of `n` words which the row already has.

    Args:
        ids: int tensor `(rows, length)`, `<bos>` first; it is part of no run.
        position: int tensor `(rows,)`, where the next word goes.
        n: int, words in a run.
        vocabulary_size: int.

    Returns:
        Float tensor `(rows, vocabulary_size)`: 1 for each such word, else 0.
    """
    position, length = position[:, None], ids.shape[1]
    starts = ops.arange(length - n + 1)[None]
    complete = ops.logical_and(starts > 0, starts + n <= position)
    for offset in range(n - 1):
        column = ops.maximum(position - (n - 1) + offset, 0)
        last = ops.take_along_axis(ids, column, axis=1)
        same = ids[:, offset : length - n + 1 + offset] == last
        complete = ops.logical_and(complete, same)
    ends = ops.one_hot(ids[:, n - 1 :], vocabulary_size)
    return ops.max(ends * ops.cast(complete, "float32")[..., None], axis=1)
