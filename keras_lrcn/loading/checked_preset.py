"""`from_preset` that loads nothing unseen."""

from keras_lrcn.loading.handles import local_preset


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
        return super().from_preset(local_preset(preset, revision), *args, **kwargs)
