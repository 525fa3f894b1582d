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
        rotation: degrees counterclockwise that players are told to turn the picture.
    """
    container_options = options.pop("container_options", {})
    with av.open(str(path), "w", options=container_options) as container:
        stream = container.add_stream(codec, rate=rate, options=options)
        stream.width, stream.height = frames.shape[2], frames.shape[1]
        stream.pix_fmt = {"qtrle": "argb", "png": "rgba", "mjpeg": "yuvj420p"}.get(codec, "yuv420p")
        stream.codec_context.gop_size = 12
        if stamps is not None:
            stream.codec_context.time_base = fractions.Fraction(1, 1000)
        if rotation:
            stream.set_display_rotation(rotation)
        for number, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            if stamps is not None:
                frame.pts, frame.time_base = stamps[number], fractions.Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def copy_stream(source, target, container_options=None, shift=0):
    """Puts the coded video of one file into another container, untouched.

    Args:
        shift: int, frames by which every time stamp moves; below 0 the first ones are cut by the
            container's edit list.
    """
    options = container_options or {}
    with av.open(str(source)) as read, av.open(str(target), "w", options=options) as write:
        stream = read.streams.video[0]
        copy = write.add_stream_from_template(stream)
        for packet in read.demux(stream):
            if packet.dts is None:
                continue
            move = round(shift / RATE / packet.time_base)
            packet.pts, packet.dts = packet.pts + move, packet.dts + move
            packet.stream = copy
            write.mux(packet)
    return target
