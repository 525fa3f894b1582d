"""The folder of an exported captioner: graphs, words, settings, and digests of them all."""

import hashlib
import json
import os
import pathlib
import shutil

MANIFEST = "serving.json"
VOCABULARY = "vocabulary.txt"
VERSION = 1  # of the layout; raised when older readers would misread it


class ServingError(ValueError):
    """A folder that is no exported captioner, a damaged one, or one of a later version."""


def write_folder(folder, files, settings):
    """Writes a folder whole or not at all.

    Args:
        folder: path; an exported captioner that is there is replaced.
        files: dict from file name to bytes.
        settings: dict, what else `read_folder` returns.

    Raises:
        ServingError: if the folder exists and holds something else.
    """
    folder = pathlib.Path(folder)
    if folder.exists() and not is_exported(folder) and (folder.is_file() or any(folder.iterdir())):
        raise ServingError(f"{folder} exists and is no exported captioner. Name another folder.")
    new = folder.with_name(f"{folder.name}.{os.getpid()}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    for name, data in files.items():
        (new / name).write_bytes(data)
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    manifest = {"version": VERSION, **settings, "sha256": digests}
    (new / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    if folder.exists():
        shutil.rmtree(folder)
    os.replace(new, folder)


def read_folder(folder):
    """Reads what `write_folder` wrote, and checks every file against its digest.

    Returns:
        `(files, settings)`: dict from file name to bytes, and the dict of settings.

    Raises:
        ServingError: for a folder that is no exported captioner, of a later version, or with a
            file that is missing or was changed.
    """
    folder = pathlib.Path(folder)
    settings = _manifest(folder)
    files = {}
    for name, digest in settings["sha256"].items():
        path = folder / pathlib.Path(name).name  # never outside of the folder
        if not path.is_file():
            raise ServingError(f"{path} is missing. Export the captioner again.")
        files[name] = path.read_bytes()
        if hashlib.sha256(files[name]).hexdigest() != digest:
            raise ServingError(
                f"{path} is not what was exported: its SHA-256 differs from that in {MANIFEST}. "
                "Copy it again, or export the captioner again."
            )
    return files, settings


def is_exported(folder):
    """Whether a path is a folder that `write_folder` wrote."""
    return (pathlib.Path(folder) / MANIFEST).is_file()


def _manifest(folder):
    path = folder / MANIFEST
    try:
        settings = json.loads(path.read_text("utf-8"))
        version = settings["version"]
        settings["sha256"].items()
    except FileNotFoundError:
        raise ServingError(
            f"{folder} is no exported captioner: it has no {MANIFEST}. Make one with "
            '`captioner.export(folder, format="onnx")`.'
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ServingError(
            f"{path} cannot be read ({error}). Export the captioner again."
        ) from error
    if version != VERSION:
        raise ServingError(
            f"{path} is of version {version}, and this keras-lrcn reads {VERSION}. Export the "
            "captioner again, or install the keras-lrcn that it was exported with."
        )
    return settings
