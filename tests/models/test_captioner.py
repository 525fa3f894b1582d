"""What `LRCNCaptioner` promises: decoding, scores, saving, training."""

import os

import keras
import keras_hub
import numpy as np
import pytest

import keras_lrcn
from keras_lrcn.samplers import BeamSearch, BestOfN, Sample
from tests.models.conftest import WORDS, make_captioner
from tests.reference.captions_by_exhaustion import all_captions

SHORT = 3  # words that exhaustive search can list


def details(captioner, visual, **options):
    return captioner.generate({"features": visual}, return_details=True, **options)


def ids_of(caption):
    return tuple(WORDS.index(w) for w in caption.words)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("num_captions", [1, 5])
def test_a_wide_beam_finds_exactly_the_best_captions(seed, num_captions):
    captioner = make_captioner(seed, length=SHORT)
    visual = np.random.default_rng(seed).normal(0, 1, (2, 3)).astype("float32")
    beams = BeamSearch(num_beams=7**SHORT)
    found = details(captioner, visual, sampler=beams, num_captions=num_captions)
    for vector, captions in zip(visual, found, strict=True):
        expected = all_captions(captioner, vector, SHORT)[:num_captions]
        assert [ids_of(c) for c in captions] == [ids for ids, _ in expected]
        np.testing.assert_allclose(
            [c.score for c in captions], [score for _, score in expected], atol=1e-5
        )


def test_one_beam_is_greedy_search(captioner, visual):
    one = captioner.generate({"features": visual}, sampler=BeamSearch(num_beams=1))
    assert one == captioner.generate({"features": visual}, sampler="greedy")


def test_more_beams_never_score_less_when_nothing_is_lost(captioner, visual):
    narrow = [c[0].score for c in details(captioner, visual, sampler=BeamSearch(1))]
    wide = [c[0].score for c in details(captioner, visual, sampler=BeamSearch(400))]
    assert np.all(np.array(wide) >= np.array(narrow) - 1e-5)
    assert np.any(np.array(wide) > np.array(narrow) + 1e-3)


@pytest.mark.parametrize(
    "sampler", ["greedy", BeamSearch(3), BestOfN(20, seed=3), Sample(seed=1)], ids=str
)
def test_a_batch_equals_single_images(captioner, visual, sampler):
    together = details(captioner, visual, sampler=sampler)
    alone = [details(captioner, visual[i : i + 1], sampler=sampler)[0] for i in range(len(visual))]
    assert [c[0].text for c in together] == [c[0].text for c in alone]
    np.testing.assert_allclose(
        [c[0].score for c in together], [c[0].score for c in alone], atol=1e-5
    )


@pytest.mark.parametrize("sampler", [BeamSearch(3), BestOfN(20, seed=3), "greedy"], ids=str)
def test_the_score_returned_is_what_score_says(captioner, visual, sampler):
    captions = [c[0] for c in details(captioner, visual, sampler=sampler)]
    ended = [i for i, c in enumerate(captions) if c.finished]
    assert len(ended) >= 3
    features = visual[ended]
    scores = captioner._word_scores(features, [list(ids_of(captions[i]))[:-1] for i in ended])
    for i, terms in zip(ended, scores, strict=True):
        np.testing.assert_allclose(captions[i].word_scores, terms, atol=1e-5)
        np.testing.assert_allclose(captions[i].score, terms.sum(), atol=1e-5)


@pytest.mark.parametrize(
    "sampler", [BeamSearch(3, no_repeat_ngram=2, min_length=2), BestOfN(20, seed=3)]
)
def test_the_compiled_loop_says_what_the_eager_one_says(visual, sampler):
    captions = []
    for eagerly in (True, False):
        captioner = make_captioner(run_eagerly=eagerly)
        captions.append(captioner.generate({"features": visual}, sampler=sampler))
    assert captions[0] == captions[1]
    assert len(set(captions[0])) > 1


def test_score_is_the_sum_of_log_softmax_of_a_forward_call(captioner, visual):
    scores = captioner.score(list(visual[:2]), ["A dog runs.", "cat"], per_word=True)
    for vector, terms, ids in zip(visual, scores, [[4, 5, 7, 2], [6, 2]], strict=False):
        inputs = {
            "visual": vector[None],
            "token_ids": np.array([[1, *ids[:-1]]]),
            "padding_mask": np.ones((1, len(ids)), "int32"),
        }
        logits = np.asarray(captioner(inputs), "float64")[0]
        expected = logits[range(len(ids)), ids] - np.log(np.exp(logits).sum(-1))
        np.testing.assert_allclose(terms, expected, atol=1e-5)
    total = captioner.score(list(visual[:2]), ["A dog runs.", "cat"])
    np.testing.assert_allclose(total, [s.sum() for s in scores])


