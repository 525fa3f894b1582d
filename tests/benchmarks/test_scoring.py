"""The benchmark of scoring, on few sentences and narrow layers."""

import numpy as np
import pytest

from benchmarks.scoring import count_rows, gigaflops, make_captioner, make_captions, measure


def test_both_ways_of_scoring_agree_and_share_work():
    captions = make_captions(70)
    captioner = make_captioner(captions, width=6, num_words=500)
    visual = np.random.default_rng(0).normal(size=(3, 6)).astype("float32")
    rates, difference = measure(captioner, captions, visual, pairs=65, captions_at_once=20)
    assert difference < 1e-4 and all(rate > 0 for rate in rates.values())
    rows, words = count_rows(captioner, captions)
    assert words == sum(len(caption.split()) + 1 for caption in captions)
    assert 0.3 * words < rows < words
    assert gigaflops(captioner, rows, 3) == pytest.approx(2e-9 * rows * 3 * 6 * (24 + 500))
