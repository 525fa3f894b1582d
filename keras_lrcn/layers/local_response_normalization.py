"""Local response normalization across channels, as Caffe computes it; Keras has none."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_lrcn")
class LocalResponseNormalization(keras.layers.Layer):
    """Divides each value by the energy of its neighbours in the channel axis.

    `y_c = x_c / (k + (alpha / depth) * sum of x_j^2)^beta`, where `j` runs over the `depth`
    channels around `c`; channels beyond the ends count as zero.

    The defaults are those of both convolutional networks of the paper. TensorFlow's own operation
    multiplies `alpha` with the sum instead of the mean: its `alpha` is ours over `depth`.
    Float16 and bfloat16 inputs are computed in float32, because the squares leave float16's range.

    Args:
        depth: odd int. Number of channels in the window.
        alpha: float. Weight of the window's mean square.
        beta: float. Exponent.
        k: float. What the denominator has where all inputs are zero.
        **kwargs: `name`, `dtype` and so on of `keras.layers.Layer`.

    Call arguments:
        inputs: float tensor `(batch, ..., channels)`.

    Returns:
        Float tensor of the shape of `inputs`.

    Raises:
        ValueError: if `depth` is not a positive odd int.

    Reference: Krizhevsky et al. 2012, Sec. 3.3; Caffe's `lrn_layer.cpp`, region ACROSS_CHANNELS.
    """

    def __init__(self, depth=5, alpha=1e-4, beta=0.75, k=1.0, **kwargs):
        super().__init__(**kwargs)
        if depth < 1 or depth % 2 == 0:
            raise ValueError(
                "`depth` must be a positive odd number, so that the window has a middle. "
                f"Received: depth={depth}."
            )
        self.depth = depth
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def call(self, inputs):
        x = ops.cast(inputs, keras.backend.result_type(inputs.dtype, "float32"))
        channels, reach = x.shape[-1], self.depth // 2
        squares = ops.pad(ops.square(x), [[0, 0]] * (len(x.shape) - 1) + [[reach, reach]])
        energy = sum(squares[..., first : first + channels] for first in range(self.depth))
        scale = self.k + self.alpha / self.depth * energy
        return ops.cast(x * ops.power(scale, -self.beta), inputs.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        config = super().get_config()
        config.update(depth=self.depth, alpha=self.alpha, beta=self.beta, k=self.k)
        return config
