"""The recipe that shows what the LSTM is for."""

import numpy as np
import pytest

from applications.activity import motions
from keras_lrcn.data import motion_video
from keras_lrcn.timeline import timeline_runs


@pytest.fixture(scope="module")
def lrcn():
    return motions.train(motions.DIRECTIONS, num_layers=1)


@pytest.mark.slow
def test_lrcn_tells_directions_that_no_single_frame_does(lrcn):
    assert motions.held_out_accuracy(lrcn) > 0.95
    single = motions.train(motions.DIRECTIONS, num_layers=0)
    assert 0.1 < motions.held_out_accuracy(single) < 0.4  # chance: 0.25
    # Without order the places still tell the axis, and no more.
    assert motions.held_out_accuracy(lrcn, shuffle_frames=True) < 0.65


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_the_timeline_turns_within_eight_frames_of_the_video(lrcn, seed):
    ways = ["left", "down", "right"]
    video = motion_video(ways, frames_each=24, scale=2, seed=[99, seed])
    runs = timeline_runs(lrcn.classify(video))
    assert [run.label for run in runs] == ways
    turns = np.array([run.start for run in runs[1:]]) * 25  # arrays have 25 frames a second
    np.testing.assert_allclose(turns, [24, 48], atol=8)
