"""Some frames of a video: all are decoded, but only these are turned to RGB and resized."""

import itertools

import numpy as np

from keras_lrcn.data.frame_folders import ArraySource, FolderSource
from keras_lrcn.data.image_store import resize_pixels
from keras_lrcn.data.video import REMEDY, open_source
from keras_lrcn.data.video_pace import moments_at
from keras_lrcn.data.video_source import VideoError, check_exists


def read_frames(source, choose, size, fps=None):
    """Reads the frames of a video that are chosen once it is known how many there are.

    The same frames as those of `read_video`, in a fraction of the time where they are few: the
    video is decoded twice, but turning a frame to RGB and resizing it costs many times more.

    Args:
        source: as in `read_video`.
        choose: callable, the number of frames -> int array `(time,)` of places from 0.
        size: `(height, width)` in pixels, see `read_video`.
        fps: see `read_video`.

    Returns:
        uint8 RGB array `(time, height, width, 3)`.

    Raises:
        VideoError: there is no such file, or it is damaged.
    """
    if not isinstance(source, np.ndarray):
        check_exists(source)
    opened, moments = _open(source, fps)
    count = sum(1 for _ in moments)
    if opened.damage or not count:
        cause = "; ".join(opened.damage.texts()) or "not one frame in it"
        raise VideoError(opened.path, cause, REMEDY)
    places = np.asarray(choose(count))
    wanted, frames = set(places.tolist()), {}
    _, moments = _open(source, fps)
    for place, moment in enumerate(itertools.islice(moments, max(wanted) + 1)):
        if place in wanted:
            frames[place] = resize_pixels(moment.pixels(), size)
    return np.stack([frames[place] for place in places.tolist()])


def _open(source, fps):
    opened = open_source(source, fps)
    paced = not isinstance(opened, (ArraySource, FolderSource))
    return opened, moments_at(opened, fps if paced else None)
