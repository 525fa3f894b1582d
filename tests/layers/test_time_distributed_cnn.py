"""Folding time into the batch against a loop over frames."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from keras_lrcn.layers.time_distributed_cnn import TimeDistributedCNN

FRAME = (8, 8, 3)


def encoder(*extra, **options):
    """A functional CNN to 5 features; `extra` layers come before its last."""
    images = x = keras.Input(FRAME)
    for layer in (keras.layers.Conv2D(4, 3, activation="relu"), *extra):
        x = layer(x)
    features = keras.layers.Dense(5)(keras.layers.GlobalAveragePooling2D()(x))
    return keras.Model(images, features, **options)


class SubclassedEncoder(keras.Model):
    """Without a `training` argument and built when it is first called."""

    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(5)

    def call(self, images):
        return self.dense(ops.mean(images, axis=(1, 2)))


def clips(batch=2, time=3):
    return np.random.uniform(size=(batch, time, *FRAME)).astype("float32")


def test_equals_a_loop_over_frames():
    cnn, frames = encoder(), clips()
    one_by_one = np.stack([cnn(frames[:, t]) for t in range(3)], axis=1)
    features = TimeDistributedCNN(cnn)(frames)
    assert features.shape == (2, 3, 5)
    np.testing.assert_allclose(features, one_by_one, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("time", [1, 4, 7])
def test_time_may_be_unknown_when_the_model_is_made(time):
    frames = keras.Input((None, *FRAME))
    cnn = encoder()
    model = keras.Model(frames, TimeDistributedCNN(cnn)(frames))
    assert model.output_shape == (None, None, 5)
    x = clips(3, time)
    expected = np.stack([cnn(clip) for clip in x])
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_one_traced_graph_serves_every_batch_and_length(jit_compile):
    layer = TimeDistributedCNN(encoder())
    signature = [tf.TensorSpec((None, None, *FRAME), "float32")]
    traced = tf.function(layer, input_signature=signature, jit_compile=jit_compile)
    for batch, time in [(1, 1), (2, 5), (3, 2)]:
        x = clips(batch, time)
        np.testing.assert_allclose(traced(x), layer(x), rtol=1e-5, atol=1e-6)
    assert traced.get_concrete_function().output_shapes.as_list() == [None, None, 5]


def test_an_lstm_and_a_training_step_go_on_top():
    frames = keras.Input((None, *FRAME))
    features = TimeDistributedCNN(encoder(keras.layers.BatchNormalization()))(frames)
    model = keras.Model(frames, keras.layers.LSTM(4)(features))
    model.compile("sgd", "mse", jit_compile=False)
    before = [ops.convert_to_numpy(v) for v in model.trainable_variables]
    model.train_on_batch(clips(), np.ones((2, 4), "float32"))
    after = [ops.convert_to_numpy(v) for v in model.trainable_variables]
    assert len(after) == 4 + 2 + 3  # encoder, its normalization, LSTM
    assert all((old != new).any() for old, new in zip(before, after, strict=True))


def test_training_reaches_the_encoder():
    layer, frames = TimeDistributedCNN(encoder(keras.layers.Dropout(0.5))), clips()
    np.testing.assert_array_equal(layer(frames), layer(frames, training=False))
    assert np.abs(layer(frames, training=True) - layer(frames)).max() > 1e-3


def test_an_encoder_may_be_a_subclassed_model_without_training_argument():
    cnn, frames = SubclassedEncoder(), clips()
    features = TimeDistributedCNN(cnn)(frames, training=True)
    expected = np.stack([cnn(clip) for clip in frames])
    np.testing.assert_allclose(features, expected, rtol=1e-5, atol=1e-6)


def test_a_frozen_encoder_stays_frozen_through_its_config():
    cnn = encoder()
    cnn.trainable = False
    copy = TimeDistributedCNN.from_config(TimeDistributedCNN(cnn).get_config())
    copy(clips())
    assert not copy.trainable_weights and len(copy.weights) == 4


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_computes_in_half_and_keeps_float32_weights(policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        layer, x = TimeDistributedCNN(encoder()), clips()
    finally:
        keras.config.set_dtype_policy(before)
    features = layer(x)
    half = policy.removeprefix("mixed_")
    assert keras.backend.standardize_dtype(features.dtype) == half
    assert layer.compute_output_spec(keras.KerasTensor(x.shape)).dtype == half
    assert {v.dtype for v in layer.weights} == {"float32"}
    exact = encoder()
    exact.set_weights(layer.encoder.get_weights())
    expected = TimeDistributedCNN(exact)(x)
    # A bfloat16 has 8 bits; two layers add up to a few of them.
    np.testing.assert_allclose(ops.cast(features, "float32"), expected, atol=0.02)


def test_saving_a_model_and_loading_it_gives_the_same_features(tmp_path):
    frames = keras.Input((None, *FRAME))
    model = keras.Model(frames, TimeDistributedCNN(encoder(), name="visual")(frames))
    model.save(tmp_path / "model.keras")
    copy = keras.saving.load_model(tmp_path / "model.keras")
    x = clips()
    np.testing.assert_array_equal(copy.predict(x, verbose=0), model.predict(x, verbose=0))


def test_one_config_makes_any_number_of_layers():
    config = TimeDistributedCNN(encoder(), name="visual").get_config()
    first, second = (TimeDistributedCNN.from_config(config) for _ in range(2))
    assert first.name == second.name == "visual"
    assert first.encoder is not second.encoder
    assert len(first.encoder.weights) == len(second.encoder.weights) == 4


def test_what_is_no_model_is_refused():
    with pytest.raises(ValueError, match="`encoder` must be a `keras.Model`.*Dense"):
        TimeDistributedCNN(keras.layers.Dense(3))


def test_a_single_image_is_refused():
    with pytest.raises(ValueError, match="expected ndim=5, found ndim=4"):
        TimeDistributedCNN(encoder())(clips()[0])
