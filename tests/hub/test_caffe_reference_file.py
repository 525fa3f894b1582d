"""The writer of `.caffemodel` files against Google's protobuf, and the nets that it writes."""

import tracemalloc

import numpy as np
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from reference import published_nets
from reference.caffe_file import V1_TYPES, Layer, blob_parts, varint, write_caffemodel

F = descriptor_pb2.FieldDescriptorProto
# Message: fields as (name, number, type, repeated, message type), from `caffe.proto`.
MESSAGES = {
    "BlobShape": [("dim", 1, F.TYPE_INT64, True, None)],
    "BlobProto": [
        ("num", 1, F.TYPE_INT32, False, None),
        ("channels", 2, F.TYPE_INT32, False, None),
        ("height", 3, F.TYPE_INT32, False, None),
        ("width", 4, F.TYPE_INT32, False, None),
        ("data", 5, F.TYPE_FLOAT, True, None),
        ("shape", 7, F.TYPE_MESSAGE, False, "BlobShape"),
        ("double_data", 8, F.TYPE_DOUBLE, True, None),
    ],
    "V1LayerParameter": [
        ("bottom", 2, F.TYPE_STRING, True, None),
        ("top", 3, F.TYPE_STRING, True, None),
        ("name", 4, F.TYPE_STRING, False, None),
        ("type", 5, F.TYPE_INT32, False, None),  # an enum there: the same bytes
        ("blobs", 6, F.TYPE_MESSAGE, True, "BlobProto"),
    ],
    "LayerParameter": [
        ("name", 1, F.TYPE_STRING, False, None),
        ("type", 2, F.TYPE_STRING, False, None),
        ("bottom", 3, F.TYPE_STRING, True, None),
        ("top", 4, F.TYPE_STRING, True, None),
        ("blobs", 7, F.TYPE_MESSAGE, True, "BlobProto"),
    ],
    "NetParameter": [
        ("name", 1, F.TYPE_STRING, False, None),
        ("layers", 2, F.TYPE_MESSAGE, True, "V1LayerParameter"),
        ("layer", 100, F.TYPE_MESSAGE, True, "LayerParameter"),
    ],
}
PACKED = {"data", "double_data", "dim"}


@pytest.fixture(scope="module")
def net_parameter():
    """Google's class for a whole file."""
    file = descriptor_pb2.FileDescriptorProto(name="tests/caffe.proto", package="caffe_test")
    for message, fields in MESSAGES.items():
        descriptor = file.message_type.add(name=message)
        for name, number, kind, repeated, inner in fields:
            label = F.LABEL_REPEATED if repeated else F.LABEL_OPTIONAL
            field = descriptor.field.add(name=name, number=number, type=kind, label=label)
            if inner:
                field.type_name = f".caffe_test.{inner}"
            field.options.packed = name in PACKED
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("caffe_test.NetParameter"))


def few_layers():
    return [
        Layer("data", "Data"),
        published_nets.with_bias("conv1", "Convolution", (6, 3, 5, 5), seed=0),
        Layer("relu1", "ReLU"),
        published_nets.with_bias("fc6", "InnerProduct", (150, 40), seed=0),
    ]


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("shape", ["shape", "legacy"])
@pytest.mark.parametrize("values", ["packed", "unpacked", "double"])
def test_protobuf_reads_what_is_written(tmp_path, net_parameter, version, shape, values):
    path = write_caffemodel(tmp_path / "a.caffemodel", few_layers(), version, shape, values)
    net = net_parameter.FromString(path.read_bytes())
    layers = net.layers if version == "v1" else net.layer
    assert net.name == "LRCN" and len(net.layers) + len(net.layer) == 4
    assert [layer.top[0] for layer in layers] == ["data", "conv1", "relu1", "fc6"]
    assert [layer.bottom[0] for layer in layers] == ["data", "data", "conv1", "relu1"]
    for layer, expected in zip(layers, few_layers(), strict=True):
        kind = V1_TYPES[expected.type] if version == "v1" else expected.type
        assert (layer.name, layer.type) == (expected.name, kind)
        for blob, array in zip(layer.blobs, expected.make(), strict=True):
            data = blob.double_data if values == "double" else blob.data
            np.testing.assert_array_equal(np.array(data, "float32"), array.reshape(-1))
            legacy = [1] * (4 - array.ndim) + list(array.shape)
            dims = [blob.num, blob.channels, blob.height, blob.width]
            assert list(blob.shape.dim) == (list(array.shape) if shape == "shape" else [])
            assert dims == (legacy if shape == "legacy" else [0] * 4)


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_protobuf_reads_a_snapshot_of_training(tmp_path, net_parameter, version):
    plain = write_caffemodel(tmp_path / "a.caffemodel", few_layers(), version)
    full = write_caffemodel(tmp_path / "b.caffemodel", few_layers(), version, clutter=True)
    assert full.stat().st_size > 1.9 * plain.stat().st_size
    net = net_parameter.FromString(full.read_bytes())
    net.DiscardUnknownFields()
    assert net.SerializeToString() == plain.read_bytes()


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("shape", ["shape", "legacy"])
def test_protobuf_writes_the_same_bytes(tmp_path, net_parameter, version, shape):
    path = write_caffemodel(tmp_path / "a.caffemodel", few_layers(), version, shape)
    content = path.read_bytes()
    assert net_parameter.FromString(content).SerializeToString() == content


