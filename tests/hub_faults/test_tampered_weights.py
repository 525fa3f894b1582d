"""HDF5 files of a preset that are damaged or altered: each is refused, and nothing else is read."""

import h5py
import numpy as np
import pytest

from keras_lrcn.loading import PresetError
from keras_lrcn.loading.weights import check_weights
from keras_lrcn.presets import EMBEDDED

SECRET = np.full(8, 42.0, "float32")


@pytest.fixture
def weights(tmp_path):
    """Path of sound weights, beside a file that they should not read."""
    SECRET.tofile(tmp_path / "secret.bin")
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["x"] = SECRET
    with h5py.File(tmp_path / "model.weights.h5", "w") as file:
        file["layers/dense/vars/0"] = np.ones((8, 4), "float32")
        file["layers/dense/vars/1"] = np.zeros(4, "float16")
        file["layers/dense"].attrs["name"] = "dense"
        file["seed/vars/0"] = np.array([1, 2], "uint32")
    return tmp_path / "model.weights.h5"


def external_link(file, folder):
    file["layers/dense/vars/2"] = h5py.ExternalLink(str(folder / "secret.h5"), "/x")


def soft_link(file, folder):
    file["layers/dense/vars/2"] = h5py.SoftLink("/layers/dense/vars/0")


def dangling_link(file, folder):
    file["layers/dense/vars/2"] = h5py.SoftLink("/nowhere")


def linked_group(file, folder):
    file["layers/other"] = h5py.ExternalLink(str(folder / "secret.h5"), "/")


def hard_link(file, folder):
    file["layers/dense/vars/2"] = file["layers/dense/vars/0"]


def circle(file, folder):
    file["layers/dense/again"] = file["layers"]


def virtual_dataset(file, folder):
    layout = h5py.VirtualLayout((8,), "float32")
    layout[:] = h5py.VirtualSource(str(folder / "secret.h5"), "x", (8,))
    file.create_virtual_dataset("layers/dense/vars/2", layout)


def external_storage(file, folder):
    where = [(str(folder / "secret.bin"), 0, 32)]
    file.create_dataset("layers/dense/vars/2", (8,), "float32", external=where)


def shape_bomb(file, folder):
    file.create_dataset("bomb", (2**40,), "float32", chunks=(2**10,))


def axes_bomb(file, folder):
    file.create_dataset("bomb", (2**20, 2**20, 2**20), "float32", chunks=(1, 1, 1))


def packed_bomb(file, folder):
    file.create_dataset("bomb", data=np.zeros(2**25, "float32"), compression="gzip")


def many_bombs(file, folder):
    for i in range(40):
        file.create_dataset(f"bomb{i}", (2**20,), "float32", chunks=(2**10,))


def not_a_number(file, folder):
    file["layers/dense/vars/0"][3, 2] = np.nan


def infinite(file, folder):
    file["layers/dense/vars/1"][1] = np.inf


def text(file, folder):
    file["layers/dense/vars/2"] = "rm -rf"


def reference(file, folder):
    kind = h5py.ref_dtype
    file.create_dataset("layers/dense/vars/2", data=[file["layers"].ref], dtype=kind)


def compound(file, folder):
    file["layers/dense/vars/2"] = np.zeros(2, [("a", "f4"), ("b", "i4")])


def named_type(file, folder):
    file["layers/kind"] = np.dtype("float32")


def reference_attribute(file, folder):
    file["layers"].attrs["x"] = file["layers/dense"].ref


def unknown_filter(file, folder):
    file.create_dataset("layers/dense/vars/2", data=np.zeros(64, "f4"), compression="lzf")


def many_axes(file, folder):
    file["layers/dense/vars/2"] = np.zeros((1,) * 12, "float32")


def nested_groups(file, folder):
    group = file
    for _ in range(100):
        group = group.create_group("g")


TAMPERINGS = {
    external_link: "is a link",
    soft_link: "is a link",
    dangling_link: "is a link",
    linked_group: "is a link",
    hard_link: "twice",
    circle: "twice",
    virtual_dataset: "another file",
    external_storage: "another file",
    shape_bomb: "unpack",
    axes_bomb: "unpack",
    packed_bomb: "unpack",
    many_bombs: "unpack",
    not_a_number: "NaN",
    infinite: "infinity",
    text: "plain numbers",
    reference: "plain numbers",
    compound: "plain numbers",
    named_type: "neither",
    reference_attribute: "attribute",
    unknown_filter: "filters",
    many_axes: "shape",
    nested_groups: "too deep",
}


@pytest.mark.parametrize("tamper", TAMPERINGS, ids=lambda tamper: tamper.__name__)
def test_altered_weights_are_refused_by_name(weights, tamper):
    assert check_weights(weights) == {8, 4, 2}
    with h5py.File(weights, "a") as file:
        tamper(file, weights.parent)
    with pytest.raises(PresetError, match=TAMPERINGS[tamper]) as error:
        check_weights(weights)
    assert weights.name in str(error.value)


def test_an_attribute_is_short(weights):
    with h5py.File(weights, "w", libver="latest") as file:
        file.attrs["x"] = np.zeros(20_000)
    with pytest.raises(PresetError, match="attribute 'x'"):
        check_weights(weights)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_weights_that_are_cut_are_refused(weights, share):
    content = weights.read_bytes()
    weights.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(PresetError, match="no intact HDF5"):
        check_weights(weights)


def test_no_flipped_byte_breaks_the_check_itself(tmp_path):
    """A byte may change a number unseen, which is what digests are for, but not end in a crash."""
    sound = (EMBEDDED / "lrcn_rgb_small_cnn_motions" / "task.weights.h5").read_bytes()
    path, refused = tmp_path / "task.weights.h5", 0
    rng = np.random.default_rng(0)
    for place in [*range(0, 600, 7), *rng.integers(0, len(sound), 150)]:
        path.write_bytes(sound[:place] + bytes([sound[place] ^ 0xFF]) + sound[place + 1 :])
        try:
            check_weights(path)
        except PresetError:
            refused += 1
    assert refused > 20
