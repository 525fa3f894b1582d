"""Frames that need no video codec: folders of images, animated pictures, arrays."""

import os
import re

import numpy as np

from keras_lrcn.data.container_size import missing_bytes
from keras_lrcn.data.images import IMAGE_SUFFIXES, ImageError, read_image, to_rgb
from keras_lrcn.data.video_source import Moment, VideoError, VideoSource, check_video_file

DEFAULT_RATE = 25.0  # frames a second of what has no clock of its own
STILL = 0.1  # seconds a frame of an animation stays that does not say so, as in browsers


class FolderSource(VideoSource):
    """The images of one folder in the natural order of their names: frame2 before frame10.

    Args:
        path: the folder.
        rate: optional float, frames a second.
    """

    def __init__(self, path, rate=None):
        super().__init__(path)
        self.step = 1 / (rate or DEFAULT_RATE)

    def __iter__(self):
        files = frame_files(self.path)
        if not files:
            raise VideoError(self.path, "a folder without images", "Name a folder of frames")
        self.expected = len(files)
        for number, file in enumerate(files):
            try:
                pixels = read_image(file)
            except ImageError as error:
                self.damage.add("broken images", f"frame {number}", str(error).rstrip("."))
                continue
            yield Moment(number * self.step, lambda pixels=pixels: pixels)


class AnimationSource(VideoSource):
    """The frames of an animated GIF, WebP or PNG; what is transparent shows white behind it."""

    def __iter__(self):
        from PIL import Image

        check_video_file(self.path)
        if missing_bytes(self.path):
            self.damage.note("the file is cut")
        try:
            image = Image.open(self.path)
        except Exception as error:
            cause = f"no animation that Pillow can open ({error})"
            raise VideoError(self.path, cause, "Fetch the file again") from error
        with image:
            # A GIF would have to be decoded to be counted.
            self.expected = None if image.format == "GIF" else getattr(image, "n_frames", 1)
            yield from self._moments(image)

    def _moments(self, image):
        second, number = 0.0, 0
        while True:
            try:
                image.seek(number)
                image.load()
                pixels = np.array(to_rgb(image))
            except EOFError:
                return
            except Exception as error:  # Pillow's decoders raise whatever the damage leads to.
                self.damage.add("frames that do not decode", f"frame {number}", error)
                return
            yield Moment(second, lambda pixels=pixels: pixels)
            self.step = (image.info.get("duration") or 1000 * STILL) / 1000
            second, number = second + self.step, number + 1


class ArraySource(VideoSource):
    """Frames that are in memory already.

    Args:
        frames: uint8 array `(time, height, width, 3)`.
        rate: optional float, frames a second.
    """

    def __init__(self, frames, rate=None):
        super().__init__("array")
        if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[-1] != 3 or not len(frames):
            raise ValueError(
                "An array of frames must be uint8 of shape (time, height, width, 3), with at least "
                f"one frame. Received: {frames.dtype} of shape {frames.shape}."
            )
        self.frames, self.step, self.expected = frames, 1 / (rate or DEFAULT_RATE), len(frames)

    def __iter__(self):
        for number, pixels in enumerate(self.frames):
            yield Moment(number * self.step, lambda pixels=pixels: pixels)


def frame_files(folder):
    """The images directly in a folder, in the natural order of their names."""
    names = [name for name in os.listdir(folder) if not name.startswith(".")]
    names = [name for name in names if os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES]
    return [os.path.join(folder, name) for name in sorted(names, key=natural_order)]


def natural_order(name):
    """Sort key in which numbers count as numbers: frame2 before frame10."""
    parts = re.split(r"([0-9]+)", name)
    return [(int(part), "") if part.isdecimal() else (-1, part.lower()) for part in parts], name
