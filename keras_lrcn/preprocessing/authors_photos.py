"""How the authors bring a photo to the size of their networks."""

import numpy as np

MARGIN = (256 - 227) / 256 / 2  # of the height and width; the same for networks of 224 pixels


def sample_middle(pixels, size):
    """Cuts a margin off on every side and samples the rest, bilinear and without smoothing.

    A photo that shrinks a lot is sampled at few of its pixels. The authors' captioners learned
    from photos of 256 x 256 pixels, of which they saw 227 x 227.

    Args:
        pixels: uint8 array `(height, width, 3)`.
        size: `(height, width)` of the result in pixels.

    Returns:
        uint8 array `(*size, 3)`.

    Reference: `preprocess_image` of the authors' `captioner.py`; beyond the edge pixels of what is
    enlarged, the edge goes on here, where scikit-image mixes in black.
    """
    top, left = (int(side * MARGIN + 0.5) for side in pixels.shape[:2])
    pixels = pixels[top : len(pixels) - top, left : pixels.shape[1] - left]
    (y, y_next, down), (x, x_next, right) = map(_places, pixels.shape[:2], size)
    down, right = down[:, None, None], right[:, None]
    upper, lower = (
        pixels[rows][:, x] * (1 - right) + pixels[rows][:, x_next] * right for rows in (y, y_next)
    )
    return np.rint(upper * (1 - down) + lower * down).astype("uint8")


def _places(available, wanted):
    """Which pixels lie around each sample along one side, and how near it is to the latter."""
    centres = np.clip((np.arange(wanted) + 0.5) * available / wanted - 0.5, 0, available - 1)
    first = centres.astype(int)
    return first, np.minimum(first + 1, available - 1), centres - first
