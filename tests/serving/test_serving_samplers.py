"""The NumPy samplers write what their Keras twins write, constraints and draws included."""

import keras
import numpy as np
import pytest

from keras_lrcn import samplers
from keras_lrcn.serving.captioner import END, PAD, START, from_settings, to_settings
from keras_lrcn.serving.samplers import top_k

WORDS, LENGTH, BATCH = 9, 7, 3
TABLE = np.random.default_rng(1).normal(0, 2, (BATCH, WORDS, WORDS)).astype("float32")


def keras_captions(sampler):
    """A Markov chain of an own table for each image; no cache but the image's number."""

    def next(prompt, cache, index):
        index = np.broadcast_to(keras.ops.convert_to_numpy(index), len(prompt))
        prompt_ = keras.ops.convert_to_numpy(prompt)
        words = prompt_[np.arange(len(prompt_)), index - 1]
        rows = TABLE[keras.ops.convert_to_numpy(cache["image"]), words]
        return keras.ops.convert_to_tensor(rows), None, cache

    sampler.forbidden_ids = (PAD, START, *sampler.forbidden_words)
    draws = np.random.default_rng(4).random((LENGTH + 1, sampler.rows_per_image), "float32")
    options = {"draws": draws} if sampler.needs_draws else {}
    outputs = sampler(
        next,
        keras.ops.convert_to_tensor(prompt()),
        cache={"image": keras.ops.arange(BATCH)},
        index=1,
        stop_token_ids=(END,),
        **options,
    )
    return [keras.ops.convert_to_numpy(outputs[k]) for k in ("token_ids", "word_scores")]


def numpy_captions(sampler):
    def next(words, cache):
        logits = TABLE[cache["image"], words]
        peak = logits.max(-1, keepdims=True)
        return logits - peak - np.log(np.exp(logits - peak).sum(-1, keepdims=True)), cache

    forbidden = (PAD, START, *sampler.forbidden_words)
    return sampler(next, prompt(), {"image": np.arange(BATCH)}, END, forbidden, seed=4)


def prompt():
    ids = np.full((BATCH, LENGTH + 1), PAD, "int32")
    ids[:, 0] = START
    return ids


@pytest.mark.parametrize(
    "sampler",
    [
        samplers.BeamSearch(1),
        samplers.BeamSearch(5, num_captions=4),
        samplers.BeamSearch(12, num_captions=12),  # more beams than words
        samplers.BeamSearch(4, length_penalty=0.8, num_captions=2),
        samplers.BeamSearch(4, no_repeat_ngram=1),
        samplers.BeamSearch(4, no_repeat_ngram=2, min_length=4),
        samplers.BeamSearch(4, forbidden_words=(5, 6, 7)),
        samplers.BestOfN(20, num_captions=2),
        samplers.BestOfN(20, temperature=1.5, top_k=3),
        samplers.Sample(num_captions=3, top_p=0.7),
    ],
    ids=lambda sampler: f"{type(sampler).__name__} {sampler.get_config()}",
)
def test_captions_and_word_scores_are_those_of_the_twin(sampler):
    ids, word_scores = numpy_captions(from_settings(to_settings(sampler)))
    keras_ids, keras_scores = keras_captions(sampler)
    possible = keras_scores.sum(-1) > samplers.NEVER / 2
    np.testing.assert_array_equal(word_scores.sum(-1) > samplers.NEVER / 2, possible)
    np.testing.assert_array_equal(ids[possible], keras_ids[possible])
    np.testing.assert_allclose(word_scores[possible], keras_scores[possible], atol=1e-5)


def test_a_sampler_without_a_twin_is_named():
    import keras_hub

    with pytest.raises(ValueError, match="cannot decode with TopKSampler"):
        to_settings(keras_hub.samplers.TopKSampler())


def test_top_k_takes_the_first_of_equals():
    values, places = top_k(np.array([[1.0, 3.0, 3.0, 2.0], [5.0, 5.0, 5.0, 5.0]]), 3)
    np.testing.assert_array_equal(values, [[3, 3, 2], [5, 5, 5]])
    np.testing.assert_array_equal(places, [[1, 2, 3], [0, 1, 2]])
