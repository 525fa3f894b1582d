"""The authors' resizing against its definition, a sample at a time."""

import numpy as np
import pytest

from keras_lrcn.preprocessing import sample_middle


def by_definition(pixels, size):
    """Half-pixel centres, order 1; `captioner.py` cuts `int(side * ratio + 0.5)` off each side."""
    ratio = (256 - 227.0) / 256 / 2
    top, left = (int(side * ratio + 0.5) for side in pixels.shape[:2])
    pixels = pixels[top : pixels.shape[0] - top, left : pixels.shape[1] - left].astype("float64")
    result = np.empty((*size, 3))
    for row in range(size[0]):
        for column in range(size[1]):
            y = (row + 0.5) * pixels.shape[0] / size[0] - 0.5
            x = (column + 0.5) * pixels.shape[1] / size[1] - 0.5
            result[row, column] = 0
            for i in (int(np.floor(y)), int(np.floor(y)) + 1):
                for j in (int(np.floor(x)), int(np.floor(x)) + 1):
                    near = pixels[
                        min(max(i, 0), pixels.shape[0] - 1), min(max(j, 0), pixels.shape[1] - 1)
                    ]
                    result[row, column] += (1 - abs(y - i)) * (1 - abs(x - j)) * near
    return result


@pytest.mark.parametrize("shape", [(48, 64), (9, 31), (100, 7), (1, 1)])
def test_equals_the_definition(shape):
    pixels = np.random.default_rng(0).integers(0, 256, (*shape, 3)).astype("uint8")
    resized = sample_middle(pixels, (13, 12))
    assert resized.shape == (13, 12, 3) and resized.dtype == np.uint8
    np.testing.assert_allclose(resized, by_definition(pixels, (13, 12)), atol=0.5 + 1e-9)


def test_the_margin_is_not_seen():
    pixels = np.full((512, 512, 3), 9, "uint8")
    pixels[:29], pixels[-29:], pixels[:, :29], pixels[:, -29:] = 255, 255, 255, 255
    np.testing.assert_array_equal(sample_middle(pixels, (227, 227)), 9)
    pixels[29], pixels[:, -30] = 255, 255
    seen = sample_middle(pixels, (227, 227))
    assert (seen[0] > 9).all() and (seen[:, -1] > 9).all()
