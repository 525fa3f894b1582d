"""Samplers leave out work, never a caption: against decoders that leave out nothing."""

import functools

import numpy as np
import pytest

from keras_lrcn.samplers import BeamSearch, BestOfN, Sample
from keras_lrcn.samplers.best_of_n import LIKELIEST_FIRST, draw_words
from tests.models.conftest import WORDS, make_captioner
from tests.reference.plain_decoding import PlainDecoder

LENGTH = 6


def talker(seed=0, end=-1.0, **options):
    """A captioner that takes several words to come to an end."""
    captioner = make_captioner(seed, length=LENGTH, **options)
    captioner.predict_words.bias.assign([0, 0, end, 0, 0.5, 0, 0.5, 0, 0])
    return captioner


def vectors(count, seed=1):
    return np.random.default_rng(seed).normal(0, 1, (count, 3)).astype("float32")


@functools.cache
def case(seed):
    """A captioner, vectors, and a plain decoder for each, which remembers what it computes."""
    captioner, visual = talker(seed), vectors(2, seed)
    return captioner, visual, [PlainDecoder(captioner, vector, LENGTH) for vector in visual]


def details(captioner, visual, sampler, **options):
    return captioner.generate({"features": visual}, sampler, return_details=True, **options)


def assert_same(captions, expected):
    assert [tuple(map(WORDS.index, c.words)) for c in captions] == [words for words, _ in expected]
    scores = [score for _, score in expected]
    np.testing.assert_allclose([c.score for c in captions], scores, atol=1e-5)


class Readings:
    """Counts what a captioner reads: beginnings in one step, a number a step."""

    def __init__(self, captioner):
        self.captioner, self.rows, self.step = captioner, [], captioner.backbone.step

    def __enter__(self):
        def step(token_ids, *rest):
            self.rows.append(len(token_ids))
            return self.step(token_ids, *rest)

        self.captioner.backbone.step = step
        return self

    def __exit__(self, *_):
        self.captioner.backbone.step = self.step


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("penalty", [0.0, 0.7, 2.0])
@pytest.mark.parametrize("num_captions", [1, 3])
def test_beam_search_is_the_textbooks(seed, penalty, num_captions):
    captioner, visual, decoders = case(seed)
    sampler = BeamSearch(num_beams=3, length_penalty=penalty)
    found = details(captioner, visual, sampler, num_captions=num_captions)
    for decoder, captions in zip(decoders, found, strict=True):
        assert_same(captions, decoder.beam_search(3, penalty)[:num_captions])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("temperature", [1 / 1.5, 1.0, 2.0])
@pytest.mark.parametrize("num_captions", [1, 4, 16])
def test_best_of_n_draws_what_each_sample_would_draw_alone(seed, temperature, num_captions):
    captioner, visual, decoders = case(seed)
    sampler = BestOfN(16, temperature=temperature, seed=seed)
    found = details(captioner, visual, sampler, num_captions=num_captions)
    draws = np.random.default_rng(seed).random((LENGTH + 1, 16), "float32")
    for decoder, captions in zip(decoders, found, strict=True):
        samples = [decoder.sample(column, temperature) for column in draws.T]
        samples.sort(key=lambda sample: -sample[1])
        expected = samples[:num_captions]
        # Equal captions have equal scores, but to the last bit only when read in one row.
        scores = [score for _, score in expected]
        np.testing.assert_allclose([c.score for c in captions], scores, atol=1e-5)
        if num_captions == 1:
            assert_same(captions, expected)


def test_samples_are_what_each_would_be_alone():
    captioner, visual, decoders = case(0)
    found = details(captioner, visual, Sample(seed=5), num_captions=9)
    draws = np.random.default_rng(5).random((LENGTH + 1, 9), "float32")
    for decoder, captions in zip(decoders, found, strict=True):
        expected = sorted((decoder.sample(d, 1.0) for d in draws.T), key=lambda sample: -sample[1])
        assert sorted(" ".join(c.words) for c in captions) == sorted(
            " ".join(WORDS[w] for w in words) for words, _ in expected
        )


def test_at_first_all_beams_are_one_and_ended_ones_are_not_read():
    captioner, visual = talker(end=1.0), vectors(1)
    with Readings(captioner) as beams:
        details(captioner, visual, BeamSearch(5), num_captions=5)
    assert beams.rows[0] == 1
    assert max(beams.rows) <= 5 and min(beams.rows[2:]) < 5


