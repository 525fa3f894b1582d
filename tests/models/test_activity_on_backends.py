"""One preset of activities, three backends, the same probabilities."""

import functools
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import keras_lrcn
from tests.models.test_activity import make_activity, make_video

SCRIPT = pathlib.Path(__file__).with_name("activity_on_backend.py")
pytestmark = pytest.mark.backends


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """Function of a backend: what it says, from a process of its own, run once."""
    pytest.importorskip("cv2")
    folder, streams = tmp_path_factory.mktemp("activity"), []
    for seed, modality in ((1, "rgb"), (2, "flow")):
        streams.append(make_activity(seed, modality, dropout=0.0, visual_dropout=0.0))
    streams[0].save_to_preset(str(folder / "rgb"))
    keras_lrcn.TwoStream.from_streams(*streams).save_to_preset(str(folder / "both"))
    np.save(folder / "frames.npy", make_video(17))
    write_videos(folder / "videos")
    names = [str(folder / name) for name in ("frames.npy", "videos", "rgb", "both")]
    return functools.cache(lambda backend: run(backend, names))


def write_videos(folder):
    """Two folders of frames for each class."""
    for seed, name in enumerate(["left/a", "left/b", "right/a", "right/b", "still/a", "still/b"]):
        (folder / name).mkdir(parents=True)
        for number, frame in enumerate(make_video(9 + seed, seed)):
            Image.fromarray(frame).save(folder / name / f"{number:02}.png")


def run(backend, names):
    pytest.importorskip(backend)
    process = subprocess.run(
        [sys.executable, str(SCRIPT), *names],
        env={**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": str(SCRIPT.parents[2])},
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr[-3000:]
    found = json.loads(process.stdout.splitlines()[-1])
    assert found.pop("backend") == backend
    return found


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_presets_classify_stream_and_train_as_on_tensorflow(said, backend):
    expected, found = said("tensorflow"), said(backend)
    assert len(expected) == 12 and found.keys() == expected.keys()
    assert np.ptp(expected["LRCNActivity timeline"]) > 0.1
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, atol=1e-4, err_msg=name)


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_a_killed_training_goes_on_with_the_clips_it_would_have_seen(said, backend):
    found = said(backend)
    np.testing.assert_allclose(found["losses with a break"], found["losses"], atol=1e-5)
