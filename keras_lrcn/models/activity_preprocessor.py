"""Clips and labels -> the tensors of activity recognition; class names travel with it."""

import keras
import keras_hub
import numpy as np

from keras_lrcn.data import FlowEncoding, flow_frames
from keras_lrcn.loading import CheckedPreset
from keras_lrcn.models.activity_backbone import LRCNActivityBackbone

MODALITIES = ("rgb", "flow")


@keras.saving.register_keras_serializable(package="keras_lrcn")
class LRCNFrameConverter(CheckedPreset, keras_hub.layers.ImageConverter):
    """Brings frames to the visual encoder's pixel range; travels in the preset."""

    backbone_cls = LRCNActivityBackbone


@keras.saving.register_keras_serializable(package="keras_lrcn")
class LRCNActivityPreprocessor(CheckedPreset, keras_hub.models.Preprocessor):
    """What an activity model must be fed: sizes, pixel range, flow encoding, class names.

    Args:
        class_names: strings, the class of each output.
        image_converter: `keras_hub.layers.ImageConverter` whose `image_size` is the window that
            the visual encoder sees, or `None` when the frames are vectors already.
        frame_size: `(height, width)` that frames are resized to before the window is cut. The
            authors' is `(240, 320)` with windows of 227. Defaults to the window's size.
        clip_length: int, frames of a clip. Defaults to `16`.
        stride: int, frames between the clips of a video that is classified. Defaults to `8`.
        fps: float, frames a second that videos are resampled to, or `None` for those they have.
        modality: `"rgb"`, or `"flow"`: the frames are turned to flow images first.
        flow: `keras_lrcn.data.FlowEncoding` (or its config) of the flow images, for
            `modality="flow"`. Defaults to the authors' encoding.

    Call arguments:
        x: uint8 `(batch, time, height, width, 3)`, or `(time, height, width, 3)`: frames cut to
            the window, for `"flow"` flow images.
        y: int `(batch,)`, the class of each clip, which becomes that of each of its frames.

    Returns:
        float32 frames in the encoder's pixel range; with `y` also `(batch, time)` labels, and
        with `sample_weight` also weights.

    Raises:
        ValueError: for an unknown modality, or class names that occur twice.

    Reference: Donahue et al. 2015, Sec. 4.
    """

    backbone_cls = LRCNActivityBackbone
    image_converter_cls = LRCNFrameConverter

    def __init__(
        self,
        class_names,
        image_converter=None,
        frame_size=None,
        clip_length=16,
        stride=8,
        fps=None,
        modality="rgb",
        flow=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if modality not in MODALITIES:
            raise ValueError(
                f"`modality` must be one of {MODALITIES}. Received: modality={modality!r}."
            )
        class_names = tuple(class_names)
        if len(set(class_names)) < len(class_names):
            raise ValueError(f"`class_names` must all differ. Received: {class_names}.")
        self.class_names = class_names
        self.image_converter = image_converter
        self.crop_size = None if image_converter is None else tuple(image_converter.image_size)
        self.frame_size = self.crop_size if frame_size is None else tuple(frame_size)
        self.clip_length = clip_length
        self.stride = stride
        self.fps = fps
        self.modality = modality
        self.flow = FlowEncoding.from_config(flow) if isinstance(flow, dict) else flow
        if modality == "flow" and flow is None:
            self.flow = FlowEncoding()

    def call(self, x, y=None, sample_weight=None):
        frames = self.convert_frames(x)
        if y is not None:
            y = self._over_time(y, x)
        if sample_weight is not None:
            sample_weight = self._over_time(sample_weight, x)
        return keras.utils.pack_x_y_sample_weight(frames, y, sample_weight)

    def convert_frames(self, frames):
        """Scales frames `(..., height, width, 3)` to the encoder's range; vectors pass."""
        if self.image_converter is None:
            return frames
        library = _library_of(frames)
        shape = library.shape(frames)
        window = [shape[i] for i in range(len(frames.shape) - 3, len(frames.shape))]
        flat = self.image_converter(library.reshape(frames, [-1, *window]))
        if library is np:
            flat = keras.ops.convert_to_numpy(flat)
        return library.reshape(flat, _joined(library, shape[:-3], flat))

    def _over_time(self, values, frames):
        """One value a clip -> one a frame; values of each frame pass."""
        library = _library_of(frames)
        time_axis = len(frames.shape) - (2 if self.image_converter is None else 4)
        if len(values.shape) > time_axis:
            return values
        length = library.shape(frames)[time_axis]
        return library.repeat(values[..., None], length, axis=-1)

    def see(self, frames):
        """Turns frames of a video to what the model sees: themselves, or flow images.

        Args:
            frames: uint8 `(time, height, width, 3)`, RGB.

        Returns:
            uint8 `(time, height, width, 3)`; for flow `(time - 1, ...)`, between each frame and
            the next. A single frame has no flow: one image of no motion.
        """
        if self.modality == "rgb":
            return frames
        if len(frames) < 2:
            frames = np.repeat(frames, 2, axis=0)
        return flow_frames(frames, self.flow)

    def mirror(self, frames):
        """Mirrors what `see` returned; in flow the horizontal motion changes its sign."""
        return frames[..., ::-1, :] if self.modality == "rgb" else self.flow.mirror(frames)

    def label_of(self, name):
        """The number of a class.

        Raises:
            ValueError: if there is no such class.
        """
        if name not in self.class_names:
            raise ValueError(f"No class {name!r}; the classes are {self.class_names}.")
        return self.class_names.index(name)

    def get_config(self):
        config = super().get_config()
        config.update(
            class_names=self.class_names,
            frame_size=self.frame_size,
            clip_length=self.clip_length,
            stride=self.stride,
            fps=self.fps,
            modality=self.modality,
            flow=None if self.flow is None else self.flow.to_config(),
        )
        return config


def _library_of(x):
    """`tensorflow` for its tensors, whatever the backend: `tf.data` runs the preprocessor."""
    if type(x).__module__.partition(".")[0] == "tensorflow":
        import tensorflow

        return tensorflow
    return np


def _joined(library, outer, frames):
    inner = list(frames.shape[1:])
    return library.concat([outer, inner], 0) if library is not np else [*outer, *inner]
