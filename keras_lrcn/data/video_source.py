"""What every video source shares: its moments, its damage, and the error that names both.

What becomes of damaged files (`tests/data/test_video_damage.py`; `"raise"` raises and `"skip"`
gives `None` for all but the first two rows):

file                                   `"partial"` gives           and says
-------------------------------------  --------------------------  ------------------------------
whole; with sound, text, cover, alpha  all frames                  nothing
one frame; variable rate; edit list    all frames that are shown   nothing
AVI or MP4 (index first), cut          the frames before the cut   file is cut, 70 of 120 frames
Matroska or WebM, cut                  the frames before the cut   file is cut, ends at second
GIF or animated PNG, cut               the frames before the cut   file is cut
MPEG-TS, MPEG-PS, cut                  the frames before the cut   nothing, or incomplete packets
packets with flipped or zeroed bytes   the frames of the others    packets that do not decode
the same, where H.264 conceals them    all frames, some smeared    frames with faults
Matroska or WebM with a hole           the frames before the hole  ends at second, mostly
a folder with a broken image           the frames of the others    broken images
MP4 cut before its index, WebP cut     `VideoError`                file is cut
empty, text, a web page, noise         `VideoError`                no video that FFmpeg can open
only sound; sound with a cover         `VideoError`                no video in it
a pipe or device                       `VideoError`                neither a file nor a folder
missing                                `VideoError`, always        no such file
"""

import os
from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class VideoError(ValueError):
    """A video that cannot be read, or not whole: which file, why, and what to do.

    Args:
        path: the file, folder or address.
        cause: str, what is wrong with it, with the frame where that is known.
        remedy: str, an imperative sentence without full stop.
    """

    def __init__(self, path, cause, remedy):
        super().__init__(path, cause, remedy)
        self.path, self.cause, self.remedy = str(path), cause, remedy

    def __str__(self):
        return f"{self.path}: {self.cause}. {self.remedy}."


class Moment(NamedTuple):
    """One frame that is decoded but not yet turned into pixels.

    Args:
        second: float, presentation time; the first frame of a video is at 0.
        pixels: function without arguments that gives uint8 RGB `(height, width, 3)`, upright and
            of the native size. Frames that nobody keeps are never converted.
    """

    second: float
    pixels: Callable[[], np.ndarray]


class VideoSource:
    """Something with frames. Iterating it, once, yields a `Moment` for each.

    What is wrong on the way goes into `damage`; what makes it no video at all raises
    `VideoError`.

    Args:
        path: the file, folder or address, for messages.
        start: float, seconds that are of no interest: a source that can find its way may begin
            with any frame up to there.
    """

    expected = None  # frames that the header promises, where it can be trusted
    seconds = None  # how long the header says it lasts, where that can be trusted
    step = 0.04  # seconds that the last frame stays
    whole = True  # whether the iteration began with the first frame

    def __init__(self, path, start=0.0):
        self.path, self.start, self.damage = str(path), start, Damage()

    def __iter__(self):
        raise NotImplementedError

    def counted(self):
        """Iterates; at the end, fewer frames or seconds than promised are damage."""
        count, end = 0, 0.0
        for moment in self:
            count, end = count + 1, moment.second + self.step
            yield moment
        if self.expected and self.whole:
            if count < self.expected:
                self.damage.note(f"{count} of {self.expected} frames")
            elif count > self.expected:
                self.expected = None  # a header that promised less was wrong
        if self.seconds and end < self.seconds - max(2 * self.step, 0.1):
            self.damage.note(f"ends at second {end:.2f} of {self.seconds:.2f}")


class Damage:
    """Counts what is wrong with one video: each kind once, with the first frame it hits."""

    def __init__(self):
        self._kinds = {}

    def __bool__(self):
        return bool(self._kinds)

    def add(self, kind, where, cause=""):
        """Counts one case.

        Args:
            kind: str, a plural such as `"packets that do not decode"`.
            where: str, such as `"frame 12"`; that of the first case is kept.
            cause: str or exception; that of the first case is kept.
        """
        count, first, kept = self._kinds.get(kind, (0, where, str(cause)))
        self._kinds[kind] = (count + 1, first, kept)

    def note(self, text):
        """Adds what is said once, such as a decode that ends too soon."""
        self._kinds[text] = None

    def texts(self):
        """Returns a tuple of str, one for each kind."""
        return tuple(
            kind if found is None else _counted(kind, *found) for kind, found in self._kinds.items()
        )


def _counted(kind, count, first, cause):
    where = f"{kind}: {count}, first at {first}"
    return f"{where} ({cause})" if cause else where


def check_exists(path):
    """Raises `VideoError` where there is nothing."""
    if not os.path.exists(path):
        raise VideoError(path, "no such file", "Check the name and the folder")


def check_video_file(path):
    """Raises `VideoError` unless there is a regular file with something in it."""
    check_exists(path)
    if not os.path.isfile(path):
        raise VideoError(path, "neither a file nor a folder of frames", "Name a video file")
    if os.path.getsize(path) == 0:
        raise VideoError(path, "an empty file (0 bytes)", "Fetch the file again")
