import numpy as np
import pytest

from keras_lrcn.preprocessing import pad_frames
from keras_lrcn.preprocessing.frame_padding import LENGTHS, split_padding


@pytest.mark.parametrize("shape", [(2,), (4, 3, 1)])
@pytest.mark.parametrize("lengths", [(1,), (3, 5), (75, 74, 1), (300, 8), (321, 2)])
def test_padding_is_told_from_frames(lengths, shape):
    rng = np.random.default_rng(0)
    videos = [rng.normal(0, 50, (length, *shape)) for length in lengths]
    frames, mask = split_padding(pad_frames(videos))
    for row, video in enumerate(videos):
        np.testing.assert_allclose(frames[row, : len(video)], video, rtol=1e-6)
        assert not np.any(frames[row, len(video) :])
        assert np.asarray(mask[row]).tolist() == [i < len(video) for i in range(frames.shape[1])]


def test_three_hundred_lengths_need_few_shapes():
    shapes = {pad_frames([np.zeros((length, 1))]).shape[1] for length in range(1, 301)}
    assert shapes <= set(LENGTHS) and len(shapes) <= 13


def test_beyond_the_usual_lengths_are_multiples_of_the_last():
    assert pad_frames([np.zeros((700, 1))]).shape[1] == 960
