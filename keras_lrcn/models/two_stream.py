"""RGB and optical flow, fused late: one preset, one call from a video file."""

import copy
import warnings

import keras
import keras_hub
import numpy as np
from keras import ops

from keras_lrcn.loading import CheckedPreset
from keras_lrcn.models.activity import LRCNActivity
from keras_lrcn.models.activity_stream import FusedStream
from keras_lrcn.models.classification import Classification, classify_each
from keras_lrcn.models.preset_task import PresetTask

RGB_ONLY = "RGB only, for want of optical flow"


@keras.saving.register_keras_serializable(package="keras_lrcn")
class TwoStreamBackbone(CheckedPreset, keras_hub.models.Backbone):
    """The backbones of two streams side by side.

    Args:
        rgb, flow: `keras_lrcn.LRCNActivityBackbone`.

    Call arguments:
        inputs: dict of `rgb` and `flow`, each as its backbone takes them.

    Returns:
        dict of `rgb` and `flow`: hidden states `(batch, time, units)`.
    """

    def __init__(self, rgb, flow, dtype=None, **kwargs):
        if rgb.name == flow.name:  # of two presets; Keras wants them to differ
            flow.name += "_of_flow"
        inputs = {
            name: keras.Input(stream.input.shape[1:], name=name)
            for name, stream in (("rgb", rgb), ("flow", flow))
        }
        outputs = {"rgb": rgb(inputs["rgb"]), "flow": flow(inputs["flow"])}
        super().__init__(inputs=inputs, outputs=outputs, dtype=dtype, **kwargs)
        self.rgb, self.flow = rgb, flow

    def get_config(self):
        streams = {n: keras.layers.serialize(getattr(self, n)) for n in ("rgb", "flow")}
        return {**super().get_config(), **streams}

    @classmethod
    def from_config(cls, config):
        return super().from_config(_deserialized(config))


@keras.saving.register_keras_serializable(package="keras_lrcn")
class TwoStreamPreprocessor(CheckedPreset, keras_hub.models.Preprocessor):
    """The preprocessors of two streams.

    Args:
        rgb, flow: `keras_lrcn.LRCNActivityPreprocessor`, of the same classes.

    Raises:
        ValueError: if the streams do not have the same classes.
    """

    backbone_cls = TwoStreamBackbone

    def __init__(self, rgb, flow, **kwargs):
        super().__init__(**kwargs)
        if tuple(rgb.class_names) != tuple(flow.class_names):
            raise ValueError(
                "Both streams need the same classes in the same order. Received: "
                f"{rgb.class_names} and {flow.class_names}."
            )
        self.rgb, self.flow = rgb, flow

    @property
    def class_names(self):
        return self.rgb.class_names

    def call(self, x, y=None, sample_weight=None):
        frames = {"rgb": self.rgb.convert_frames(x["rgb"])}
        frames["flow"], *rest = _as_tuple(self.flow(x["flow"], y=y, sample_weight=sample_weight))
        return keras.utils.pack_x_y_sample_weight(frames, *rest)

    def get_config(self):
        streams = {n: keras.layers.serialize(getattr(self, n)) for n in ("rgb", "flow")}
        return {**super().get_config(), **streams}

    @classmethod
    def from_config(cls, config):
        return super().from_config(_deserialized(config))


