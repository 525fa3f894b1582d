"""Preset names -> where their files are."""

import json
import os
import pathlib
import re

from keras_lrcn.known_presets import KNOWN
from keras_lrcn.loading import (
    EMBEDDED,
    PresetError,
    embedded,
    fetch,
    is_cached,
    local_preset,
    name_handles,
    name_missing,
    pin,
)

PINS = pathlib.Path(__file__).parent / "pins.json"
OWNER = "keras-lrcn"  # of the repositories on the Hub
OWNER_VARIABLE = "KERAS_LRCN_HUB_OWNER"
# From "it is here" to "nobody has it".
PLACES = ("embedded", "cached", "published", "convertible", "trainable")


def list_presets(where=None):
    """Lists the networks that have a name, and where their weights are. Asks no network.

    Args:
        where: str or list of str, to list only those that are `"embedded"` (shipped in this
            package), `"cached"` (on the Hub, and here already), `"published"` (on the Hub),
            `"convertible"` (`python -m hub.convert` makes them from Caffe files) or
            `"trainable"` (nobody has published weights). Defaults to all. The first three load
            by name.

    Returns:
        Dict from name to a dict of `description`, `params`, `origin`, `licence`, `where`, `task`
        and `paper`. Those that are not embedded also have `repository` (`owner/name` on the
        Hub), `commit` (`None` until published) and `steps`, the commands that make them.

    Example:
    ```python
    for name, preset in keras_lrcn.list_presets("embedded").items():
        print(name, preset["description"])
    ```
    """
    places = PLACES if where is None else [where] if isinstance(where, str) else list(where)
    if unknown := sorted(set(places) - set(PLACES)):
        raise ValueError(f"`where` must be of {PLACES}. Received: {unknown}.")
    presets = {}
    for path in sorted(EMBEDDED.glob("*/preset.json")):
        with open(path, encoding="utf-8") as file:
            presets[path.parent.name] = {**json.load(file), "where": "embedded"}
    if set(places) - {"embedded"}:
        pins = read_pins()
        presets |= {name: _entry(name, pins) for name in KNOWN if name not in presets}
    return {name: preset for name, preset in presets.items() if preset["where"] in places}


def resolve(name):
    """Turns the name of a preset into a handle.

    Args:
        name: str; what is no name of ours, such as a folder or `hf://owner/name`, is returned as
            it is, and so is the name of an unpublished network where a folder is called so.

    Returns:
        str: the folder of an embedded preset, `hf://owner/name` of a published one.

    Raises:
        PresetError: for a network whose weights are not published, with the commands that make
            it.
    """
    if folder := embedded(name):
        return str(folder)
    if name not in KNOWN:
        return name
    if repository(name) in read_pins():
        return f"hf://{repository(name)}"
    if os.path.isdir(name):  # as `hub.convert` names its output
        return name
    raise PresetError(_not_published(name))


def repository(name):
    """`owner/name` of a preset on the Hub; `KERAS_LRCN_HUB_OWNER` names another owner."""
    owner = os.environ.get(OWNER_VARIABLE) or OWNER
    if not re.fullmatch(r"[A-Za-z0-9]+([._-]?[A-Za-z0-9]+)*", owner):
        raise PresetError(f"{OWNER_VARIABLE} must be a user or organisation. Received: {owner!r}.")
    return f"{owner}/{name}"


def read_pins():
    """The commits and digests of what is published, by `owner/name`.

    With `KERAS_LRCN_HUB_OWNER` set, that owner is taken to have every network. Of those that this
    release knows, it must hold the same commits with the same content.

    Returns:
        Dict from `owner/name` to `{"commit": str, "files": {path: SHA-256}}`, or to `None` where
        the release knows no content.
    """
    pins = json.loads(PINS.read_text(encoding="utf-8"))
    if os.environ.get(OWNER_VARIABLE):
        return {repository(name): pins.get(f"{OWNER}/{name}") for name in KNOWN}
    return pins


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
        folder = pathlib.Path(preset)
        if not folder.is_dir():
            hub = str(preset).startswith("hf://")
            folder = pathlib.Path(fetch(preset) if hub else local_preset(preset))
        return json.loads((folder / "task.json").read_text("utf-8"))["class_name"]
    except (ImportError, OSError, ValueError, KeyError):
        return None


def register():
    """Makes the published names known to `from_preset`, the embedded ones to KerasHub's classes."""
    from keras_lrcn import models

    pins = read_pins()
    published = {n: f"hf://{repository(n)}" for n in KNOWN if repository(n) in pins}
    name_handles(published)
    name_missing({name: _not_published(name) for name in KNOWN.keys() - published.keys()})
    pin({repo: pinned for repo, pinned in pins.items() if pinned})
    # The function is private; should it move, loading by folder still works.
    try:
        from keras_hub.src.utils.preset_utils import register_presets
    except ImportError:
        return
    for name, preset in list_presets("embedded").items():
        metadata = {k: preset[k] for k in ("description", "params")} | {"path": "lrcn"}
        entry = {"metadata": metadata, "kaggle_handle": str(EMBEDDED / name)}
        register_presets({name: entry}, getattr(models, preset["task"]).backbone_cls)


def _entry(name, pins):
    """What `list_presets` says of a network that is not embedded."""
    known, repo = KNOWN[name], repository(name)
    fields = ("description", "params", "origin", "licence", "task", "paper")
    entry = {field: getattr(known, field) for field in fields}
    entry |= {"repository": repo, "commit": (pins.get(repo) or {}).get("commit")}
    if repo in pins:
        entry["where"] = "cached" if is_cached(f"hf://{repo}", entry["commit"]) else "published"
    else:
        entry["where"] = "convertible" if known.convertible else "trainable"
    return {**entry, "steps": known.steps(name)}


def _not_published(name):
    known = KNOWN[name]
    lines = [f"The weights of {name!r} are not published, so the name alone cannot load them."]
    if known.convertible:
        lines.append("In a checkout of keras-lrcn they are made from Caffe files:")
    lines += [f"  {step}" for step in known.steps(name)]
    if known.convertible:
        lines.append(f"Then load the folder: {known.task}.from_preset('./{name}').")
    return "\n".join(lines)
