"""Video files, folders of frames, animations, cameras -> RGB frames with their times."""

import importlib.util
import itertools
import os
import warnings
from typing import NamedTuple

import numpy as np

from keras_lrcn.data.frame_folders import AnimationSource, ArraySource, FolderSource
from keras_lrcn.data.image_store import resize_pixels
from keras_lrcn.data.video_opencv import LiveSource, OpenCVSource, is_live
from keras_lrcn.data.video_pace import moments_at
from keras_lrcn.data.video_pyav import PyAVSource
from keras_lrcn.data.video_source import VideoError, check_exists
from keras_lrcn.data.video_tfio import TfioSource

ANIMATIONS = (".gif", ".webp", ".png", ".apng")
DECODERS = {"pyav": PyAVSource, "opencv": OpenCVSource, "tfio": TfioSource}
REMEDY = 'Fetch the file again, or use `on_error="partial"` or `"skip"`'


class Video(NamedTuple):
    """A video in memory.

    Args:
        frames: uint8 array `(time, height, width, 3)`, RGB, upright.
        seconds: float64 array `(time,)`, when each frame is shown; the video begins at 0.
        path: str, where it came from.
        expected: int or `None`, the frames that the file's header promises.
        errors: tuple of str, the damage that was met.
    """

    frames: np.ndarray
    seconds: np.ndarray
    path: str
    expected: int | None = None
    errors: tuple = ()

    @property
    def damaged(self):
        """Whether something of the file is missing or broken."""
        return bool(self.errors)


def read_video(
    source,
    size=None,
    fps=None,
    start=0.0,
    max_frames=None,
    on_error="raise",
    decoder="pyav",
):
    """Reads a video as RGB frames, upright, with the time of each.

    Damage is what a decoder reports, frames that it marks as faulty, and fewer frames or bytes
    than the file's header promises; in a file that is not cut, only as far as it is read. A
    missing file is no damage: it raises in every case.

    Args:
        source: a video file, a folder of frame images (in the natural order of their names), an
            animated GIF or WebP, or a uint8 array `(time, height, width, 3)`.
        size: optional `(height, width)` in pixels. Each frame is resized as soon as it is
            decoded, by the same kernel whatever decodes (`resize_pixels`).
        fps: optional frames a second: `round(duration * fps)` frames, each the nearest in time.
            Folders and arrays have no times; for them it is their own rate (default 25).
        start: float, seconds into the video.
        max_frames: optional int, how many frames at most.
        on_error: what damage does. `"raise"`: `VideoError`. `"partial"`: what could be decoded,
            with the damage in `errors`. `"skip"`: `None`.
        decoder: `"pyav"`; `"opencv"`, which does not see damage inside; or `"tfio"`, which tells
            no times either, so that frames count as 1/25 s apart and neither `fps` nor `start`
            can be had. Where those two come out short, PyAV reads the file again, if installed.

    Returns:
        `Video`; `None` for a damaged one with `on_error="skip"`.

    Raises:
        VideoError: there is no such file; the video is damaged (`"raise"`); not one frame can be
            decoded (`"raise"`, `"partial"`).

    Example:
    ```python
    video = read_video("clip.mp4", size=(224, 224), fps=8)
    print(video.frames.shape, video.seconds[-1])
    ```
    """
    _check_arguments(size, fps, start, max_frames)
    _check_choice("on_error", on_error, ("raise", "partial", "skip"))
    _check_choice("decoder", decoder, DECODERS)
    if not isinstance(source, np.ndarray):
        check_exists(source)

    def read(decoder):
        opened = open_source(source, fps, start, decoder)
        pace = None if isinstance(opened, (ArraySource, FolderSource)) else fps
        return _collect(opened, size, pace, start, max_frames)

    if decoder == "tfio" and (fps or start):
        raise ValueError('`decoder="tfio"` tells no times, so it takes neither `fps` nor `start`.')
    try:
        video = _read_again(read, decoder) if decoder != "pyav" else read("pyav")
    except VideoError:
        if on_error == "skip":
            return None
        raise
    if not video.damaged or on_error == "partial":
        return video
    if on_error == "skip":
        return None
    raise VideoError(video.path, "; ".join(video.errors), REMEDY)


