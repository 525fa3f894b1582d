"""Optical flow on textures that move in known ways."""

import numpy as np
import pytest

from keras_lrcn.data import FlowEncoding, FlowStream, flow_frames, flow_to_color, optical_flow
from keras_lrcn.data.flow import METHODS

cv2 = pytest.importorskip("cv2")


def smooth_noise(height, width, blur=2.0, seed=0):
    noise = np.random.default_rng(seed).normal(size=(height, width, 3)).astype("float32")
    noise = cv2.GaussianBlur(noise, (0, 0), blur)
    return np.clip(128 + 50 * noise / noise.std(), 0, 255).astype("uint8")


def moving_texture(time, x, y, height=60, width=80):
    """Frames in which everything moves by (x, y) pixels from each to the next."""
    margin = 8 + (time - 1) * max(abs(x), abs(y))
    texture = smooth_noise(height + 2 * margin, width + 2 * margin)
    starts = [(margin - k * y, margin - k * x) for k in range(time)]
    return np.stack([texture[t : t + height, u : u + width] for t, u in starts])


@pytest.mark.parametrize("method", METHODS)
def test_known_translations_are_recovered(method):
    flow = optical_flow(*moving_texture(2, 3, -2, height=120, width=160), method)
    assert flow.dtype == "float32" and flow.shape == (120, 160, 2)
    error = np.linalg.norm(flow - [3, -2], axis=-1)
    assert np.median(error) < (0.2 if method == "dis" else 0.05)


@pytest.mark.parametrize("method", METHODS)
def test_flow_is_the_same_in_every_run(method):
    frames = moving_texture(2, x=2, y=1)
    np.testing.assert_array_equal(optical_flow(*frames, method), optical_flow(*frames, method))


def test_a_function_may_stand_for_the_method():
    def method(previous, frame):
        return np.full((*frame.shape[:2], 2), [1.5, -0.5])

    frames = moving_texture(3, x=1, y=1)
    np.testing.assert_array_equal(flow_frames(frames, method=method)[..., 0], 128 + 24)


def test_unknown_methods_are_refused():
    with pytest.raises(ValueError, match="brox_fast.*function of two frames.*'brux'"):
        optical_flow(*moving_texture(2, 1, 1), "brux")


def test_frames_of_other_kinds_are_refused():
    frames = moving_texture(2, 1, 1)
    with pytest.raises(ValueError, match="uint8.*float32"):
        optical_flow(*frames.astype("float32"))
    with pytest.raises(ValueError, match="one size"):
        optical_flow(frames[0], frames[1][:-1])
    with pytest.raises(ValueError, match=r"\(time, height, width, 3\)"):
        flow_frames(frames[0])


def test_workers_and_the_stream_give_what_one_loop_gives():
    frames = moving_texture(4, x=1, y=-2)
    encoding = FlowEncoding(method="dis")
    images = flow_frames(frames, encoding)
    assert images.shape == (3, 60, 80, 3) and images.dtype == "uint8"
    for k in range(3):
        np.testing.assert_array_equal(
            images[k], encoding.encode(optical_flow(frames[k], frames[k + 1], "dis"))
        )
    np.testing.assert_array_equal(flow_frames(frames, encoding, workers=3), images)
    stream = FlowStream(encoding)
    for _ in range(2):
        assert stream.step(frames[0]) is None
        np.testing.assert_array_equal([stream.step(frame) for frame in frames[1:]], images)
        stream.reset()


def test_one_frame_has_no_flow():
    assert flow_frames(moving_texture(1, 0, 0)).shape == (0, 60, 80, 3)


def test_colours_tell_the_direction_and_the_speed():
    flow = np.array([[[8, 0], [-8, 0], [0, 0], [4, 0], [80, 0]]], "float32")
    colors = flow_to_color(flow, largest=8)[0]
    red, cyan, white, pale, fast = colors.tolist()
    assert (red, cyan, white) == ([255, 0, 0], [0, 255, 255], [255, 255, 255])
    assert pale == [255, 128, 128] and fast == red
