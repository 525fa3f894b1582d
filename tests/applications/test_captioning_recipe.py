"""The parts of the captioning recipe, on made photos."""

import json

import h5py
import keras
import numpy as np
import pytest

from applications.captioning import datasets
from applications.captioning.activations import cache_activations, view_of
from keras_lrcn.data import CaptionedImage
from keras_lrcn.preprocessing import WordTokenizer, build_vocabulary

TOKENIZER = WordTokenizer(build_vocabulary(["a dog runs to the left"], min_count=1))


def photo(seed=0):
    return np.random.default_rng(seed).integers(0, 255, (32, 32, 3), dtype="uint8")


def test_views_are_the_photo_its_mirror_and_crops():
    np.testing.assert_array_equal(view_of(photo(), "plain", 0), photo())
    np.testing.assert_array_equal(view_of(photo(), "mirror", 0), photo()[:, ::-1])
    crop = view_of(photo(), "crop", 7)
    assert crop.shape == (32, 32, 3)
    np.testing.assert_array_equal(view_of(photo(), "mirrored_crop", 7), crop[:, ::-1])
    assert not np.array_equal(crop, view_of(photo(), "crop", 8))


def test_captions_begin_end_and_are_cut():
    bos, eos = TOKENIZER.start_token_id, TOKENIZER.end_token_id
    words = TOKENIZER("a dog runs to the left")
    ids = datasets.caption_ids(["a dog", "a dog runs to the left"], TOKENIZER, 4)
    assert ids.tolist() == [[bos, *words[:2], eos, 0], [bos, *words[:4]]]


def test_captions_that_name_a_side_never_meet_a_mirrored_view():
    captions = ["a dog runs", "the dog runs to the left"] * 20
    ids = datasets.caption_ids(captions, TOKENIZER, 8)
    sides = datasets.mentions_side(captions)
    assert sides.tolist() == [False, True] * 20
    features = np.arange(4.0)[:, None, None] * np.ones((4, 2, 1))  # the view's number
    seen = {False: set(), True: set()}
    for epoch in range(5):
        batches = datasets.feature_batches(features, np.arange(40) % 2, ids, sides, 8, epoch)
        for inputs, _, _ in batches:
            rows = np.asarray(inputs["token_ids"])
            for view, row in zip(np.asarray(inputs["visual"])[:, 0], rows, strict=True):
                seen[TOKENIZER.token_to_id("left") in row].add(int(view))
    assert seen == {False: {0, 1, 2, 3}, True: {0, 2}}


def test_blurred_photos_keep_their_side_and_on_average_their_features():
    features = np.array([1.0, 100.0, 3.0, 100.0])[:, None, None] * np.ones((4, 400, 50))
    sides = np.arange(400) < 200
    blurred = datasets.blurred_views(features, sides, np.random.default_rng(0), dropout=0.2)
    assert blurred.shape == (400, 50) and blurred.dtype == np.float32
    assert (blurred == 0).mean() == pytest.approx(0.2, abs=0.01)
    assert blurred[sides].max() <= 3 / 0.8 + 1e-5 and blurred[~sides].max() > 100
    assert blurred[sides].mean() == pytest.approx(2.0, abs=0.1)
    whole = datasets.blurred_views(features, sides, np.random.default_rng(0), dropout=0.0)
    assert whole[sides].min() >= 1 and len(np.unique(whole[sides])) > 100


def test_padding_has_no_weight():
    ids = datasets.caption_ids(["a dog"], TOKENIZER, 5)
    inputs, targets, weights = datasets.teacher_forcing(np.zeros((1, 2)), ids)
    assert np.asarray(weights).tolist() == [[1, 1, 1, 0, 0]]
    assert np.asarray(targets)[0, 2] == TOKENIZER.end_token_id
    assert np.asarray(inputs["token_ids"])[0, 0] == TOKENIZER.start_token_id


def test_a_killed_cache_goes_on_where_it_was(tmp_path):
    image = keras.Input((32, 32, 3))
    model = keras.Model(image, keras.layers.AveragePooling2D(16)(image))
    examples = [CaptionedImage(str(i), str(i), ("a dog",)) for i in range(10)]
    read, path = [], str(tmp_path / "plain.npy")

    def read_until(limit):
        def reader(name):
            if len(read) == limit:
                raise KeyboardInterrupt
            read.append(name)
            return photo(int(name))

        return reader

    with pytest.raises(KeyboardInterrupt):
        cache_activations(examples, read_until(6), model, path, batch_size=4)
    assert json.loads((tmp_path / "plain.npy.done").read_text()) == {"rows": 4}
    array = cache_activations(examples, read_until(99), model, path, batch_size=4)
    assert read.count("0") == 1 and read.count("4") == 2
    expected = np.stack([photo(i) for i in range(10)]).reshape(10, 2, 16, 2, 16, 3).mean((2, 4))
    np.testing.assert_allclose(array, expected, rtol=2e-3)  # float16


def test_halved_weights_load_into_the_same_model(tmp_path):
    from keras_lrcn.publishing import halve

    def build():
        return keras.Sequential([keras.Input((40,)), keras.layers.Dense(3000, name="wide")])

    model, again, path = build(), build(), tmp_path / "m.weights.h5"
    model.save_weights(path)
    before = path.stat().st_size
    halve(str(path))
    assert path.stat().st_size < 0.6 * before
    with h5py.File(path) as file:
        kinds = []
        file.visititems(lambda _, x: kinds.append(getattr(x, "dtype", None)))
    assert np.dtype("float16") in kinds and np.dtype("float32") not in kinds
    again.load_weights(path)
    for a, b in zip(model.weights, again.weights, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-3)
        assert b.dtype == "float32"
