"""Motions that no single frame tells, as arrays and as files."""

import numpy as np
import pytest

from keras_lrcn.data import motion_clip, motion_clips, motion_video, write_motion_videos
from keras_lrcn.data.motions import DIRECTIONS, MOTIONS, SIDE


def place_of(frame):
    """Row and column of the square: the circular mean of the bright pixels."""
    bright = (frame.max(axis=-1) > 75).astype(float)
    angles = 2 * np.pi * np.arange(SIDE) / SIDE
    spots = [(bright.sum(axis) * np.exp(1j * angles)).sum() for axis in (1, 0)]
    return np.array([np.angle(spot) / (2 * np.pi) * SIDE for spot in spots])


def steps_of(clip):
    """Rows and columns that the square moves from frame to frame, the shorter way round."""
    places = np.stack([place_of(frame) for frame in clip])
    return (np.diff(places, axis=0) + SIDE / 2) % SIDE - SIDE / 2


@pytest.mark.parametrize("seed", range(10))
def test_the_square_moves_as_the_class_says(seed):
    ways = {"left": (0, -1), "right": (0, 1), "up": (-1, 0), "down": (1, 0)}
    for motion, way in ways.items():
        steps = steps_of(motion_clip(motion, seed=seed))
        speed = np.abs(steps).max().round()
        assert speed in (1, 2)
        np.testing.assert_allclose(steps, np.tile(speed * np.array(way), (15, 1)), atol=1e-6)
    for motion, speed in (("slow", 1), ("fast", 3)):
        steps = steps_of(motion_clip(motion, seed=seed))
        np.testing.assert_allclose(np.abs(steps).sum(axis=1), speed, atol=1e-6)
        assert (np.ptp(steps, axis=0) < 1e-6).all()
    for motion, sign in (("left_then_right", -1), ("right_then_left", 1)):
        [turn] = np.flatnonzero(np.diff(np.sign(steps_of(motion_clip(motion, seed=seed))[:, 1])))
        assert np.sign(steps_of(motion_clip(motion, seed=seed))[0, 1]) == sign and 3 <= turn <= 11


def test_clips_of_one_seed_start_with_one_picture():
    firsts = [motion_clip(motion, seed=[4, 7])[0] for motion in MOTIONS]
    for first in firsts[1:]:
        np.testing.assert_array_equal(first, firsts[0])
    assert not np.array_equal(motion_clip("left", seed=[4, 8])[0], firsts[0])


def test_a_clip_played_backwards_is_one_of_the_opposite_motion():
    steps = steps_of(motion_clip("left", seed=3))
    np.testing.assert_allclose(steps_of(motion_clip("right", seed=3)[::-1]), steps, atol=1e-6)


def test_no_frame_of_any_motion_prefers_a_place():
    clips, labels = motion_clips(per_class=300, num_frames=6, seed=1)
    for label in range(4):
        for number in (0, 5):
            mean = clips[labels == label, number].mean(axis=(0, 3))
            # 300 squares of some 100 pixels: a pixel is bright about 30 times.
            assert mean.std() / mean.mean() < 0.25


def test_sets_are_the_same_in_every_process_and_differ_by_seed():
    clips, labels = motion_clips(("up", "fast"), per_class=5, seed=3)
    assert clips.shape == (10, 16, 32, 32, 3) and clips.dtype == "uint8"
    assert labels.tolist() == [0, 1] * 5
    np.testing.assert_array_equal(clips[2], motion_clip("up", seed=[3, 1]))
    assert int(clips[0].sum()) == 2391934  # drawn once with NumPy 2.4
    others, _ = motion_clips(("up", "fast"), per_class=5, seed=4)
    assert not {clip.tobytes() for clip in clips} & {clip.tobytes() for clip in others}


def test_a_video_goes_on_where_the_motion_before_it_ended():
    video = motion_video(["left", "up"], frames_each=8, scale=2, seed=2)
    assert video.shape == (16, 64, 64, 3)
    steps = steps_of(video[:, ::2, ::2])
    moved = np.abs(steps) > 0.5
    assert moved[:7].tolist() == [[False, True]] * 7 and moved[7:].tolist() == [[True, False]] * 8
    np.testing.assert_array_equal(video[:8], motion_clip("left", 8, 2, seed=2))


@pytest.mark.parametrize("suffix", [".mp4", ".avi", ".gif"])
def test_files_hold_the_clips(tmp_path, suffix):
    pytest.importorskip("av")
    from keras_lrcn.data import read_video, read_video_folders

    paths = write_motion_videos(tmp_path, per_class=2, seed=5, suffix=suffix)
    examples = read_video_folders(tmp_path)
    assert [e.path for e in examples] == sorted(paths) and len(paths) == 8
    assert {e.label for e in examples} == set(DIRECTIONS)
    for example in examples:
        number = int(example.path[-len(suffix) - 4 : -len(suffix)])
        video = read_video(example.path)
        clip = motion_clip(example.label, scale=2, seed=[5, number]).astype(int)
        assert video.frames.shape == clip.shape
        np.testing.assert_allclose(np.diff(video.seconds), 0.1, atol=1e-3)
        assert np.abs(video.frames - clip).mean() < (4 if suffix == ".gif" else 12)


def test_unknown_motions_and_suffixes_are_refused(tmp_path):
    with pytest.raises(ValueError, match="sideways"):
        motion_clip("sideways")
    with pytest.raises(ValueError, match="list"):
        motion_video("left")
    with pytest.raises(ValueError, match="webm"):
        write_motion_videos(tmp_path / "new", suffix=".webm")
    assert not (tmp_path / "new").exists()
