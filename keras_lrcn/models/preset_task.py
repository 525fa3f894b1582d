"""What our tasks add to KerasHub's preset loading and saving."""

import inspect

import keras

from keras_lrcn.loading import CheckedPreset


class PresetTask(CheckedPreset):
    """Mixin before a `keras_hub.models.Task`: presets that are whole, and clear refusals.

    - presets are fetched, verified and inspected by `keras_lrcn.loading`;
    - a preset's head is loaded or it is an error; KerasHub would go on with random weights;
    - the optimizer's state stays out of the preset's weights;
    - unknown arguments are refused instead of ignored;
    - a reloaded `.keras` file keeps its optimizer.
    """

    @classmethod
    def from_preset(cls, preset, load_weights=True, revision=None, **kwargs):
        """Builds the task from a preset.

        Args:
            preset: name from `keras_lrcn.list_presets()`, a local folder, or a handle
                `hf://owner/name` or `kaggle://owner/model/keras/variation`.
            load_weights: bool, `False` for random weights. Defaults to `True`.
            revision: str, branch, tag or commit of a preset on the Hugging Face Hub. By
                default the commit that this release knows, else the newest.
            **kwargs: arguments of the constructor to override, or `dtype`.

        Raises:
            PresetError: (a `ValueError`) for an unknown preset, or one that is damaged, altered
                or holds what a preset should not hold.
            ValueError: for an unknown argument.
            FileNotFoundError: if the preset holds no weights of this task's own layers.
        """
        known = set(inspect.signature(cls.__init__).parameters) - {"self", "kwargs"}
        known |= {"dtype", "compile", "name", "trainable", "revision"}
        unknown = sorted(set(kwargs) - known)
        if unknown:
            raise ValueError(
                f"{cls.__name__}.from_preset() has no argument {unknown}; it knows {sorted(known)}."
            )
        task = super().from_preset(preset, load_weights=load_weights, revision=revision, **kwargs)
        head_replaced = "num_classes" in kwargs
        if load_weights and not head_replaced and not getattr(task, "_head_loaded", False):
            raise FileNotFoundError(
                f"Preset {preset!r} has no `task.json` with `task.weights.h5` for {cls.__name__}, "
                "or they could not be downloaded: its last layer would be random. Check the "
                "network or the folder; `load_weights=False` builds it with random weights."
            )
        return task

    def kept(self, name, build):
        """Returns `build()`, made once: an inference model that shares the layers of this task.

        As an attribute it would become a layer of the task, and its weights be saved twice.
        """
        models = self.__dict__.setdefault("_kept", _Untracked())
        if name not in models.by_name:
            model = build()
            models.by_name[name] = for_inference(model) if isinstance(model, keras.Model) else model
        return models.by_name[name]

    def load_task_weights(self, filepath):
        keras.saving.load_weights(self, str(filepath), objects_to_skip=self._not_in_head())
        self._head_loaded = True

    def save_task_weights(self, filepath):
        keras.saving.save_weights(self, str(filepath), objects_to_skip=self._not_in_head())

    def _not_in_head(self):
        optimizer = [] if self.optimizer is None else [self.optimizer]
        return [*self.backbone._flatten_layers(), *optimizer]

    def compile_from_config(self, config):
        config = keras.saving.deserialize_keras_object(config)
        self.compile(**config)
        if self.optimizer is not None and self.built:
            self.optimizer.build(self.trainable_variables)


class _Untracked:
    """A namespace that Keras does not look into for layers."""

    def __init__(self):
        self.by_name = {}


def for_inference(model):
    """Compiles a model for `predict_on_batch`: XLA on JAX only, see `LRCNCaptioner.compile`."""
    model.compile(jit_compile=keras.backend.backend() == "jax")
    return model