def test_score_needs_one_image_per_caption(captioner, visual):
    with pytest.raises(ValueError, match="2 images, 1 captions"):
        captioner.score(list(visual[:2]), ["a dog"])


def test_a_caption_that_never_ends_is_returned_and_flagged():
    captioner = make_captioner(length=4)
    captioner.predict_words.bias.assign([0, 0, -1e4, 0, 0, 0, 0, 0, 0])
    caption = details(captioner, np.ones((1, 3), "float32"), sampler="beam")[0][0]
    assert not caption.finished
    assert len(caption.words) == 4
    assert caption.text.endswith("...")


def test_n_best_are_different_and_sorted(captioner, visual):
    for captions in details(captioner, visual, sampler="beam", num_captions=4):
        scores = [c.score for c in captions]
        assert scores == sorted(scores, reverse=True)
        assert len({c.words for c in captions}) == 4


@pytest.mark.parametrize("return_details", [True, False])
def test_no_more_captions_are_returned_than_there_are(visual, return_details):
    captioner = make_captioner(length=1)  # seven words can come first, <eos> among them
    found = captioner.generate(
        {"features": visual[:2]}, num_captions=9, return_details=return_details
    )
    assert [len(captions) for captions in found] == [7, 7]


def test_best_of_n_returns_the_sample_that_is_likeliest_untempered(captioner, visual):
    seeds = {"seed": 7, "num_captions": 30}
    every = details(captioner, visual[:3], sampler=BestOfN(30, temperature=2.0), **seeds)
    best = details(captioner, visual[:3], sampler=BestOfN(30, temperature=2.0, seed=7))
    for one, all_of_them in zip(best, every, strict=True):
        ended = [c.score for c in all_of_them]
        assert one[0].score == pytest.approx(max(ended), abs=1e-5)


def test_samples_follow_the_tempered_distribution():
    captioner = make_captioner(length=1)
    visual, bos = np.ones((1, 3), "float32"), np.ones((1, 1), "int32")
    draws = details(captioner, visual, sampler=Sample(temperature=1.5, seed=0), num_captions=4000)[
        0
    ]
    counts = np.bincount([ids_of(c)[0] for c in draws], minlength=len(WORDS)) / 4000
    logits = np.asarray(captioner({"visual": visual, "token_ids": bos, "padding_mask": bos}))[0, 0]
    expected = np.exp(logits / 1.5) * [0, 0, 1, 1, 1, 1, 1, 1, 1]
    expected /= expected.sum()
    np.testing.assert_allclose(counts, expected, atol=0.03)  # 3 standard errors of 4000 draws


def test_the_same_seed_draws_the_same_captions(captioner, visual):
    def draw(seed):
        return captioner.generate({"features": visual}, sampler="sample", seed=seed)

    assert draw(1) == draw(1)
    assert draw(1) != draw(2)


def test_low_temperature_is_greedy(captioner, visual):
    cold = captioner.generate({"features": visual}, sampler=Sample(temperature=1e-3, seed=0))
    assert cold == captioner.generate({"features": visual}, sampler="greedy")


def test_top_k_of_one_is_greedy(captioner, visual):
    one = captioner.generate({"features": visual}, sampler=Sample(top_k=1, seed=0))
    assert one == captioner.generate({"features": visual}, sampler="greedy")


def test_a_small_top_p_is_greedy(captioner, visual):
    nucleus = captioner.generate({"features": visual}, sampler=Sample(top_p=1e-6, seed=0))
    assert nucleus == captioner.generate({"features": visual}, sampler="greedy")


def test_forbidden_words_never_come(captioner, visual):
    options = {"forbidden_words": ("dog", "<unk>"), "seed": 0}
    captions = details(captioner, visual, sampler=BestOfN(60, **options), num_captions=60)
    words = {w for image in captions for c in image for w in c.words}
    assert not words & {"dog", "<unk>", "<pad>", "<bos>"}
    assert {"cat", "a"} <= words


def test_a_forbidden_word_must_be_known(captioner, visual):
    with pytest.raises(ValueError, match="zebra"):
        captioner.generate({"features": visual}, sampler=BeamSearch(forbidden_words=("zebra",)))