def test_numbers_of_seven_bits_a_byte():
    assert [varint(n) for n in (0, 1, 127, 128, 300)] == [
        b"\x00", b"\x01", b"\x7f", b"\x80\x01", b"\xac\x02",
    ]  # fmt: skip
    # Field 5 (kind 2), 4 bytes, 1.0; field 7, 2 bytes: field 1 packed, 1 byte, 1.
    expected = bytes.fromhex("2a04 0000803f 3a03 0a0101")
    assert b"".join(bytes(part) for part in blob_parts(np.ones(1, "float32"))) == expected


def test_a_file_never_has_two_layers_in_memory(tmp_path):
    layers = [
        published_nets.with_bias(f"fc{number}", "InnerProduct", (1000, 1000), seed=0)
        for number in range(8)
    ]
    tracemalloc.start()
    path = write_caffemodel(tmp_path / "a.caffemodel", layers)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert path.stat().st_size > 8 * 4_004_000
    assert peak < 2 * 4_004_000 + 1_000_000


def count(layers):
    return sum(int(np.prod(shape)) for layer in layers for shape in layer.shapes)


def test_published_sizes_are_those_of_the_reference():
    assert count(published_nets.cnn("caffenet")) == 60_965_224
    assert count(published_nets.cnn("vgg")) == 138_357_544
    assert count(published_nets.language("2f", 1000, 8801)) == 37_618_801
    assert count(published_nets.activity("lrcn")) == 65_421_285
    hybrid_single = {layer.name: layer.shapes for layer in published_nets.activity("single")}
    assert hybrid_single["conv2"] == ((384, 48, 5, 5), (384,))
    assert hybrid_single["fc6"][0] == (4096, 13_824)
    assert hybrid_single["fc8-ucf"] == ((101, 4096), (101,))
    assert abs(4 * count(published_nets.s2vt()) - 349e6) < 1e6


@pytest.mark.parametrize(
    "variant, lstm1, lstm2",
    [
        ("1u", [(4000, 1000), (4000,), (4000, 1000), (4000, 1000)], None),
        ("2u", [(4000, 1000), (4000,), (4000, 1000), (4000, 1000)], 3),
        ("2f", [(4000, 1000), (4000,), (4000, 1000)], 4),
    ],
)
def test_the_image_enters_where_the_variant_says(variant, lstm1, lstm2):
    layers = {layer.name: layer.shapes for layer in published_nets.captioner(variant, "vgg")}
    assert list(layers["lstm1"]) == lstm1
    assert (len(layers["lstm2"]) if "lstm2" in layers else None) == lstm2
    assert layers["predict"] == ((8801, 1000), (8801,)) and layers["conv5_3"][0][0] == 512


def test_s2vt_has_the_published_widths():
    factored = {layer.name: layer.shapes for layer in published_nets.s2vt()}
    assert factored["embed_encoder"] == ((500, 4096), (500,))
    assert factored["lstm1"] == ((4000, 500), (4000,), (4000, 1000))
    assert factored["lstm2"] == ((4000, 1501), (4000,), (4000, 1000))
    unfactored = {layer.name: layer.shapes for layer in published_nets.s2vt(factored=False)}
    assert unfactored["lstm1"][0] == (4000, 1001) and unfactored["lstm2"][0] == (4000, 1000)


def test_arrays_have_the_shapes_told_and_are_made_alike_twice():
    for layer in published_nets.captioner("2f", words=20, scale=1 / 64):
        assert tuple(array.shape for array in layer.make()) == layer.shapes
        for one, other in zip(layer.make(), layer.make(), strict=True):
            np.testing.assert_array_equal(one, other)
