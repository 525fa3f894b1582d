"""One image -> one vector, from any KerasHub image backbone."""

import copy

import keras
import keras_hub

from keras_lrcn.loading import CheckedPreset

POOLINGS = ("avg", "max", "flatten", "token", None)


@keras.saving.register_keras_serializable(package="keras_lrcn")
class ImageEncoder(CheckedPreset, keras_hub.models.Backbone):
    """The visual feature transformation of Sec. 3 for still images.

    Pools a KerasHub image backbone to a vector and adds fully connected layers: with VGG or
    CaffeNet, `pooling="flatten"` and `units=(4096, 4096, 1000)` are fc6, fc7 and fc8.

    Args:
        backbone: `keras_hub.models.Backbone` (or `keras.Model`) from images to a feature map
            `(batch, height, width, channels)`, tokens `(batch, tokens, channels)` or a vector.
        pooling: `"avg"` or `"max"` over positions, `"flatten"` (height, width, channels in this
            order), `"token"` (the first token, CLS of a ViT) or `None` for a vector as it is.
            Defaults to `"avg"`.
        units: tuple of int, widths of the fully connected layers. Defaults to `()`.
        activation: activation of the last of them; all others have ReLU. `None` is linear,
            as the fc8 that the authors' captioner reads; `"relu"` gives their fc6.
        dropout: float, rate after every ReLU between fully connected layers. Defaults to `0.5`.
        dtype: dtype policy of the layers added here.

    Call arguments:
        images: float tensor `(batch, height, width, 3)` in the backbone's own pixel range.

    Returns:
        Float tensor `(batch, features)`.

    Raises:
        ValueError: for an unknown pooling.

    Example:
    ```python
    backbone = keras_hub.models.MobileNetBackbone.from_preset("mobilenet_v3_small_050_imagenet")
    encoder = keras_lrcn.ImageEncoder(backbone, pooling="avg")
    ```

    Reference: Donahue et al. 2015, Sec. 3; fc8 as the caption feature: `lrcn.prototxt`.
    """

    def __init__(
        self, backbone, pooling="avg", units=(), activation=None, dropout=0.5, dtype=None, **kwargs
    ):
        if pooling not in POOLINGS:
            raise ValueError(f"`pooling` must be one of {POOLINGS}. Received: {pooling!r}.")
        units = tuple(units)

        # === Layers ===
        self.backbone = backbone
        self.dense_layers = [
            keras.layers.Dense(
                width,
                activation=activation if index + 1 == len(units) else "relu",
                dtype=dtype,
                name=f"dense_{index + 1}",
            )
            for index, width in enumerate(units)
        ]

        self.dropout_layers = [keras.layers.Dropout(dropout, dtype=dtype) for _ in units[1:]]

        # === Functional model ===
        images = keras.Input(tuple(backbone.inputs[0].shape[1:]), name="images")
        pooled = _pool(backbone(_as_input(backbone, images)), pooling, dtype)
        super().__init__(inputs=images, outputs=self.project(pooled), dtype=dtype, **kwargs)

        # === Config ===
        self.pooled, self.pooled_dim = pooled, pooled.shape[-1]
        self.pooling = pooling
        self.units = units
        self.activation = activation
        self.dropout = dropout

    def project(self, pooled):
        """Runs the fully connected layers on pooled features `(batch, pooled_dim)`."""
        x = pooled
        for index, layer in enumerate(self.dense_layers):
            x = layer(self.dropout_layers[index - 1](x) if index else x)
        return x

    def get_config(self):
        config = super().get_config()
        config.update(
            backbone=keras.layers.serialize(self.backbone),
            pooling=self.pooling,
            units=self.units,
            activation=self.activation,
            dropout=self.dropout,
        )
        return config

    @classmethod
    def from_config(cls, config):
        config = copy.deepcopy(config)  # Keras empties what it deserializes
        if isinstance(config["backbone"], dict):
            config["backbone"] = keras.layers.deserialize(config["backbone"])
        return super().from_config(config)


def _as_input(backbone, images):
    """DINO backbones take a dict with one image entry."""
    return {backbone.inputs[0].name: images} if isinstance(backbone.input, dict) else images


def _pool(x, pooling, dtype):
    if pooling == "token":
        return x[:, 0]
    if pooling == "flatten":
        return keras.layers.Flatten(dtype=dtype)(x)
    if pooling is None:
        return x
    spatial = "2D" if len(x.shape) == 4 else "1D"
    name = {"avg": "GlobalAveragePooling", "max": "GlobalMaxPooling"}[pooling] + spatial
    return getattr(keras.layers, name)(dtype=dtype)(x)
