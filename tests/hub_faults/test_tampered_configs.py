"""JSON files of a preset that somebody altered: each is refused, by file and key, before Keras."""

import json
import shutil

import pytest

from keras_lrcn.loading import PresetError, inspect_preset
from keras_lrcn.presets import EMBEDDED, list_presets


@pytest.fixture
def preset(tmp_path):
    """A small preset with a functional model inside: files to alter."""
    return shutil.copytree(EMBEDDED / "lrcn_rgb_small_cnn_motions", tmp_path / "preset")


def alter(folder, name, change):
    path = folder / name
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def encoder(content):
    """The config of the functional model, in `config.json` or `task.json`."""
    config = content["config"]
    return config.get("backbone", content)["config"]["visual_encoder"]["config"]


def entry(module, name, config=None, registered=None):
    config = {} if config is None else config
    return {
        "module": module,
        "class_name": name,
        "config": config,
        "registered_name": registered,
    }


FUNCTION = entry("keras.config", "function", "set_dtype_policy", "set_dtype_policy")


def put_layer(layer):
    return lambda content: encoder(content)["layers"].append({**layer, "name": "x"})


def put(key, value):
    return lambda content: content["config"].__setitem__(key, value)


def put_argument(value):
    def change(content):
        nodes = [n for layer in encoder(content)["layers"] for n in layer["inbound_nodes"]]
        nodes[-1]["kwargs"]["fn"] = value

    return change


def whole(value):
    def change(content):
        content.clear()
        content.update(value)

    return change


def deep(levels):
    value = {}
    for _ in range(levels):
        value = {"a": value}
    return put("name", value)


# What was altered, in which file, how -> what the refusal says.
TAMPERINGS = {
    "a class of Python": ("task.json", whole(entry("os", "system", {})), "os"),
    "another module of a known name": ("task.json", put("x", entry("os", "Dense")), "os"),
    "an unknown class of ours": (
        "task.json",
        put("x", entry("keras.config", "set_dtype_policy", {}, "keras_lrcn>Nothing")),
        "set_dtype_policy",
    ),
    "our name on another module": (
        "task.json",
        put("x", entry("keras.config", "WordTokenizer", {}, "keras_lrcn>WordTokenizer")),
        "WordTokenizer",
    ),
    "a registered name of another class": (
        "task.json",
        put("x", entry("keras.layers", "Dense", {}, "keras_lrcn>WordTokenizer")),
        "Dense",
    ),
    "a language model of KerasHub": (
        "config.json",
        put("x", entry("keras_hub.models", "GemmaBackbone", {}, "keras_hub>GemmaBackbone")),
        "GemmaBackbone",
    ),
    "a lambda": ("config.json", put("x", entry("builtins", "__lambda__")), "__lambda__"),
    "a lambda in the encoder": (
        "config.json",
        put_layer(entry("keras.layers", "Lambda", {"function": "os.system"})),
        "Lambda",
    ),
    "a lambda in task.json only": (
        "task.json",
        put_layer(entry("keras.layers", "Lambda", {"function": FUNCTION})),
        "Lambda",
    ),
    "a saved TensorFlow model": (
        "config.json",
        put_layer(entry("keras.layers", "TFSMLayer", {"filepath": "x"})),
        "TFSMLayer",
    ),
    "a torch module": (
        "config.json",
        put_layer(entry("keras.layers", "TorchModuleWrapper", {})),
        "TorchModuleWrapper",
    ),
    "an operation that calls functions": (
        "config.json",
        put_layer(entry("keras.src.ops.core", "Switch", {})),
        "Switch",
    ),
    "a function as an argument of a layer": ("config.json", put_argument(FUNCTION), "function"),
    "a function as an activation": ("task.json", put("activation", FUNCTION), "function"),
    "a type of TensorFlow": ("config.json", put("x", {"class_name": "__typespec__"}), "typespec"),
    "an array": (
        "config.json",
        put("x", {"class_name": "__numpy__", "config": {"value": [1], "dtype": "O"}}),
        "__numpy__",
    ),
    "the legacy format": (
        "config.json",
        put_layer({"class_name": "Dense", "config": {"units": 3}}),
        "Dense",
    ),
    "an optimizer to compile with": (
        "task.json",
        lambda content: content.update(compile_config={"optimizer": "adam"}),
        "compile_config",
    ),
    "a setting that turns checks off": ("config.json", put("safe_mode", False), "safe_mode"),
    "an absolute path": ("preprocessor.json", put("name", "/etc/passwd"), "path"),
    "a path upwards": ("preprocessor.json", put("name", "a/../../secret"), "path"),
    "a home folder": ("preprocessor.json", put("name", "~/.netrc"), "path"),
    "a Windows path": ("preprocessor.json", put("name", "C:\\secret"), "path"),
    "an address": ("preprocessor.json", put("name", "https://example.org/x"), "address"),
    "an address of a file": ("preprocessor.json", put("name", "file:secret"), "address"),
    "text without end": ("preprocessor.json", put("name", "x" * 20_000), "name"),
    "an LSTM of 10**12 units": ("config.json", put("units", 10**12), "units"),
    "units that no weight has": ("config.json", put("units", 123_456), "no weight"),
    "a million layers": ("task.json", put("num_layers", 10**6), "num_layers"),
    "a width times a million": (
        "config.json",
        put("stackwise_width_coefficients", [1.0, 1e6]),
        "width_coefficients",
    ),
    "infinite numbers": ("config.json", put("dropout", float("inf")), "Infinity"),
    "numbers too large for floats": ("config.json", put("dropout", 1e300), "dropout"),
    "nesting": ("config.json", deep(100), "nested"),
    "too many values": ("preprocessor.json", put("name", [0] * 1_000_001), "values"),
    "a model of Transformers": ("config.json", whole({"model_type": "gpt2"}), "registered_name"),
    "a model of timm": ("config.json", whole({"architecture": "vgg"}), "registered_name"),
}


