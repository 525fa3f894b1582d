"""The flow images of one video in one file: a zip of lossless pictures that says its encoding."""

import contextlib
import io
import json
import os
import zipfile
from typing import NamedTuple

import numpy as np

from keras_lrcn.data.flow_encoding import FlowEncoding
from keras_lrcn.data.images import ImageError

HEADER = "flow.json"


class FlowFileError(ImageError):
    """A file of flow images that cannot be read, or holds another encoding than wanted."""


class FlowImages(NamedTuple):
    """What `read_flow` returns.

    Args:
        images: uint8 array `(time, height, width, 3)`; image `k` belongs to frame `k + 1`.
        encoding: the `FlowEncoding` they were made with.
    """

    images: np.ndarray
    encoding: FlowEncoding


def write_flow(path, images, encoding, **details):
    """Writes flow images, without loss, into one file that is there whole or not at all.

    The file is a zip archive of WebP pictures, named as the authors name theirs, and of a
    `flow.json`. At 240x320 pixels an image takes up to 20 KB, some 10 ms to write and 1 to read.

    Args:
        path: the file to write, by custom `<video>.flow.zip`; folders to it are made.
        images: uint8 array `(time, height, width, 3)`, or an iterable of `(height, width, 3)`,
            which is written as it comes; at least one.
        encoding: the `FlowEncoding` of the images.
        **details: JSON values to keep in `flow.json`.

    Raises:
        ValueError: there is no image, or they are of several sizes.

    Example:
    ```python
    write_flow("run.flow.zip", flow_frames(frames, encoding), encoding)
    images, encoding = read_flow("run.flow.zip")
    ```
    """
    part = f"{os.fspath(path)}.part{os.getpid()}"
    os.makedirs(os.path.dirname(part) or ".", exist_ok=True)
    try:
        with zipfile.ZipFile(part, "w") as archive:
            shapes = []
            for image in images:
                shapes.append(image.shape)
                _check_shapes(shapes)
                archive.writestr(_entry(image_name(len(shapes) - 1, "webp")), _to_webp(image))
            _check_shapes(shapes)
            header = {"encoding": encoding.to_config(), "num_images": len(shapes), **details}
            archive.writestr(_entry(HEADER), json.dumps(header, indent=1))
        os.replace(part, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.remove(part)


def read_flow(path, encoding=None, start=0, num_images=None):
    """Reads the flow images of a video, or of a clip of it, from a file of `write_flow`.

    Args:
        path: the file.
        encoding: the `FlowEncoding` that the images must have; by default any.
        start: int, the first image wanted.
        num_images: int, how many are wanted; by default all from `start`.

    Returns:
        `FlowImages`, a tuple of the images and their encoding.

    Raises:
        FlowFileError: the file is missing, cut short, damaged or no file of flow images, or its
            encoding is another.
        IndexError: the file has fewer images than wanted.
    """
    header = read_flow_header(path)
    found = FlowEncoding.from_config(header["encoding"])
    if encoding is not None and found != encoding:
        differing = differences(found.to_config(), encoding.to_config())
        raise FlowFileError(
            path,
            f"another flow encoding than asked for ({differing})",
            "Compute the flow again into another folder, or use the model's own encoding",
        )
    total = header["num_images"]
    stop = total if num_images is None else start + num_images
    if not 0 <= start < stop <= total:
        raise IndexError(f"{path} has flow images 0 to {total - 1}. Wanted: {start} to {stop - 1}.")
    with _reading(path) as archive:
        names = [image_name(k, "webp") for k in range(start, stop)]
        return FlowImages(np.stack([_from_webp(archive.read(name)) for name in names]), found)


def read_flow_header(path):
    """dict of what `flow.json` in a flow file says; raises `FlowFileError`."""
    with _reading(path) as archive:
        header = json.loads(archive.read(HEADER))
        return {
            "encoding": header.pop("encoding"),
            "num_images": header.pop("num_images"),
            **header,
        }


def image_name(index, suffix):
    """The file name of flow image `index`: the authors number it as its frame, from 0002."""
    return f"flow_image_{index + 2:04d}.{suffix}"


def differences(found, wanted):
    """str of where two configurations differ, such as "scale 8.0, not 16.0"; empty if nowhere."""
    differing = (name for name in wanted if found.get(name) != wanted[name])
    return ", ".join(f"{name} {found.get(name)}, not {wanted[name]}" for name in differing)


@contextlib.contextmanager
def _reading(path):
    if not os.path.isfile(path):
        raise FlowFileError(path, "no such file", "Compute the flow first, with `cache_flow`")
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except KeyError as error:
        raise FlowFileError(
            path, f"no file of flow images ({error})", "Check the name, or compute the flow again"
        ) from error
    except (zipfile.BadZipFile, EOFError, OSError, SyntaxError, ValueError) as error:
        raise FlowFileError(
            path, f"cut short or damaged ({error})", "Delete it and compute the flow again"
        ) from error


def _entry(name):
    """An archive entry without the time of day, so that equal flow gives equal files."""
    return zipfile.ZipInfo(name)


def _check_shapes(shapes):
    if not shapes:
        raise ValueError("A flow file needs at least one image: a video of two frames or more.")
    if shapes[-1] != shapes[0]:
        raise ValueError(f"Flow images must be of one size. Received: {shapes[0]}, {shapes[-1]}.")


def _to_webp(image):
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(image).save(file, "WEBP", lossless=True, exact=True, quality=25, method=2)
    return file.getvalue()


def _from_webp(data):
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
