"""Frames -> hidden states: the graph of activity recognition."""

import copy

import keras
import keras_hub

from keras_lrcn.layers import FactoredLSTM, TimeDistributedCNN
from keras_lrcn.loading import CheckedPreset


@keras.saving.register_keras_serializable(package="keras_lrcn")
class LRCNActivityBackbone(CheckedPreset, keras_hub.models.Backbone):
    """Visual encoder over every frame, then a stack of LSTMs over time.

    Args:
        visual_encoder: `keras.Model` from one frame to one vector (fc6 of CaffeNet, pooled
            features of any KerasHub backbone), or `None`: the frames are then vectors already.
        visual_dim: int, width of those vectors; needed only without a `visual_encoder`.
        units: int, width N of every layer. Defaults to `256`, the authors' for RGB; the paper
            has 1024 for flow.
        num_layers: int, depth L; `0` is the paper's single-frame baseline, which sees each frame
            alone. Defaults to `1`.
        cell: `"lstm"` or `"rnn"`, see `keras_lrcn.layers.FactoredLSTM`. Defaults to `"lstm"`.
        dropout: float, rate after every layer of the stack. Defaults to `0.5`, the authors'.
        visual_dropout: float, rate on the visual vector. Defaults to `0.9`, the authors'.

    Call arguments:
        frames: float tensor `(batch, time, height, width, 3)` in the encoder's pixel range, or
            `(batch, time, visual_dim)`; `time` may be unknown.

    Returns:
        Float tensor `(batch, time, units)`; with `num_layers=0` `(batch, time, visual_dim)`.

    Raises:
        ValueError: if neither `visual_encoder` nor `visual_dim` is given, or a negative depth.

    Example:
    ```python
    backbone = keras_lrcn.LRCNActivityBackbone(visual_dim=6, units=8)
    backbone(np.ones((2, 16, 6), "float32"))  # (2, 16, 8)
    ```

    Reference: Donahue et al. 2015, Sec. 4; dropouts and widths from the authors'
    `train_test_lstm_RGB.prototxt`.
    """

    def __init__(
        self,
        visual_encoder=None,
        visual_dim=None,
        units=256,
        num_layers=1,
        cell="lstm",
        dropout=0.5,
        visual_dropout=0.9,
        dtype=None,
        **kwargs,
    ):
        if visual_encoder is None and visual_dim is None:
            raise ValueError(
                "Give a `visual_encoder`, or the width of the visual vectors as `visual_dim`."
            )
        if num_layers < 0:
            raise ValueError(f"`num_layers` must not be negative. Received: {num_layers}.")

        # === Layers ===
        self.visual_encoder = visual_encoder
        self.visual_dropout_layer = keras.layers.Dropout(visual_dropout, dtype=dtype)
        self.lstm_stack = None
        if num_layers:
            self.lstm_stack = FactoredLSTM(
                units, num_layers, cell=cell, dropout=dropout, dtype=dtype, name="lstm_stack"
            )

        # === Functional model ===
        shape = (visual_dim,) if visual_encoder is None else visual_encoder.input.shape[1:]
        frames = keras.Input((None, *shape), name="frames")
        features = frames
        if visual_encoder is not None:
            features = TimeDistributedCNN(visual_encoder, dtype=dtype, name="encode")(frames)
        super().__init__(inputs=frames, outputs=self.recur(features), dtype=dtype, **kwargs)

        # === Config ===
        self.visual_dim = features.shape[-1]
        self.units = units
        self.num_layers = num_layers
        self.cell = cell
        self.dropout = dropout
        self.visual_dropout = visual_dropout

    def recur(self, features):
        """Runs what lies behind the visual encoder.

        Args:
            features: float tensor `(batch, time, visual_dim)`.

        Returns:
            Float tensor `(batch, time, units)`.
        """
        features = self.visual_dropout_layer(features)
        return features if self.lstm_stack is None else self.lstm_stack(features)

    def get_config(self):
        config = super().get_config()
        config.update(
            visual_encoder=self.visual_encoder and keras.layers.serialize(self.visual_encoder),
            visual_dim=self.visual_dim,
            units=self.units,
            num_layers=self.num_layers,
            cell=self.cell,
            dropout=self.dropout,
            visual_dropout=self.visual_dropout,
        )
        return config

    @classmethod
    def from_config(cls, config):
        config = copy.deepcopy(config)  # Keras empties what it deserializes
        if isinstance(config.get("visual_encoder"), dict):
            config["visual_encoder"] = keras.layers.deserialize(config["visual_encoder"])
        return super().from_config(config)
