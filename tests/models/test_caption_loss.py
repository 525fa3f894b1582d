"""The loss against NumPy, on every backend, and its gradient."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from keras_lrcn import CaptionLoss

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(0, 3, (4, 5, 7)).astype("float32")
TARGETS = RNG.integers(0, 7, (4, 5))
WEIGHTS = (RNG.random((4, 5)) < 0.6).astype("float32")


def expected_loss(smoothing, logits=LOGITS):
    log_p = logits - np.log(np.exp(logits.astype("float64")).sum(-1, keepdims=True))
    wanted = np.eye(7)[TARGETS] * (1 - smoothing) + smoothing / 7
    return np.sum(-(log_p * wanted).sum(-1) * WEIGHTS) / WEIGHTS.sum()


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_gradients_are_the_slopes_of_the_mean_over_words(smoothing):
    import tensorflow as tf

    logits = tf.constant(LOGITS)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = CaptionLoss(smoothing)(TARGETS, logits, sample_weight=WEIGHTS)
    assert float(loss) == pytest.approx(expected_loss(smoothing), rel=1e-5)
    gradient, direction = tape.gradient(loss, logits), RNG.normal(size=LOGITS.shape)
    ahead, behind = (expected_loss(smoothing, LOGITS + s * 1e-5 * direction) for s in (1, -1))
    assert np.sum(gradient * direction) == pytest.approx((ahead - behind) / 2e-5, rel=1e-3)


@pytest.mark.backends
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_backends_agree(backend):
    code = (
        "import json\n"
        "from tests.models.test_caption_loss import CaptionLoss, LOGITS, TARGETS, WEIGHTS\n"
        "losses = [CaptionLoss(s)(TARGETS, LOGITS, sample_weight=WEIGHTS) for s in (0, 0.2)]\n"
        "print(json.dumps([float(loss) for loss in losses]))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    found = json.loads(run.stdout.splitlines()[-1])
    assert found == pytest.approx([expected_loss(0), expected_loss(0.2)], rel=1e-5)
