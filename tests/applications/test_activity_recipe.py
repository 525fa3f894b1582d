"""The parts of the activity recipe that decide what its numbers mean."""

import numpy as np
import pytest

from applications.activity.drift import forth_and_back
from applications.activity.experiments import SETS, _folds
from applications.activity.train import shuffled_probabilities, table
from keras_lrcn.data import LabelledVideo
from tests.models.test_activity import make_activity


@pytest.mark.parametrize("seed", range(5))
def test_folds_keep_sources_together_and_classes_level(seed):
    random = np.random.default_rng(seed)
    examples = [
        LabelledVideo(str(i), f"{i}.mp4", random.choice(["a", "b"]), str(random.integers(20)))
        for i in range(120)
    ]
    fold_of = _folds(examples, 3)
    by_source = {}
    for example in examples:
        by_source.setdefault(example.group, set()).add(fold_of[example.video_id])
    assert all(len(folds) == 1 for folds in by_source.values())
    counts = np.bincount(list(fold_of.values()), minlength=3)
    assert counts.min() >= 0.8 * counts.mean()


@pytest.mark.shared
@pytest.mark.parametrize("name", SETS)
def test_splits_of_the_real_sets_share_no_group(name, shared_data):
    videos, tested = SETS[name], []
    for number in range(1, videos.num_splits + 1):
        train, test = videos.split(str(shared_data), number)
        groups = [{e.group for e in side if e.group} for side in (train, test)]
        assert train and test and not groups[0] & groups[1]
        tested += [e.video_id for e in test]
    assert len(set(tested)) == len(tested) == len(videos.everything(str(shared_data)))


def test_a_pendulum_shows_no_cut():
    frames = np.arange(4)
    assert forth_and_back(frames, 9).tolist() == [0, 1, 2, 3, 2, 1, 0, 1, 2]


def test_the_shuffled_control_keeps_each_clips_frames():
    single, lrcn = make_activity(num_layers=0), make_activity()
    features = np.random.default_rng(0).normal(size=(30, single.backbone.visual_dim))
    features = features.astype("float32")
    options = {"length": 6, "stride": 3}
    for model, same in ((single, True), (lrcn, False)):
        shuffled = shuffled_probabilities(model, features, **options)
        in_order = model.classify_features(features).probabilities
        assert np.allclose(shuffled, in_order, atol=1e-6) == same


def test_the_table_has_a_row_a_model_and_the_spread_over_seeds():
    results = {
        ("lrcn", "rgb"): np.array([[0.5, 0.7], [0.7, 0.9]]),
        ("lrcn", "flow"): np.ones((2, 2)),
    }
    assert table(results).splitlines() == [
        "| | rgb | flow |",
        "|---|---|---|",
        "| lrcn | 70.0 ± 10.0 | 100.0 ± 0.0 |",
    ]
