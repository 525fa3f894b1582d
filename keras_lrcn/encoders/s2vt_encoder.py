"""A stack of LSTMs that reads frames before another one writes words."""

import keras
import keras_hub
from keras import ops

from keras_lrcn.encoders.frame_features import frame_features, frame_inputs
from keras_lrcn.encoders.mean_pool_encoder import with_frame_encoder
from keras_lrcn.layers import FactoredLSTM
from keras_lrcn.loading import CheckedPreset
from keras_lrcn.preprocessing.frame_padding import split_padding


@keras.saving.register_keras_serializable(package="keras_lrcn")
class S2VTEncoder(CheckedPreset, keras_hub.models.Backbone):
    """Sequence to sequence: a stack reads the frames, its final states start the decoder's.

    S2VT runs one stack over frames and then words; here each of the two has weights of its own,
    as in the sequence-to-sequence model it comes from, so that they may differ in width below.

    Args:
        frame_encoder: `keras.Model` from one image to one vector, such as an `ImageEncoder`, or
            `None`: the frames are features already.
        frame_shape: tuple, shape of a frame; needed only without a `frame_encoder`.
        context: int, frames before and after each that the `frame_encoder` sees as further
            channels of one image: a convolution over time in its first layer. Defaults to `0`.
        embedding_dim: int, width of the linear layer between CNN and stack; `None` for none.
            Defaults to `500`.
        units, num_layers: the stack, alike to the decoder's. Default to `1000` and `2`.
        bidirectional: bool, whether a layer that reads the frames backwards, of `units`, goes
            with the frames into the stack. Defaults to `False`.
        attention: bool, whether the decoder may also look back at the stack's outputs (temporal
            attention, `LRCNVideoDescriberBackbone`). Defaults to `False`.
        dropout: float, rate on the embedded frames and after every layer. Defaults to `0.0`.

    Call arguments:
        frames: float tensor `(batch, time, height, width, channels)` or `(batch, time,
            features)`, padded as `keras_lrcn.preprocessing.pad_frames` does. The padding does
            not count.

    Returns:
        Dict of `state`, the list of `(batch, units)` tensors that starts the decoder; with
        `attention` also `memory` `(batch, time, units)` and its bool `mask` `(batch, time)`.

    Example:
    ```python
    encoder = keras_lrcn.S2VTEncoder(frame_shape=(4096,), units=256)
    encoder(keras_lrcn.preprocessing.pad_frames(features))["state"]  # h, c of two layers
    ```

    Reference: Venugopalan et al., ICCV 2015 (S2VT; 500-wide embedding, 1000 units).
    """

    def __init__(
        self,
        frame_encoder=None,
        frame_shape=None,
        context=0,
        embedding_dim=500,
        units=1000,
        num_layers=2,
        bidirectional=False,
        attention=False,
        dropout=0.0,
        dtype=None,
        **kwargs,
    ):
        # === Layers ===
        self.frame_encoder = frame_encoder
        self.frame_embedding = embedding_dim and keras.layers.Dense(
            embedding_dim, dtype=dtype, name="frame_embedding"
        )
        self.embedding_dropout = keras.layers.Dropout(dropout, dtype=dtype)
        options = {"dropout": dropout, "dtype": dtype}
        self.backward_layer = bidirectional and FactoredLSTM(
            units, num_layers=1, name="backward", **options
        )
        self.lstm_stack = FactoredLSTM(
            units, num_layers=num_layers, name="encoder_stack", **options
        )

        self.attention = attention

        # === Functional model ===
        frames = frame_inputs(frame_encoder, frame_shape, context)
        features, mask = frame_features(frames, frame_encoder, context, dtype)
        super().__init__(inputs=frames, outputs=self._read(features, mask), dtype=dtype, **kwargs)

        # === Config ===
        self.pooled_dim = features.shape[-1]
        self.frame_shape = tuple(frames.shape[2:])
        self.context = context
        self.embedding_dim = embedding_dim
        self.units = units
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.dropout = dropout

    def project(self, features):
        """Runs what lies behind the CNN on features of frames, padded with `pad_frames`."""
        return self._read(*split_padding(features))

    def _read(self, features, mask):
        x = self.frame_embedding(features) if self.frame_embedding else features
        x = self.embedding_dropout(x)
        if self.backward_layer:
            backwards = self.backward_layer(ops.flip(x, axis=1), mask=ops.flip(mask, axis=1))
            x = ops.concatenate([x, ops.flip(backwards, axis=1)], axis=-1)
        outputs, state = self.lstm_stack(x, mask=mask, return_state=True)
        memory = {"memory": outputs, "mask": mask} if self.attention else {}
        return {"state": state, **memory}

    def get_config(self):
        config = super().get_config()
        config.update(
            frame_encoder=self.frame_encoder and keras.layers.serialize(self.frame_encoder),
            frame_shape=self.frame_shape,
            context=self.context,
            embedding_dim=self.embedding_dim,
            units=self.units,
            num_layers=self.num_layers,
            bidirectional=self.bidirectional,
            attention=self.attention,
            dropout=self.dropout,
        )
        return config

    @classmethod
    def from_config(cls, config):
        return super().from_config(with_frame_encoder(config))