@pytest.mark.parametrize("ngram", [1, 2])
def test_no_run_of_words_comes_twice(visual, ngram):
    captioner = make_captioner(length=8)
    captioner.predict_words.bias.assign([0, 0, -4, 0, 2, 2, 0, 0, 0])
    free = details(captioner, visual, sampler=BeamSearch(3))
    bound = details(captioner, visual, sampler=BeamSearch(3, no_repeat_ngram=ngram))

    def repeats(captions):
        runs = [[c[0].words[i : i + ngram] for i in range(9 - ngram)] for c in captions]
        runs = [[r for r in image if len(r) == ngram] for image in runs]
        return sum(len(r) > len(set(r)) for r in runs)

    assert repeats(free) > 8
    assert repeats(bound) == 0


def test_min_length_holds_back_the_end(visual):
    captioner = make_captioner(length=6)
    captioner.predict_words.bias.assign([0, 0, 6, 0, 0, 0, 0, 0, 0])
    assert all(len(c[0].words) == 1 for c in details(captioner, visual, sampler="beam"))
    longer = details(captioner, visual, sampler=BeamSearch(3, min_length=3))
    assert all(len(c[0].words) == 4 for c in longer)  # three words and <eos>


def test_length_normalisation_prefers_longer_captions(captioner, visual):
    plain = details(captioner, visual, sampler=BeamSearch(5))
    normalised = details(captioner, visual, sampler=BeamSearch(5, length_penalty=1.0))
    assert sum(len(c[0].words) for c in normalised) > sum(len(c[0].words) for c in plain)


def test_max_length_limits_the_words(captioner, visual):
    captions = details(captioner, visual, sampler="greedy", max_length=2)
    assert max(len(c[0].words) for c in captions) == 2


def test_impossible_samplers_are_refused(captioner, visual):
    with pytest.raises(ValueError, match="num_captions=9"):
        BeamSearch(num_beams=3, num_captions=9)
    with pytest.raises(ValueError, match="temperature"):
        Sample(temperature=0)
    with pytest.raises(ValueError, match="GreedySampler"):
        captioner.generate({"features": visual}, sampler="greedy", num_captions=2)


def test_preset_round_trip_keeps_captions_words_and_sampler(tiny_preset, tmp_path):
    captioner = keras_lrcn.LRCNCaptioner.from_preset(tiny_preset)
    captioner.compile(sampler=BeamSearch(2, forbidden_words=("cat",)))
    captioner.save_to_preset(str(tmp_path))
    again = keras_lrcn.LRCNCaptioner.from_preset(str(tmp_path))
    photos = np.random.default_rng(0).integers(0, 255, (5, 20, 30, 3), dtype="uint8")
    assert again.generate(photos) == captioner.generate(photos)
    assert again.sampler.get_config() == captioner.sampler.get_config()
    base = keras_hub.models.CausalLM.from_preset(str(tmp_path))
    assert isinstance(base, keras_lrcn.LRCNCaptioner)
    scores = [m.score(list(photos), ["a dog"] * 5) for m in (captioner, again, base)]
    np.testing.assert_array_equal(scores[0], scores[1])
    np.testing.assert_array_equal(scores[0], scores[2])


def test_a_preset_without_its_head_is_an_error(tiny_preset, tmp_path):
    captioner = keras_lrcn.LRCNCaptioner.from_preset(tiny_preset)
    captioner.save_to_preset(str(tmp_path))
    os.remove(tmp_path / "task.weights.h5")
    with pytest.raises(FileNotFoundError, match="last layer would be random"):
        keras_lrcn.LRCNCaptioner.from_preset(str(tmp_path))


def test_unknown_arguments_are_refused(tiny_preset):
    with pytest.raises(ValueError, match="hidden_dim"):
        keras_lrcn.LRCNCaptioner.from_preset(tiny_preset, hidden_dim=3)


def test_one_image_or_many_paths_or_arrays(tiny_preset, tmp_path):
    from PIL import Image

    captioner = keras_lrcn.LRCNCaptioner.from_preset(tiny_preset)
    photo = np.random.default_rng(1).integers(0, 255, (24, 20, 3), dtype="uint8")
    path = tmp_path / "photo.png"
    Image.fromarray(photo).save(path)
    sentence = captioner.generate(photo)
    assert isinstance(sentence, str)
    assert captioner.generate(path) == captioner.generate(str(path)) == sentence
    assert captioner.generate([path, photo]) == [sentence, sentence]
    with pytest.raises(ValueError, match="0-255"):
        captioner.generate(photo / 255.0)


