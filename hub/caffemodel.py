"""Reads `.caffemodel` files, the trained networks of Caffe, without Caffe.

    python -m hub.caffemodel FILE     # lists the layers and the shapes of their blobs

The file is a protocol buffer. Its numbers are not copied: where they lie in one piece, as in every
file that Caffe wrote since 2014, a blob is a view into the memory-mapped file.

Reference: `NetParameter`, `LayerParameter`, `V1LayerParameter` and `BlobProto` of `caffe.proto`.
"""

import argparse
import math
import mmap
import os
from typing import NamedTuple

import numpy as np

VARINT, DOUBLES, BYTES, FLOATS = 0, 1, 2, 5  # wire types
RECORDS = {  # a repeated number that is not packed: its tag before each
    DOUBLES: np.dtype([("tag", "u1"), ("value", "<f8")]),
    FLOATS: np.dtype([("tag", "u1"), ("value", "<f4")]),
}
MOST_AXES = 32  # of Caffe's blobs
V1_TYPES = {4: "Convolution", 14: "InnerProduct", 39: "Deconvolution"}  # those with blobs
OTHER_FORMATS = {
    b"\x89HDF": "an HDF5 file",
    b"PK\x03\x04": "a zip archive",
    b"\x1f\x8b": "a gzip archive: unpack it",
    b"<": "markup, as a web page saved under this name",
    b"version https://git-lfs": "a Git LFS pointer: fetch the file itself",
    b"name:": "a network in text form, without weights",
    b"layer": "a network in text form, without weights",
}


class CaffeLayer(NamedTuple):
    """One layer: its name, its type as Caffe spells it, and its arrays in the file's order."""

    name: str
    type: str
    blobs: tuple


class Damage(ValueError):
    """What is wrong with the bytes; the file's name is added by who opened it."""


def read_caffemodel(path):
    """Reads the layers of a trained network.

    Args:
        path: a `.caffemodel`, written by any Caffe since 2014 (V1 `layers` or V2 `layer`).

    Returns:
        Dict from a layer's name to `CaffeLayer`, in the file's order, layers without weights
        included. Blobs are read-only float arrays with the shape that the file gives; those of
        old files have four axes (num, channels, height, width).

    Raises:
        FileNotFoundError: for a file that is not there.
        ValueError: for a file that is empty, truncated, damaged or no Caffe network.

    Example:
    ```python
    layers = read_caffemodel("bvlc_reference_caffenet.caffemodel")
    layers["conv1"].blobs[0].shape  # (96, 3, 11, 11)
    ```
    """
    data = _mapped(path)
    try:
        layers = {}
        for layer in _layers(data):
            old = layers.get(layer.name)
            if old and old.blobs and layer.blobs:
                raise Damage(f"two layers named {layer.name!r} have weights")
            if not old or layer.blobs:
                layers[layer.name] = layer
        if not any(layer.blobs for layer in layers.values()):
            raise Damage("no layer has weights, so it is no trained network")
        return layers
    except Damage as damage:
        raise ValueError(f"{path} cannot be read as a Caffe network: {damage}.") from None


