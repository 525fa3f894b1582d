"""Weights kept for decoding: they change no caption, and are never older than the model's."""

import os
import pathlib
import subprocess
import sys
from unittest import mock

import keras
import numpy as np
import pytest

from keras_lrcn.models.captioner import LRCNCaptioner
from keras_lrcn.samplers import BeamSearch, BestOfN
from tests.models import conftest

VARIANTS = [
    {"factored": True},
    {"factored": True, "num_layers": 3, "visual_layer": 3},
    {"factored": False},
    {"factored": True, "word_layer": 2},
    {"factored": True, "cell": "rnn"},
    {"factored": True, "dtype": "mixed_bfloat16"},
]


def make_captioner(**options):
    """JAX compiles its loops in any case: then once, and not at every call."""
    return conftest.make_captioner(run_eagerly=keras.backend.backend() != "jax", **options)


def describe(captioner, visual, sampler=None):
    """`[(words, scores)]` of three captions an image."""
    found = captioner.generate(
        {"features": visual}, sampler or BeamSearch(4), num_captions=3, return_details=True
    )
    return [[(c.words, c.word_scores) for c in image] for image in found]


def assert_same(found, expected, tolerance=1e-5):
    for image, other in zip(found, expected, strict=True):
        assert [words for words, _ in image] == [words for words, _ in other]
        for (_, scores), (_, others) in zip(image, other, strict=True):
            np.testing.assert_allclose(scores, others, atol=tolerance)


def without_kept_weights(captioner, visual):
    """What it says when it prepares its weights at every call."""
    with mock.patch.object(captioner, "_kept_weights", lambda num_images: {}):
        return describe(captioner, visual)


@pytest.mark.parametrize("options", VARIANTS, ids=str)
def test_kept_weights_change_no_caption(options, visual):
    captioner = make_captioner(**options)
    captioner._has_generated = True
    weights = captioner._kept_weights(1)
    with_table = options in (VARIANTS[0], VARIANTS[1], *VARIANTS[4:])
    assert ("word_gates" in weights) == with_table
    if "dtype" not in options:  # whose rounding is another
        assert_same(describe(captioner, visual), without_kept_weights(captioner, visual))


def test_best_of_n_and_one_beam_say_the_same(visual):
    captioner = make_captioner()
    for sampler in (BeamSearch(1), BestOfN(5, seed=3)):
        captioner.__dict__.pop("_kept", None)
        captioner.compile(run_eagerly=True)
        assert "_kept" not in captioner.__dict__
        said = [captioner.generate({"features": visual[:4]}, sampler) for _ in range(3)]
        assert "_kept" in captioner.__dict__
        assert said[0] == said[1] == said[2]


def fit(optimizer, on_features=False):
    def change(captioner):
        model = keras.Model(captioner.input, captioner.output)  # as it is fitted, without texts
        model = captioner.on_features() if on_features else model
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(optimizer(0.5), loss, run_eagerly=False, jit_compile=False)
        ids = np.random.default_rng(0).integers(2, 9, (8, 4)).astype("int32")
        inputs = {"visual": np.ones((8, 3), "float32"), "token_ids": ids, "padding_mask": ids * 0}
        inputs["padding_mask"] += 1
        model.fit(inputs, ids, batch_size=4, verbose=0)

    return change


def assign_one(captioner):
    captioner.backbone.token_embedding.embeddings.assign_add(np.ones((9, 5)))


def assign_bias(captioner):
    captioner.predict_words.bias.assign(np.arange(9.0)[::-1])


def assign_all(captioner):
    captioner.set_weights([-w for w in captioner.get_weights()])


WAYS = {
    "an embedding": assign_one,
    "a bias": assign_bias,
    "all": assign_all,
    "Adam": fit(keras.optimizers.Adam),
    "SGD, which writes rows": fit(keras.optimizers.SGD),
    "another model": fit(keras.optimizers.Adam, on_features=True),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_change_of_weights_is_noticed(way, visual):
    captioner = make_captioner()
    captioner._has_generated = True
    before = describe(captioner, visual)
    for _ in range(2):
        WAYS[way](captioner)
        expected = without_kept_weights(captioner, visual)
        assert_same(describe(captioner, visual), expected)
        assert_same(describe(captioner, visual), expected)
    assert before != expected


def test_they_are_made_once_and_not_for_a_first_caption(visual, monkeypatch):
    captioner, made = make_captioner(), []
    make = captioner.decoding_weights
    monkeypatch.setattr(captioner, "decoding_weights", lambda: made.append(1) or make())
    describe(captioner, visual[:1])
    assert len(made) == (keras.backend.backend() == "jax")
    for _ in range(3):
        describe(captioner, visual)
    assert len(made) == 1
    assign_bias(captioner)
    describe(captioner, visual)
    assert len(made) == 2


def test_they_are_neither_weights_nor_saved(visual, tmp_path):
    captioner = make_captioner()
    count, names = captioner.count_params(), {w.path for w in captioner.weights}
    captioner._has_generated = True
    describe(captioner, visual)
    assert captioner.count_params() == count and {w.path for w in captioner.weights} == names
    captioner.save_to_preset(str(tmp_path / "preset"))
    again = LRCNCaptioner.from_preset(str(tmp_path / "preset"))
    again.compile(run_eagerly=True)
    assert_same(describe(again, visual), describe(captioner, visual))


@pytest.mark.backends
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends_pass_these_tests(backend):
    pytest.importorskip(backend)
    path = pathlib.Path(__file__)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(path)],
        env={**os.environ, "KERAS_BACKEND": backend},
        cwd=path.parents[2],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout[-3000:]
    assert " passed" in run.stdout
