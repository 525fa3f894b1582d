"""The file that the benchmark of conversions writes is one that Caffe's reader reads."""

import numpy as np

from benchmarks import conversion
from hub.caffemodel import read_caffemodel


def test_the_network_is_of_the_published_size():
    sizes = [np.prod(shape) for *_, shapes in conversion.published_shapes() for shape in shapes]
    assert sum(sizes) == 138_357_544 + 37_618_801


def test_a_written_network_is_read(tmp_path, monkeypatch):
    shapes = [("fc6", "InnerProduct", [(4, 9), (4,)]), ("lstm1", "LSTM", [(8, 4), (8,), (8, 2)])]
    monkeypatch.setattr(conversion, "published_shapes", lambda: shapes)
    conversion.write_network(tmp_path / "net.caffemodel")
    layers = read_caffemodel(tmp_path / "net.caffemodel")
    for name, kind, expected in shapes:
        assert layers[name].type == kind
        assert [blob.shape for blob in layers[name].blobs] == expected
