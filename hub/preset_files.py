"""A converted task -> a preset folder in single precision, with its card."""

import hashlib
import json
import os
import shutil

from keras_lrcn.publishing import card

PAPERS = {
    "captioner": "Donahue et al. 2015, Sec. 5",
    "activity": "Donahue et al. 2015, Sec. 4",
    "describer": "Venugopalan et al. 2015",
}


def write_preset(task, name, recipe, folder, files):
    """Writes a preset as the converter found it: not a number is rounded.

    Args:
        task: a KerasHub task.
        name: str, the preset's name.
        recipe: `hub.recipes.Recipe`.
        folder: path; replaced whole, in one step, if it exists.
        files: paths of the Caffe files that it comes from.
    """
    folder = str(folder).rstrip("/")
    new = folder + ".new"
    shutil.rmtree(new, ignore_errors=True)
    task.save_to_preset(new)
    entry = {
        **facts_of(task, name, recipe, files),
        "params": task.count_params(),
        "task": type(task).__name__,
        "scores": {},
    }
    with open(os.path.join(new, "preset.json"), "w", encoding="utf-8") as file:
        json.dump(entry, file, indent=1)
        file.write("\n")
    with open(os.path.join(new, "README.md"), "w", encoding="utf-8") as file:
        file.write(card(name, entry))
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(new, folder)


def facts_of(task, name, recipe, files):
    """What the card says."""
    names = ", ".join(os.path.basename(file) for file in files)
    return {
        "description": f"{name}: {recipe.family}, {recipe.variant}, on {recipe.cnn}; the weights "
        "of a trained Caffe network.",
        "architecture": f"{recipe.cnn} CNN, {recipe.variant}, {recipe.cell}",
        "data": "see the authors' page of the network.",
        "licence": "those of the Caffe files.",
        "origin": f"converted from {names}",
        "sources": {os.path.basename(file): sha256(file) for file in files},
        "command": f"python -m hub.convert {name}",
        "limits": "those of the network it comes from. Not for alt text without review.",
        "paper": PAPERS[recipe.family],
        "scores_note": "Not measured after the conversion.",
        "precision": "single",
    }


def sha256(path):
    """The digest of a file's bytes, as hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
