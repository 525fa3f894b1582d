"""Describers of random weights, large enough for varied sentences."""

import keras
import numpy as np

import keras_lrcn
from keras_lrcn.preprocessing import SemanticRoles, WordTokenizer

WORDS = ["<pad>", "<bos>", "<eos>", "<unk>", "a", "person", "cuts", "washes", "plum", "knife"]
ROLES = SemanticRoles(
    {"activity": ["cut", "wash", "pour"], "objects": ["plum", "knife", "jug", "cup"]},
    multiple=("objects",),
)
KINDS = ("encoder-decoder", "max", "probabilities", "mean", "s2vt", "s2vt with attention")


def make_describer(kind, seed=0, scale=1.5, length=5, run_eagerly=True, **options):
    """A describer of one of `KINDS`: semantic tuples, or 12 x 10 videos."""
    keras.utils.set_random_seed(seed)
    encoder = _encoder(kind)
    tokenizer = WordTokenizer(WORDS)
    backbone = keras_lrcn.LRCNVideoDescriberBackbone(
        len(WORDS), encoder, embedding_dim=5, units=8, **options
    )
    converter = keras_lrcn.LRCNImageConverter((12, 10), scale=1 / 64, offset=-2.0)
    sees_tuples = kind in KINDS[:3]
    preprocessor = keras_lrcn.LRCNVideoDescriberPreprocessor(
        tokenizer,
        image_converter=None if sees_tuples else converter,
        roles=ROLES if sees_tuples else None,
        streams=("grey",) if "attention" in kind else ("rgb",),
        sequence_length=length,
    )
    describer = keras_lrcn.LRCNVideoDescriber(backbone, preprocessor)
    describer.compile(run_eagerly=run_eagerly)
    rng = np.random.default_rng(seed)
    for weight in describer.trainable_weights:
        weight.assign(rng.normal(0, scale, weight.shape))
    describer.predict_words.bias.assign([-30, -30, -4, -30, *[0] * (len(WORDS) - 4)])
    return describer


def _encoder(kind):
    if kind == "encoder-decoder":
        return keras_lrcn.SemanticSequenceEncoder(
            ROLES.sizes, ROLES.are_multiple, embedding_dim=4, units=8
        )
    if kind in KINDS[:3]:
        return keras_lrcn.SemanticEncoder(ROLES.sizes, ROLES.are_multiple, kind)
    if kind == "mean":
        return keras_lrcn.MeanPoolEncoder(_cnn(3), units=6)
    if kind == "s2vt":
        return keras_lrcn.S2VTEncoder(_cnn(3), embedding_dim=4, units=8)
    return keras_lrcn.S2VTEncoder(_cnn(3), context=1, embedding_dim=4, units=8, attention=True)


def _cnn(channels):
    image = keras.Input((12, 10, channels))
    x = keras.layers.Conv2D(4, 5, strides=4, activation="tanh")(image)
    return keras.Model(image, keras.layers.Flatten()(x))


def inputs_of(kind, count=6, seed=0):
    """Inputs that differ: tuples, or videos of 1 to 20 frames."""
    rng = np.random.default_rng(seed)
    if kind not in KINDS[:3]:
        sizes = [(int(rng.integers(1, 20)), 12, 10, 3) for _ in range(count)]
        return [_coarse_video(rng, size) for size in sizes]
    tuples = []
    for _ in range(count):
        activities, objects = ROLES.roles.values()
        activity = dict(zip(activities, rng.dirichlet([1, 1, 1]).tolist(), strict=True))
        present = dict(zip(objects, rng.random(4).tolist(), strict=True))
        tuples.append({"roles": {"activity": activity, "objects": present}})
    return tuples


def _coarse_video(rng, size):
    """Noise that a small CNN can tell apart: the same in blocks of pixels."""
    time, height, width, channels = size
    blocks = rng.integers(0, 256, (time, height // 4, width // 5, channels))
    return blocks.repeat(4, axis=1).repeat(5, axis=2).astype("uint8")
