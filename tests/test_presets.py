"""The names of presets: what is said of them, where they lead, and what a missing one tells."""

import json
import os
import re
import shlex
import subprocess
import sys

import pytest

import keras_lrcn
from keras_lrcn import presets
from keras_lrcn.known_presets import KNOWN, TRAINED_YOURSELF
from keras_lrcn.presets import preset_task
from tests.models.test_activity import make_activity

EMBEDDED = sorted(keras_lrcn.list_presets("embedded"))
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def test_the_task_of_a_folder_is_told(tmp_path, tiny_preset):
    make_activity().save_to_preset(str(tmp_path / "mine"))
    assert preset_task(str(tmp_path / "mine")) == "LRCNActivity"
    assert preset_task(tiny_preset) == "LRCNCaptioner"


@pytest.mark.parametrize("name", EMBEDDED)
def test_the_task_of_a_shipped_preset_is_told(name):
    task = preset_task(name)
    assert task == keras_lrcn.list_presets()[name]["task"] and hasattr(keras_lrcn, task)


def test_what_holds_no_task_is_none(tmp_path):
    (tmp_path / "task.json").write_text("{}")
    assert preset_task(str(tmp_path)) is None
    assert preset_task("no_such_preset") is None


def test_every_name_says_what_it_is():
    everything = keras_lrcn.list_presets()
    assert len(everything) == len(EMBEDDED) + len(KNOWN)
    for name, preset in everything.items():
        assert re.fullmatch(r"[a-z][a-z0-9_]+", name)
        for field in ("description", "origin", "licence", "paper", "where"):
            assert isinstance(preset[field], str) and len(preset[field]) > 3, (name, field)
        assert hasattr(keras_lrcn, preset["task"])
        assert preset["params"] is None or preset["params"] > 1e5
    assert all(len(k.description) < 250 for k in KNOWN.values())


# === Where a name leads ===
@pytest.fixture
def pins(tmp_path, monkeypatch):
    """A function that publishes names, in a table of its own."""
    monkeypatch.setattr(presets, "PINS", tmp_path / "pins.json")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    monkeypatch.delenv(presets.OWNER_VARIABLE, raising=False)

    def publish(*names):
        pinned = {f"{presets.OWNER}/{n}": {"commit": COMMIT, "files": {}} for n in names}
        (tmp_path / "pins.json").write_text(json.dumps(pinned))

    publish()
    return publish


def test_names_lead_to_folders_and_repositories(pins, monkeypatch):
    pins("lrcn2f_vgg_coco")
    assert presets.resolve("lrcn2f_vgg_coco") == "hf://keras-lrcn/lrcn2f_vgg_coco"
    assert os.path.isdir(presets.resolve(EMBEDDED[0]))
    for handle in ("hf://me/mine", "kaggle://me/lrcn/keras/mine", "./folder"):
        assert presets.resolve(handle) == handle
    entry = keras_lrcn.list_presets("published")["lrcn2f_vgg_coco"]
    assert entry["repository"] == "keras-lrcn/lrcn2f_vgg_coco" and entry["commit"] == COMMIT
    monkeypatch.setenv("KERAS_LRCN_HUB_OWNER", "mirror")
    assert presets.resolve("lrcn2f_vgg_coco") == "hf://mirror/lrcn2f_vgg_coco"
    assert presets.read_pins()["mirror/lrcn2f_vgg_coco"]["commit"] == COMMIT
    assert presets.resolve("lrcn1u_vgg_coco") == "hf://mirror/lrcn1u_vgg_coco"
    assert presets.read_pins()["mirror/lrcn1u_vgg_coco"] is None
    assert os.path.isdir(presets.resolve(EMBEDDED[0]))


@pytest.mark.parametrize("owner", ["../up", "a/b", "https://hub", " "])
def test_an_owner_that_is_none_is_named(pins, monkeypatch, owner):
    monkeypatch.setenv("KERAS_LRCN_HUB_OWNER", owner)
    with pytest.raises(ValueError, match="KERAS_LRCN_HUB_OWNER must be a user or organisation"):
        keras_lrcn.list_presets()


def test_the_list_can_be_narrowed(pins):
    pins("lrcn2f_vgg_coco")
    parts = [keras_lrcn.list_presets(place) for place in presets.PLACES]
    assert [*parts[2]] == ["lrcn2f_vgg_coco"] and sorted(parts[0]) == EMBEDDED and not parts[1]
    assert {k: v for part in parts for k, v in part.items()} == keras_lrcn.list_presets()
    assert sum(map(len, parts)) == len(keras_lrcn.list_presets())
    assert keras_lrcn.list_presets(["embedded", "published"]) == parts[0] | parts[2]
    with pytest.raises(ValueError, match=r"`where` must be of .*\['nowhere'\]"):
        keras_lrcn.list_presets("nowhere")


