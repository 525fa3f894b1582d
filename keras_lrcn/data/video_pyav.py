"""Video files through PyAV, packet by packet, so that one broken packet costs one frame."""

import numpy as np

from keras_lrcn.data.video_source import Moment, VideoError, VideoSource, check_video_file

MAX_STUCK = 100  # packets in a row that the container cannot give before we call it the end


class PyAVSource(VideoSource):
    """The frames of a video file, by their time stamps, upright.

    Codec threads stay off: with them PyAV can wait for itself for ever while a file is closed,
    if somebody has silenced FFmpeg's log.

    Args:
        path: the video file.
    """

    def __iter__(self):
        av = import_av()
        check_video_file(self.path)
        with _open(av, self.path) as container:
            stream = _video_stream(self.path, container)
            stream.thread_type = "NONE"
            self.expected = _promised_frames(stream)
            rate = stream.average_rate or stream.guessed_rate
            self.step = float(1 / rate) if rate else VideoSource.step
            clock = _Clock(self.step)
            reformatter = av.video.reformatter.VideoReformatter()
            for frame in self._frames(container, stream):
                yield Moment(clock.second(frame), lambda f=frame: _pixels(f, reformatter))

    def _frames(self, container, stream):
        number = 0
        for packet in self._packets(container, stream):
            try:
                frames = packet.decode()
            except Exception as error:  # one packet's damage; the next may be whole
                self.damage.add("packets that do not decode", number, _reason(error))
                continue
            for frame in frames:
                if frame.is_corrupt:
                    self.damage.add("corrupt frames", number)
                number += 1
                yield frame

    def _packets(self, container, stream):
        stuck = 0
        while stuck < MAX_STUCK:
            try:
                for packet in container.demux(stream):
                    stuck = 0
                    if packet.is_corrupt:
                        self.damage.add("packets that the container marks as corrupt", 0)
                    yield packet
                return
            except Exception as error:
                stuck += 1
                self.damage.add("places where the container is broken", 0, _reason(error))


class _Clock:
    """Seconds since the first frame; where a time stamp is missing or goes back, one step on."""

    def __init__(self, step):
        self.step, self.first, self.last = step, None, None

    def second(self, frame):
        stamp = frame.pts if frame.pts is not None else frame.dts
        second = None if stamp is None else float(stamp * frame.time_base)
        if self.last is None:
            self.first, self.last = second or 0.0, 0.0
        elif second is None or second - self.first <= self.last:
            self.last += self.step
        else:
            self.last = second - self.first
        return self.last


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


def _open(av, path):
    try:
        return av.open(
            f"file:{path}", options={"protocol_whitelist": "file"}, metadata_errors="replace"
        )
    except Exception as error:
        raise VideoError(
            path, f"no video that FFmpeg can open ({_reason(error)})", "Fetch the file again"
        ) from error


def _video_stream(path, container):
    import av

    cover = av.stream.Disposition.attached_pic
    streams = [s for s in container.streams.video if s.codec_context is not None]
    moving = [s for s in streams if not s.disposition & cover]
    if not moving:
        only = "only a cover picture" if streams else "no picture at all"
        raise VideoError(path, f"no video stream in it, {only}", "Name a file with a video")
    return next((s for s in moving if s.disposition & av.stream.Disposition.default), moving[0])


def _promised_frames(stream):
    return stream.frames or None


def _pixels(frame, reformatter):
    rgb = reformatter.reformat(frame, format="rgb24").to_ndarray()
    quarters = round((frame.rotation or 0) / 90) % 4
    return np.ascontiguousarray(np.rot90(rgb, quarters)) if quarters else rgb


def _reason(error):
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
