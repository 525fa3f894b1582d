"""Resume, rates by layer, the caption loss, self-critical training."""

import keras
import numpy as np
import pytest

import keras_lrcn
from keras_lrcn.self_critical import SelfCritical
from tests.models.conftest import WORDS, make_captioner


class Killed(Exception):
    pass


def small_model():
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(8), keras.layers.Dropout(0.5), keras.layers.Dense(1)]
    )
    model.compile(keras.optimizers.Adam(0.01), "mse")
    return model


def epoch_data(epoch):
    import tensorflow as tf

    rng = np.random.default_rng(epoch)
    x = rng.normal(0, 1, (32, 3)).astype("float32")
    return tf.data.Dataset.from_tensor_slices((x, x.sum(1, keepdims=True))).batch(8)


def killed_after(epochs):
    def after_epoch(epoch, logs):
        if epoch + 1 > epochs:
            raise Killed  # before the state of this epoch is written

    return after_epoch


def test_two_and_two_epochs_equal_four(tmp_path):
    whole, parts = small_model(), small_model()
    history = keras_lrcn.fit_resumable(whole, epoch_data, 4, str(tmp_path / "whole"), verbose=0)
    folder = str(tmp_path / "parts")
    with pytest.raises(Killed):
        keras_lrcn.fit_resumable(parts, epoch_data, 4, folder, killed_after(2), verbose=0)
    again = small_model()
    resumed = keras_lrcn.fit_resumable(again, epoch_data, 4, folder, verbose=0)
    assert [h["epoch"] for h in resumed] == [0, 1, 2, 3]
    np.testing.assert_allclose(
        [h["loss"] for h in resumed], [h["loss"] for h in history], rtol=1e-6
    )
    for a, b in zip(whole.weights, again.weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_a_finished_run_trains_no_more(tmp_path):
    model = small_model()
    keras_lrcn.fit_resumable(model, epoch_data, 2, str(tmp_path), verbose=0)
    before = [np.array(w) for w in model.weights]
    again = small_model()
    keras_lrcn.fit_resumable(again, lambda epoch: 1 / 0, 2, str(tmp_path), verbose=0)
    for a, b in zip(before, again.weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_rates_scale_the_steps_of_the_layers_they_name():
    model = small_model()
    model.layers[0].name = "cnn"
    model.compile(keras_lrcn.RatedAdamW(0.1, rates={"dense_?[0-9]*/kernel": 0.0}), "mse")
    before = [np.array(w) for w in model.trainable_weights]
    model.fit(epoch_data(0), verbose=0)
    for old, weight in zip(before, model.trainable_weights, strict=True):
        moved = np.abs(old - weight).max()
        assert (moved < 0.01) == weight.path.endswith("kernel"), weight.path


def test_loss_is_the_mean_over_real_words():
    logits = np.random.normal(0, 2, (2, 5, 7)).astype("float32")
    targets = np.random.randint(0, 7, (2, 5))
    weights = np.array([[1, 1, 0, 0, 0], [1, 1, 1, 1, 0]])
    log_p = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    nll = -np.take_along_axis(log_p, targets[..., None], -1)[..., 0]
    expected = nll[weights == 1].mean()
    loss = keras_lrcn.CaptionLoss()(targets, logits, sample_weight=weights)
    np.testing.assert_allclose(loss, expected, rtol=1e-5)
    smooth = keras_lrcn.CaptionLoss(0.3)(targets, logits, sample_weight=weights)
    spread = -log_p.mean(-1)[weights == 1].mean()
    np.testing.assert_allclose(smooth, 0.7 * expected + 0.3 * spread, rtol=1e-5)


def test_self_critical_gradient_is_the_score_function_estimate():
    captioner = make_captioner(length=2, scale=0.3)
    words_that_pay = {"dog": 1.0, "cat": 0.3, "runs": -1.0}

    def reward(rows, captions):
        return [sum(words_that_pay.get(w, 0) for w in c) for c in captions]

    optimizer = keras.optimizers.SGD(1.0)
    stage = SelfCritical(captioner, reward, optimizer, num_samples=4)
    visual = np.random.normal(0, 1, (3, 3)).astype("float32")
    ids = captioner.sample_ids(visual, 4, seed=11).reshape(12, 3)
    paid = np.array(reward(None, [[WORDS[i] for i in row] for row in ids])).reshape(3, 4)
    advantage = (paid - (paid.sum(1, keepdims=True) - paid) / 3).reshape(-1)

    def loss(bias):
        captioner.predict_words.bias.assign(bias)
        inputs = {"visual": np.repeat(visual, 4, 0), "token_ids": ids[:, :-1]}
        inputs["padding_mask"] = np.ones_like(ids[:, :-1])
        logits = np.asarray(captioner(inputs), "float64")
        logits[..., :2] = -1e9  # <pad> and <bos> are never drawn
        log_p = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
        terms = np.take_along_axis(log_p, ids[:, 1:, None], -1)[..., 0] * (ids[:, 1:] != 0)
        return -(terms * advantage[:, None]).mean()

    bias = np.array(captioner.predict_words.bias, "float64")
    gradient = np.zeros_like(bias)
    for i in range(len(bias)):
        step = np.eye(len(bias))[i] * 1e-2
        gradient[i] = (loss(bias + step) - loss(bias - step)) / 2e-2
    captioner.predict_words.bias.assign(bias)
    stage.train_step(np.arange(3), visual, seed=11)
    moved = bias - np.array(captioner.predict_words.bias)
    assert np.abs(gradient).max() > 0.01 and not gradient[:2].any()
    np.testing.assert_allclose(moved, gradient, atol=2e-4)  # finite differences in float32


@pytest.mark.slow
def test_self_critical_training_raises_the_reward():
    captioner = make_captioner(length=4, scale=0.5)

    def reward(rows, captions):
        return [float(("dog" in c) == (r % 2 == 0)) for r, c in zip(rows, captions, strict=True)]

    stage = SelfCritical(captioner, reward, keras.optimizers.Adam(0.02), num_samples=5)
    features = np.tile(np.array([[1, 0, 0], [0, 1, 0]], "float32"), (16, 1))
    rewards = [stage.train_epoch(features, 8, seed=epoch)["reward"] for epoch in range(12)]
    assert rewards[-1] > rewards[0] + 0.2


def test_one_sample_has_no_rival():
    with pytest.raises(ValueError, match="num_samples=1"):
        SelfCritical(make_captioner(), None, None, num_samples=1)
