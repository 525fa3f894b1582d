"""Pairs of frames whose optical flow is known exactly: textured layers that move over another."""

import cv2
import numpy as np

HEIGHT, WIDTH = 240, 320
MARGIN = 40  # of texture around what the frame shows


def layered_pair(seed, num_objects=3, noise=3.0):
    """A background and some objects, each with its own affine motion, seen twice.

    The second frame is darker or brighter; both have noise and are JPEG compressed, as frames of
    a video are.

    Returns:
        The two frames, uint8 `(240, 320, 3)`, and the flow at each pixel of the first, float32
        `(240, 320, 2)`.
    """
    rng = np.random.default_rng(seed)
    first = np.zeros((HEIGHT, WIDTH, 3), "float32")
    second, flow = first.copy(), np.zeros((HEIGHT, WIDTH, 2), "float32")
    for layer in range(1 + num_objects):
        texture, motion = _texture(rng), _affine(rng)
        mask = _blob(rng) if layer else np.ones(texture.shape[:2], "float32")
        first = _over(first, texture, mask, np.eye(3))
        second = _over(second, texture, mask, motion)
        inside = mask[MARGIN:-MARGIN, MARGIN:-MARGIN] >= 0.5
        flow[inside] = _flow_of(motion)[inside]
    second = second * rng.uniform(0.95, 1.05) + rng.uniform(-5, 5)
    frames = (image + rng.normal(0, noise, image.shape) for image in (first, second))
    return *(_jpeg(frame) for frame in frames), flow


def _texture(rng):
    """Dead leaves: discs of many sizes that hide each other, flat inside as much of a photo is."""
    height, width = HEIGHT + 2 * MARGIN, WIDTH + 2 * MARGIN
    texture = np.full((height, width, 3), 128, "float32")
    base = rng.uniform(80, 170, 3)
    for _ in range(1500):
        radius = min(3 * rng.pareto(1.2) + 3, 80)
        centre = rng.uniform((0, 0), (width, height))
        color = base + rng.normal(0, 30) + rng.normal(0, 10, 3)
        cv2.circle(texture, [int(c) for c in centre], int(radius), color.tolist(), -1)
    grain = cv2.GaussianBlur(rng.normal(0, 12, (height, width, 1)).astype("float32"), (0, 0), 1.5)
    return cv2.GaussianBlur(texture, (0, 0), 0.8) + grain[..., None]


def _blob(rng):
    """A smooth-edged shape, 1 inside, of some 60 pixels across."""
    mask = np.zeros((HEIGHT + 2 * MARGIN, WIDTH + 2 * MARGIN), "float32")
    centre = rng.uniform([MARGIN + 40, MARGIN + 40], [MARGIN + 280, MARGIN + 200])
    axes = rng.uniform(20, 55, 2)
    cv2.ellipse(mask, (tuple(centre), tuple(2 * axes), rng.uniform(0, 180)), 1.0, -1)
    return cv2.GaussianBlur(mask, (0, 0), 0.7)


def _affine(rng):
    """A shift, and a little rotation and growth about the middle: `(3, 3)`, on pixels."""
    angle, growth = rng.normal(0, 0.02), 1 + rng.normal(0, 0.02)
    turn = growth * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = np.array([WIDTH, HEIGHT]) / 2 + MARGIN
    direction = rng.uniform(0, 2 * np.pi)
    shift = rng.uniform(0, 7) * np.array([np.cos(direction), np.sin(direction)])
    motion = np.eye(3)
    motion[:2, :2], motion[:2, 2] = turn, middle + shift - turn @ middle
    return motion


def _over(below, texture, mask, motion):
    """Moves a layer and lays it over what is there, cut to the frame."""
    size = (texture.shape[1], texture.shape[0])
    moved = [cv2.warpAffine(i, motion[:2], size, flags=cv2.INTER_CUBIC) for i in (texture, mask)]
    texture, mask = (image[MARGIN:-MARGIN, MARGIN:-MARGIN] for image in moved)
    mask = np.clip(mask, 0, 1)[..., None]
    return mask * texture + (1 - mask) * below


def _flow_of(motion):
    x, y = np.meshgrid(np.arange(WIDTH) + MARGIN, np.arange(HEIGHT) + MARGIN)
    points = np.stack([x, y, np.ones_like(x)], -1)
    return ((points @ motion.T) - points)[..., :2].astype("float32")


def _jpeg(image, quality=85):
    pixels = np.clip(np.rint(image), 0, 255).astype("uint8")
    _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(data, cv2.IMREAD_COLOR)
