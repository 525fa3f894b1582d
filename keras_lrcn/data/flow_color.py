"""Optical flow for the eye."""

import numpy as np


def flow_to_color(flow, largest=None):
    """Shows flow as colours: the hue is the direction, and the stronger the faster.

    White is no motion, red to the right, yellow-green down, cyan to the left, violet up.

    Args:
        flow: float array `(..., height, width, 2)`, pixels, x to the right and y down.
        largest: motion in pixels that has full colour, as has everything above; by default the
            largest there is. Give one for pictures that are compared.

    Returns:
        uint8 array `(..., height, width, 3)`, RGB.

    Reference: the colour wheel of Baker et al., "A Database and Evaluation Methodology for Optical
    Flow", IJCV 2011, here with hues evenly spread.
    """
    flow = np.asarray(flow, "float32")
    speed = np.hypot(flow[..., 0], flow[..., 1])
    strength = np.minimum(speed / max(largest or speed.max(initial=0), 1e-6), 1)
    turn = np.arctan2(flow[..., 1], flow[..., 0]) / (2 * np.pi)  # of the full circle
    thirds = np.array([0, 1, 2], "float32") / 3  # red, green and blue sit a third apart
    hue = np.clip(np.abs((turn[..., None] - thirds + 0.5) % 1 - 0.5) * -6 + 2, 0, 1)
    return np.rint(255 * (1 - strength[..., None] * (1 - hue))).astype("uint8")
