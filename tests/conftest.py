"""Settings before Keras is imported, seeds, and where the shared data is."""

import os
import pathlib

# Read when TensorFlow starts, so set before any test module imports it.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest  # noqa: E402

CHECKOUT = pathlib.Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def seeded():
    """Every test starts from the same seeds; Keras only where a test has imported it."""
    import random
    import sys

    import numpy as np

    random.seed(0)
    np.random.seed(0)
    if "keras" in sys.modules:
        sys.modules["keras"].utils.set_random_seed(0)


@pytest.fixture(scope="session")
def shared_data():
    """Folder of the real data sets; skips where it is missing (marker `shared`)."""
    default = CHECKOUT.parent / "shared" / "data"
    folder = pathlib.Path(os.environ.get("KERAS_LRCN_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"no data folder at {folder}; set KERAS_LRCN_DATA to one")
    return folder
