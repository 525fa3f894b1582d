"""Video files of every sort that tests write themselves, whole and broken."""

import fractions

import av
import numpy as np

RATE = 25


def moving_squares(num_frames=40, height=64, width=80, seed=0):
    """uint8 `(time, height, width, 3)`: a bright square runs over a smooth picture."""
    rng = np.random.default_rng(seed)
    corners = rng.integers(30, 200, (2, 2, 3))
    down, right = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j][..., None]
    picture = (1 - down) * ((1 - right) * corners[0, 0] + right * corners[0, 1])
    picture = picture + down * ((1 - right) * corners[1, 0] + right * corners[1, 1])
    frames = np.repeat(picture.astype("uint8")[None], num_frames, 0)
    for number, frame in enumerate(frames):
        left = 3 * number % (width - 16)
        frame[8 + number % 40 : 24 + number % 40, left : left + 16] = 255 - 5 * (number % 40)
    return frames


def write_video(
    path, frames, codec="libx264", rate=RATE, stamps=None, gop=12, rotation=0, **options
):
    """Encodes frames into the container that the suffix names; see FFmpeg for `options`.

    Args:
        stamps: optional list of int, presentation times in 1/1000 s, for a variable rate.
    """
    container_options = options.pop("container_options", {})
    with av.open(str(path), "w", options=container_options) as container:
        stream = container.add_stream(codec, rate=rate, options=options)
        stream.width, stream.height = frames.shape[2], frames.shape[1]
        stream.pix_fmt = {"qtrle": "argb", "png": "rgba", "mjpeg": "yuvj420p"}.get(codec, "yuv420p")
        stream.codec_context.gop_size, stream.codec_context.thread_count = (
            12,
            1,
        )  # for the same bytes
        if stamps is not None:
            stream.codec_context.time_base = fractions.Fraction(1, 1000)
        for number, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            if stamps is not None:
                frame.pts, frame.time_base = stamps[number], fractions.Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def copy_stream(source, target, container_options=None, shift=0, rotation=0):
    """Puts the coded video of one file into another container, untouched.

    Args:
        shift: int, frames by which every time stamp moves; below 0 the first ones are cut by the
            container's edit list.
        rotation: degrees counterclockwise that players are told to turn the picture.
    """
    options = container_options or {}
    with av.open(str(source)) as read, av.open(str(target), "w", options=options) as write:
        copy = write.add_stream_from_template(read.streams.video[0])
        if rotation:
            copy.set_display_rotation(rotation)
        _copy_packets(read, copy, write, shift)
    return target


def write_mixed(path, clip=None, cover=True, subtitles=None):
    """Writes sound, and as asked for a cover picture, a subtitle file's text, a clip's video."""
    silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), "float32"), "fltp", "mono")
    sources = [av.open(str(source)) for source in (clip, subtitles) if source]
    with av.open(str(path), "w") as write:
        sound = write.add_stream("aac", rate=16000, layout="mono")
        if cover:
            picture = write.add_stream("mjpeg", rate=1)
            picture.width, picture.height, picture.pix_fmt = 80, 64, "yuvj420p"
            picture.disposition = av.stream.Disposition.attached_pic
        copies = [write.add_stream_from_template(source.streams[0]) for source in sources]
        if cover:
            frame = av.VideoFrame.from_ndarray(moving_squares(1)[0], format="rgb24")
            write.mux([*picture.encode(frame), *picture.encode()])
        for source, copy in zip(sources, copies, strict=True):
            _copy_packets(source, copy, write)
        for number in range(12):
            silence.sample_rate, silence.pts = 16000, 1024 * number
            write.mux(sound.encode(silence))
        write.mux(sound.encode())
    return path


def _copy_packets(read, copy, write, shift=0):
    for packet in read.demux(read.streams[0]):
        if packet.dts is not None:
            move = round(shift / RATE / packet.time_base)
            packet.pts, packet.dts, packet.stream = packet.pts + move, packet.dts + move, copy
            write.mux(packet)


def packet_places(path):
    """Byte offset and size of every coded frame of a file, in the order of storage."""
    content = path.read_bytes()
    with av.open(str(path)) as container:
        packets = container.demux(container.streams.video[0])
        # `pos` is where the container's own header of the packet begins.
        return [(content.index(bytes(p), p.pos), p.size) for p in packets if p.size]


def damaged_copy(source, target, start, length, change):
    """Copies a file with some bytes altered: `change` maps the bytes there to others."""
    content = bytearray(source.read_bytes())
    content[start : start + length] = change(bytes(content[start : start + length]))
    target.write_bytes(content)
    return target


def cut_copy(source, target, size):
    """Copies the first bytes of a file."""
    target.write_bytes(source.read_bytes()[:size])
    return target
