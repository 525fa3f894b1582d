"""Every family of image backbones behind `ImageEncoder`: built, trained a step, reloaded."""

import keras
import keras_hub
import numpy as np
import pytest
from keras import ops

from keras_lrcn.encoders.caffenet_backbone import CaffeNetBackbone
from keras_lrcn.encoders.efficientnet_lite import efficientnet_lite
from keras_lrcn.encoders.image_encoder import ImageEncoder

models = keras_hub.models
FULLY_CONNECTED = {"pooling": "flatten", "units": (8, 8, 5), "dropout": 0.5}  # fc6, fc7, fc8
CAFFENET = {"filters": (6, 8, 8, 8, 4), "image_shape": (67, 67, 3)}


def vgg():
    return models.VGGBackbone([1, 1, 2], [4, 8, 8], image_shape=(32, 32, 3))


def resnet(block_type="basic_block", use_pre_activation=False):
    return models.ResNetBackbone(
        input_conv_filters=[64],  # as wide as the first stack, which must be 64
        input_conv_kernel_sizes=[3],
        stackwise_num_filters=[64, 64],
        stackwise_num_blocks=[1, 1],
        stackwise_num_strides=[1, 2],
        block_type=block_type,
        use_pre_activation=use_pre_activation,
        image_shape=(32, 32, 3),
    )


def efficientnet():
    return models.EfficientNetBackbone(
        stackwise_width_coefficients=[1.0] * 3,
        stackwise_depth_coefficients=[1.0] * 3,
        stackwise_kernel_sizes=[3, 3, 5],
        stackwise_num_repeats=[1, 1, 2],
        stackwise_input_filters=[8, 8, 16],
        stackwise_output_filters=[8, 16, 16],
        stackwise_expansion_ratios=[1, 4, 4],
        stackwise_squeeze_and_excite_ratios=[0.25, 0.25, 0.25],
        stackwise_strides=[1, 2, 1],
        stackwise_block_types=["v1", "fused", "unfused"],
        input_shape=(32, 32, 3),
    )


def mobilenet():
    return models.MobileNetBackbone(
        stackwise_expansion=[[8, 16], [16, 16]],
        stackwise_num_blocks=[2, 2],
        stackwise_num_filters=[[8, 8], [16, 16]],
        stackwise_kernel_size=[[3, 3], [5, 5]],
        stackwise_num_strides=[[2, 1], [2, 1]],
        stackwise_se_ratio=[[None, None], [0.25, 0.25]],
        stackwise_activation=[["relu", "relu"], ["hard_swish", "hard_swish"]],
        stackwise_padding=[[1, 1], [2, 2]],
        output_num_filters=24,
        depthwise_filters=8,
        depthwise_stride=2,
        depthwise_residual=False,
        last_layer_filter=16,
        squeeze_and_excite=0.5,
        input_num_filters=8,
        image_shape=(32, 32, 3),
    )


def densenet():
    return models.DenseNetBackbone([2, 2], growth_rate=4, image_shape=(32, 32, 3))


def vit():
    return models.ViTBackbone(
        image_shape=(16, 16, 3), patch_size=8, num_layers=1, num_heads=2, hidden_dim=8, mlp_dim=16
    )


def dinov2():
    return models.DINOV2Backbone(
        patch_size=8,
        num_layers=1,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=16,
        image_shape=(16, 16, 3),
        position_embedding_shape=(16, 16),
    )


def plain_model():
    images = keras.Input((16, 16, 3))
    return keras.Model(images, keras.layers.Conv2D(6, 3)(images))


# Name: the backbone, how it is pooled, the features that must come out.
FAMILIES = {
    "vgg": (vgg, FULLY_CONNECTED, 5),
    "resnet": (resnet, {}, 64),
    "resnet_v2": (lambda: resnet("bottleneck_block", True), {"pooling": "max"}, 256),
    "efficientnet": (efficientnet, {}, 1280),  # KerasHub's config forgets another `num_features`
    "efficientnet_lite0": (lambda: efficientnet_lite("lite0", (32, 32, 3)), {}, 1280),
    "mobilenet": (mobilenet, {}, 16),
    "densenet": (densenet, {"units": (6,), "activation": "relu"}, 6),
    "vit": (vit, {"pooling": "token"}, 8),
    "caffenet": (lambda: CaffeNetBackbone(**CAFFENET), FULLY_CONNECTED, 5),
    "hybrid": (lambda: CaffeNetBackbone("hybrid", **CAFFENET), FULLY_CONNECTED, 5),
    "plain keras.Model": (plain_model, {}, 6),
}
SLOW = ("efficientnet", "efficientnet_lite0", "mobilenet")


def families():
    return [
        pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in FAMILIES
    ]


def images_for(encoder, batch=4):
    return np.random.uniform(-1, 1, (batch, *encoder.inputs[0].shape[1:])).astype("float32")


def train_a_step(encoder, x):
    """Returns by how much the step moved the encoder's trainable weights."""
    before = [ops.convert_to_numpy(v) for v in encoder.trainable_variables]
    encoder.compile(keras.optimizers.Adam(1e-2), "mse", jit_compile=False)
    encoder.train_on_batch(x, np.random.normal(size=(len(x), encoder.output_shape[-1])))
    after = [ops.convert_to_numpy(v) for v in encoder.trainable_variables]
    return [np.abs(new - old).max() for new, old in zip(after, before, strict=True)]


@pytest.mark.parametrize("family", families())
def test_a_family_is_built_trained_and_reloaded(family, tmp_path):
    make, pooling, features = FAMILIES[family]
    encoder = ImageEncoder(make(), **pooling)
    x = images_for(encoder)
    assert encoder(x).shape == (4, features)
    steps = train_a_step(encoder, x)
    assert np.mean(np.array(steps) > 0) > 0.9  # all but what a ReLU or a norm shields
    expected = ops.convert_to_numpy(encoder(x))

    copy = ImageEncoder.from_config(encoder.get_config())
    copy.set_weights(encoder.get_weights())
    np.testing.assert_array_equal(ops.convert_to_numpy(copy(x)), expected)

    encoder.save_to_preset(tmp_path)
    copy = ImageEncoder.from_preset(str(tmp_path))
    assert type(copy) is ImageEncoder and type(copy.backbone) is type(encoder.backbone)
    np.testing.assert_array_equal(ops.convert_to_numpy(copy(x)), expected)


@pytest.mark.parametrize("family", families())
def test_a_frozen_backbone_rests_while_the_head_trains(family):
    make, options, _ = FAMILIES[family]
    check_frozen(make(), "token" if options.get("pooling") == "token" else "avg")


def test_a_backbone_that_takes_a_dict_is_fed():
    # Not reloaded: DINOV2Backbone itself loses trained position embeddings in KerasHub 0.32.
    check_frozen(dinov2(), "token")


def check_frozen(backbone, pooling):
    backbone.trainable = False
    encoder = ImageEncoder(backbone, pooling, units=(3,))
    before = [ops.convert_to_numpy(v) for v in backbone.weights]
    steps = train_a_step(encoder, images_for(encoder))
    assert len(steps) == 2 and min(steps) > 0  # kernel and bias of the head
    for old, new in zip(before, backbone.weights, strict=True):
        np.testing.assert_array_equal(old, ops.convert_to_numpy(new))
