"""What users call a preset -> the local folder that holds it."""

import difflib
import os
import pathlib

from keras_lrcn.loading.errors import PresetError
from keras_lrcn.loading.fetching import fetch
from keras_lrcn.loading.inspection import inspect_preset

EMBEDDED = pathlib.Path(__file__).parents[1] / "pretrained"  # the presets of this package
_HANDLES = {}  # name -> folder or handle
_MISSING = {}  # name of a network without weights -> why, and what to do


def name_handles(handles):
    """Makes presets known by name.

    Args:
        handles: dict from name to the path of a folder, or to `hf://owner/name`.
    """
    _HANDLES.update({name: str(handle) for name, handle in handles.items()})


def name_missing(reasons):
    """Makes names known whose weights cannot be loaded yet.

    Args:
        reasons: dict from name to the message of the error.
    """
    _MISSING.update(reasons)


def local_preset(preset, revision=None):
    """Finds, or downloads, a preset, and inspects it before Keras reads any of it.

    Args:
        preset: name of a preset, path of a folder, `hf://owner/name`, or
            `kaggle://owner/model/keras/variation[/version]`.
        revision: str, branch, tag or commit of an `hf://` handle, see `fetch`.

    Returns:
        str, path of a folder.

    Raises:
        PresetError: if there is none, or it should not be loaded; see `fetch` and
            `inspect_preset`.
    """
    handle = _handle(os.fspath(preset))
    if handle.startswith("hf://"):
        folder = fetch(handle, revision)
    elif revision is not None:
        raise PresetError(
            f"`revision` is for presets on the Hugging Face Hub, not for {handle!r}. "
            f"Received: revision={revision!r}."
        )
    elif handle.startswith("kaggle://"):
        folder = _from_kaggle(handle)
    else:
        folder = _existing(handle, preset)
    inspect_preset(folder)
    return str(folder)


def embedded(name):
    """The folder of a preset of this package, or `None`."""
    folder = EMBEDDED / name
    is_name = folder.parent == EMBEDDED and name not in ("", ".", "..")
    return folder if is_name and (folder / "preset.json").is_file() else None


def _handle(preset):
    return str(embedded(preset) or _HANDLES.get(preset, preset))


def _from_kaggle(handle):
    """Downloads with `kagglehub`, which checks the hashes that Kaggle sends."""
    try:
        import kagglehub
    except ImportError as error:
        raise ImportError(f"{handle} needs Kaggle's client: pip install kagglehub") from error
    parts = handle.removeprefix("kaggle://").split("/")
    if len(parts) not in (4, 5) or any(part in ("", ".", "..") for part in parts):
        raise PresetError(
            "A Kaggle handle must be `kaggle://owner/model/keras/variation[/version]`. "
            f"Received: {handle!r}."
        )
    return pathlib.Path(kagglehub.model_download("/".join(parts)))


def _existing(handle, preset):
    if "://" in handle:
        raise PresetError(
            f"{handle!r}: presets come from names, folders, hf:// and kaggle:// only. Download "
            "the folder with the tools of its store and give its path."
        )
    if os.path.isdir(handle):
        return pathlib.Path(handle)
    if str(preset) in _MISSING and str(preset) not in _HANDLES:
        raise PresetError(_MISSING[str(preset)])
    names = [*_HANDLES, *_MISSING, *(folder.name for folder in EMBEDDED.iterdir())]
    close = difflib.get_close_matches(str(preset), names, n=3)
    hint = f"Did you mean one of {close}? " if close else ""
    raise PresetError(
        f"There is no preset and no folder {str(preset)!r}. {hint}`keras_lrcn.list_presets()` "
        "lists the names."
    )
