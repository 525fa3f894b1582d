"""The flow image of the paper: golden values, round trips, mirroring."""

import json

import numpy as np
import pytest

from keras_lrcn.data import FlowEncoding


def random_flow(seed, largest=7.9):
    rng = np.random.default_rng(seed)
    return rng.uniform(-largest, largest, (*rng.integers(1, 20, 2), 2)).astype("float32")


def test_levels_are_those_of_the_authors_formulas():
    # create_flow_images_LRCN.m: flow*16+128 in 0..255; min(sqrt(x^2+y^2)*16+128, 255)
    flow = [[(0, 0), (3, -4), (1.03, 0), (-8, 0), (7.9, 0.5), (-30, 40)]]
    expected = [(128, 128, 128), (176, 64, 208), (144, 128, 144), (0, 128, 255), (254, 136, 255)]
    np.testing.assert_array_equal(FlowEncoding().encode(flow), [[*expected, (0, 255, 255)]])


@pytest.mark.parametrize("seed", range(20))
def test_decoding_is_within_half_a_level(seed):
    flow, encoding = random_flow(seed), FlowEncoding()
    assert np.abs(encoding.decode(encoding.encode(flow)) - flow).max() <= 1 / 32


def test_the_order_of_the_channels_is_the_one_named():
    flow = random_flow(0)
    reversed_encoding = FlowEncoding(channels=("magnitude", "y", "x"))  # as Caffe sees them
    image = reversed_encoding.encode(flow)
    np.testing.assert_array_equal(image[..., ::-1], FlowEncoding().encode(flow))
    assert np.abs(reversed_encoding.decode(image) - flow).max() <= 1 / 32


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("channels", [("x", "y", "magnitude"), ("magnitude", "y", "x")])
def test_mirroring_the_image_is_encoding_the_mirrored_flow(seed, channels):
    flow, encoding = random_flow(seed), FlowEncoding(channels=channels)
    if seed % 2:
        flow = np.round(flow * 32) / 32  # half of all levels exactly between two
    image = encoding.encode(flow)
    mirrored = encoding.mirror(image)
    np.testing.assert_array_equal(mirrored, encoding.encode(flow[:, ::-1] * [-1, 1]))
    np.testing.assert_array_equal(encoding.mirror(mirrored), image)


def test_mirroring_saturated_motion_stays_saturated():
    image = np.array([[[0, 0, 255], [255, 255, 255]]], "uint8")
    mirrored = FlowEncoding().mirror(image)
    np.testing.assert_array_equal(mirrored, [[[1, 255, 255], [255, 0, 255]]])


def test_mirroring_keeps_the_video_axis_and_its_argument():
    images = np.random.default_rng(0).integers(1, 256, (4, 5, 6, 3), dtype="uint8")
    before = images.copy()
    mirrored = FlowEncoding().mirror(images)
    np.testing.assert_array_equal(mirrored, [FlowEncoding().mirror(image) for image in images])
    np.testing.assert_array_equal(images, before)


def test_the_configuration_travels_as_json():
    encoding = FlowEncoding(6.375, 127.5, ("y", "x", "magnitude"), "dis")
    assert FlowEncoding.from_config(json.loads(json.dumps(encoding.to_config()))) == encoding
    assert hash(encoding)


@pytest.mark.parametrize(
    "arguments",
    [{"scale": 0}, {"offset": 100.3}, {"channels": ("x", "y")}, {"method": min}, {"offset": -1}],
)
def test_wrong_arguments_are_named(arguments):
    with pytest.raises(ValueError, match=f"`{next(iter(arguments))}`.*Received"):
        FlowEncoding(**arguments)
