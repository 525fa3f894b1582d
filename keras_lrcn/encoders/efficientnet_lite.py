"""EfficientNet-Lite as a KerasHub backbone, with the published TensorFlow weights."""

import keras
import keras_hub
import numpy as np

REPEATS = (1, 2, 2, 3, 3, 4, 1)  # stages 2-6 scale with the depth coefficient
WIDTH_DEPTH = {"lite0": (1.0, 1.0), "lite1": (1.0, 1.1), "lite2": (1.1, 1.2)}


def efficientnet_lite(variant="lite0", image_shape=(224, 224, 3), weights=None, **kwargs):
    """Builds EfficientNet-Lite without its classifier.

    The Lite family has no squeeze-and-excitation, ReLU6, TensorFlow's "same" padding, and an
    unscaled stem, first stage, last stage and head. KerasHub's `"v1"` block pads symmetrically,
    which shifts strided convolutions by a pixel against the published weights, so only the
    first stage (stride 1, no expansion) uses it.

    Args:
        variant: `"lite0"`, `"lite1"` or `"lite2"`.
        image_shape: tuple `(height, width, 3)`; pixels are expected as `(x - 127) / 128`.
        weights: path of an `.npz` with the original tensor names (`_conv_stem.weight`, ...,
            convolutions as O,I,H,W), or `None` for random weights.

    Returns:
        `keras_hub.models.EfficientNetBackbone`, output `(batch, height / 32, width / 32, 1280)`.

    Raises:
        ValueError: for an unknown variant, or weights that miss a tensor or differ in shape.

    Example:
    ```python
    backbone = keras_lrcn.efficientnet_lite("lite0", image_shape=(64, 64, 3))
    backbone(np.zeros((1, 64, 64, 3), "float32")).shape  # (1, 2, 2, 1280)
    ```

    Reference: Tan and Le 2019, and the Lite variants' published weights (Apache-2.0).
    """
    if variant not in WIDTH_DEPTH:
        raise ValueError(
            f"`variant` must be one of {sorted(WIDTH_DEPTH)}. Received: variant={variant!r}."
        )
    width, depth = WIDTH_DEPTH[variant]
    backbone = keras_hub.models.EfficientNetBackbone(
        stackwise_width_coefficients=[1.0] + [width] * 6,
        stackwise_depth_coefficients=[1.0] + [depth] * 5 + [1.0],
        stackwise_kernel_sizes=[3, 3, 5, 3, 5, 5, 3],
        stackwise_num_repeats=list(REPEATS),
        stackwise_input_filters=[32, 16, 24, 40, 80, 112, 192],
        stackwise_output_filters=[16, 24, 40, 80, 112, 192, 320],
        stackwise_expansion_ratios=[1, 6, 6, 6, 6, 6, 6],
        stackwise_strides=[1, 2, 2, 2, 1, 2, 1],
        stackwise_squeeze_and_excite_ratios=[0] * 7,
        stackwise_block_types=["v1"] + ["unfused"] * 6,
        include_stem_padding=False,
        stem_conv_padding="same",
        use_depth_divisor_as_min_depth=True,
        cap_round_filter_decrease=True,
        batch_norm_epsilon=1e-3,
        activation="relu6",
        dropout=0.0,
        input_shape=image_shape,
        **kwargs,
    )
    if weights is not None:
        load_efficientnet_lite_weights(backbone, weights)
    return backbone


def load_efficientnet_lite_weights(backbone, path):
    """Copies the original EfficientNet-Lite tensors into a backbone.

    Args:
        backbone: what `efficientnet_lite` returned.
        path: `.npz` with the original tensor names.

    Raises:
        ValueError: naming the first tensor that is missing or has another shape.
    """
    tensors = dict(np.load(path))
    used = set()

    def assign(variable, name, turn=lambda x: x):
        if name not in tensors:
            raise ValueError(f"{path} has no tensor `{name}`; is it an EfficientNet-Lite file?")
        value = turn(tensors[name]).astype("float32")
        if value.shape != tuple(variable.shape):
            raise ValueError(
                f"Tensor `{name}` of {path} has shape {value.shape} after conversion, but the "
                f"layer expects {tuple(variable.shape)}. Check `variant`."
            )
        variable.assign(value)
        used.add(name)

    def convolution(layer, name):  # O,I,H,W -> H,W,I,O; depthwise C,1,H,W -> H,W,C,1
        depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
        axes = (2, 3, 0, 1) if depthwise else (2, 3, 1, 0)
        assign(layer.kernel, f"{name}.weight", lambda x: x.transpose(axes))

    def normalization(layer, name):
        assign(layer.gamma, f"{name}.weight")
        assign(layer.beta, f"{name}.bias")
        assign(layer.moving_mean, f"{name}.running_mean")
        assign(layer.moving_variance, f"{name}.running_var")

    get = backbone.get_layer
    convolution(get("stem_conv"), "_conv_stem")
    normalization(get("stem_bn"), "_bn0")
    first = "_blocks.0."
    convolution(get("block1a_dwconv"), first + "_depthwise_conv")
    normalization(get("block1a_dwconv_bn"), first + "_bn1")
    convolution(get("block1a_project"), first + "_project_conv")
    normalization(get("block1a_project_bn"), first + "_bn2")
    blocks = [
        layer for layer in backbone.layers if layer.name[:5] == "block" and layer.name[5] > "1"
    ]
    for number, block in enumerate(blocks, start=1):
        name = f"_blocks.{number}."
        convolution(block.conv1, name + "_expand_conv")
        normalization(block.bn1, name + "_bn0")
        convolution(block.depthwise, name + "_depthwise_conv")
        normalization(block.bn2, name + "_bn1")
        convolution(block.output_conv, name + "_project_conv")
        normalization(block.bn3, name + "_bn2")
    convolution(get("top_conv"), "_conv_head")
    normalization(get("top_bn"), "_bn1")
    left = sorted(set(tensors) - used - {"_fc.weight", "_fc.bias"})
    if left:
        raise ValueError(f"{path} has tensors that {backbone.name} does not use: {left[:5]}.")
