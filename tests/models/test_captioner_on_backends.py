"""One preset, three backends, the same sentences."""

import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

import keras_lrcn
from tests.models.describers import KINDS, inputs_of, make_describer

SCRIPT = pathlib.Path(__file__).with_name("captions_on_backend.py")
SHIPPED = "lrcn2f_efficientnet_lite0_flickr8k"
pytestmark = pytest.mark.backends


def captions(backend, preset, inputs, task):
    pytest.importorskip(backend)
    run = subprocess.run(
        [sys.executable, str(SCRIPT), task, str(preset), str(inputs)],
        env={**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": str(SCRIPT.parents[2])},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    said = json.loads(run.stdout.splitlines()[-1])
    assert said.pop("backend") == backend
    return said


def assert_same(inputs, preset, path, task="LRCNCaptioner"):
    """Stores photos (.npy), videos (.npz) or tuples (.json) at `path` for three processes."""
    if path.suffix == ".json":
        path.write_text(json.dumps(inputs))
    else:
        np.savez(path, *inputs) if path.suffix == ".npz" else np.save(path, inputs)
    expected = captions("tensorflow", preset, path, task)
    assert len(set(expected["greedy"])) > len(inputs) // 4
    for backend in ("jax", "torch"):
        said = captions(backend, preset, path, task)
        for name, values in expected.items():
            if isinstance(values[0], str):
                assert said[name] == values, (backend, name)
            else:  # sums of up to 20 float32 terms
                np.testing.assert_allclose(said[name], values, atol=1e-4, err_msg=backend)


def test_a_tiny_preset_says_the_same_everywhere(tiny_preset, tmp_path):
    photos = np.random.default_rng(0).integers(0, 255, (8, 16, 16, 3), dtype="uint8")
    assert_same(photos, tiny_preset, tmp_path / "photos.npy")


@pytest.mark.parametrize(
    "kind", ["encoder-decoder", "probabilities", "mean", "s2vt with attention"]
)
def test_a_tiny_describer_says_the_same_everywhere(kind, tmp_path):
    make_describer(kind).save_to_preset(str(tmp_path / "preset"))
    path = tmp_path / ("inputs.json" if kind in KINDS[:3] else "inputs.npz")
    assert_same(inputs_of(kind, 8), tmp_path / "preset", path, "LRCNVideoDescriber")


@pytest.mark.shared
@pytest.mark.slow
def test_the_shipped_preset_says_the_same_about_32_photos(shared_data, tmp_path):
    from keras_lrcn.data import read_flickr8k, read_image

    examples = read_flickr8k(shared_data / "flickr8k", "dev")[:32]
    photos = np.stack([read_image(e.path) for e in examples])
    assert SHIPPED in keras_lrcn.list_presets()
    assert_same(photos, SHIPPED, tmp_path / "photos.npy")
