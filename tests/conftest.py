"""Settings before Keras is imported, seeds, and where the shared data is."""

import os
import pathlib

# Read when TensorFlow starts, so set before any test module imports it.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest  # noqa: E402

WORDS = ["a", "dog", "cat", "runs", "sits", "red", "ball", "in", "the"]
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


@pytest.fixture
def hub():
    """A running Hub on loopback, empty; see `tests/reference/hub_server.py`."""
    from tests.reference.hub_server import Hub

    with Hub() as server:
        yield server


@pytest.fixture(scope="session")
def tiny_preset(tmp_path_factory):
    """Folder of a captioner with random weights: 16x16 images, 8 units, 13 words."""
    import keras
    import numpy as np

    import keras_lrcn

    keras.utils.set_random_seed(3)
    image = keras.Input((16, 16, 3))
    features = keras.layers.Conv2D(6, 5, strides=4, activation="tanh")(image)
    features = keras.layers.Flatten()(features)
    tokenizer = keras_lrcn.preprocessing.WordTokenizer(["<pad>", "<bos>", "<eos>", "<unk>", *WORDS])
    converter = keras_lrcn.LRCNImageConverter(image_size=(16, 16), scale=1 / 64, offset=-2.0)
    backbone = keras_lrcn.LRCNCaptionerBackbone(
        tokenizer.vocabulary_size(), keras.Model(image, features), embedding_dim=8, units=8
    )
    preprocessor = keras_lrcn.LRCNCaptionerPreprocessor(tokenizer, converter, sequence_length=8)
    captioner = keras_lrcn.LRCNCaptioner(backbone, preprocessor)
    for weight in captioner.weights:  # at their small start all photos get one sentence
        weight.assign(np.random.default_rng([*weight.shape]).normal(0, 1.5, weight.shape))
    folder = tmp_path_factory.mktemp("preset")
    captioner.save_to_preset(str(folder))
    return str(folder)