@pytest.mark.parametrize("what", TAMPERINGS)
def test_an_altered_config_is_refused_by_file_and_key(preset, what):
    name, change, said = TAMPERINGS[what]
    inspect_preset(preset)
    alter(preset, name, change)
    with pytest.raises(PresetError, match=said) as error:
        inspect_preset(preset)
    assert name in str(error.value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not JSON",
        b"[1]",
        b"[" * 100_000,
        b"\xff{}",
        b'{"a": NaN}',
        b"{" + b" " * 2**24 + b"}",
    ],
    ids=["empty", "text", "a list", "nested lists", "not UTF-8", "NaN", "17 MB"],
)
@pytest.mark.parametrize("name", ["config.json", "task.json", "metadata.json"])
def test_a_file_that_is_no_json_object_is_named(preset, name, content):
    (preset / name).write_bytes(content)
    with pytest.raises(PresetError, match=name):
        inspect_preset(preset)


@pytest.mark.parametrize("name", ["../x.weights.h5", "/etc/passwd", "model_00001.weights.h5", 7])
def test_weights_in_parts_lie_beside_their_list(preset, name):
    content = {"metadata": {}, "weight_map": {"/a/vars": [name]}}
    (preset / "model.weights.json").write_text(json.dumps(content))
    with pytest.raises(PresetError, match="model.weights.json"):
        inspect_preset(preset)


def test_a_vocabulary_is_utf_8(preset):
    (preset / "assets" / "tokenizer").mkdir(parents=True)
    (preset / "assets" / "tokenizer" / "vocabulary.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(PresetError, match="vocabulary.txt"):
        inspect_preset(preset)


def test_a_folder_without_a_config_is_no_preset(tmp_path):
    with pytest.raises(PresetError, match="save_to_preset"):
        inspect_preset(tmp_path)


@pytest.mark.parametrize("name", sorted(list_presets("embedded")))
def test_every_preset_of_the_package_passes(name):
    inspect_preset(EMBEDDED / name)
