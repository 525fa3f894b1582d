"""A folder of a preset, looked over before Keras reads it."""

import pathlib
import re

from keras_lrcn.loading.configs import check_config, check_values, read_json
from keras_lrcn.loading.errors import PresetError
from keras_lrcn.loading.weights import check_weights

CONFIGS = ("config", "task", "preprocessor", "tokenizer", "image_converter")
PLAIN = ("metadata", "preset", "confidence")
VOCABULARY = "assets/tokenizer/vocabulary.txt"
LARGEST_VOCABULARY = 2**24  # bytes
SHARD = re.compile(r"model_[0-9]{5}\.weights\.h5")


def inspect_preset(folder):
    """Looks a preset over: its classes, its numbers, where its weights lie.

    Keras builds what a config names and reads what a weights file points to. This refuses, with
    the file and the key: classes other than ours, KerasHub's image backbones and Keras' plain
    layers; functions, lambdas, paths and addresses; numbers and nesting out of bounds; HDF5 that
    refers to other files, is not what it says, or holds anything but finite numbers.

    Args:
        folder: path.

    Raises:
        PresetError: if the preset should not be loaded.
    """
    folder = pathlib.Path(folder)
    if not (folder / "config.json").is_file():
        raise PresetError(
            f"{folder} has no config.json, so it is no preset. `task.save_to_preset(folder)` "
            "writes one."
        )
    weights = sorted(folder.glob("*.weights.h5"))
    dimensions = set().union(*(check_weights(path) for path in weights)) if weights else None
    for name in CONFIGS:
        if (path := folder / f"{name}.json").exists():
            check_config(path, read_json(path), dimensions)
    for name in PLAIN:
        if (path := folder / f"{name}.json").exists():
            check_values(path, read_json(path))
    _check_shards(folder / "model.weights.json")
    _check_vocabulary(folder / VOCABULARY)


def _check_shards(path):
    if not path.exists():
        return
    content = read_json(path)
    check_values(path, content)
    names = content.get("weight_map")
    names = list(names.values()) if isinstance(names, dict) else [None]
    for name in _flat(names):
        if not isinstance(name, str) or not SHARD.fullmatch(name):
            raise PresetError(
                f"{path}: weights lie in `model_00000.weights.h5` and so on, not in `{name}`."
            )
        if not (path.parent / name).is_file():
            raise PresetError(f"{path} names {name}, which is not there: the preset is incomplete.")


def _flat(names):
    return [name for some in names for name in (some if isinstance(some, list) else [some])]


def _check_vocabulary(path):
    if not path.exists():
        return
    if path.stat().st_size > LARGEST_VOCABULARY:
        raise PresetError(f"{path} has more than {LARGEST_VOCABULARY:,} bytes.")
    try:
        path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise PresetError(f"{path} is not UTF-8 text: {error}.") from error
