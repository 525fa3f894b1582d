"""`from_preset` from a Hub: the numbers of the folder, or an error; never a random head."""

import json
import pathlib
import shutil

import keras
import numpy as np
import pytest

import keras_lrcn
from keras_lrcn.loading import PresetError, local_preset, name_handles
from keras_lrcn.presets import EMBEDDED
from tests.hub_faults.conftest import HANDLE, REPO, files_below
from tests.reference.hub_client import run_client

MOTIONS = EMBEDDED / "lrcn_rgb_small_cnn_motions"
TUPLES = EMBEDDED / "lrcn2u_crfprob_charades"
FRAMES = np.random.default_rng(0).integers(0, 256, (1, 4, 32, 32, 3), "uint8")


def logits(activity):
    return activity.predict_on_batch(activity.preprocessor.convert_frames(FRAMES))


def publish(hub, folder, **changes):
    repo = hub.create(REPO)
    repo.put({**files_below(folder), **changes})
    return repo


def test_every_class_loads_from_the_hub(hub, client):
    publish(hub, TUPLES)
    describer = keras_lrcn.LRCNVideoDescriber.from_preset(HANDLE)
    local = keras_lrcn.LRCNVideoDescriber.from_preset(str(TUPLES))
    tuples = [{"roles": {"scene": "kitchen", "objects": ["cup", "sink"]}}]
    assert describer.generate(tuples) == local.generate(tuples)
    backbone = keras_lrcn.LRCNVideoDescriberBackbone.from_preset(HANDLE)
    for mine, theirs in zip(backbone.weights, local.backbone.weights, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    tokenizer = keras_lrcn.preprocessing.WordTokenizer.from_preset(HANDLE)
    assert tokenizer.get_vocabulary() == local.preprocessor.tokenizer.get_vocabulary()
    preprocessor = keras_lrcn.LRCNVideoDescriberPreprocessor.from_preset(HANDLE)
    assert preprocessor.get_config() == local.preprocessor.get_config()


def test_a_recogniser_keeps_its_numbers_through_tags_and_faults(hub, client, monkeypatch):
    repo = publish(hub, MOTIONS)
    repo.tags["v1.0.0"] = repo.head
    head = (MOTIONS / "task.weights.h5").read_bytes()
    repo.put({"task.weights.h5": head[:-1] + b"x", "README.md": b"# New\n"})
    hub.fault("/object/", "status", 3, status=500)
    hub.fault("/resolve/.*config.json", "corrupt", 1, at=200)
    activity = keras_lrcn.LRCNActivity.from_preset(HANDLE, revision="v1.0.0")
    np.testing.assert_array_equal(
        logits(activity), logits(keras_lrcn.LRCNActivity.from_preset(str(MOTIONS)))
    )
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    again = keras_lrcn.LRCNActivity.from_preset(HANDLE, revision="v1.0.0")
    np.testing.assert_array_equal(logits(activity), logits(again))
    converter = keras_lrcn.LRCNFrameConverter.from_preset(HANDLE, revision="v1.0.0")
    assert converter.get_config() == activity.preprocessor.image_converter.get_config()


def test_a_preset_without_a_head_never_gets_a_random_one(hub, client):
    repo = publish(hub, MOTIONS)
    for changes in ({"task.weights.h5": None}, {"task.json": None}):
        repo.put(changes)
        with pytest.raises(FileNotFoundError, match="last layer would be random"):
            keras_lrcn.LRCNActivity.from_preset(HANDLE)
    keras_lrcn.LRCNActivityBackbone.from_preset(HANDLE)
    assert keras_lrcn.LRCNActivity.from_preset(HANDLE, num_classes=7).num_classes == 7


def test_a_hub_that_hides_the_head_gets_no_random_one(hub, client):
    publish(hub, MOTIONS)
    for status in (404, 500):
        hub.fault("/resolve/.*task", "status", status=status)
        with pytest.raises(PresetError, match="task"):
            keras_lrcn.LRCNActivity.from_preset(HANDLE)
        hub.heal()


def test_an_altered_task_runs_nothing(hub, client):
    content = json.loads((MOTIONS / "task.json").read_text())
    layers = content["config"]["backbone"]["config"]["visual_encoder"]["config"]["layers"]
    function = {
        "module": "keras.config",
        "class_name": "function",
        "config": "set_dtype_policy",
        "registered_name": "set_dtype_policy",
    }
    layers[-1]["inbound_nodes"][0]["kwargs"]["x"] = function
    publish(hub, MOTIONS, **{"task.json": json.dumps(content).encode()})
    policy = keras.config.dtype_policy().name
    for cls in (keras_lrcn.LRCNActivity, keras_lrcn.LRCNActivityBackbone):
        with pytest.raises(PresetError, match="task.json"):
            cls.from_preset(HANDLE)
    assert keras.config.dtype_policy().name == policy


def test_weights_of_another_network_are_an_error(hub, client):
    other = (EMBEDDED / "lrcn_rgb_efficientnet_lite0_fight" / "task.weights.h5").read_bytes()
    publish(hub, MOTIONS, **{"task.weights.h5": other})
    with pytest.raises(ValueError, match="could not be loaded"):
        keras_lrcn.LRCNActivity.from_preset(HANDLE)


def test_a_name_stands_for_its_repository(hub, client, monkeypatch):
    monkeypatch.setattr("keras_lrcn.loading.handles._HANDLES", {})
    publish(hub, MOTIONS)
    name_handles({"lrcn_of_the_hub": HANDLE})
    folder = pathlib.Path(local_preset("lrcn_of_the_hub"))
    assert folder.is_relative_to(client) and (folder / "task.weights.h5").is_file()
    with pytest.raises(PresetError, match="lrcn_of_the_hub"):
        local_preset("lrcn_of_the_hug")


def test_a_download_from_kaggle_is_inspected(tmp_path, monkeypatch):
    folder = shutil.copytree(MOTIONS, tmp_path / "kaggle")
    asked = []
    monkeypatch.setattr("kagglehub.model_download", lambda h: asked.append(h) or str(folder))
    handle = "kaggle://me/lrcn/keras/motions"
    assert keras_lrcn.LRCNActivity.from_preset(handle).num_classes == 4
    (folder / "task.json").write_text('{"registered_name": "x", "class_name": "Lambda"}')
    with pytest.raises(PresetError, match="Lambda"):
        keras_lrcn.LRCNActivity.from_preset(handle)
    assert asked == ["me/lrcn/keras/motions"] * 2
    for odd in ("kaggle://me/lrcn", "kaggle://me/lrcn/../x", "gs://bucket/x", "modelscope://a/b"):
        with pytest.raises(PresetError):
            keras_lrcn.LRCNActivity.from_preset(odd)


IN_A_CHILD = """
import numpy, keras_lrcn
activity = keras_lrcn.LRCNActivity.from_preset("hf://me/lrcn"{revision})
frames = numpy.random.default_rng(0).integers(0, 256, (1, 4, 32, 32, 3), "uint8")
x = activity.preprocessor.convert_frames(frames)
print(activity.predict_on_batch(x).astype("float32").tobytes().hex())
"""
KILLED = "from keras_lrcn.loading import fetch; fetch('hf://me/lrcn')"


@pytest.mark.slow
def test_a_process_with_nothing_but_the_environment_loads_and_goes_offline(hub, tmp_path):
    expected = logits(keras_lrcn.LRCNActivity.from_preset(str(MOTIONS)))
    repo = publish(hub, MOTIONS)
    for server, revision, env in (
        (hub, "", {}),
        (hub, "", {"HF_HUB_OFFLINE": "1"}),
        (None, f', revision="{repo.head}"', {}),
    ):
        printed = run_client(IN_A_CHILD.format(revision=revision), server, tmp_path, **env)
        seen = np.frombuffer(bytes.fromhex(printed.splitlines()[-1]), "float32")
        np.testing.assert_array_equal(seen.reshape(expected.shape), expected)


def test_a_killed_download_is_no_preset_and_the_next_one_finishes(hub, tmp_path):
    import signal
    import subprocess
    import sys
    import time

    from tests.reference.hub_client import CHECKOUT, client_env

    repo = publish(hub, MOTIONS)
    hub.fault("/object/", "stall", after=1000)
    env = client_env(hub, tmp_path / "home")
    child = subprocess.Popen([sys.executable, "-c", KILLED], env=env, cwd=CHECKOUT)
    folder = tmp_path / "home" / "keras_lrcn" / "me--lrcn" / repo.head
    until = time.monotonic() + 60
    while not list(folder.glob(".part-*")) or not hub.asked("/object/"):
        assert time.monotonic() < until and child.poll() is None
        time.sleep(0.05)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert not list(folder.glob("*.weights.h5")) and not (folder / ".files.json").exists()
    hub.heal()
    offline = run_client(KILLED, hub, tmp_path / "home", check=False, HF_HUB_OFFLINE="1")
    assert "PresetUnreachableError" in offline.stderr and "not in the cache" in offline.stderr
    run_client(KILLED, hub, tmp_path / "home")
    seen = {k: v for k, v in files_below(folder).items() if not k.startswith(".")}
    assert seen == {k: v for k, v in files_below(MOTIONS).items() if k != "README.md"}
