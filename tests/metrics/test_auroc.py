import numpy as np
import pytest

from keras_lrcn.metrics import auroc


@pytest.mark.parametrize("seed", range(5))
def test_area_is_the_share_of_pairs_in_order(seed):
    rng = np.random.default_rng(seed)
    positive, negative = rng.integers(0, 9, 40), rng.integers(0, 7, 30)  # many ties
    pairs = positive[:, None] - negative[None]
    assert auroc(positive, negative) == pytest.approx(((pairs > 0) + (pairs == 0) / 2).mean())
    assert auroc(negative, positive) == pytest.approx(1 - auroc(positive, negative))


def test_extremes():
    assert auroc([2, 3], [0, 1]) == 1 and auroc([0], [1]) == 0 and auroc([1], [1]) == 0.5
    assert auroc([np.inf], [0, 1]) == 1


@pytest.mark.parametrize("positive, negative", [([], [1]), ([1], []), ([np.nan], [1])])
def test_nothing_to_compare_is_refused(positive, negative):
    with pytest.raises(ValueError, match="both kinds"):
        auroc(positive, negative)
