"""Video files, folders of frames, animations, cameras -> RGB frames with their times."""

import glob
import itertools
import os
import warnings
from typing import NamedTuple

import numpy as np

from keras_lrcn.data.frame_folders import AnimationSource, ArraySource, FolderSource, frame_files
from keras_lrcn.data.image_store import resize_pixels
from keras_lrcn.data.video_opencv import LiveSource, OpenCVSource, is_live
from keras_lrcn.data.video_pyav import PyAVSource
from keras_lrcn.data.video_source import VideoError

VIDEO_SUFFIXES = frozenset(
    ".mp4 .m4v .mov .avi .mkv .webm .mpg .mpeg .m2v .ts .mts .m2ts .wmv .asf .flv .f4v .3gp .3g2"
    " .ogv .ogg .vob .divx .mxf .y4m .gif".split()
)
ANIMATIONS = (".gif", ".webp", ".png", ".apng")
ON_ERROR = ("raise", "partial", "skip")
DECODERS = {"pyav": PyAVSource, "opencv": OpenCVSource}


class Video(NamedTuple):
    """A video in memory.

    Args:
        frames: uint8 array `(time, height, width, 3)`, RGB, upright.
        seconds: float64 array `(time,)`, when each frame is shown; the file's first is at 0.
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

    Args:
        source: a video file, a folder of frame images (in the natural order of their names), an
            animated GIF or WebP, or a uint8 array `(time, height, width, 3)`.
        size: optional `(height, width)` in pixels. Each frame is resized as soon as it is
            decoded, by the same kernel whatever decodes.
        fps: optional frames a second: `round(duration * fps)` frames, each the nearest in time.
            Folders and arrays have no times; for them it is their own rate (default 25).
        start: float, seconds into the video.
        max_frames: optional int, how many frames at most.
        on_error: what damage does. `"raise"`: `VideoError`. `"partial"`: what could be decoded,
            with the damage in `errors`. `"skip"`: `None`.
        decoder: `"pyav"`, or `"opencv"`, which does not see damage inside; where it comes out
            short, PyAV reads the file again.

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
    _check_choice("on_error", on_error, ON_ERROR)
    _check_choice("decoder", decoder, DECODERS)
    try:
        video = _read(_source(source, fps, decoder), size, _pace(source, fps), start, max_frames)
        if video.errors and decoder != "pyav":
            video = _read(PyAVSource(source), size, _pace(source, fps), start, max_frames)
    except VideoError:
        if on_error == "skip" and _exists(source):
            return None
        raise
    if not video.damaged or on_error == "partial":
        return video
    if on_error == "skip":
        return None
    raise VideoError(video.path, "; ".join(video.errors), REMEDY)


REMEDY = 'Fetch the file again, or use `on_error="partial"` or `"skip"`'


def iter_video(source, size=None, fps=None, on_error="partial"):
    """Goes through a video frame by frame, in memory for one frame.

    Args:
        source: as in `read_video`; or a camera (`"camera:0"` or 0) or an rtsp:// or http(s)://
            address, which end when the stream does.
        size, fps: see `read_video`.
        on_error: `"raise"`: `VideoError` where damage is met. `"partial"`: goes on with what can
            be decoded, and warns at the end.

    Yields:
        Tuples of a uint8 RGB array `(height, width, 3)` and its time in seconds from 0.
    """
    _check_choice("on_error", on_error, ("raise", "partial"))
    opened = LiveSource(source) if is_live(source) else _source(source, fps, "pyav")
    count = 0
    for second, pixels in _paced(opened, _pace(source, fps)):
        if opened.damage and on_error == "raise":
            break
        yield _resized(pixels(), size), second
        count += 1
    if not count and not opened.damage:
        opened.damage.note("not one frame decodes")
    if opened.damage:
        error = VideoError(opened.path, "; ".join(opened.damage.texts()), REMEDY)
        if on_error == "raise" or not count:
            raise error
        warnings.warn(str(error), stacklevel=2)


def list_videos(paths):
    """Lists the videos that paths, folders and patterns stand for.

    Folders are searched to the bottom for names with a video's suffix (`VIDEO_SUFFIXES`); a
    folder that directly holds images and no videos counts as one video. Hidden files and folders
    are left out. A file that is named outright is taken as it is.

    Args:
        paths: one path or a list of them: files, folders, patterns such as `"clips/**/*.mp4"`.

    Returns:
        Sorted list of str, each video once.

    Raises:
        FileNotFoundError: a path does not exist and a pattern matches nothing.
    """
    if isinstance(paths, (str, os.PathLike)):
        paths = [paths]
    videos = set()
    for path in map(os.fspath, paths):
        matches = [path] if os.path.exists(path) else glob.glob(path, recursive=True)
        if not matches:
            raise FileNotFoundError(f"No file, folder or pattern with a match: {path!r}.")
        for match in matches:
            if os.path.isdir(match):
                videos.update(_videos_below(match))
            elif match == path or _has_video_suffix(match):
                videos.add(os.path.normpath(match))
    return sorted(videos)


def _videos_below(folder):
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        videos = [n for n in names if not n.startswith(".") and _has_video_suffix(n)]
        if not videos and frame_files(parent):
            yield os.path.normpath(parent)
        for name in videos:
            yield os.path.normpath(os.path.join(parent, name))


def _has_video_suffix(name):
    return os.path.splitext(name)[1].lower() in VIDEO_SUFFIXES


def _source(source, fps, decoder):
    if isinstance(source, np.ndarray):
        return ArraySource(source, fps)
    path = os.fspath(source)
    if os.path.isdir(path):
        return FolderSource(path, fps)
    if os.path.splitext(path)[1].lower() in ANIMATIONS:
        return AnimationSource(path)
    return DECODERS[decoder](path)


def _exists(source):
    return isinstance(source, np.ndarray) or os.path.exists(source)


def _pace(source, fps):
    """The rate to resample to: none for what `fps` has already given its rate."""
    own_rate = isinstance(source, np.ndarray) or (not is_live(source) and os.path.isdir(source))
    return None if own_rate else fps


def _read(source, size, fps, start, max_frames):
    frames, seconds = [], []
    moments = _paced(source, fps, start)
    for second, pixels in itertools.islice(moments, max_frames):
        frames.append(_resized(pixels(), size or (frames and frames[0].shape[:2])))
        seconds.append(second)
    moments.close()
    if not frames:
        cause = "; ".join(source.damage.texts()) or f"no frame at or after second {start:g}"
        raise VideoError(source.path, cause, "Fetch the file again")
    return Video(
        np.stack(frames),
        np.asarray(seconds, "float64"),
        source.path,
        source.expected,
        source.damage.texts(),
    )


def _paced(source, fps, start=0.0):
    """The source's moments from `start` on, at `fps` a second if given, each the nearest."""
    moments = _counted(source)
    if fps is None:
        yield from ((second, pixels) for second, pixels in moments if second >= start - 1e-6)
        return
    number, last = 0, None
    for moment in moments:
        while last and start + number / fps <= (last.second + moment.second) / 2:
            yield start + number / fps, last.pixels
            number += 1
        last = moment
    end = last.second + source.step if last else 0
    while last and number < max(round((end - start) * fps), 1 if start <= last.second else 0):
        yield start + number / fps, last.pixels
        number += 1


def _counted(source):
    """The source's moments; at their end, fewer than promised are damage."""
    count = 0
    for moment in source:
        count += 1
        yield moment
    if source.expected and count < source.expected:
        source.damage.note(f"{count} of {source.expected} frames")


def _resized(pixels, size):
    return pixels if not size else resize_pixels(pixels, size)


def _check_choice(name, value, choices):
    if value not in choices:
        raise ValueError(f"`{name}` must be one of {list(choices)}. Received: {value!r}.")
