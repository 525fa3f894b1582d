"""Encoders of videos: what they are without padding, and that padding never counts."""

import keras
import numpy as np
import pytest

import keras_lrcn
from keras_lrcn.encoders.frame_features import frame_features
from keras_lrcn.layers import FactoredLSTM
from keras_lrcn.preprocessing import pad_frames


def cnn(channels=3):
    keras.utils.set_random_seed(1)
    image = keras.Input((6, 5, channels))
    x = keras.layers.Conv2D(4, 3, activation="tanh", bias_initializer="ones")(image)
    return keras.Model(image, keras.layers.Flatten()(x))


def videos(*lengths, shape=(6, 5, 3)):
    rng = np.random.default_rng(0)
    return [rng.normal(0, 1, (length, *shape)).astype("float32") for length in lengths]


ENCODERS = {
    "mean": lambda: keras_lrcn.MeanPoolEncoder(cnn(), units=4),
    "s2vt": lambda: keras_lrcn.S2VTEncoder(cnn(), embedding_dim=5, units=6),
    "s2vt, all options": lambda: keras_lrcn.S2VTEncoder(
        cnn(15),
        context=2,
        embedding_dim=None,
        units=6,
        num_layers=1,
        bidirectional=True,
        attention=True,
    ),
    "features, mean": lambda: keras_lrcn.MeanPoolEncoder(frame_shape=(6,)),
    "features, s2vt": lambda: keras_lrcn.S2VTEncoder(frame_shape=(6,), units=6, attention=True),
}


@pytest.fixture(params=ENCODERS)
def encoder(request):
    encoder = ENCODERS[request.param]()
    rng = np.random.default_rng(2)
    for weight in encoder.trainable_weights:
        weight.assign(rng.normal(0, 0.5, weight.shape))
    return encoder


def vectors(encoder, frames):
    """All that an encoder says but for the padding's part of the memory."""
    outputs = encoder(frames)
    if not isinstance(outputs, dict):
        return [np.asarray(outputs)]
    parts = [np.asarray(s) for s in outputs["state"]]
    if "memory" in outputs:
        parts.append(np.asarray(outputs["memory"]) * np.asarray(outputs["mask"])[..., None])
    return parts


@pytest.mark.parametrize("length", [1, 2, 7, 33, 299])
def test_padding_never_counts(encoder, length):
    batch = videos(length, 300, shape=encoder.frame_shape)
    padded = vectors(encoder, pad_frames(batch))
    alone = vectors(encoder, batch[0][None])
    for found, wanted in zip(padded, alone, strict=True):
        found = found[:1] if found.ndim == 2 else found[:1, :length]
        np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_the_mean_is_the_mean_of_the_features():
    frames = videos(5)[0]
    expected = np.mean([np.asarray(cnn()(frame[None]))[0] for frame in frames], axis=0)
    pooled = keras_lrcn.MeanPoolEncoder(cnn())(pad_frames([frames]))
    np.testing.assert_allclose(pooled[0], expected, atol=1e-5)


def test_s2vt_is_cnn_embedding_and_stack():
    encoder = ENCODERS["s2vt"]()
    features = np.stack([np.asarray(cnn()(frame[None]))[0] for frame in videos(5)[0]])[None]
    kernel, bias = encoder.frame_embedding.get_weights()
    stack = FactoredLSTM(6)
    stack.build((None, None, 5))
    stack.set_weights(encoder.lstm_stack.get_weights())
    _, expected = stack(features @ kernel + bias, return_state=True)
    for found, wanted in zip(encoder(videos(5)[0][None])["state"], expected, strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_the_cnn_sees_neighbours_as_channels_and_zeros_at_the_ends():
    image = keras.Input((6, 5, 15))
    flat = keras.Model(image, keras.layers.Flatten()(image))
    frames = videos(4)[0]
    features, _ = frame_features(keras.ops.convert_to_tensor(frames[None]), flat, context=2)
    padded = np.pad(frames, [(2, 2), (0, 0), (0, 0), (0, 0)])
    expected = np.concatenate([padded[i : i + 4] for i in range(5)], axis=-1).reshape(4, -1)
    np.testing.assert_allclose(features[0], expected, atol=1e-6)


def test_order_counts_for_s2vt_and_not_for_the_mean():
    for name, counts in {"mean": False, "s2vt": True}.items():
        encoder, frames = ENCODERS[name](), videos(6)[0]
        forward, backward = (vectors(encoder, x[None])[0] for x in (frames, frames[::-1]))
        assert np.allclose(forward, backward, atol=1e-5) != counts


@pytest.mark.parametrize("name", ["mean", "s2vt"])
def test_features_of_frames_pass_the_cnn_by(name):
    encoder = ENCODERS[name]()
    frames = videos(7, 3)
    features = [np.asarray(encoder.frame_encoder(video)) for video in frames]
    found = keras.tree.flatten(encoder.project(pad_frames(features)))
    wanted = keras.tree.flatten(encoder(pad_frames(frames)))
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_config_round_trip(encoder):
    again = type(encoder).from_config(encoder.get_config())
    again.set_weights(encoder.get_weights())
    frames = pad_frames(videos(5, shape=encoder.frame_shape))
    for found, wanted in zip(vectors(again, frames), vectors(encoder, frames), strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_impossible_encoders_are_refused():
    with pytest.raises(ValueError, match="frame_shape"):
        keras_lrcn.S2VTEncoder()
    with pytest.raises(ValueError, match="multiple of 3"):
        keras_lrcn.S2VTEncoder(cnn(4), context=1)
