"""`from_preset` that loads nothing unseen, and leaves nothing random."""

import math
import pathlib

from keras_lrcn.loading.errors import PresetError
from keras_lrcn.loading.handles import local_preset
from keras_lrcn.loading.weights import stored_numbers


class CheckedPreset:
    """Mixin before a KerasHub class: presets are fetched whole, verified and inspected first."""

    @classmethod
    def from_preset(cls, preset, *args, revision=None, **kwargs):
        """Builds the object from a preset.

        Args:
            preset: name from `keras_lrcn.list_presets()`, a local folder, or a handle
                `hf://owner/name` or `kaggle://owner/model/keras/variation`.
            *args: as for KerasHub's class.
            revision: str, branch, tag or commit of a preset on the Hugging Face Hub. By
                default the commit that this release knows, else the newest.
            **kwargs: as for KerasHub's class.

        Raises:
            PresetError: (a `ValueError`) if there is no such preset, if it is damaged or
                altered, or holds what a preset should not hold.
        """
        folder = local_preset(preset, revision)
        made = super().from_preset(folder, *args, **kwargs)
        if kwargs.get("load_weights", args[0] if args else True):
            _check_none_is_random(pathlib.Path(folder), made)
        return made


def _check_none_is_random(folder, made):
    """Keras may skip a layer that a file does not hold, with no more than a warning."""
    backbone = getattr(made, "backbone", made)
    inside = {id(weight) for weight in backbone.weights}
    parts = [(backbone.weights, sorted(folder.glob("model*.weights.h5")))]
    if getattr(made, "_head_loaded", False):
        head = [weight for weight in made.weights if id(weight) not in inside]
        parts.append((head, [folder / "task.weights.h5"]))
    for weights, files in parts:
        needed = sum(math.prod(weight.shape) for weight in weights)
        if needed and (stored := stored_numbers(files)) < needed:
            raise PresetError(
                f"{folder}: the model has {needed:,} weights and {[f.name for f in files]} only "
                f"{stored:,} numbers: some would stay random. Save the preset again, or give "
                "`load_weights=False`."
            )
