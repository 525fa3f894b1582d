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


def test_every_network_of_the_paper_has_a_name():
    wanted = {
        f"lrcn{variant}_{cnn}_{data}"
        for variant in ("1u", "2u", "2f")
        for cnn in ("caffenet", "vgg")
        for data in ("coco", "flickr30k")
    }
    wanted |= {f"lrcn2f_{cnn}_coco_finetuned" for cnn in ("caffenet", "vgg")}
    wanted |= {"rnn2f_caffenet_coco", "s2vt_vgg_msvd", "meanpool_vgg_msvd"}
    wanted |= {
        f"{variant}_{stream}_hybrid_ucf101"
        for variant in ("single", "lrcn")
        for stream in ("rgb", "flow", "two_stream")
    }
    wanted |= {f"lrcn2u_{variant}_tacos" for variant in ("sequence", "crfmax", "crfprob")}
    assert wanted <= KNOWN.keys()


# === Parameters: once more from the shapes of the Caffe files (see `published_nets`), by hand ===
CONVOLUTIONS = {  # (maps, maps that one of them sees, kernel)
    "caffenet": [(96, 3, 11), (256, 48, 5), (384, 256, 3), (384, 192, 3), (256, 192, 3)],
    "hybrid": [(96, 3, 7), (384, 48, 5), (512, 384, 3), (512, 256, 3), (384, 256, 3)],
    "vgg": [(64, 3, 3), (64, 64, 3), (128, 64, 3), (128, 128, 3), (256, 128, 3)]
    + [(256, 256, 3)] * 2
    + [(512, 256, 3)]
    + [(512, 512, 3)] * 5,
}
FLAT = {"caffenet": 6 * 6 * 256, "hybrid": 6 * 6 * 384, "vgg": 7 * 7 * 512}


def dense(*widths):
    return sum((below + 1) * above for below, above in zip(widths, widths[1:], strict=False))


def cnn_params(cnn, *units):
    convolutions = sum(maps * (below * side**2 + 1) for maps, below, side in CONVOLUTIONS[cnn])
    return convolutions + dense(FLAT[cnn], *units)


def lstm(inputs, units=1000):
    return 4 * units * (inputs + units + 1)


def rnn(inputs, units=1000):
    return units * (inputs + units + 1) + dense(units, units)


def captioner_params(name):
    variant, cnn, _ = name.split("_")[:3]
    cell = rnn if variant.startswith("rnn") else lstm
    stacks = {
        "1u": cell(2000),
        "2u": cell(2000) + cell(1000),
        "2f": cell(1000) + cell(2000),
    }
    tokens = 8801 + 2  # <pad> is no word of Caffe's, and <bos> and <eos> are one word there
    return (
        cnn_params(cnn, 4096, 4096, 1000)
        + tokens * 1000
        + stacks[variant[-2:]]
        + dense(1000, tokens)
    )


def activity_params(name):
    variant, stream, *_ = name.split("_")
    if stream == "two":
        return 2 * activity_params(f"{variant}_rgb_hybrid_ucf101")
    if variant == "single":
        return cnn_params("hybrid", 4096, 4096, 101)
    return cnn_params("hybrid", 4096) + lstm(4096, 256) + dense(256, 101)


def describer_params(name):
    features = cnn_params("vgg", 4096, 4096)
    if name.startswith("meanpool"):
        tokens = 12_594 + 2
        stack = lstm(1000) + lstm(1000 + 4096)
        return features + tokens * 1000 + stack + dense(1000, tokens)
    tokens = 46_168 + 2
    reading = dense(4096, 500) + lstm(500) + lstm(1000)
    writing = lstm(0) + lstm(1000 + 500)  # without frames, and the stage in the bias
    return features + reading + writing + tokens * 500 + dense(1000, tokens)


def test_the_shapes_of_the_original_files_are_these():
    assert cnn_params("caffenet", 4096, 4096, 1000) == 60_965_224
    assert cnn_params("vgg", 4096, 4096, 1000) == 138_357_544


@pytest.mark.parametrize("name", [n for n, known in KNOWN.items() if known.params])
def test_parameters_follow_from_the_shapes(name):
    count = {
        "LRCNCaptioner": captioner_params,
        "LRCNActivity": activity_params,
        "TwoStream": activity_params,
        "LRCNVideoDescriber": describer_params,
    }[KNOWN[name].task]
    assert KNOWN[name].params == count(name)


@pytest.mark.slow
def test_networks_of_that_many_parameters_can_be_built():
    def encoder(kind, units):
        cnn = keras_lrcn.CaffeNetBackbone(kind, image_shape=(227, 227, 3))
        return keras_lrcn.ImageEncoder(cnn, "flatten", units=units)

    hybrid = keras_lrcn.LRCNActivityBackbone(encoder("hybrid", [4096]), units=256)
    activity = keras_lrcn.LRCNActivity(hybrid, num_classes=101)
    assert activity.count_params() == KNOWN["lrcn_rgb_hybrid_ucf101"].params
    for name, options in {
        "lrcn2f_caffenet_coco": {},
        "lrcn1u_caffenet_coco": {"num_layers": 1, "factored": False},
        "rnn2f_caffenet_coco": {"cell": "rnn"},
    }.items():
        backbone = keras_lrcn.LRCNCaptionerBackbone(
            8803,
            encoder("caffenet", [4096, 4096, 1000]),
            embedding_dim=1000,
            units=1000,
            **options,
        )
        assert keras_lrcn.LRCNCaptioner(backbone).count_params() == KNOWN[name].params, name


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
    captioner = keras_lrcn.LRCNCaptioner.from_preset("lrcn2f_vgg_coco")
    assert captioner.preprocessor.tokenizer.vocabulary_size() == 13


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


def test_the_command_narrows_and_shows_commands():
    done = run("--where", "convertible", "trainable")
    assert done.returncode == 0, done.stderr
    names = [line for line in done.stdout.splitlines() if line[:1] not in (" ", "")]
    assert names == [*keras_lrcn.list_presets(["convertible", "trainable"])]
    assert "python -m hub.convert lrcn2f_vgg_coco --caffemodel" in done.stdout
    nothing = run("--where", "cached")
    assert nothing.returncode == 2 and "no network is cached" in nothing.stderr


def test_an_owner_of_a_mirror_has_all(tmp_path):
    done = run(
        "--where", "published", "--json", KERAS_LRCN_HUB_OWNER="mirror", HF_HOME=str(tmp_path)
    )
    listed = json.loads(done.stdout)
    assert listed.keys() == KNOWN.keys()
    assert {entry["repository"] for entry in listed.values()} == {f"mirror/{n}" for n in KNOWN}
