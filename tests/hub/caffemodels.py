"""Writes small `.caffemodel` files with the `protobuf` library, from a cut of `caffe.proto`."""

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

FIELD = descriptor_pb2.FieldDescriptorProto
KINDS = {"float": FIELD.TYPE_FLOAT, "double": FIELD.TYPE_DOUBLE, "int32": FIELD.TYPE_INT32}
KINDS |= {"int64": FIELD.TYPE_INT64, "string": FIELD.TYPE_STRING}
SCHEMA = {
    "BlobShape": [("dim", 1, "int64", True)],
    "BlobProto": [
        *[(n, i, "int32", False) for i, n in enumerate(("num", "channels", "height", "width"), 1)],
        ("data", 5, "float", True),
        ("diff", 6, "float", True),
        ("shape", 7, "BlobShape", False),
        ("double_data", 8, "double", True),
    ],
    "LayerParameter": [
        ("name", 1, "string", False),
        ("type", 2, "string", False),
        ("bottom", 3, "string", True),
        ("loss_weight", 5, "float", True),
        ("blobs", 7, "BlobProto", True),
    ],
    "V1LayerParameter": [
        ("bottom", 2, "string", True),
        ("name", 4, "string", False),
        ("type", 5, "int32", False),
        ("blobs", 6, "BlobProto", True),
        ("blobs_lr", 7, "float", True),
    ],
    "NetParameter": [
        ("name", 1, "string", False),
        ("layers", 2, "V1LayerParameter", True),
        ("input", 3, "string", True),
        ("input_dim", 4, "int32", True),
        ("layer", 100, "LayerParameter", True),
    ],
}
V1_TYPES = {"Convolution": 4, "InnerProduct": 14, "ReLU": 18}


def messages(packed=True):
    """The message classes by name; `packed` is that of all numbers."""
    file = descriptor_pb2.FileDescriptorProto(name="net.proto", package="caffe", syntax="proto2")
    for name, fields in SCHEMA.items():
        message = file.message_type.add(name=name)
        for field_name, number, kind, repeated in fields:
            label = FIELD.LABEL_REPEATED if repeated else FIELD.LABEL_OPTIONAL
            field = message.field.add(name=field_name, number=number, label=label)
            if kind in KINDS:
                field.type = KINDS[kind]
                field.options.packed = packed and repeated and kind != "string"
            else:
                field.type, field.type_name = FIELD.TYPE_MESSAGE, f".caffe.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"caffe.{name}"))
        for name in SCHEMA
    }


def write_caffemodel(path, layers, version=2, packed=True, legacy=False, double=False):
    """Writes a network.

    Args:
        path: the file.
        layers: dict from a name to `(type, list of arrays)`.
        version: `1` for `layers`, `2` for `layer`.
        packed: bool, whether numbers lie in one piece.
        legacy: bool, whether shapes have four axes (num, channels, height, width).
        double: bool, whether numbers are float64.

    Returns:
        `path`.
    """
    net = messages(packed)["NetParameter"](name="net", input=["data"], input_dim=[1, 3, 8, 8])
    for name, (kind, blobs) in layers.items():
        layer = (net.layers if version == 1 else net.layer).add(name=name, bottom=["below"])
        layer.type = V1_TYPES[kind] if version == 1 else kind
        for blob in blobs:
            fill_blob(layer.blobs.add(), blob, legacy, double)
    with open(path, "wb") as file:
        file.write(net.SerializeToString())
    return str(path)


def fill_blob(message, blob, legacy=False, double=False):
    """Puts an array into a `BlobProto`."""
    blob = np.asarray(blob)
    if legacy:
        sizes = (1,) * (4 - blob.ndim) + blob.shape
        message.num, message.channels, message.height, message.width = sizes
    else:
        message.shape.dim.extend(blob.shape)
    (message.double_data if double else message.data).extend(blob.ravel().tolist())
