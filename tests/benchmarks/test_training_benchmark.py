"""The benchmark of training, on narrow layers: all that it compares learns the same."""

import json
import os
import subprocess
import sys

import pytest

SCRIPT = """
import json, keras
from benchmarks.training import differences, gigaflops, make_batch, make_steps, measure
keras.utils.set_random_seed(0)  # a weight that hardly matters has a gradient of few digits
sizes = {"batch": 6, "time": 8, "units": 12, "words": 50}
steps, batch = make_steps(sizes, parts=True), make_batch(**sizes)
found = {n: [float(v) for v in pair] for n, pair in differences(steps, batch).items()}
seconds = {n: s.shape for n, s in measure(steps, batch, 2).items()}
print(json.dumps([found, seconds, gigaflops(batch, 12, 50)]))
"""


@pytest.mark.backends
@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_loss_and_gradients_are_everybodys(backend):
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    found, seconds, gigaflops = json.loads(run.stdout.splitlines()[-1])
    peers = {"Keras layers", "torch.nn.LSTM"} if backend == "torch" else {"Keras layers"}
    assert set(found) == {"keras_lrcn", "derived gradient", "all positions"} | peers
    loss = found["keras_lrcn"][0]
    assert all(other == pytest.approx(loss, rel=1e-5) for other, _ in found.values())
    assert max(difference for _, difference in found.values()) < 1e-4, found
    assert all(shape == [2, 2] for shape in seconds.values())
    padded = 2e-9 * 48 * (3 * 16 * 144 + 3 * 12 * 50)
    assert 0.5 * padded < gigaflops < 1.1 * padded
