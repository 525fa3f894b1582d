"""Preset names -> where their files are."""

import json
import pathlib

from keras_lrcn.loading import name_handles

EMBEDDED = pathlib.Path(__file__).parent / "pretrained"


def list_presets():
    """Lists the presets that can be loaded by name.

    Returns:
        Dict from name to a dict of `description`, `params`, `origin`, `licence`, `where`
        (`"embedded"`: shipped in this package) and `task`.

    Example:
    ```python
    for name, preset in keras_lrcn.list_presets().items():
        print(name, preset["description"])
    ```
    """
    presets = {}
    for path in sorted(EMBEDDED.glob("*/preset.json")):
        with open(path, encoding="utf-8") as file:
            presets[path.parent.name] = {**json.load(file), "where": "embedded"}
    return presets


def preset_task(preset):
    """Tells which task a preset holds, without loading it.

    Args:
        preset: name, local folder or handle, see `from_preset` of a task.

    Returns:
        Name of a class, such as `"LRCNActivity"`; `None` where the preset does not say.
    """
    if preset in (presets := list_presets()):
        return presets[preset]["task"]
    try:
        if pathlib.Path(preset).is_dir():
            return json.loads((pathlib.Path(preset) / "task.json").read_text("utf-8"))["class_name"]
        from keras_hub.src.utils.preset_utils import load_json

        return load_json(preset, "task.json")["class_name"]
    except (ImportError, OSError, ValueError, KeyError):
        return None


def register():
    """Makes the names known to KerasHub, for every class that shares the backbone."""
    from keras_lrcn import models

    name_handles({name: EMBEDDED / name for name in list_presets()})
    # The function is private; should it move, loading by folder still works.
    try:
        from keras_hub.src.utils.preset_utils import register_presets
    except ImportError:
        return
    for name, preset in list_presets().items():
        metadata = {k: preset[k] for k in ("description", "params")} | {"path": "lrcn"}
        entry = {"metadata": metadata, "kaggle_handle": str(EMBEDDED / name)}
        register_presets({name: entry}, getattr(models, preset["task"]).backbone_cls)
