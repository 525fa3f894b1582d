import numpy as np
import pytest

from keras_lrcn.metrics import (
    activity_scores,
    class_gains,
    confusion_matrix,
    video_probabilities,
)


def test_accuracies_by_hand():
    probabilities = [[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.7, 0.3]]
    scores = activity_scores(probabilities, [0, 1, 1, 0], classes=["sit", "run"])
    assert scores["top_1"] == 0.75
    assert scores["per_class"] == {"sit": 1.0, "run": 0.5}
    assert scores["mean_class_accuracy"] == 0.75
    assert scores["videos"] == 4 and "classes:2" in scores["signature"]
    assert "top_5" not in scores  # all right with two classes


@pytest.mark.parametrize("seed", range(5))
def test_accuracies_equal_a_loop_over_sorted_classes(seed):
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.ones(9), 60)
    labels = rng.integers(0, 8, 60)  # class 8 never occurs
    ranked = [sorted(range(9), key=lambda c: -row[c]) for row in probabilities]
    scores = activity_scores(probabilities, labels)
    assert scores["top_1"] == pytest.approx(
        np.mean([r[0] == y for r, y in zip(ranked, labels, strict=True)])
    )
    assert scores["top_5"] == pytest.approx(
        np.mean([y in r[:5] for r, y in zip(ranked, labels, strict=True)])
    )
    each = {
        c: np.mean([r[0] == c for r, y in zip(ranked, labels, strict=True) if y == c])
        for c in sorted({*labels})
    }
    assert scores["per_class"] == pytest.approx(each)
    assert scores["mean_class_accuracy"] == pytest.approx(np.mean(list(each.values())))


def test_mean_class_accuracy_is_not_the_share_of_videos():
    scores = activity_scores([[1, 0]] * 9 + [[1, 0]], [0] * 9 + [1])
    assert scores["top_1"] == 0.9 and scores["mean_class_accuracy"] == 0.5


def test_of_equal_probabilities_the_first_class_is_ahead():
    scores = activity_scores(np.full((2, 7), 1 / 7), [0, 6])
    assert scores["top_1"] == 0.5 and scores["top_5"] == 0.5


def test_intervals_hold_the_scores_even_where_a_resample_lacks_a_class():
    rng = np.random.default_rng(0)
    labels = np.append(np.zeros(60, int), 1)
    probabilities = rng.dirichlet([2, 1], 61)
    scores = activity_scores(probabilities, labels, num_bootstrap=200)
    for name in ("top_1", "mean_class_accuracy"):
        low, high = scores["intervals"][name]
        assert low <= scores[name] <= high and low < high


def test_clips_are_averaged_over_their_video():
    clips = [[1.0, 0.0], [0.2, 0.8], [0.4, 0.6], [0.0, 1.0]]
    names, probabilities = video_probabilities(clips, ["b", "a", "b", "b"])
    assert names == ["b", "a"]
    np.testing.assert_allclose(probabilities, [[1.4 / 3, 1.6 / 3], [0.2, 0.8]])
    with pytest.raises(ValueError, match="2 for 4 clips"):
        video_probabilities(clips, ["a", "b"])


def test_confusion_has_right_classes_in_rows():
    counts = confusion_matrix([0, 0, 2, 2], [0, 1, 1, 1], 3)
    assert counts.tolist() == [[1, 1, 0], [0, 0, 0], [0, 2, 0]]


def test_gains_are_sorted_differences():
    ours = activity_scores([[1, 0, 0], [0, 1, 0], [0, 0, 1]], [0, 1, 2], ["a", "b", "c"])
    base = activity_scores([[1, 0, 0], [1, 0, 0], [0, 0, 1]], [0, 1, 2], ["a", "b", "c"])
    assert class_gains(ours, base) == [("b", 1.0), ("a", 0.0), ("c", 0.0)]
    assert class_gains(base, ours)[-1] == ("b", -1.0)
    with pytest.raises(ValueError, match="'c'"):
        class_gains(ours, activity_scores([[1, 0], [0, 1]], [0, 1], ["a", "b"]))


@pytest.mark.parametrize(
    "probabilities, labels, message",
    [
        ([[1, 0]], [0, 1], "shapes"),
        ([1, 0], [0, 1], "shapes"),
        (np.zeros((0, 2)), [], "shapes"),
        ([[1, 0]], [2], "ints from 0 to 1"),
        ([[1, 0]], [-1], "ints from 0 to 1"),
        ([[1, 0]], [0.0], "ints from 0 to 1"),
        ([[np.nan, 0]], [0], "finite"),
    ],
)
def test_what_does_not_fit_is_refused(probabilities, labels, message):
    with pytest.raises(ValueError, match=message):
        activity_scores(probabilities, labels)
