"""Video files through PyAV, packet by packet, so that one broken packet costs one frame."""

import contextlib
import os
import re

import numpy as np

from keras_lrcn.data.container_size import has_avi_index, missing_bytes
from keras_lrcn.data.video_source import Moment, VideoError, VideoSource, check_video_file

MAX_STUCK = 100  # times in a row that a container may fail to give a packet
MAX_GAP = 600  # seconds between two frames of a file whose header does not say how long it is
MAX_ROUNDS = 64  # times the file's size that its packets may have together
AS_BEFORE = 16  # bytes at most of an MPEG-4 packet that only says "as before" and gives no frame
SEEKABLE = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm")  # their time stamps are exact


class PyAVSource(VideoSource):
    """The frames of a video file by their time stamps, upright.

    Codec threads stay off: with them PyAV can wait for itself for ever while a file is closed,
    if somebody has silenced FFmpeg's log. Sound, subtitles and cover pictures are passed over,
    transparency is dropped. Pixels are as stored: none is stretched for its aspect ratio.

    Args:
        path: the video file.
        start: see `VideoSource`; in MP4 and Matroska the decoding begins at the key frame before.
    """

    def __iter__(self):
        check_video_file(self.path)
        if self.start > 0:
            with self._opened() as (container, stream):
                if _seek(container, stream, self.start):
                    self.whole = False
                    moments = self._moments(container, stream)
                    first = next(moments, None)
                    if first is not None and first.second <= self.start:
                        yield first
                        yield from moments
                        return
            self.whole, self.damage = True, type(self.damage)()
        with self._opened() as (container, stream):
            yield from self._moments(container, stream)

    @contextlib.contextmanager
    def _opened(self):
        av = import_av()
        missing = missing_bytes(self.path)
        if missing:
            size = os.path.getsize(self.path)
            self.damage.note(f"the file is cut: {size} bytes of {size + missing}")
        with _open(av, self.path, self.damage) as container:
            stream = _video_stream(av, self.path, container)
            stream.thread_type = "NONE"
            self.expected = _promised_frames(container, stream, self.path, missing)
            self.seconds = _promised_seconds(container, stream)
            yield container, stream

    def _moments(self, container, stream):
        av = import_av()
        clock = _Clock(container, stream)
        reformatter = av.video.reformatter.VideoReformatter()
        for frame in self._frames(container, stream):
            second, absurd = clock.second(frame)
            self.step = clock.step
            if absurd:
                self.damage.add("time stamps far beyond the end", self._where(-1))
            yield Moment(second, lambda frame=frame: _pixels(frame, reformatter))

    def _frames(self, container, stream):
        self._number = unchanged = 0
        for packet in self._packets(container, stream):
            unchanged += stream.codec_context.name == "mpeg4" and 0 < packet.size <= AS_BEFORE
            try:
                frames = packet.decode()
            except Exception as error:  # one packet's damage; the next may be whole
                self.damage.add("packets that do not decode", self._where(), _reason(error))
                continue
            for frame in frames:
                if frame.is_corrupt:
                    self.damage.add("frames with faults", self._where())
                self._number += 1
                yield frame
        if not self.damage and self._number < (self.expected or 0) <= self._number + unchanged:
            self.expected = self._number

    def _packets(self, container, stream):
        stuck, volume = 0, 0
        most = MAX_ROUNDS * os.path.getsize(self.path) + 2**20
        while stuck < MAX_STUCK:
            try:
                for packet in container.demux(stream):
                    stuck, volume = 0, volume + packet.size + 1
                    if packet.is_corrupt:
                        self.damage.add("incomplete packets", self._where())
                    if volume > most:
                        self.damage.note("the container goes round in circles")
                        return
                    yield packet
                return
            except Exception as error:
                stuck += 1
                self.damage.add("breaks in the container", self._where(), _reason(error))

    def _where(self, offset=0):
        after = "" if self.whole else f" after the key frame before second {self.start:g}"
        return f"frame {self._number + offset}{after}"