def test_fit_evaluate_and_padding(tiny_preset):
    import tensorflow as tf

    captioner = keras_lrcn.LRCNCaptioner.from_preset(tiny_preset)
    captioner.compile(keras.optimizers.Adam(0.02))
    photos = np.random.default_rng(1).integers(0, 255, (6, 16, 16, 3), dtype="uint8")
    data = {"images": photos, "captions": ["a dog runs", "the cat sits"] * 3}
    dataset = tf.data.Dataset.from_tensor_slices(data).batch(3)
    before = captioner.evaluate(dataset, verbose=0)[0]
    captioner.preprocessor.sequence_length = 13
    np.testing.assert_allclose(captioner.evaluate(dataset, verbose=0)[0], before, rtol=1e-5)
    captioner.fit(dataset, epochs=4, verbose=0)
    assert captioner.evaluate(dataset, verbose=0)[0] < before - 0.3


@pytest.mark.slow
def test_sixteen_images_are_learnt_by_heart():
    import tensorflow as tf

    captioner = make_captioner(length=5, scale=0.3)
    captioner.compile(keras.optimizers.Adam(0.03), jit_compile=False)
    rng = np.random.default_rng(0)
    visual = rng.normal(0, 1, (16, 3)).astype("float32")
    captions = [" ".join(rng.choice(WORDS[4:], 3)) for _ in visual]
    batch = tf.data.Dataset.from_tensors({"images": visual, "captions": captions})
    captioner.fit(batch.cache().repeat(400), verbose=0)
    learnt = captioner.generate({"features": visual}, sampler="beam")
    right = [c.lower().strip(".") == t for c, t in zip(learnt, captions, strict=True)]
    assert np.mean(right) > 0.95


def test_a_frozen_encoder_keeps_every_bit(tiny_preset):
    captioner = keras_lrcn.LRCNCaptioner.from_preset(tiny_preset)
    photos = np.random.default_rng(1).integers(0, 255, (4, 16, 16, 3), dtype="uint8")
    data = {"images": photos, "captions": np.array(["a dog runs"] * 4)}
    encoder = captioner.backbone.visual_encoder
    encoder.trainable = False
    captioner.compile(keras.optimizers.SGD(0.5))
    before = [np.array(w) for w in encoder.weights]
    captioner.fit(data, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(before, encoder.weights, strict=True))
    encoder.trainable = True
    captioner.compile(keras.optimizers.SGD(0.5))
    captioner.fit(data, verbose=0)
    assert not any(np.array_equal(a, b) for a, b in zip(before, encoder.weights, strict=True))


def test_the_network_on_features_is_the_network(tiny_preset):
    captioner = keras_lrcn.LRCNCaptioner.from_preset(tiny_preset)
    inputs = {
        "visual": np.random.normal(0, 1, (3, 16, 16, 3)).astype("float32"),
        "token_ids": np.random.randint(4, 9, (3, 5)),
        "padding_mask": np.ones((3, 5), "int32"),
    }
    inputs = {name: keras.ops.convert_to_tensor(x) for name, x in inputs.items()}
    features = captioner.backbone.visual_encoder(inputs["visual"])
    behind = captioner.on_features()({**inputs, "visual": features})
    np.testing.assert_allclose(behind, captioner(inputs), atol=1e-6)


def test_reloading_a_keras_file_keeps_the_optimizer(tmp_path):
    captioner = make_captioner()
    captioner.compile(keras.optimizers.SGD(0.1, momentum=0.9))
    data = {"images": np.ones((4, 3), "float32"), "captions": np.array(["a dog"] * 4)}
    captioner.fit(data, batch_size=2, verbose=0)
    captioner.save(str(tmp_path / "captioner.keras"))
    again = keras.models.load_model(str(tmp_path / "captioner.keras"))
    assert int(again.optimizer.iterations) == 2
    momenta = [np.array(v) for v in captioner.optimizer.variables[2:]]
    again_momenta = [np.array(v) for v in again.optimizer.variables[2:]]
    assert len(momenta) == len(captioner.trainable_variables)
    for a, b in zip(momenta, again_momenta, strict=True):
        np.testing.assert_array_equal(a, b)