def iter_video(source, size=None, fps=None, on_error="partial"):
    """Goes through a video frame by frame, in memory for one frame.

    Args:
        source: as in `read_video`; or a camera (`"camera:0"` or 0) or an rtsp:// or http(s)://
            address, which end when the stream does.
        size: see `read_video`.
        fps: see `read_video`.
        on_error: `"raise"`: `VideoError` where damage is met. `"partial"`: goes on with what can
            be decoded, and warns at the end.

    Yields:
        Tuples of a uint8 RGB array `(height, width, 3)` and its time in seconds from 0.

    Raises:
        VideoError: there is no such file, camera or stream; there is damage (`"raise"`); not one
            frame can be decoded.
    """
    _check_arguments(size, fps)
    _check_choice("on_error", on_error, ("raise", "partial"))
    opened = LiveSource(source) if is_live(source) else open_source(source, fps)
    pace = None if isinstance(opened, (ArraySource, FolderSource)) else fps
    count = 0
    for moment in moments_at(opened, pace):
        if opened.damage and on_error == "raise":
            break
        yield _resized(moment.pixels(), size), moment.second
        count += 1
    if not count and not opened.damage:
        opened.damage.note("not one frame in it")
    if opened.damage:
        error = VideoError(opened.path, "; ".join(opened.damage.texts()), REMEDY)
        if on_error == "raise" or not count:
            raise error
        warnings.warn(str(error), stacklevel=2)


def open_source(source, rate=None, start=0.0, decoder="pyav"):
    """Returns the `VideoSource` for a file, folder, animation or array; see `read_video`."""
    if isinstance(source, np.ndarray):
        return ArraySource(source, rate)
    path = os.fspath(source)
    if os.path.isdir(path):
        return FolderSource(path, rate)
    if os.path.splitext(path)[1].lower() in ANIMATIONS:
        return AnimationSource(path)
    return DECODERS[decoder](path, start)


def _read_again(read, decoder):
    """Where another decoder finds too little or nothing, PyAV has the last word."""
    try:
        video = read(decoder)
    except VideoError:
        if importlib.util.find_spec("av") is None:
            raise
        return read("pyav")
    again = video.damaged and importlib.util.find_spec("av") is not None
    return read("pyav") if again else video


def _collect(source, size, fps, start, max_frames):
    frames, seconds = _Frames(), []
    moments = moments_at(source, fps, start)
    for moment in itertools.islice(moments, max_frames):
        frames.append(_resized(moment.pixels(), size or frames.size()))
        seconds.append(moment.second)
    moments.close()
    if not seconds:
        cause = "; ".join(source.damage.texts()) or f"no frame at or after second {start:g}"
        raise VideoError(source.path, cause, "Fetch the file again")
    seconds, errors = np.asarray(seconds, "float64"), source.damage.texts()
    return Video(frames.array(), seconds, source.path, source.expected, errors)


class _Frames:
    """A uint8 array `(time, height, width, 3)` that grows in place, not twice in memory."""

    def __init__(self):
        self.pixels, self.count = None, 0

    def size(self):
        """`(height, width)` of the first frame, which all others get; `None` before it."""
        return None if self.pixels is None else self.pixels.shape[1:3]

    def append(self, pixels):
        if self.pixels is None:
            self.pixels = np.empty((16, *pixels.shape), "uint8")
        if self.count == len(self.pixels):
            self._resize(self.count + self.count // 2)
        self.pixels[self.count] = pixels
        self.count += 1

    def array(self):
        self._resize(self.count)
        return self.pixels

    def _resize(self, count):
        self.pixels.resize((count, *self.pixels.shape[1:]), refcheck=False)


def _resized(pixels, size):
    return resize_pixels(pixels, size) if size else pixels


def _check_choice(name, value, choices):
    if value not in choices:
        raise ValueError(f"`{name}` must be one of {list(choices)}. Received: {value!r}.")


def _check_arguments(size, fps, start=0.0, max_frames=None):
    if size is not None and (len(size) != 2 or min(size) < 1):
        raise ValueError(f"`size` must be (height, width) in pixels. Received: {size!r}.")
    if fps is not None and not 0 < fps < float("inf"):
        raise ValueError(f"`fps` must be frames a second above 0. Received: {fps!r}.")
    if not 0 <= start < float("inf"):
        raise ValueError(f"`start` must be seconds from 0 on. Received: {start!r}.")
    if max_frames is not None and max_frames < 1:
        raise ValueError(f"`max_frames` must be at least 1. Received: {max_frames!r}.")