def drop_pages(blobs):
    """Gives back the memory that parts of a mapped file take; they are read anew when asked for.

    Args:
        blobs: list of arrays, as `read_caffemodel` returns them.
    """
    for blob in blobs:
        while isinstance(blob, np.ndarray):
            blob = blob.base
        blob = getattr(blob, "obj", blob)  # what a memoryview is of
        if isinstance(blob, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            blob.madvise(mmap.MADV_DONTNEED)


def read_mean(path):
    """Reads a mean image, `.binaryproto`.

    Args:
        path: the file.

    Returns:
        Float array `(channels, height, width)`, channels B, G, R.

    Raises:
        ValueError: for a file that holds no such image.
    """
    data = _mapped(path)
    try:
        blob = _blob(data, 0, len(data), "mean")
        if blob.size == 0 or blob.ndim < 3 or blob.shape[-3] != 3:
            raise Damage(f"an image of three channels is wanted, and this has shape {blob.shape}")
        return blob.reshape(blob.shape[-3:])
    except Damage as damage:
        raise ValueError(f"{path} cannot be read as a mean image: {damage}.") from None


def _mapped(path):
    if os.path.getsize(path) == 0:
        raise ValueError(f"{path} is empty (0 bytes). Fetch it again.")
    with open(path, "rb") as file:
        start = file.read(256).lstrip()
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    for signature, what in OTHER_FORMATS.items():
        if start.startswith(signature):
            raise ValueError(f"{path} is no Caffe network but {what}.")
    return data


def _layers(data):
    """The layers of a `NetParameter`."""
    for field, wire, value in _fields(data, 0, len(data), "the network"):
        if (field, wire) == (100, BYTES):
            yield _layer(data, *value, name_field=1, type_field=2, blobs_field=7)
        elif (field, wire) == (2, BYTES):
            yield _layer(data, *value, name_field=4, type_field=5, blobs_field=6)


def _layer(data, start, end, name_field, type_field, blobs_field):
    name, kind, spans = "", "", []
    for field, wire, value in _fields(data, start, end, f"the layer at byte {start}"):
        if (field, wire) == (name_field, BYTES):
            name = _text(data, *value)
        elif (field, wire) == (type_field, BYTES):
            kind = _text(data, *value)
        elif (field, wire) == (type_field, VARINT):
            kind = V1_TYPES.get(value, f"V1 {value}")
        elif (field, wire) == (blobs_field, BYTES):
            spans.append(value)
        elif (field, name_field) == (1, 4):
            raise Damage(
                "it is in the format of 2013; convert it with Caffe's upgrade_net_proto_binary"
            )
    blobs = [_blob(data, *span, f"layer {name!r}, blob {i}") for i, span in enumerate(spans)]
    return CaffeLayer(name, kind, tuple(blobs))


def _blob(data, start, end, what):
    """A `BlobProto` as an array."""
    numbers, shape, legacy = [], None, {}
    for field, wire, value in _fields(data, start, end, what):
        if field in (5, 8):
            numbers.append(_numbers(data, field, wire, value, what))
        elif (field, wire) == (7, BYTES):
            shape = _dimensions(data, *value, what)
        elif field in (1, 2, 3, 4) and wire == VARINT:
            legacy[field] = value
    values = numbers[0] if len(numbers) == 1 else np.concatenate(numbers or [np.zeros(0, "f4")])
    if shape is None:
        shape = tuple(legacy.get(i, 1) for i in (1, 2, 3, 4)) if legacy else values.shape
    if len(shape) > MOST_AXES or math.prod(shape) != len(values):
        raise Damage(f"{what} should have shape {shape} but holds {len(values)} numbers")
    return values.reshape(shape)


def _numbers(data, field, wire, value, what):
    kind, unpacked = ("<f4", FLOATS) if field == 5 else ("<f8", DOUBLES)
    if wire == unpacked:
        return value
    size = np.dtype(kind).itemsize
    if wire != BYTES or (value[1] - value[0]) % size:
        raise Damage(f"{what} does not hold whole numbers of {size} bytes")
    return np.frombuffer(data, kind, (value[1] - value[0]) // size, value[0])


def _dimensions(data, start, end, what):
    """A `BlobShape`, packed or not."""
    sizes = []
    for field, wire, value in _fields(data, start, end, what):
        if field != 1:
            continue
        if wire == VARINT:
            sizes.append(value)
            continue
        place, stop = value
        while place < stop:
            size, place = _varint(data, place, stop, what)
            sizes.append(size)
    return tuple(sizes)


def _text(data, start, end):
    return data[start:end].decode("utf-8", "replace")


def _fields(data, place, end, what):
    """Yields `(field, wire type, value)` of a message at `data[place:end]`.

    The value is an int for `VARINT`, `(start, end)` for `BYTES`, and for `FLOATS` and `DOUBLES`
    the array of all numbers of this field that follow each other.
    """
    while place < end:
        tag_at = place
        tag, place = _varint(data, place, end, what)
        field, wire = tag >> 3, tag & 7
        if wire == VARINT:
            value, place = _varint(data, place, end, what)
        elif wire == BYTES:
            length, place = _varint(data, place, end, what)
            if length > end - place:
                raise Damage(
                    f"{what} is cut off: its field {field} goes on to byte {place + length}, and "
                    f"{'the file' if end == len(data) else what} ends at {end}"
                )
            value, place = (place, place + length), place + length
        elif wire in RECORDS and field and tag < 128:
            value, place = _run(data, tag_at, end, RECORDS[wire], what)
        elif wire in RECORDS and field and place + 8 <= end:
            value, place = None, place + (8 if wire == DOUBLES else 4)
        else:
            raise Damage(f"{what} has no protocol buffer field at byte {tag_at}")
        yield field, wire, value


def _run(data, place, end, record, what):
    """The numbers of all records from `place` on that have the first one's tag."""
    room = (end - place) // record.itemsize
    if not room:
        raise Damage(f"{what} is cut off in a number at byte {place}")
    records = np.frombuffer(data, record, room, place)
    others = np.flatnonzero(records["tag"] != records["tag"][0])
    count = int(others[0]) if len(others) else room
    return records["value"][:count].copy(), place + count * record.itemsize


def _varint(data, place, end, what):
    value = 0
    for shift in range(0, 70, 7):
        if place >= end:
            raise Damage(f"{what} is cut off at byte {place}")
        byte = data[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
    raise Damage(f"{what} has a number without an end at byte {place}")


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file")
    args = parser.parse_args(arguments)
    total = 0
    for layer in read_caffemodel(args.file).values():
        shapes = " ".join(str(blob.shape) for blob in layer.blobs)
        print(f"{layer.name:20} {layer.type:16} {shapes}".rstrip())
        total += sum(blob.size for blob in layer.blobs)
    print(f"{total:,} parameters")


if __name__ == "__main__":
    main()
