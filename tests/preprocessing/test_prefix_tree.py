import numpy as np
import pytest

from keras_lrcn.preprocessing import prefix_levels


def prefixes(levels):
    """Level by level, the beginnings as tuples, spelled from parents and words."""
    spelled = [[()]]
    for level in levels[1:]:
        words = zip(level.parents, level.words, strict=True)
        spelled.append([(*spelled[-1][parent], word) for parent, word in words])
    return spelled


@pytest.mark.parametrize("seed", range(20))
def test_every_caption_is_spelled_and_every_beginning_comes_once(seed):
    rng = np.random.default_rng(seed)
    captions = [rng.integers(4, 7, rng.integers(0, 7)).tolist() for _ in range(rng.integers(1, 40))]
    levels = prefix_levels(captions)
    assert len(levels) == max(map(len, captions))
    for t, (level, beginnings) in enumerate(zip(levels, prefixes(levels), strict=True)):
        assert sorted(beginnings) == sorted({tuple(c[:t]) for c in captions if len(c) > t})
        edges = [
            (*beginnings[node], word)
            for node, word in zip(level.edge_nodes, level.edge_words, strict=True)
        ]
        assert sorted(edges) == sorted({tuple(c[: t + 1]) for c in captions if len(c) > t})
        assert (np.diff(level.edge_nodes) >= 0).all()
        for caption, edge in zip(level.captions, level.caption_edges, strict=True):
            assert edges[edge] == tuple(captions[caption][: t + 1])


def test_captions_without_words_need_no_levels():
    assert prefix_levels([[], []]) == prefix_levels([]) == []


@pytest.mark.shared
def test_flickr8k_captions_share_a_third_of_their_beginnings(shared_data):
    from keras_lrcn.data import read_flickr8k
    from keras_lrcn.preprocessing import split_words

    examples = read_flickr8k(shared_data / "flickr8k", "dev")
    captions = [split_words(text) for example in examples for text in example.captions]
    ids = {word: i for i, word in enumerate(sorted({w for words in captions for w in words}))}
    levels = prefix_levels([[ids[w] for w in words] for words in captions])
    nodes = sum(len(np.unique(level.edge_nodes)) for level in levels)
    assert len(captions) == 5000
    assert nodes <= 0.68 * sum(map(len, captions))
