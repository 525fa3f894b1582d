"""The two AlexNet-like convolutional networks of the paper, up to their last pooling."""

import keras
import keras_hub
from keras import ops

from keras_lrcn.layers.local_response_normalization import LocalResponseNormalization
from keras_lrcn.loading import CheckedPreset

# Name: rows of (filters, kernel size, stride, padding, groups), conv1 to conv5.
VARIANTS = {
    "caffenet": (
        (96, 11, 4, "valid", 1),
        (256, 5, 1, "same", 2),
        (384, 3, 1, "same", 1),
        (384, 3, 1, "same", 2),
        (256, 3, 1, "same", 2),
    ),
    "hybrid": (
        (96, 7, 2, "valid", 1),
        (384, 5, 2, "valid", 2),
        (512, 3, 1, "same", 1),
        (512, 3, 1, "same", 2),
        (384, 3, 1, "same", 2),
    ),
}
SMALLEST_IMAGE = {"caffenet": 39, "hybrid": 49}  # pixels a side that leave pool5 one window


@keras.saving.register_keras_serializable(package="keras_lrcn")
class CeilMaxPooling2D(keras.layers.MaxPooling2D):
    """Max pooling whose output size is rounded up, as Caffe's is.

    A last window that hangs over the lower or right edge takes the maximum of its pixels inside
    the image. Keras' `"valid"` drops that window; its `"same"` adds one where none is due.

    Reference: Caffe's `pooling_layer.cpp`, `Reshape`.
    """

    def call(self, inputs):
        height, width = self._overhang(inputs.shape)
        if height or width:
            pads = [[0, 0], [0, height], [0, width], [0, 0]]
            inputs = ops.pad(inputs, pads, constant_values=-float("inf"))
        return super().call(inputs)

    def compute_output_shape(self, input_shape):
        batch, *sizes, channels = input_shape
        overhang = self._overhang(input_shape)
        sizes = [size and size + over for size, over in zip(sizes, overhang, strict=True)]
        return super().compute_output_shape((batch, *sizes, channels))

    def _overhang(self, shape):
        """Pixels of the last window outside the image; at most a stride less one."""
        return [
            stride - 1 if size is None else (window - size) % stride
            for size, window, stride in zip(shape[1:3], self.pool_size, self.strides, strict=True)
        ]


@keras.saving.register_keras_serializable(package="keras_lrcn")
class CaffeNetBackbone(CheckedPreset, keras_hub.models.Backbone):
    """CaffeNet, or its hybrid with Zeiler and Fergus' network, from conv1 to pool5.

    Both normalize *after* pooling, unlike AlexNet. The fully connected layers are those of an
    `ImageEncoder` with `pooling="flatten"`: `units=(4096,), activation="relu"` is fc6, the paper's
    activity feature; `units=(4096, 4096, 1000)` is fc8, its captioning feature. Layers have Caffe's
    names.

    Args:
        variant: `"caffenet"` (BVLC reference CaffeNet, Sec. 5) or `"hybrid"` (Sec. 4).
        filters: sequence of five even ints, for a narrower or wider network, or `None` for the
            variant's own.
        image_shape: tuple `(height, width, channels)` in pixels. The published weights take
            `(227, 227, 3)` RGB less the mean; `height` and `width` may be `None`.
        dtype: dtype policy of the layers, or its name.
        **kwargs: `name` and `trainable` of `keras.Model`.

    Returns:
        Float tensor `(batch, 6, 6, 256)` or, for `"hybrid"`, `(batch, 6, 6, 384)` at 227 pixels.

    Raises:
        ValueError: for an unknown variant, an image that is too small for it, or `filters` that
            are not five even numbers.

    Example:
    ```python
    backbone = keras_lrcn.CaffeNetBackbone("hybrid")
    fc6 = keras_lrcn.ImageEncoder(backbone, "flatten", units=(4096,), activation="relu")
    fc6(np.zeros((1, 227, 227, 3), "float32")).shape  # (1, 4096)
    ```

    Reference: Donahue et al. 2015, Sec. 4 (the hybrid) and Sec. 5; Jia et al. 2014 (CaffeNet);
    Zeiler and Fergus 2014. Fillers are those of the authors' hybrid network.
    """

    def __init__(
        self,
        variant="caffenet",
        filters=None,
        image_shape=(227, 227, 3),
        dtype=None,
        **kwargs,
    ):
        check_arguments(variant, filters, image_shape)
        rows = VARIANTS[variant]
        widths = [row[0] for row in rows] if filters is None else list(filters)

        # === Layers ===
        convolutions = [
            keras.layers.Conv2D(
                width,
                kernel_size,
                strides=stride,
                padding=padding,
                groups=groups,
                activation="relu",
                kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
                bias_initializer=keras.initializers.Constant(0.1),
                data_format="channels_last",
                dtype=dtype,
                name=f"conv{number}",
            )
            for number, (width, (_, kernel_size, stride, padding, groups)) in enumerate(
                zip(widths, rows, strict=True), start=1
            )
        ]

        def pool(number):
            return CeilMaxPooling2D(
                3, 2, data_format="channels_last", dtype=dtype, name=f"pool{number}"
            )

        # === Functional model ===
        images = x = keras.Input(shape=image_shape, name="images")
        for number, convolution in enumerate(convolutions, start=1):
            x = convolution(x)
            if number in (1, 2):
                x = pool(number)(x)
                x = LocalResponseNormalization(dtype=dtype, name=f"norm{number}")(x)
        features = pool(5)(x)
        super().__init__(inputs=images, outputs=features, dtype=dtype, **kwargs)

        # === Config ===
        self.variant = variant
        self.filters = None if filters is None else tuple(widths)
        self.image_shape = tuple(image_shape)

    def get_config(self):
        config = super().get_config()
        config.update(variant=self.variant, filters=self.filters, image_shape=self.image_shape)
        return config


def check_arguments(variant, filters, image_shape):
    """Refuses what `CaffeNetBackbone` cannot build."""
    if variant not in VARIANTS:
        raise ValueError(
            f"`variant` must be one of {sorted(VARIANTS)}. Received: variant={variant!r}."
        )
    if filters is not None and (len(filters) != 5 or any(width % 2 for width in filters)):
        raise ValueError(
            "`filters` must be five even numbers, conv1 to conv5; they are even because conv2, "
            f"conv4 and conv5 work in two groups. Received: filters={filters}."
        )
    smallest = SMALLEST_IMAGE[variant]
    if any(side is not None and side < smallest for side in image_shape[:2]):
        raise ValueError(
            f"`image_shape` must be at least {smallest} pixels high and wide for "
            f"variant={variant!r}. Received: image_shape={image_shape}."
        )