@keras.saving.register_keras_serializable(package="keras_lrcn")
class TwoStream(PresetTask, keras_hub.models.Task):
    """Two activity recognisers, one of frames and one of their flow, fused late.

    Args:
        backbone: `keras_lrcn.TwoStreamBackbone`.
        preprocessor: `keras_lrcn.TwoStreamPreprocessor`.
        num_classes: int; by default as many as the preprocessor names.
        weights: `(rgb, flow)`, the share of each stream's probabilities; they are scaled to sum
            to 1. Defaults to `(1/3, 2/3)`, the better of the paper's two; the other is
            `(1/2, 1/2)`.

    Example:
    ```python
    two_stream = keras_lrcn.TwoStream.from_streams(rgb, flow)
    two_stream.classify("video.mp4").label
    two_stream.save_to_preset("both")
    ```

    Reference: Donahue et al. 2015, Sec. 4 and Table 1; Simonyan and Zisserman 2014.
    """

    backbone_cls = TwoStreamBackbone
    preprocessor_cls = TwoStreamPreprocessor

    def __init__(
        self, backbone, preprocessor=None, num_classes=None, weights=(1 / 3, 2 / 3), **kwargs
    ):
        if preprocessor is None and num_classes is None:
            raise ValueError("Give `num_classes`, or a `preprocessor` with its class names.")
        streams = (preprocessor.rgb, preprocessor.flow) if preprocessor else (None, None)
        num_classes = num_classes or len(preprocessor.class_names)

        # === Layers ===
        self.backbone = backbone
        self.preprocessor = preprocessor
        self.rgb = LRCNActivity(backbone.rgb, streams[0], num_classes, compile=False)
        self.flow = LRCNActivity(backbone.flow, streams[1], num_classes, compile=False)

        # === Functional model ===
        self.fusion_weights = tuple(float(w) / sum(weights) for w in weights)
        inputs = backbone.input
        rgb, flow = self.rgb(inputs["rgb"]), self.flow(inputs["flow"])
        outputs = self.fusion_weights[0] * ops.softmax(rgb) + self.fusion_weights[1] * ops.softmax(
            flow
        )
        super().__init__(inputs=inputs, outputs=outputs, **kwargs)

        # === Config ===
        self.num_classes = num_classes

    @classmethod
    def from_streams(cls, rgb, flow, weights=(1 / 3, 2 / 3)):
        """Joins two trained `LRCNActivity`, sharing their backbones.

        Args:
            rgb, flow: `keras_lrcn.LRCNActivity`, of the same classes.
            weights: as for the constructor.
        """
        preprocessor = TwoStreamPreprocessor(rgb.preprocessor, flow.preprocessor)
        both = cls(TwoStreamBackbone(rgb.backbone, flow.backbone), preprocessor, weights=weights)
        both.rgb.predict_classes.set_weights(rgb.predict_classes.get_weights())
        both.flow.predict_classes.set_weights(flow.predict_classes.get_weights())
        return both

    @property
    def class_names(self):
        return self.rgb.class_names

    def classify(self, videos, top=1, **options):
        """Names what videos show; see `LRCNActivity.classify`.

        Without OpenCV, which flow needs, the answer is that of the RGB stream, with a warning.

        Args:
            videos, top, **options: as for `LRCNActivity.classify`.

        Returns:
            `Classification`, or a list of them.
        """

        def classify_one(video):
            rgb = self.rgb.classify(video, top, **options)
            try:
                flow = self.flow.classify(video, top, **options)
            except ImportError as error:
                warnings.warn(f"{RGB_ONLY}: {error}", stacklevel=4)
                return rgb
            return fuse(rgb, flow, self.fusion_weights, top)

        return classify_each(videos, classify_one)

    def stream(self, policy="clips", clip_length=None, stride=None):
        """Starts classifying a stream frame by frame, see `ActivityStream`.

        Without OpenCV it is the stream of RGB alone, with a warning.

        Returns:
            `FusedStream`, or `ActivityStream`.
        """
        rgb = self.rgb.stream(policy, clip_length, stride)
        try:
            flow = self.flow.stream(policy, clip_length, stride)
        except ImportError as error:
            warnings.warn(f"{RGB_ONLY}: {error}", stacklevel=2)
            return rgb
        return FusedStream(rgb, flow, self.fusion_weights)

    def get_config(self):
        own = {"num_classes": self.num_classes, "weights": self.fusion_weights}
        return {**super().get_config(), **own}


def fuse(rgb, flow, weights=(1 / 3, 2 / 3), top=1):
    """Fuses what two streams say of one video.

    Args:
        rgb, flow: `Classification`; flow has a frame less where it was computed from frames.
        weights: `(rgb, flow)`, which sum to 1.
        top: int, how many classes to list.

    Returns:
        `Classification`. The first frame of its timeline, which has no flow, is that of `rgb`.
    """
    timeline = rgb.timeline.copy()
    later = timeline[len(timeline) - len(flow.timeline) :]
    later[:] = weights[0] * later + weights[1] * flow.timeline
    probabilities = weights[0] * rgb.probabilities + weights[1] * flow.probabilities
    return Classification.of_mean(probabilities, timeline, rgb.seconds, rgb.class_names, top)


def search_fusion_weights(rgb, flow, labels, steps=20):
    """Finds the weights of two streams that classify most videos of a validation set right.

    Args:
        rgb, flow: float arrays `(videos, classes)`, probabilities.
        labels: int array `(videos,)`.
        steps: int, how many steps the grid from 0 to 1 has.

    Returns:
        `(rgb, flow)` weights; among equally good ones those in the middle.
    """
    shares = np.linspace(0, 1, steps + 1)
    right = [np.mean((s * rgb + (1 - s) * flow).argmax(-1) == labels) for s in shares]
    best = np.flatnonzero(np.isclose(right, max(right)))
    share = float(shares[best[len(best) // 2]])
    return share, 1 - share


def _deserialized(config):
    config = copy.deepcopy(config)  # Keras empties what it deserializes
    for name in ("rgb", "flow"):
        if isinstance(config[name], dict):
            config[name] = keras.layers.deserialize(config[name])
    return config


def _as_tuple(values):
    return values if isinstance(values, tuple) else (values,)
