"""Some frames of a video are those that reading all of it gives."""

import numpy as np
import pytest
from PIL import Image

from keras_lrcn.data import VideoError, read_video
from keras_lrcn.data import video_parts as parts
from keras_lrcn.data.video_parts import read_frames
from tests.reference.video_files import cut_copy, moving_squares, write_video

SIZE = (20, 30)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return write_video(tmp_path_factory.mktemp("video") / "clip.mp4", moving_squares(40))


@pytest.mark.parametrize("fps", [None, 8, 60])
@pytest.mark.parametrize("places", [[0, 1, 2], [5, 3, 3], [-1, -1]])
def test_they_are_the_frames_of_the_whole_video(clip, places, fps):
    whole = read_video(clip, size=SIZE, fps=fps).frames
    chosen = np.array(places) % len(whole)
    seen = []
    frames = read_frames(clip, lambda count: seen.append(count) or chosen, SIZE, fps)
    np.testing.assert_array_equal(frames, whole[chosen])
    assert seen == [len(whole)]


def test_folders_and_arrays_are_read_as_well(tmp_path):
    pixels = moving_squares(5)
    for number, frame in enumerate(pixels):
        Image.fromarray(frame).save(tmp_path / f"{number}.png")
    for source in (str(tmp_path), np.asarray(pixels)):
        frames = read_frames(source, lambda count: [count - 1, 0], SIZE, fps=3)
        np.testing.assert_array_equal(frames, read_video(source, size=SIZE).frames[[-1, 0]])


def test_only_chosen_frames_are_resized(clip, monkeypatch):
    resized, resize = [], parts.resize_pixels
    monkeypatch.setattr(parts, "resize_pixels", lambda *pair: resized.append(pair) or resize(*pair))
    read_frames(clip, lambda count: [2, 2, 7], SIZE)
    assert len(resized) == 2


def test_a_damaged_or_missing_video_is_named(clip, tmp_path):
    cut = cut_copy(clip, tmp_path / "cut.mp4", clip.stat().st_size * 6 // 10)
    with pytest.raises(VideoError, match="cut.mp4"):
        read_frames(cut, lambda count: [0], SIZE)
    with pytest.raises(VideoError, match="none.mp4"):
        read_frames(str(tmp_path / "none.mp4"), lambda count: [0], SIZE)