def test_a_search_for_one_caption_stops_when_it_is_found():
    captioner, visual = talker(end=1.0), vectors(8)
    rows = {}
    for count in (1, 5):
        with Readings(captioner) as read:
            found = details(captioner, visual, BeamSearch(5), num_captions=count)
        rows[count], best = sum(read.rows), [captions[0] for captions in found]
        rows.setdefault("best", best)
        assert best == rows["best"]
    assert rows[1] < rows[5] / 1.5


@pytest.mark.parametrize("sampler", [BeamSearch(4), BestOfN(20, seed=2), Sample(seed=2)], ids=str)
def test_an_image_is_read_for_as_if_it_were_alone(sampler):
    captioner, visual = talker(end=0.5), vectors(9)  # a batch of 16, seven of them padding
    alone = []
    for vector in visual:
        with Readings(captioner) as read:
            details(captioner, vector[None], sampler)
        alone.append(sum(read.rows))
    with Readings(captioner) as read:
        details(captioner, visual, sampler)
    assert len(set(alone)) > 1
    assert sum(read.rows) == sum(alone)


@pytest.mark.parametrize("seed", range(3))
def test_best_of_n_reads_each_beginning_once_and_few_that_cannot_win(seed):
    captioner, visual, decoders = case(seed)
    visual, decoder = visual[:1], decoders[0]
    sampler = BestOfN(60, temperature=1 / 1.5, seed=seed)
    draws = np.random.default_rng(seed).random((LENGTH + 1, 60), "float32")
    samples = [decoder.sample(column, 1 / 1.5) for column in draws.T]
    beginnings = {words[:n] for words, _ in samples for n in range(len(words))}
    best = max(score for _, score in samples)

    def score(words):
        return sum(decoder.log_probabilities(words[:n])[w] for n, w in enumerate(words))

    needed = sum(score(words) > best + 1e-4 for words in beginnings)
    with Readings(captioner) as read:
        details(captioner, visual, sampler)
    assert max(read.rows) <= LIKELIEST_FIRST
    assert needed <= sum(read.rows) <= needed + (LIKELIEST_FIRST - 1) * len(read.rows)
    assert sum(read.rows) <= len(beginnings) < sum(len(words) for words, _ in samples)


def test_captions_that_never_end_are_drawn_to_their_length():
    captioner, visual = talker(end=-1e4), vectors(1)
    draws = np.random.default_rng(0).random((LENGTH + 1, 20), "float32")
    found = details(captioner, visual, BestOfN(20, temperature=3.0, seed=0))
    for vector, captions in zip(visual, found, strict=True):
        decoder = PlainDecoder(captioner, vector, LENGTH)
        assert_same(captions, [max((decoder.sample(d, 3.0) for d in draws.T), key=lambda s: s[1])])
        assert not captions[0].finished


def test_words_are_drawn_by_their_probability_and_impossible_ones_never():
    random = np.random.default_rng(0)
    for width in (1, 2, 9, 101, 1000):
        probabilities = random.random((3, width)).astype("float32") ** 4
        probabilities[:, random.random(width) < 0.3] = 0
        probabilities[:, -1] += 0.1
        slot = random.integers(0, 3, 500)
        uniform = random.random(500).astype("float32")
        uniform[:2] = 0, 1 - 2**-24  # the least and the largest number that is drawn
        words = np.asarray(draw_words(probabilities, uniform, slot.astype("int32")))
        cumulative = np.cumsum(probabilities.astype("float64"), axis=-1)[slot]
        expected = (cumulative <= uniform[:, None] * cumulative[:, -1:]).sum(-1)
        assert np.mean(words == expected) > 0.99  # else at the edge between two words
        assert np.all(probabilities[slot, words] > 0)


@pytest.mark.slow
@pytest.mark.parametrize("sampler", [BeamSearch(3), BestOfN(20, seed=3)], ids=str)
def test_xla_reads_some_more_and_says_the_same(sampler):
    visual = vectors(6)
    eager, compiled = talker(), talker(run_eagerly=False)
    compiled.compile(jit_compile=True)
    compiled._has_generated = True
    expected = details(eager, visual, sampler)
    found = details(compiled, visual, sampler)
    assert [c[0].words for c in found] == [c[0].words for c in expected]
    np.testing.assert_allclose(
        [c[0].score for c in found], [c[0].score for c in expected], atol=1e-5
    )
