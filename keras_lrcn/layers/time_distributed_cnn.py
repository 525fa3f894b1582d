"""One visual encoder over all frames of a clip."""

import copy

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_lrcn")
class TimeDistributedCNN(keras.layers.Layer):
    """Applies one visual encoder to every frame of every clip.

    Time is folded into the batch, so the CNN sees all frames at once: features at one time step
    do not depend on another (Sec. 3). `keras.layers.TimeDistributed` copies the graph of the
    encoder for each step instead.

    Args:
        encoder: `keras.Model`, `(batch, height, width, channels)` to `(batch, features)`.
        **kwargs: `name`, `dtype` and so on of `keras.layers.Layer`.

    Call arguments:
        frames: float tensor `(batch, time, height, width, channels)`; `batch` and `time` may be
            unknown.
        training: bool, handed to the encoder.

    Returns:
        Float tensor `(batch, time, features)`.

    Raises:
        ValueError: if `encoder` is no `keras.Model`, or `frames` have another rank.

    Example:
    ```python
    backbone = keras_lrcn.CaffeNetBackbone("hybrid")
    encoder = keras_lrcn.ImageEncoder(backbone, "flatten", units=(4096,), activation="relu")
    frames = keras.Input((None, 227, 227, 3))
    features = keras_lrcn.layers.TimeDistributedCNN(encoder)(frames)  # (batch, time, 4096)
    ```

    Reference: Donahue et al. 2015, Sec. 3 and Fig. 1.
    """

    def __init__(self, encoder, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(encoder, keras.Model):
            raise ValueError(
                "`encoder` must be a `keras.Model` from one image to its features, for instance "
                f"a `keras_lrcn.ImageEncoder`. Received: encoder={encoder!r}."
            )
        self.encoder = encoder
        self.input_spec = keras.layers.InputSpec(ndim=5)

    def build(self, frames_shape):
        if not self.encoder.built:
            self.encoder(keras.KerasTensor((None, *frames_shape[2:])))

    def call(self, frames, training=None):
        batch, time, *frame_shape = ops.shape(frames)
        features = self.encoder(ops.reshape(frames, (-1, *frame_shape)), training=training)
        return ops.reshape(features, (batch, time, features.shape[-1]))

    def compute_output_spec(self, frames, training=None):
        images = keras.KerasTensor((None, *frames.shape[2:]), dtype=frames.dtype)
        features = self.encoder.compute_output_spec(images, training=training)
        shape = (*frames.shape[:2], features.shape[-1])
        return keras.KerasTensor(shape, dtype=features.dtype)

    def get_config(self):
        config = super().get_config()
        config.update(encoder=keras.saving.serialize_keras_object(self.encoder))
        return config

    @classmethod
    def from_config(cls, config):
        encoder = copy.deepcopy(config["encoder"])  # Keras empties a functional model's config
        encoder = keras.saving.deserialize_keras_object(encoder)
        return cls(**{**config, "encoder": encoder})
