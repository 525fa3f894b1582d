"""A video -> a label."""

import keras
import keras_hub
import numpy as np

from keras_lrcn.data import clip_frames, clip_starts
from keras_lrcn.models.activity_backbone import LRCNActivityBackbone
from keras_lrcn.models.activity_preprocessor import LRCNActivityPreprocessor
from keras_lrcn.models.activity_stream import ActivityStream
from keras_lrcn.models.classification import Classification, classify_each
from keras_lrcn.models.frame_features import FrameEncoder
from keras_lrcn.models.preset_task import PresetTask

CLIPS_AT_ONCE = 32  # padded to this many, so that nothing is compiled twice


@keras.saving.register_keras_serializable(package="keras_lrcn")
class LRCNActivity(PresetTask, keras_hub.models.Task):
    """LRCN for activity recognition: logits for every frame of a clip, a label for a video.

    The loss counts at every time step, as the paper's; a video's probabilities are the mean of
    the softmax over frames, overlapping clips and crops.

    Args:
        backbone: `keras_lrcn.LRCNActivityBackbone`.
        preprocessor: `keras_lrcn.LRCNActivityPreprocessor`, or `None` to feed tensors.
        num_classes: int; by default as many as the preprocessor names. Given with
            `from_preset`, the last layer starts anew.

    Call arguments:
        frames: as for the backbone.

    Returns:
        Float tensor `(batch, time, classes)`: logits.

    Example:
    ```python
    activity = keras_lrcn.LRCNActivity.from_preset("lrcn_rgb_efficientnet_lite0_ucf101_3class")
    activity.classify("video.mp4", top=3).top       # (("PushUps", 0.97), ...)
    stream = activity.stream()
    for frame, second in keras_lrcn.data.iter_video("camera:0"):
        probabilities = stream.step(frame)
    ```

    Reference: Donahue et al. 2015, Sec. 4.
    """

    backbone_cls = LRCNActivityBackbone
    preprocessor_cls = LRCNActivityPreprocessor

    def __init__(self, backbone, preprocessor=None, num_classes=None, **kwargs):
        if preprocessor is None and num_classes is None:
            raise ValueError("Give `num_classes`, or a `preprocessor` with its class names.")
        num_classes = num_classes or len(preprocessor.class_names)
        if preprocessor is not None and len(preprocessor.class_names) != num_classes:
            preprocessor.class_names = tuple(f"class {i}" for i in range(num_classes))

        # === Layers ===
        self.backbone = backbone
        self.preprocessor = preprocessor
        self.predict_classes = keras.layers.Dense(
            num_classes,
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
            dtype=backbone.dtype_policy,
            name="predict",
        )

        # === Functional model ===
        frames = backbone.input
        super().__init__(inputs=frames, outputs=self.predict_classes(backbone(frames)), **kwargs)

        # === Config ===
        self.num_classes = num_classes

    @classmethod
    def from_preset(cls, preset, load_weights=True, class_names=None, **kwargs):
        """Builds the task from a preset, see `PresetTask.from_preset`.

        Args:
            preset: as there.
            load_weights: as there.
            class_names: strings: classes of one's own. The last layer then starts anew.
            **kwargs: as there.
        """
        if class_names is not None:
            kwargs["num_classes"] = len(class_names)
        task = super().from_preset(preset, load_weights=load_weights, **kwargs)
        if class_names is not None:
            task.preprocessor.class_names = tuple(class_names)
        return task

    def compile(
        self,
        optimizer="auto",
        loss="auto",
        *,
        weighted_metrics="auto",
        jit_compile="auto",
        **kwargs,
    ):
        """Configures training, see `keras.Model.compile`.

        Args:
            optimizer: `"auto"` is Adam with 1e-3.
            loss: `"auto"` is the cross-entropy of every frame.
            weighted_metrics: `"auto"` is the share of frames with the right label.
            jit_compile: `"auto"` compiles on JAX only, see `LRCNCaptioner.compile`.
        """
        if jit_compile == "auto":
            jit_compile = keras.backend.backend() == "jax"
        if loss == "auto":
            loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        if weighted_metrics == "auto":
            weighted_metrics = [keras.metrics.SparseCategoricalAccuracy(name="frame_accuracy")]
        super().compile(
            optimizer=keras.optimizers.Adam(1e-3) if optimizer == "auto" else optimizer,
            loss=loss,
            weighted_metrics=weighted_metrics,
            jit_compile=jit_compile,
            **kwargs,
        )

    def classify(
        self,
        videos,
        top=1,
        clip_length=None,
        stride=None,
        tail="once",
        crops="centre",
        on_error="raise",
    ):
        """Names what videos show.

        The CNN sees each frame of a crop once, though clips overlap: its features do not depend
        on the clip.

        Args:
            videos: one video or a list: paths of files or of folders of frames, or uint8 arrays
                `(time, height, width, 3)`, RGB.
            top: int, how many classes to list. Defaults to `1`.
            clip_length, stride: int, frames; `None` are those of the preprocessor.
            tail: see `keras_lrcn.data.clip_starts`.
            crops: `"centre"` or `"ten"`, see `keras_lrcn.data.evaluation_crops`.
            on_error: `"raise"`, or `"partial"` to classify what can be decoded of a damaged
                file.

        Returns:
            `Classification`, or a list of them.

        Raises:
            VideoError: for a file that cannot be read, by name.
        """
        clips = {"clip_length": clip_length, "stride": stride, "tail": tail}

        def classify_one(video):
            seconds, features = self.frame_features(video, crops, on_error)
            return self.classify_features(features, seconds, top, **clips)

        return classify_each(videos, classify_one)

    def frame_features(self, video, crops="centre", on_error="raise", pooled=False):
        """Runs the CNN once over every frame of a video.

        Args:
            video: one video, as for `classify`.
            crops: as for `classify`.
            on_error: as for `classify`.
            pooled: bool, whether to stop before the fully connected layers of an `ImageEncoder`,
                as is wanted for training with `on_features()`. Defaults to `False`.

        Returns:
            `(seconds, features)`: float64 `(time,)`, and float32 `(crops, time, features)`.
        """
        encoder = self.kept(f"encoder {pooled}", lambda: FrameEncoder(self, pooled))
        return encoder.encode_video(video, crops, on_error)

    def classify_features(
        self, features, seconds=None, top=1, clip_length=None, stride=None, tail="once"
    ):
        """Names what frames show whose features are known.

        Args:
            features: float array `(crops, time, visual_dim)` or `(time, visual_dim)`.
            seconds: float array `(time,)`; frame numbers by default.
            top, clip_length, stride, tail: as for `classify`.

        Returns:
            `Classification`.
        """
        features = np.asarray(features, "float32")
        features = features[None] if features.ndim == 2 else features
        num_frames = features.shape[1]
        length = clip_length or self._preset_value("clip_length", 16)
        starts = clip_starts(num_frames, length, stride or self._preset_value("stride", 8), tail)
        places = clip_frames(starts, num_frames, length)
        clips = features[:, places].reshape(-1, length, features.shape[-1])
        probabilities = self.clip_probabilities(clips).reshape(len(features), *places.shape, -1)
        return Classification.of_clips(
            probabilities.mean(axis=0),
            places,
            np.arange(num_frames) if seconds is None else seconds,
            self.class_names,
            top,
        )

    def clip_probabilities(self, clips):
        """Runs the stack over clips of features.

        Args:
            clips: float array `(clips, time, visual_dim)`.

        Returns:
            float32 array `(clips, time, classes)`: softmax of every frame.
        """
        model = self.kept("on_features", lambda: self.on_features(projected=True))
        outputs = []
        for start in range(0, len(clips), CLIPS_AT_ONCE):
            some = clips[start : start + CLIPS_AT_ONCE]
            padding = [(0, CLIPS_AT_ONCE - len(some)), (0, 0), (0, 0)]
            outputs.append(model.predict_on_batch(np.pad(some, padding))[: len(some)])
        logits = np.concatenate(outputs).astype("float32")
        odds = np.exp(logits - logits.max(-1, keepdims=True))
        return odds / odds.sum(-1, keepdims=True)

    def on_features(self, projected=False):
        """Returns the network behind the CNN, sharing every weight.

        Args:
            projected: bool, whether its input has passed the encoder's fully connected layers
                too, as `frame_features` has. Defaults to `False`: pooled features.

        Returns:
            `keras.Model`, `(batch, time, features)` to logits `(batch, time, classes)`: train it
            on cached features while the CNN is frozen.
        """
        encoder = self.backbone.visual_encoder
        inside = encoder is not None and not projected and hasattr(encoder, "project")
        width = encoder.pooled_dim if inside else self.backbone.visual_dim
        features = keras.Input((None, width), name="features")
        x = encoder.project(features) if inside else features
        logits = self.predict_classes(self.backbone.recur(x))
        return keras.Model(features, logits, name="activity_on_features")

    def stream(self, policy="clips", clip_length=None, stride=None):
        """Starts classifying a stream frame by frame, see `ActivityStream`."""
        return ActivityStream(self, policy, clip_length, stride)

    @property
    def class_names(self):
        """The name of each class; numbers where there is no preprocessor."""
        if self.preprocessor is None:
            return tuple(map(str, range(self.num_classes)))
        return self.preprocessor.class_names

    def _preset_value(self, name, default):
        return default if self.preprocessor is None else getattr(self.preprocessor, name)

    def get_config(self):
        return {**super().get_config(), "num_classes": self.num_classes}
