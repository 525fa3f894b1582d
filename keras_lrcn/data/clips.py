"""Which frames make a clip: a pure function of frame count, seed, epoch and video."""

import zlib
from typing import NamedTuple

import numpy as np

TAILS = ("once", "lrcn", "drop")
CROPS = ("centre", "mirror", "ten")


class Crop(NamedTuple):
    """A window into a frame, in pixels of the resized frame, and whether it is mirrored."""

    top: int
    left: int
    mirrored: bool = False


class ClipPlan(NamedTuple):
    """One training clip: its first frame, its window, and whether the crop is taken at all."""

    start: int
    crop: Crop
    squashed: bool = False


def clip_starts(num_frames, length=16, stride=8, tail="once"):
    """First frames of the overlapping clips that cover a video when it is classified.

    A video shorter than `length` is one clip from frame 0; see `clip_frames` for its padding.

    Args:
        num_frames: int, frames of the video.
        length: int, frames of a clip. Defaults to `16`.
        stride: int, frames from one start to the next. Defaults to `8`.
        tail: what happens to frames behind the last whole clip: `"once"` adds one clip of the
            last `length` frames; `"lrcn"` replaces every start with `start + length >=
            num_frames` by that clip, as the authors' `classify_video.py` does, which counts it
            up to twice; `"drop"` leaves them out. Defaults to `"once"`.

    Returns:
        int64 array `(clips,)`, ascending.

    Raises:
        ValueError: for no frames, or a length, stride or tail that does not exist.

    Example:
        >>> clip_starts(30).tolist()
        [0, 8, 14]
        >>> clip_starts(30, tail="lrcn").tolist()
        [0, 8, 14, 14]

    Reference: Donahue et al. 2015, Sec. 4: clips of 16 frames with a stride of 8.
    """
    if num_frames < 1 or length < 1 or stride < 1:
        raise ValueError(
            "`num_frames`, `length` and `stride` must be at least 1. Received: "
            f"num_frames={num_frames}, length={length}, stride={stride}."
        )
    if tail not in TAILS:
        raise ValueError(f"`tail` must be one of {TAILS}. Received: tail={tail!r}.")
    last = max(num_frames - length, 0)
    if tail == "lrcn":
        starts = np.arange(0, num_frames, stride)
        return np.where(starts + length < num_frames, starts, last)
    starts = np.arange(0, last + 1, stride)
    if tail == "once" and starts[-1] < last:
        starts = np.append(starts, last)
    return starts


def clip_frames(start, num_frames, length=16):
    """Frame indices of a clip; behind the end of the video its last frame is repeated.

    Args:
        start: int, or an array of starts `(clips,)`.
        num_frames: int, frames of the video.
        length: int, frames of a clip. Defaults to `16`.

    Returns:
        int64 array `(length,)` or `(clips, length)`.

    Example:
        >>> clip_frames(2, num_frames=5, length=4).tolist()
        [2, 3, 4, 4]
    """
    return np.minimum(np.asarray(start)[..., None] + np.arange(length), num_frames - 1)


def training_clip(
    num_frames,
    frame_size,
    crop_size,
    video_id,
    seed=0,
    epoch=0,
    length=16,
    authors_crop=False,
    mirror=True,
):
    """Draws the one clip that an epoch sees of a video.

    The draw depends on the arguments alone, so the number of workers, the backend and where a
    training resumed cannot change it.

    Args:
        num_frames: int, frames of the video.
        frame_size, crop_size: `(height, width)` of the resized frames and of the window.
        video_id: str.
        seed, epoch: int.
        length: int, frames of a clip. Defaults to `16`.
        authors_crop: bool, whether to do as the authors' data layer does: clips that are not
            mirrored are the whole frame, squashed to the window's size. Defaults to `False`.
        mirror: bool, whether half of the clips are mirrored. Defaults to `True`; `False` where
            left and right are not the same, as in sign language.

    Returns:
        `ClipPlan`.

    Reference: the authors' `sequence_input_layer.py`.
    """
    random = np.random.default_rng([seed, epoch, zlib.crc32(str(video_id).encode())])
    start, top, left = (
        int(random.integers(0, max(room, 0) + 1))
        for room in (
            num_frames - length,
            frame_size[0] - crop_size[0],
            frame_size[1] - crop_size[1],
        )
    )
    mirrored = bool(random.integers(2)) and mirror
    return ClipPlan(start, Crop(top, left, mirrored), authors_crop and not mirrored)


def evaluation_crops(frame_size, crop_size, crops="centre"):
    """Windows that are averaged when a video is classified.

    Args:
        frame_size, crop_size: `(height, width)` of the resized frames and of the window.
        crops: `"centre"`; `"mirror"`, the centre and its mirror; or `"ten"`, the four corners
            and the centre, then their mirrors, as the authors' demo does.

    Returns:
        list of `Crop`.

    Raises:
        ValueError: for other `crops`, or a window that is larger than the frame.

    Example:
        >>> evaluation_crops((240, 320), (227, 227))
        [Crop(top=6, left=46, mirrored=False)]
    """
    bottom, right = (frame - crop for frame, crop in zip(frame_size, crop_size, strict=True))
    if min(bottom, right) < 0:
        raise ValueError(
            f"The window must fit into the frame. Received: frame_size={tuple(frame_size)}, "
            f"crop_size={tuple(crop_size)}."
        )
    centre = (bottom // 2, right // 2)
    if crops not in CROPS:
        raise ValueError(f"`crops` must be one of {CROPS}. Received: crops={crops!r}.")
    corners = [(0, 0), (0, right), (bottom, 0), (bottom, right)] if crops == "ten" else []
    sides = (False,) if crops == "centre" else (False, True)
    return [Crop(*place, mirrored) for mirrored in sides for place in [*corners, centre]]


def cut(frames, crop, crop_size):
    """Cuts a window out of frames.

    Args:
        frames: array `(..., height, width, channels)`.
        crop: `Crop`.
        crop_size: `(height, width)` of the window.

    Returns:
        View of `frames`, `(..., *crop_size, channels)`.
    """
    window = frames[
        ..., crop.top : crop.top + crop_size[0], crop.left : crop.left + crop_size[1], :
    ]
    return window[..., ::-1, :] if crop.mirrored else window
