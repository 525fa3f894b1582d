"""Optical flow on textures that move in known ways."""

import sys

import numpy as np
import pytest

from keras_lrcn.data import FlowEncoding, FlowStream, flow_frames, flow_to_color, optical_flow
from keras_lrcn.data.flow import METHODS

cv2 = pytest.importorskip("cv2")
from tests.reference.layered_motion import layered_pair  # noqa: E402


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


@pytest.mark.parametrize("method, most", [("dis", 0.95), ("brox_fast", 0.6), ("brox", 0.5)])
def test_endpoint_errors_on_layers_that_move(method, most):
    errors = []
    for seed in range(8):  # as written: 0.875, 0.526 and 0.430 pixels; no motion at all has 5.0
        previous, frame, flow = layered_pair(seed, num_objects=2 + seed % 3)
        errors.append(np.linalg.norm(optical_flow(previous, frame, method) - flow, axis=-1).mean())
    assert np.mean(errors) <= most


@pytest.mark.parametrize("method, most", [("dis", 0.15), ("brox_fast", 0.06), ("brox", 0.09)])
def test_flow_of_mirrored_frames_is_nearly_the_mirrored_flow(method, most):
    differences = []
    for seed in range(3):  # the solvers sweep from left to right, so exact it is not
        previous, frame, _ = layered_pair(seed)
        flow = optical_flow(previous, frame, method)
        mirrored = optical_flow(previous[:, ::-1], frame[:, ::-1], method)
        difference = np.linalg.norm(flow[:, ::-1] * [-1, 1] - mirrored, axis=-1)
        differences.append((difference.mean(), np.median(difference)))
    mean, median = np.mean(
        differences, 0
    )  # pixels; dis 0.074, 0.041; brox_fast 0.030, 0.011; brox 0.043, 0.011
    assert mean <= most and median <= most / 2


@pytest.mark.parametrize("shape", [(1, 1), (8, 50), (13, 100), (25, 320), (90, 10), (9, 1500)])
@pytest.mark.parametrize("method", METHODS)
def test_small_and_narrow_frames_have_flow(method, shape):
    frames = np.random.default_rng(0).integers(0, 256, (2, *shape, 3), dtype="uint8")
    flow = optical_flow(*frames, method)  # OpenCV's DIS alone ends the process for some of these
    assert flow.shape == (*shape, 2) and np.isfinite(flow).all()


@pytest.mark.parametrize("method", METHODS)
def test_flow_does_not_depend_on_the_number_of_threads(method):
    frames, threads = moving_texture(2, x=2, y=1, height=100, width=120), cv2.getNumThreads()
    try:
        flows = []
        for number in (1, 2, 4):
            cv2.setNumThreads(number)
            flows.append(optical_flow(*frames, method))
    finally:
        cv2.setNumThreads(threads)
    np.testing.assert_array_equal(flows[0], flows[1])
    np.testing.assert_array_equal(flows[0], flows[2])


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


def test_a_function_that_returns_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"return \(60, 80, 2\).*Received: \(2, 60, 80\)"):
        optical_flow(*moving_texture(2, 1, 1), lambda previous, frame: np.zeros((2, 60, 80)))


def test_without_opencv_the_package_is_named_and_functions_still_work(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    frames = np.zeros((3, 20, 30, 3), "uint8")
    with pytest.raises(ImportError, match=r'pip install "keras-lrcn\[flow\]"'):
        flow_frames(frames)
    still = flow_frames(frames, method=lambda previous, frame: np.zeros((20, 30, 2)))
    np.testing.assert_array_equal(still, 128)


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
