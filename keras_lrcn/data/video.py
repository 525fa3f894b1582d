import os
from typing import NamedTuple

import numpy as np

from keras_lrcn.data.image_store import resize_pixels


class VideoError(ValueError):
    def __init__(self, path, m=""):
        super().__init__(f"{path}: {m}")
        self.path = path


class Video(NamedTuple):
    frames: object
    seconds: object


def iter_video(source, size=None, fps=None, on_error="partial"):
    if hasattr(source, "ndim"):
        for i, f in enumerate(source):
            yield (resize_pixels(f, size) if size else f), i / (fps or 25)
        return
    import av

    with av.open(os.fspath(source)) as c:
        for f in c.decode(video=0):
            a = f.to_ndarray(format="rgb24")
            yield (resize_pixels(a, size) if size else a), float(f.time)


def read_video(
    source, size=None, fps=None, start=0.0, max_frames=None, on_error="raise", decoder="pyav"
):
    fs, ss = zip(*iter_video(source, size, fps))
    return Video(np.stack(fs), np.array(ss))


def list_videos(paths):
    raise NotImplementedError
