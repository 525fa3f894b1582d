"""What answers at once loads neither TensorFlow nor Keras, and no more than it needs."""

import pathlib
import subprocess
import sys

import pytest

from benchmarks.cold_start import measure

CHECKOUT = pathlib.Path(__file__).resolve().parents[1]
HEAVY = ("tensorflow", "keras", "keras_hub", "jax", "torch", "numpy", "PIL", "av", "cv2", "tqdm")
CALL = """
import contextlib, io, sys
from keras_lrcn.cli import main
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    main({argv!r})
print(*sorted({heavy!r} & sys.modules.keys()))
"""


def loaded(code):
    run = [sys.executable, "-c", code]
    return subprocess.run(run, capture_output=True, text=True, check=True, cwd=CHECKOUT).stdout


@pytest.mark.parametrize(
    "argv",
    [["--help"], ["presets"], ["evaluate", "activity", "--help"], ["caption", "--help"]],
    ids=" ".join,
)
def test_help_and_the_list_of_presets_load_nothing_heavy(argv):
    assert loaded(CALL.format(argv=argv, heavy=set(HEAVY))).strip() == ""


def test_the_import_loads_nothing_heavy():
    code = f"import sys, keras_lrcn; print(*sorted({set(HEAVY)!r} & sys.modules.keys()))"
    assert loaded(code).strip() == ""


def test_help_takes_less_than_a_third_of_a_second_of_the_processor(monkeypatch):
    monkeypatch.chdir(CHECKOUT)
    assert min(measure(["-m", "keras_lrcn", "--help"])[0] for _ in range(3)) < 0.3
