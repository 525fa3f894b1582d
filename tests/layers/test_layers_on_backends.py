"""The layers on every backend, each in a process of its own, against NumPy."""

import functools
import json
import os
import pathlib
import subprocess
import sys

import pytest

SCRIPT = pathlib.Path(__file__).with_name("differences.py")
pytestmark = pytest.mark.backends


@functools.cache
def differences(backend):
    run = subprocess.run(
        [sys.executable, str(SCRIPT)],
        env={**os.environ, "KERAS_BACKEND": backend},
        cwd=SCRIPT.parents[2],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    found = json.loads(run.stdout.splitlines()[-1])
    assert found.pop("backend") == backend
    return found


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_layers_equal_numpy_within_1e_5(backend):
    full = {name: d for name, d in differences(backend).items() if "bfloat16" not in name}
    assert len(full) >= 49
    assert {name: d for name, d in full.items() if not d < 1e-5} == {}


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_mixed_precision_stays_within_bfloat16_rounding(backend):
    half = {name: d for name, d in differences(backend).items() if "bfloat16" in name}
    assert len(half) >= 7
    # Eight bits; a stack of seven steps adds up to a few roundings.
    assert {name: d for name, d in half.items() if not 1e-5 < d < 0.03} == {}