@pytest.mark.parametrize("name", [n for n, known in KNOWN.items() if known.files])
def test_a_name_without_weights_tells_how_they_are_made(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    task = getattr(keras_lrcn, KNOWN[name].task)
    with pytest.raises(ValueError) as error:
        task.from_preset(name)
    message = str(error.value)
    assert "not published" in message and message == str(_error_of(name))
    file, _ = KNOWN[name].files["caffemodel"]
    command = next(line for line in message.splitlines() if "hub.convert" in line)
    parts = shlex.split(command)
    assert parts[:4] == ["python", "-m", "hub.convert", name] and parts[-2:] == ["--output", name]
    assert parts[parts.index("--caffemodel") + 1] == file
    by_hand = f"writes {file}" if file == TRAINED_YOURSELF else f"Download {file} by hand: http"
    assert by_hand in message
    assert f"from_preset('./{name}')" in message


def _error_of(name):
    with pytest.raises(ValueError) as error:
        presets.resolve(name)
    return error.value


def test_a_two_stream_network_is_joined_from_its_streams():
    message = str(_error_of("lrcn_two_stream_hybrid_ucf101"))
    for stream in ("rgb", "flow"):
        assert f"python -m hub.convert lrcn_{stream}_hybrid_ucf101 " in message
    code = shlex.split(next(x for x in message.splitlines() if "python -c" in x))[2]
    compile(code, "joined", "exec")
    assert "TwoStream.from_streams" in code


def test_what_nobody_has_is_to_be_trained():
    message = str(_error_of("lrcn2u_crfprob_tacos"))
    assert "applications/video_description/README.md" in message and "hub.convert" not in message


def test_a_folder_of_that_name_wins(tmp_path, tiny_preset, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.symlink(tiny_preset, "lrcn2f_vgg_coco")  # what `hub.convert` writes
    assert presets.resolve("lrcn2f_vgg_coco") == "lrcn2f_vgg_coco"
    captioner = keras_lrcn.LRCNCaptioner.from_preset("lrcn2f_vgg_coco")
    assert captioner.preprocessor.tokenizer.vocabulary_size() == 13


def test_the_words_of_a_preset_load_alone():
    tokenizer = keras_lrcn.preprocessing.WordTokenizer.from_preset("s2vt_grid_s1")
    assert {"bin", "blue", "please"} <= set(tokenizer.get_vocabulary())
    with pytest.raises(FileNotFoundError, match="tokenizer.json"):
        keras_lrcn.preprocessing.WordTokenizer.from_preset("lrcn_rgb_small_cnn_motions")


def test_a_shipped_name_is_known_to_whoever_imports_a_class_directly():
    code = (
        "from keras_lrcn.preprocessing import WordTokenizer; "
        "print(WordTokenizer.from_preset('s2vt_grid_s1').vocabulary_size())"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(run.stdout) > 50


# === From the shell, without TensorFlow ===
def run(*arguments, **env):
    code = (
        "import sys; from keras_lrcn.cli import main; status = main(sys.argv[1:]); "
        "heavy = {'tensorflow', 'keras', 'keras_hub', 'torch', 'jax'} & sys.modules.keys(); "
        "sys.exit(status or (f'imported {heavy}' if heavy else 0))"
    )
    command = [sys.executable, "-c", code, "presets", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **env})


def test_the_command_lists_what_the_function_does():
    done = run("--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == json.loads(json.dumps(keras_lrcn.list_presets()))


def test_the_command_narrows():
    done = run("--where", "convertible", "trainable")
    assert done.returncode == 0, done.stderr
    names = [line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ")]
    assert sorted(names) == sorted(keras_lrcn.list_presets(["convertible", "trainable"]))
    nothing = run("--where", "cached")
    assert nothing.returncode == 2 and "no network is cached" in nothing.stderr


def test_the_command_tells_all_about_one():
    done = run("lrcn2f_vgg_coco")
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if line[0] != " "] == ["lrcn2f_vgg_coco"]
    assert "python -m hub.convert lrcn2f_vgg_coco --caffemodel" in done.stdout
    assert "175,980,347" in done.stdout
    unknown = run("lrcn9z_vgg_coco")
    assert unknown.returncode == 2 and "no network is called lrcn9z_vgg_coco" in unknown.stderr


def test_an_owner_of_a_mirror_has_all(tmp_path):
    done = run(
        "--where", "published", "--json", KERAS_LRCN_HUB_OWNER="mirror", HF_HOME=str(tmp_path)
    )
    listed = json.loads(done.stdout)
    assert listed.keys() == KNOWN.keys()
    assert {entry["repository"] for entry in listed.values()} == {f"mirror/{n}" for n in KNOWN}


def test_an_owner_that_is_none_is_told_by_the_command():
    done = run(KERAS_LRCN_HUB_OWNER="../up")
    assert done.returncode == 2
    assert done.stderr.startswith("keras-lrcn: error: KERAS_LRCN_HUB_OWNER must be a user")
