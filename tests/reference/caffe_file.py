"""Writes `.caffemodel` files byte by byte, from Caffe's field numbers, without its protobuf.

A file is a `NetParameter` in protobuf's wire format: a tag (field number and kind), then a
number, or a length and that many bytes. `layer` (field 100) holds layers whose type is a name;
`layers` (field 2) those of Caffe before 2014, whose type is a number.

Reference: `caffe.proto` of BVLC/caffe, messages NetParameter, LayerParameter, V1LayerParameter,
BlobProto and BlobShape.
"""

from typing import NamedTuple

import numpy as np

VARINT, LENGTH, FLOAT = 0, 2, 5  # kinds of a field
V1_TYPES = {
    "Convolution": 4,
    "Data": 5,
    "Dropout": 6,
    "InnerProduct": 14,
    "LRN": 15,
    "Pooling": 17,
    "ReLU": 18,
    "Softmax": 20,
    "Split": 22,
}
# Field numbers of (name, type, bottom, top, blobs), and the field of the net that holds them.
FIELDS = {"v1": (4, 5, 2, 3, 6, 2), "v2": (1, 2, 3, 4, 7, 100)}


class Layer(NamedTuple):
    """One layer of a file: `make()` makes arrays of these shapes, the same ones at every call."""

    name: str
    type: str
    shapes: tuple = ()
    make: callable = tuple


def varint(number):
    """A number of seven bits a byte, lowest first; the highest bit says that more follow."""
    coded = bytearray()
    while number > 0x7F:
        coded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*coded, number])


def tag(field, kind):
    return varint(field << 3 | kind)


def number(field, value):
    return tag(field, VARINT) + varint(value)


def message(field, content):
    content = content.encode() if isinstance(content, str) else content
    return tag(field, LENGTH) + varint(len(content)) + content


def blob_parts(array, shape="shape", values="packed"):
    """A `BlobProto` in pieces: short ones, and the bytes of the array.

    Args:
        shape: `"shape"` writes the field of that name; `"legacy"` num, channels, height and width,
            with ones before what the array has: `(1, 1, outputs, inputs)`, `(1, 1, 1, outputs)`.
        values: `"packed"`, `"unpacked"` (each float with its tag) or `"double"` (double_data).
    """
    size, legacy = array.size, []
    data = np.ascontiguousarray(array, "<f8" if values == "double" else "<f4")
    if shape == "legacy":
        dims = [1] * (4 - array.ndim) + list(array.shape)
        legacy = [number(field, dim) for field, dim in enumerate(dims, start=1)]
    if values == "unpacked":
        pieces = np.empty(size, [("tag", "u1"), ("value", "<f4")])
        pieces["tag"], pieces["value"] = tag(5, FLOAT)[0], data.reshape(-1)
        parts = [memoryview(pieces).cast("B")]
    else:
        field = 8 if values == "double" else 5
        head = tag(field, LENGTH) + varint(data.nbytes)
        parts = [head, memoryview(data.reshape(-1)).cast("B")]
    if shape == "shape":
        dims = b"".join(map(varint, array.shape))
        packed = (
            message(1, dims)
            if values == "packed"
            else b"".join(number(1, dim) for dim in array.shape)
        )
        parts.append(message(7, packed))
    return [*legacy, *parts]


def write_caffemodel(
    path, layers, version="v2", shape="shape", values="packed", name="LRCN", clutter=False
):
    """Writes layers, one after another: no more than one of them is in memory.

    Args:
        layers: iterable of `Layer`, also of those without arrays.
        version: `"v2"`, or `"v1"` for the format of BVLC's CaffeNet and of VGG's authors.
        shape, values: see `blob_parts`.
        clutter: bool, whether to write what a snapshot of training has too: rates, phases, the
            options of convolutions, the net's input, and gradients beside the values.
    """
    with open(path, "wb") as file:
        file.write(message(1, name))
        below = "data"
        for layer in layers:
            for part in _layer_parts(layer, below, version, shape, values, clutter):
                file.write(part)
            below = layer.name
        file.write(CLUTTER["net"] if clutter else b"")
    return path


def _layer_parts(layer, below, version, shape, values, clutter):
    name, kind, bottom, top, blobs, field = FIELDS[version]
    head = {name: message(name, layer.name), bottom: message(bottom, below)}
    head[top] = message(top, layer.name)
    head[kind] = message(kind, layer.type)
    if version == "v1":
        head[kind] = number(kind, V1_TYPES[layer.type])
    parts = [head[number] for number in sorted(head)]  # as protobuf itself writes them
    parts += [CLUTTER[version]] * clutter
    for array in layer.make():
        blob = blob_parts(array, shape, values)
        if clutter:  # diff
            blob = [*blob, tag(6, LENGTH) + varint(4 * array.size), bytes(4 * array.size)]
        parts += [tag(blobs, LENGTH) + varint(sum(map(len, blob))), *blob]
    return [tag(field, LENGTH), varint(sum(map(len, parts))), *parts]


RATE = b"\x00\x00\x80\x3f"  # 1.0
CLUTTER = {
    # blobs_lr, weight_decay, convolution_param with 96 outputs, include in phase 0
    "v1": (tag(7, FLOAT) + RATE) * 2
    + tag(8, FLOAT)
    + RATE
    + message(10, number(1, 96))
    + message(32, number(1, 0)),
    # loss_weight, param with lr_mult, phase, convolution_param
    "v2": tag(5, FLOAT)
    + RATE
    + message(6, tag(3, FLOAT) + RATE)
    + number(10, 1)
    + message(106, number(1, 96) + message(20, b"")),
    # input, input_dim, force_backward
    "net": message(3, "data") + number(4, 10) + number(5, 1) + number(7, 1),
}
