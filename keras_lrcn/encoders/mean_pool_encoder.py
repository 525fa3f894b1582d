"""The mean of all frames' features."""

import copy

import keras
import keras_hub
from keras import ops

from keras_lrcn.encoders.frame_features import frame_features, frame_inputs
from keras_lrcn.loading import CheckedPreset
from keras_lrcn.preprocessing.frame_padding import split_padding


@keras.saving.register_keras_serializable(package="keras_lrcn")
class MeanPoolEncoder(CheckedPreset, keras_hub.models.Backbone):
    """A video as one vector: the mean of its frames' features, like the photo of a captioner.

    Args:
        frame_encoder: `keras.Model` from one image to one vector, such as an `ImageEncoder`, or
            `None`: the frames are features already.
        frame_shape: tuple, shape of a frame; needed only without a `frame_encoder`.
        units: int, width of a layer with ReLU behind the mean; `None` for none. Defaults to
            `None`.

    Call arguments:
        frames: float tensor `(batch, time, height, width, channels)` or `(batch, time,
            features)`, padded as `keras_lrcn.preprocessing.pad_frames` does. The padding does
            not count.

    Returns:
        Float tensor `(batch, features)`, or `(batch, units)`.

    Example:
    ```python
    encoder = keras_lrcn.MeanPoolEncoder(frame_shape=(4096,))
    encoder(keras_lrcn.preprocessing.pad_frames(features))  # (batch, 4096)
    ```

    Reference: Venugopalan et al., NAACL 2015: fc7 of AlexNet, one frame in ten.
    """

    def __init__(self, frame_encoder=None, frame_shape=None, units=None, dtype=None, **kwargs):
        # === Layers ===
        self.frame_encoder = frame_encoder
        self.dense = units and keras.layers.Dense(
            units, activation="relu", dtype=dtype, name="dense"
        )

        # === Functional model ===
        frames = frame_inputs(frame_encoder, frame_shape)
        features, mask = frame_features(frames, frame_encoder, dtype=dtype)
        outputs = self._pool(features, mask)
        super().__init__(inputs=frames, outputs=outputs, dtype=dtype, **kwargs)

        # === Config ===
        self.pooled_dim = features.shape[-1]
        self.frame_shape = tuple(frames.shape[2:])
        self.units = units

    def project(self, features):
        """Runs what lies behind the CNN on features of frames, padded with `pad_frames`."""
        return self._pool(*split_padding(features))

    def _pool(self, features, mask):
        weights = ops.cast(mask, features.dtype)[..., None]
        mean = ops.sum(features * weights, axis=1) / ops.maximum(ops.sum(weights, axis=1), 1)
        return self.dense(mean) if self.dense else mean

    def get_config(self):
        config = super().get_config()
        config.update(
            frame_encoder=self.frame_encoder and keras.layers.serialize(self.frame_encoder),
            frame_shape=self.frame_shape,
            units=self.units,
        )
        return config

    @classmethod
    def from_config(cls, config):
        return super().from_config(with_frame_encoder(config))


def with_frame_encoder(config):
    """A copy of an encoder's config in which `frame_encoder` is a model again."""
    config = copy.deepcopy(config)  # Keras empties what it deserializes
    if isinstance(config.get("frame_encoder"), dict):
        config["frame_encoder"] = keras.layers.deserialize(config["frame_encoder"])
    return config
