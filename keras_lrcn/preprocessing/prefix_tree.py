"""The prefix tree of many captions: what they share at their beginning is computed once."""

from typing import NamedTuple

import numpy as np


class Level(NamedTuple):
    """The distinct beginnings of one length that are continued, and how.

    Attributes:
        parents: int array `(nodes,)`, places of the beginnings one word shorter, in the level
            before; empty at level 0, whose one node is the empty beginning.
        words: int array `(nodes,)`, ids of their last words; empty at level 0.
        edge_nodes, edge_words: int arrays `(edges,)`, the node and the word that follows it, each
            pair once.
        captions: int array, the captions that are longer than this level's beginnings.
        caption_edges: int array of the same length, the edge that each of them takes.
    """

    parents: np.ndarray
    words: np.ndarray
    edge_nodes: np.ndarray
    edge_words: np.ndarray
    captions: np.ndarray
    caption_edges: np.ndarray


def prefix_levels(captions):
    """Builds the prefix tree of captions, level by level.

    Args:
        captions: list of lists of word ids. Two may be equal, and one may be empty.

    Returns:
        List of `Level`; the t-th holds the beginnings of t words, so that there are as many as
        the longest caption has words.

    Example:
    ```python
    levels = prefix_levels([[4, 5], [4, 6]])
    [len(level.edge_words) for level in levels]  # [1, 2]: "4" is shared
    ```
    """
    lengths = np.array([len(words) for words in captions], int)
    ids = np.zeros((len(captions), lengths.max(initial=0)), int)
    for row, words in zip(ids, captions, strict=True):
        row[: len(words)] = words
    nodes = np.zeros(len(captions), int)  # where each caption is in the present level
    parents = words = np.zeros(0, int)
    levels = []
    for t in range(ids.shape[1]):
        longer = np.flatnonzero(lengths > t)
        pairs = np.stack([nodes[longer], ids[longer, t]])
        (edge_nodes, edge_words), edges = np.unique(pairs, axis=1, return_inverse=True)
        edges = edges.reshape(-1)
        levels.append(Level(parents, words, edge_nodes, edge_words, longer, edges))
        continued, places = np.unique(edges[lengths[longer] > t + 1], return_inverse=True)
        nodes[longer[lengths[longer] > t + 1]] = places.reshape(-1)
        parents, words = edge_nodes[continued], edge_words[continued]
    return levels