class _Clock:
    """Seconds since the stream's start; one step on where a time stamp is missing or absurd."""

    def __init__(self, container, stream):
        rate = stream.guessed_rate or stream.average_rate
        self.step = float(1 / rate) if rate else VideoSource.step
        self.exact = container.format.name in SEEKABLE
        # AVI stores no presentation times, and FFmpeg's guess is wrong where frames are reordered.
        self.by_decoding = container.format.name == "avi"
        self.first, self.last = None, -self.step
        if self.exact and stream.start_time is not None:
            self.first = float(stream.start_time * stream.time_base)
        self.duration = None if container.duration is None else container.duration / 1e6

    def second(self, frame):
        """Returns the time of the next frame and whether its time stamp was absurd."""
        stamp = frame.dts if self.by_decoding or frame.pts is None else frame.pts
        second, absurd = self.last + self.step, False
        if stamp is not None:
            stamp = float(stamp * frame.time_base)
            self.first = stamp - second if self.first is None else self.first
            absurd = stamp - self.first > self._latest()
            if stamp - self.first > self.last and not absurd:
                second = stamp - self.first
        if self.exact and frame.duration:
            self.step = float(frame.duration * frame.time_base)
        self.last = second
        return second, absurd

    def _latest(self):
        """A broken time stamp is wrong by hours, and so is a duration that is measured with it."""
        trusted = self.exact and self.duration is not None  # it is in the header
        return 2 * self.duration + 10 if trusted else self.last + MAX_GAP


def import_av():
    """Returns the module `av`, or says how to install it."""
    try:
        import av
        import av.video.reformatter
    except ImportError as error:
        raise ImportError(
            'Video files are read by PyAV: `pip install "keras-lrcn[video]"`.'
        ) from error
    return av


def _open(av, path, damage):
    """`file:` keeps FFmpeg from taking a name for an address, and a playlist from the network."""
    options = {"protocol_whitelist": "file"}
    try:
        return av.open(f"file:{path}", options=options, metadata_errors="replace")
    except Exception as error:
        cause = f"no video that FFmpeg can open ({_reason(error)})"
        raise VideoError(
            path, "; ".join([*damage.texts(), cause]), "Fetch the file again"
        ) from error


def _video_stream(av, path, container):
    covers = av.stream.Disposition.attached_pic
    streams = [s for s in container.streams.video if s.codec_context is not None]
    moving = [s for s in streams if not s.disposition & covers]
    if not moving:
        only = "only a cover picture" if streams else "only sound or data"
        raise VideoError(path, f"no video in it, {only}", "Name a file with moving pictures")
    return next((s for s in moving if s.disposition & av.stream.Disposition.default), moving[0])


def _promised_frames(container, stream, path, missing):
    """The number of frames that the header promises, or `None` where it can not be trusted.

    MP4: its index, without what an edit list cuts. AVI: its index, which leaves out the gaps of a
    variable rate; where a cut file lost it, the header's count. Others give no count.
    """
    if container.format.name == SEEKABLE[0] and stream.frames:
        return sum(not entry.is_discard for entry in stream.index_entries) or None
    if container.format.name == "avi":
        indexed = not missing and has_avi_index(path)
        return (len(stream.index_entries) if indexed else stream.frames) or None
    return None


def _promised_seconds(container, stream):
    """How long the video lasts by the header of Matroska or Flash, which count no frames."""
    if container.format.name not in ("matroska,webm", "flv") or not container.duration:
        return None
    start = float((stream.start_time or 0) * stream.time_base)
    hours = re.fullmatch(r"(\d+):(\d+):([\d.]+)", stream.metadata.get("DURATION", ""))
    if hours:  # of this stream, and not of the longest
        return 3600 * int(hours[1]) + 60 * int(hours[2]) + float(hours[3]) - start
    return container.duration / 1e6 - start if len(container.streams) == 1 else None


def _seek(container, stream, second):
    if container.format.name not in SEEKABLE or stream.start_time is None:
        return False
    try:
        container.seek(stream.start_time + int(second / stream.time_base), stream=stream)
    except Exception:  # an index that leads nowhere; decoding from the start will tell
        return False
    return True


def _pixels(frame, reformatter):
    rgb = reformatter.reformat(frame, format="rgb24").to_ndarray()
    matrix = frame.side_data.get("DISPLAYMATRIX")
    return rgb if matrix is None else upright(rgb, np.frombuffer(matrix, "<i4"))


def upright(pixels, matrix):
    """Turns and mirrors a picture as its display matrix says, to the next quarter turn.

    Args:
        pixels: array `(height, width, channels)`.
        matrix: nine numbers `a b u c d v x y w`; a point at `(x, y)` is shown at
            `(a x + c y, b x + d y)`, with `y` downwards.
    """
    a, b, _, c, d = (int(number) for number in matrix[:5])
    if abs(b) > abs(a):
        pixels, a, d = pixels.swapaxes(0, 1), c, b
    return np.ascontiguousarray(pixels[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1])


def _reason(error):
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
