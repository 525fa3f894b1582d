"""Videos of any length as one array: padded to few lengths, and padding told from frames."""

import numpy as np
from keras import ops

# Values of a frame that is not there: no pixel or feature in a model's range is so low.
NO_FRAME = -10_000.0
LENGTHS = (1, 4, 8, 16, 32, 48, 64, 80, 96, 128, 192, 256, 320)


def pad_frames(videos, lengths=LENGTHS):
    """Stacks videos (or features of their frames), padded at the end to the next usual length.

    A model is compiled once for each length it meets; with a few usual ones it is not compiled
    again for every video.

    Args:
        videos: list of float arrays `(time, ...)`, alike but for `time`.
        lengths: increasing ints, the usual lengths in frames; beyond the last, its multiples.

    Returns:
        float32 array `(batch, length, ...)`; what is padding holds `NO_FRAME`.

    Example:
    ```python
    pad_frames([np.ones((3, 2)), np.ones((5, 2))]).shape  # (2, 8, 2)
    ```
    """
    longest = max(len(video) for video in videos)
    multiple = -(-longest // lengths[-1]) * lengths[-1]
    length = next((usual for usual in lengths if usual >= longest), multiple)
    padded = np.full((len(videos), length, *videos[0].shape[1:]), NO_FRAME, "float32")
    for row, video in zip(padded, videos, strict=True):
        row[: len(video)] = video
    return padded


def split_padding(frames):
    """Tells padding from frames.

    Args:
        frames: float tensor `(batch, time, ...)`, as `pad_frames` makes it.

    Returns:
        Tuple of the frames with zeros for padding, and a bool tensor `(batch, time)`, true for
        each frame.
    """
    first = frames[(slice(None), slice(None), *[0] * (len(frames.shape) - 2))]
    mask = first > NO_FRAME / 2
    # Reshaped by indexing: the symbolic shape need not be known.
    wide = mask[(..., *[None] * (len(frames.shape) - 2))]
    return ops.where(wide, frames, ops.zeros_like(frames)), mask
