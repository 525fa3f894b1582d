"""The reader against files that the `protobuf` library wrote, whole and damaged."""

import gc
import mmap

import networks
import numpy as np
import pytest
from caffemodels import fill_blob, messages, write_caffemodel

from hub.caffemodel import main, read_caffemodel, read_mean

DRAW = networks.Random(3)
LAYERS = {
    "data": ("ReLU", []),
    "conv1": ("Convolution", [DRAW(4, 3, 5, 5), DRAW(4)]),
    "relu1": ("ReLU", []),
    "fc6": ("InnerProduct", [DRAW(300, 7), DRAW(300)]),
}


@pytest.mark.parametrize("double", [False, True])
@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("version", [1, 2])
def test_blobs_come_back_bit_for_bit(version, packed, double, tmp_path):
    path = write_caffemodel(
        tmp_path / "net.caffemodel", LAYERS, version=version, packed=packed, double=double
    )
    layers = read_caffemodel(path)
    assert list(layers) == list(LAYERS)
    for name, (kind, blobs) in LAYERS.items():
        assert layers[name].name == name
        assert layers[name].type == kind or (version == 1 and kind == "ReLU")
        for read, written in zip(layers[name].blobs, blobs, strict=True):
            assert read.dtype == ("float64" if double else "float32")
            np.testing.assert_array_equal(read, written)


def test_old_shapes_have_four_axes(tmp_path):
    path = write_caffemodel(tmp_path / "net.caffemodel", LAYERS, version=1, legacy=True)
    shapes = [blob.shape for blob in read_caffemodel(path)["fc6"].blobs]
    assert shapes == [(1, 1, 300, 7), (1, 1, 1, 300)]


def test_packed_blobs_are_views_into_the_mapped_file(tmp_path):
    path = write_caffemodel(tmp_path / "net.caffemodel", LAYERS)
    blob = read_caffemodel(path)["fc6"].blobs[0]
    gc.collect()
    base = blob
    while isinstance(base, np.ndarray):
        base = base.base
    assert isinstance(base.obj if isinstance(base, memoryview) else base, mmap.mmap)
    assert not blob.flags.writeable
    with open(path, "rb") as file:
        assert blob.tobytes() in file.read()


def test_a_number_in_several_pieces_is_put_together(tmp_path):
    halves = b"".join(
        b"\x2a\x0c" + part.tobytes() for part in np.split(np.arange(6, dtype="<f4"), 2)
    )
    blob = halves + b"\x3a\x03\x0a\x01\x06"
    layer = b"\x0a\x03fc6" + b"\x3a" + bytes([len(blob)]) + blob
    (tmp_path / "b").write_bytes(b"\xa2\x06" + bytes([len(layer)]) + layer)
    np.testing.assert_array_equal(read_caffemodel(tmp_path / "b")["fc6"].blobs[0], np.arange(6))


def test_a_mean_image_is_read(tmp_path):
    image, blob = DRAW(1, 3, 4, 5), messages()["BlobProto"]()
    fill_blob(blob, image, legacy=True)
    (tmp_path / "mean.binaryproto").write_bytes(blob.SerializeToString())
    np.testing.assert_array_equal(read_mean(tmp_path / "mean.binaryproto"), image[0])
    grey = messages()["BlobProto"]()
    fill_blob(grey, DRAW(1, 1, 4, 5))
    (tmp_path / "grey").write_bytes(grey.SerializeToString())
    with pytest.raises(ValueError, match=r"grey .*three channels.*\(1, 1, 4, 5\)"):
        read_mean(tmp_path / "grey")


@pytest.mark.parametrize("packed", [True, False])
def test_a_file_cut_anywhere_is_refused_or_lacks_layers_at_its_end(packed, tmp_path):
    path = write_caffemodel(tmp_path / "net.caffemodel", LAYERS, packed=packed)
    with open(path, "rb") as file:
        data = file.read()
    whole = 0
    for end in [*range(1, 60), *range(60, len(data), 97)]:
        (tmp_path / "cut").write_bytes(data[:end])
        try:
            layers = read_caffemodel(tmp_path / "cut")
        except ValueError as error:
            assert str(tmp_path / "cut") in str(error)
        else:
            whole += 1
            assert list(layers) == list(LAYERS)[: len(layers)] and "fc6" not in layers
    assert whole < 3  # only where the cut falls between two layers


def test_damage_is_a_value_error_whatever_it_hits(tmp_path):
    path = write_caffemodel(tmp_path / "net.caffemodel", LAYERS)
    rng = np.random.default_rng(0)
    with open(path, "rb") as file:
        data = np.frombuffer(file.read(), "uint8")
    refused = 0
    for _ in range(300):
        damaged = data.copy()
        heads = [*range(60), *range(1300, 1400)]  # among the tags and lengths
        damaged[rng.choice(heads, 3)] = rng.integers(0, 256, 3)
        (tmp_path / "damaged").write_bytes(damaged.tobytes())
        try:
            read_caffemodel(tmp_path / "damaged")
        except ValueError as error:
            refused += 1
            assert str(tmp_path / "damaged") in str(error)
    assert refused > 100


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", r"is empty \(0 bytes\)"),
        (b"\x89HDF\r\n\x1a\nmore", "an HDF5 file"),
        (b"<!DOCTYPE html><html>", "markup"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "Git LFS pointer"),
        (b'name: "CaffeNet"\nlayer {', "text form"),
        (b"\n\x03net", "no layer has weights"),
        (b"\n\x05net", "cut off: its field 1 goes on to byte 7, and the file ends at 5"),
        (b"\x12\x04\x0a\x02\x0a\x00", "format of 2013"),
        (b"\xff" * 40, "number without an end"),
        (b"\x0b\x01\x02", "no protocol buffer field at byte 0"),
        (
            b"\xa2\x06\x0d\x0a\x01f\x3a\x08\x2a\x04abcd\x08\x02",
            r"'f', blob 0 .*\(2, 1, 1, 1\).* 1 ",
        ),
        (b"\xa2\x06\x0a\x0a\x01f\x3a\x05\x2a\x03abc", "'f', blob 0 does not hold whole numbers"),
    ],
)
def test_other_files_are_refused_by_name(content, message, tmp_path):
    (tmp_path / "other").write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        read_caffemodel(tmp_path / "other")
    assert str(tmp_path / "other") in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_caffemodel(tmp_path / "nowhere")


def test_two_layers_of_one_name_are_refused_if_both_have_weights(tmp_path):
    first = write_caffemodel(tmp_path / "a", LAYERS)
    with open(first, "rb") as file:
        (tmp_path / "twice").write_bytes(2 * file.read())
    with pytest.raises(ValueError, match="two layers named 'conv1'"):
        read_caffemodel(tmp_path / "twice")


def test_the_command_lists_layers_and_shapes(tmp_path, capsys):
    main([write_caffemodel(tmp_path / "net.caffemodel", LAYERS)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == "conv1 Convolution (4, 3, 5, 5) (4,)".split()
    assert lines[-1] == f"{304 + 2100 + 300:,} parameters"
