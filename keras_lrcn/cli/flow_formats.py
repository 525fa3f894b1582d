"""What `keras-lrcn flow` writes: files for our models, folders for the authors', films to watch."""

import contextlib
import fractions
import functools
import itertools
import json
import os
import shutil
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from keras_lrcn.data.flow_color import flow_to_color
from keras_lrcn.data.flow_file import FlowFileError, read_flow_header, write_flow

OURS = "Choose another --output, or delete it"


class Format(NamedTuple):
    """How the flow of a video is kept.

    Args:
        suffix: str, behind the name of the video.
        write: like `write_flow`.
        read_header: like `read_flow_header`.
    """

    suffix: str
    write: Callable
    read_header: Callable


def write_folder(path, images, encoding, suffix, **details):
    """A folder of an image per frame, named as the authors name theirs, and `flow.json`."""
    from PIL import Image

    part, name = f"{path}.part{os.getpid()}", os.path.basename(path)
    os.makedirs(part)
    try:
        for number, image in enumerate(images, 2):
            file = os.path.join(part, f"flow_image_{name}.{number:04d}.{suffix}")
            Image.fromarray(image).save(file, quality=95, subsampling=0)
        with open(os.path.join(part, "flow.json"), "w", encoding="utf-8") as file:
            header = {"encoding": encoding.to_config(), "suffix": suffix, **details}
            json.dump(header, file, indent=1)
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(path)  # of ours: its header was read, and its video has changed since
        os.replace(part, path)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def read_folder_header(path, suffix):
    try:
        with open(os.path.join(path, "flow.json"), encoding="utf-8") as file:
            header = json.load(file)
        found = header["encoding"] and header["suffix"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FlowFileError(path, "there already, but no folder of flow images", OURS) from error
    if found != suffix:
        raise FlowFileError(path, f"there already, with {found} images, not {suffix}", OURS)
    return header


def write_mp4(path, images, encoding, seconds, **details):
    """A film of the flow in colours, the strongest for motion that saturates."""
    import av

    part = f"{path}.part{os.getpid()}.mp4"
    os.makedirs(os.path.dirname(part) or ".", exist_ok=True)
    first = next(images)  # and with it the first of `seconds`
    pictures = (_colors(image, encoding) for image in itertools.chain([first], images))
    rate = fractions.Fraction(1 / max(seconds[0], 1e-3)).limit_denominator(1001)
    try:
        with av.open(part, "w") as film:
            header = {"encoding": encoding.to_config(), **details}
            film.metadata["comment"] = json.dumps(header)
            stream = film.add_stream("libx264", rate=rate, options={"crf": "18"})
            stream.height, stream.width = _even(first.shape[:2])
            for picture in pictures:
                film.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
            film.mux(stream.encode())
        os.replace(part, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.remove(part)


def _even(size):
    """The codec halves the resolution of colours: sides are even, one pixel repeated if need be."""
    return tuple(side + side % 2 for side in size)


def _colors(image, encoding):
    height, width = _even(image.shape[:2])
    colors = flow_to_color(encoding.decode(image), largest=127 / encoding.scale)
    padding = [(0, height - len(colors)), (0, width - colors.shape[1]), (0, 0)]
    return np.pad(colors, padding, mode="edge")


def read_mp4_header(path):
    import av

    try:
        with av.open(path) as container:
            header = json.loads(container.metadata["comment"])
            header["encoding"]
            return header
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FlowFileError(path, "there already, but no film of flow, or damaged", OURS) from error


def _folder(suffix):
    functions = (write_folder, read_folder_header)
    return Format("", *(functools.partial(function, suffix=suffix) for function in functions))


FORMATS = {
    "cache": Format(".flow.zip", write_flow, read_flow_header),
    "png": _folder("png"),
    "jpg": _folder("jpg"),
    "mp4": Format(".flow.mp4", write_mp4, read_mp4_header),
}
