"""Video files, cameras and network streams through OpenCV."""

import os
import time

from keras_lrcn.data.container_size import missing_bytes
from keras_lrcn.data.video_source import Moment, VideoError, VideoSource, check_video_file

WAIT_MS = 10_000  # for a camera or an address to answer


class OpenCVSource(VideoSource):
    """The frames of a video file; OpenCV turns them upright and says nothing about damage."""

    def __iter__(self):
        check_video_file(self.path)
        cv2 = import_cv2()
        if missing_bytes(self.path):
            self.damage.note("the file is cut")
        capture = cv2.VideoCapture(os.path.abspath(self.path), cv2.CAP_FFMPEG)
        try:
            if not capture.isOpened():
                raise VideoError(self.path, "no video that OpenCV can open", "Fetch the file again")
            self.step = 1 / (capture.get(cv2.CAP_PROP_FPS) or 25)
            expected = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
            self.expected = expected if expected > 0 else None
            yield from self._moments(cv2, capture)
        finally:
            capture.release()

    def _moments(self, cv2, capture):
        first = last = None
        while capture.grab():
            second = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            first = second if first is None else first
            second -= first
            last = second if last is None or second > last else last + self.step
            pixels = _rgb(cv2, capture.retrieve()[1])  # now: the next `grab` overwrites it
            yield Moment(last, lambda pixels=pixels: pixels)


class LiveSource(VideoSource):
    """A camera or a network stream; seconds are those of the clock on the wall, from 0.

    Args:
        address: int or `"camera:0"` for a camera, else an rtsp:// or http(s):// address.
    """

    def __init__(self, address):
        super().__init__(address)
        number = str(address).removeprefix("camera:")
        self.address = int(number) if number.isdecimal() else address

    def __iter__(self):
        cv2 = import_cv2()
        capture = cv2.VideoCapture()
        capture.setExceptionMode(False)
        if isinstance(self.address, int):
            opened = capture.open(self.address)
        else:
            waits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, WAIT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC]
            opened = capture.open(self.address, cv2.CAP_FFMPEG, [*waits, WAIT_MS])
        try:
            if not opened:
                raise VideoError(self.path, "no camera or stream answers", "Check the address")
            start = None
            while capture.grab():
                now = time.monotonic()
                start = now if start is None else start
                pixels = _rgb(cv2, capture.retrieve()[1])  # now: the next `grab` overwrites it
                yield Moment(now - start, lambda pixels=pixels: pixels)
        finally:
            capture.release()


def is_live(source):
    """Whether `source` is a camera or a network address."""
    if isinstance(source, int):
        return True
    return isinstance(source, str) and source.startswith(
        ("camera:", "rtsp://", "rtsps://", "http://", "https://")
    )


def import_cv2():
    """Returns the module `cv2`, or says how to install it."""
    try:
        import cv2
    except ImportError as error:
        raise ImportError(
            'Cameras and `decoder="opencv"` need OpenCV: `pip install "keras-lrcn[flow]"`.'
        ) from error
    return cv2


def _rgb(cv2, pixels):
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
