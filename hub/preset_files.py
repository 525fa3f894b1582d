"""A converted task -> a preset folder in single precision, with its card."""

import os

from keras_lrcn.loading.digests import file_digest
from keras_lrcn.publishing import save_preset

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
    save_preset(task, folder, facts_of(task, name, recipe, files), scores={}, name=name)


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
        "sources": {os.path.basename(file): file_digest(file) for file in files},
        "command": f"python -m hub.convert {name}",
        "limits": "those of the network it comes from. Not for alt text without review.",
        "paper": PAPERS[recipe.family],
        "scores_note": "Not measured after the conversion.",
        "precision": "single",
    }
