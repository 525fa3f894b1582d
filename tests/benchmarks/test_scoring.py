"""The benchmark of scoring, on few sentences and narrow layers."""

import numpy as np

from benchmarks.scoring import gigaflops, make_captioner, make_captions, measure


def test_both_ways_of_scoring_agree_and_share_work():
    captions = make_captions(12)
    captioner = make_captioner(captions, width=6, num_words=500)
    visual = np.random.default_rng(0).normal(size=(3, 6)).astype("float32")
    seconds, difference = measure(captioner, captions, visual)
    assert difference < 1e-4 and all(value > 0 for value in seconds.values())
    words = sum(len(caption.split()) + 1 for caption in captions)
    unshared = 2e-9 * words * 3 * 6 * (24 + 500)
    assert 0.3 * unshared < gigaflops(captioner, captions, visual) < unshared
