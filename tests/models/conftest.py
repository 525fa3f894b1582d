import keras
import numpy as np
import pytest

import keras_lrcn

WORDS = ["<pad>", "<bos>", "<eos>", "<unk>", "a", "dog", "cat", "runs", "sits"]


def make_captioner(seed=0, scale=1.0, length=4, words=WORDS, run_eagerly=True, **options):
    """A captioner on vectors of 3 numbers, with weights large enough for varied sentences.

    Eager, because compiling a loop takes longer than a hundred runs of one so small.
    """
    keras.utils.set_random_seed(seed)
    tokenizer = keras_lrcn.preprocessing.WordTokenizer(words)
    backbone = keras_lrcn.LRCNCaptionerBackbone(
        len(words), visual_dim=3, embedding_dim=5, units=8, **options
    )
    preprocessor = keras_lrcn.LRCNCaptionerPreprocessor(tokenizer, sequence_length=length)
    captioner = keras_lrcn.LRCNCaptioner(backbone, preprocessor)
    captioner.compile(run_eagerly=run_eagerly)
    rng = np.random.default_rng(seed)
    for weight in captioner.trainable_weights:
        weight.assign(rng.normal(0, scale, weight.shape))
    return captioner


@pytest.fixture(scope="session")
def captioner():
    return make_captioner()


@pytest.fixture
def visual():
    return np.random.default_rng(5).normal(0, 1, (16, 3)).astype("float32")
