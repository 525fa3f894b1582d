import numpy as np
import pytest

from keras_lrcn.metrics import normalize_log_p, retrieval_scores

# Three images with two captions each, by hand. Caption 1 is a common sentence.
LOG_P = np.log(
    [
        [0.5, 0.6, 0.1, 0.2, 0.1, 0.1],
        [0.1, 0.7, 0.4, 0.2, 0.2, 0.1],
        [0.2, 0.8, 0.3, 0.2, 0.3, 0.4],
    ]
)
OWNERS = [0, 0, 1, 1, 2, 2]


def test_a_matrix_by_hand():
    scores = retrieval_scores(LOG_P, OWNERS, normalize=False)
    # ranks of the right image, ties last: caption 0: 1; 1: 3; 2: 1; 3: all equal, so 3; 4: 1; 5: 1
    expected = {"R@1": 4 / 6, "R@5": 1.0, "R@10": 1.0, "median_rank": 1.0, "mean_rank": 10 / 6}
    expected |= {"queries": 6, "ties": 1}
    assert scores["caption_to_image"] == pytest.approx(expected)
    # image 0: caption 1 (0.6) is its own; 1: caption 1 (0.7) comes before 2 (0.4); 2: 1 before 5
    expected = {"R@1": 1 / 3, "R@5": 1.0, "R@10": 1.0, "median_rank": 2.0, "mean_rank": 5 / 3}
    expected |= {"queries": 3, "ties": 0}
    assert scores["image_to_caption"] == pytest.approx(expected)


def test_normalization_removes_the_common_sentence():
    scores = retrieval_scores(LOG_P, OWNERS)
    # p / mean p: image 0: 0.5 / (0.8 / 3) is its best; 1: 0.4 / (0.8 / 3); 2: 0.4 / 0.2
    assert scores["image_to_caption"]["R@1"] == 1
    raw = retrieval_scores(LOG_P, OWNERS, normalize=False)
    assert scores["caption_to_image"] == raw["caption_to_image"]


def test_normalized_scores_are_the_formula_and_bear_tiny_probabilities():
    expected = LOG_P - np.log(np.exp(LOG_P).mean(axis=0))
    np.testing.assert_allclose(normalize_log_p(LOG_P), expected, atol=1e-12)
    far = normalize_log_p(LOG_P.astype("float32") - 2000)  # exp of it is 0
    np.testing.assert_allclose(far, expected, atol=1e-3)  # float32 near 2000


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_ranks_equal_those_of_a_sort(seed, normalize):
    rng = np.random.default_rng(seed)
    owners = rng.permutation(np.repeat(np.arange(12), rng.integers(1, 6, 12)))
    log_p = rng.normal(-20, 3, (12, len(owners)))
    log_p += 3 * (owners == np.arange(12)[:, None])
    scores = normalize_log_p(log_p) if normalize else log_p
    ranks = {
        "caption_to_image": [
            sorted(-column).index(-column[owner])
            for column, owner in zip(scores.T, owners, strict=True)
        ],
        "image_to_caption": [
            min(sorted(-row).index(-row[c]) for c in np.flatnonzero(owners == image))
            for image, row in enumerate(scores)
        ],
    }
    result = retrieval_scores(log_p, owners, normalize)
    for name, zero_based in ranks.items():
        for k in (1, 5, 10):
            assert result[name][f"R@{k}"] == pytest.approx(np.mean(np.array(zero_based) < k))
        assert result[name]["median_rank"] == np.median(zero_based) + 1
        assert result[name]["ties"] == 0


def test_a_scorer_that_knows_nothing_gets_the_last_rank():
    scores = retrieval_scores(np.zeros((7, 7)), np.arange(7))
    for direction in ("caption_to_image", "image_to_caption"):
        assert scores[direction]["median_rank"] == 7
        assert scores[direction]["ties"] == 7 and scores[direction]["R@5"] == 0


def test_intervals_hold_the_scores():
    rng = np.random.default_rng(0)
    log_p = rng.normal(0, 1, (60, 60)) + 2 * np.eye(60)
    scores = retrieval_scores(log_p, np.arange(60), num_bootstrap=200)["caption_to_image"]
    low, high = scores["intervals"]["R@5"]
    assert low < scores["R@5"] < high


def test_signature_says_how_ranks_came_about():
    assert retrieval_scores(LOG_P, OWNERS)["signature"] == (
        "images:3|captions:6|score:log-p-minus-log-mean-p|ties:wrong-first"
    )
    assert "|score:log-p|" in retrieval_scores(LOG_P, OWNERS, normalize=False)["signature"]


@pytest.mark.parametrize(
    "log_p, owners, message",
    [
        (LOG_P, [0, 1], "shapes"),
        (LOG_P[0], OWNERS, "shapes"),
        (LOG_P, [0, 0, 1, 1, 1, 1], r"without a caption: \[2\]"),
        (LOG_P, [0, 0, 1, 1, 2, 3], r"0\.\.3 for 3 rows"),
        (np.where(np.arange(6) == 4, np.nan, LOG_P), OWNERS, "nan for image 0, caption 4"),
    ],
)
def test_what_does_not_fit_is_named(log_p, owners, message):
    with pytest.raises(ValueError, match=message):
        retrieval_scores(log_p, owners)
