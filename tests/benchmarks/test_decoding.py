"""The benchmark of decoding, small: what it compares writes the same captions."""

import os
import pathlib
import subprocess
import sys

import pytest

ON_JAX = """
import keras, numpy as np
from benchmarks import activity, decoding, scoring, training
decoding.row_d1(decoding.Bench(width=16, words=40, rounds=1))
sizes = {"batch": 4, "time": 5, "units": 8, "words": 30}
training.differences(training.make_steps(sizes), training.make_batch(**sizes))
captions = scoring.make_captions(20)
captioner = scoring.make_captioner(captions, 16, 500)
visual = np.ones((2, 16), "float32")
print(scoring.measure(captioner, captions, visual, pairs=8, captions_at_once=16))
print(keras.backend.backend(), MISSING in sys.modules)
"""
pytestmark = pytest.mark.backends  # PyTorch's loops are among its peers


@pytest.mark.parametrize("row", ["D3", "D4", "D6", "D8"])
def test_peers_write_the_same_captions(row, capsys):
    pytest.importorskip("torch")
    from benchmarks import decoding

    decoding.ROWS[row](decoding.Bench(width=16, words=40, rounds=1))
    printed = capsys.readouterr().out
    assert f"{row} " in printed and " x" in printed


@pytest.mark.parametrize("missing", ["tensorflow", "torch"])
def test_the_benchmarks_run_on_jax_alone(missing, tmp_path):
    pytest.importorskip("jax")
    blocks = (
        "import sys\n"
        "class Missing:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.split('.')[0] in ('{missing}', '{missing}_text'):\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Missing())\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", blocks + f"MISSING = {missing!r}\n" + ON_JAX],
        env={**os.environ, "KERAS_BACKEND": "jax"},
        cwd=pathlib.Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    assert "D1 greedy" in run.stdout and "shared" in run.stdout
    assert run.stdout.splitlines()[-1] == "jax False"
