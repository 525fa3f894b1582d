"""Sampling: N captions are drawn, and the likeliest returned."""

import math

import keras
from keras import ops, random

from keras_lrcn.samplers.caption_sampler import NEVER, CaptionSampler

LIKELIEST_FIRST = 5  # beginnings of an image that best of N goes on with in one step


@keras.saving.register_keras_serializable(package="keras_lrcn")
class BestOfN(CaptionSampler):
    """Draws N captions and returns the likeliest, the paper's best strategy.

    Words are drawn from the tempered distribution; captions are ranked by their untempered
    log-probability, without length normalisation. The paper's factor T multiplies the logits:
    `temperature = 1 / T`. The uniform random numbers are drawn before the first word and are
    the same for every image, so a result does not depend on the batch that an image is in.

    Args:
        num_samples: int, captions drawn per image. Defaults to `100`.
        temperature: float. Defaults to `1 / 1.5`, the paper's T = 1.5.
        top_k: int, draw among the k likeliest words; 0 means all. Defaults to `0`.
        top_p: float, draw among the likeliest words that together reach this probability.
            Defaults to `1.0`.
        seed: int for the same captions every time, or `None`.
        num_captions, forbidden_words, no_repeat_ngram, min_length: see `CaptionSampler`.

    Example:
    ```python
    sampler = keras_lrcn.samplers.BestOfN(num_samples=100, temperature=1 / 1.5, seed=0)
    ```

    Reference: Donahue et al. 2015, Sec. 5 and Table 6; the authors' `captioner.py`.
    """

    needs_draws = True

    def __init__(
        self, num_samples=100, temperature=1 / 1.5, top_k=0, top_p=1.0, seed=None, **kwargs
    ):
        super().__init__(temperature=temperature, **kwargs)
        if self.num_captions > num_samples:
            raise ValueError(
                "`num_captions` must not exceed `num_samples`. Received: "
                f"num_captions={self.num_captions}, num_samples={num_samples}."
            )
        self.num_samples = num_samples
        self.top_k = top_k
        self.top_p = top_p
        self.seed = seed
        self.seed_generator = random.SeedGenerator(seed)

    @property
    def rows_per_image(self):
        return self.num_samples

    @property
    def rows_at_once(self):
        return min(self.num_samples, max(LIKELIEST_FIRST, self.num_captions))

    def start(self, prompt, cache, index, mask):
        """`leader` is the first of the samples with the same words so far, which reads for all."""
        state = super().start(prompt, cache, index, mask)
        rows = ops.arange(ops.shape(state["ids"])[0], dtype="int32")
        return {**state, "leader": rows - rows % self.num_samples}

    def choose(self, state, step):
        chosen = super().choose(state, step)
        return chosen._replace(slot=ops.take(chosen.slot, state["leader"], axis=0))

    def open_rows(self, state):
        rows = ops.arange(ops.shape(state["leader"])[0], dtype="int32")
        return ops.logical_and(super().open_rows(state), self.by_image(state["leader"] == rows))

    def propose(self, logits, allowed, slot, state, draws):
        last = ops.minimum(state["position"], draws.shape[0] - 1)
        uniform = ops.take_along_axis(draws, last[None], axis=0)[0]
        words = draw_words(self._probabilities(allowed), uniform, slot)
        word_scores = logits - ops.logsumexp(logits, axis=-1, keepdims=True)
        places = slot * logits.shape[-1] + words
        return words, ops.take(ops.reshape(word_scores, (-1,)), places)

    def advance(self, state, words, word_scores, cache, is_read, stop):
        def update(new, old):
            return ops.where(ops.reshape(is_read, (-1, *[1] * (len(old.shape) - 1))), new, old)

        cache = keras.tree.map_structure(update, cache, state["cache"])
        leader = update(self._first_alike(state["leader"], words), state["leader"])
        state = {**state, "cache": cache, "leader": leader}
        return self.write(state, words, word_scores, is_read, stop)

    def _first_alike(self, leader, words):
        """The first row of the image that had the same leader and drew the same word."""
        leader, words = self.by_image(leader), self.by_image(words)
        alike = ops.logical_and(
            leader[:, :, None] == leader[:, None], words[:, :, None] == words[:, None]
        )
        first = ops.cast(ops.argmax(ops.cast(alike, "int32"), axis=-1), "int32")
        images = ops.arange(ops.shape(first)[0], dtype="int32")[:, None]
        return ops.reshape(first + self.num_samples * images, (-1,))

    def _probabilities(self, allowed):
        logits = allowed / self.temperature
        if self.top_k:
            kept, _ = ops.top_k(logits, min(self.top_k, logits.shape[-1]))
            logits = ops.where(logits < kept[:, -1:], NEVER, logits)
        probabilities = ops.softmax(logits, axis=-1)
        if self.top_p < 1:
            ordered = ops.flip(ops.sort(probabilities, axis=-1), axis=-1)
            before = ops.cumsum(ordered, axis=-1) - ordered
            least = ops.min(ops.where(before < self.top_p, ordered, 2.0), axis=-1, keepdims=True)
            probabilities = ops.where(probabilities < least, 0.0, probabilities)
        return probabilities

    def get_config(self):
        return {
            **super().get_config(),
            "num_samples": self.num_samples,
            "top_k": self.top_k,
            "top_p": self.top_p,
            "seed": self.seed,
        }


@keras.saving.register_keras_serializable(package="keras_lrcn")
class Sample(BestOfN):
    """Draws one caption for each one asked for: `BestOfN` without the choice.

    Args:
        temperature: float. Defaults to `1.0`.
        num_captions: int, different draws per image, likeliest first. Defaults to `1`.
        top_k, top_p, seed, forbidden_words, no_repeat_ngram, min_length: see `BestOfN`.

    Example:
    ```python
    sampler = keras_lrcn.samplers.Sample(temperature=0.8, top_p=0.9, seed=0)
    ```
    """

    def __init__(self, temperature=1.0, num_captions=1, **kwargs):
        kwargs["num_samples"] = num_captions
        super().__init__(temperature=temperature, num_captions=num_captions, **kwargs)

    def get_config(self):
        config = super().get_config()
        del config["num_samples"]
        return config


def draw_words(probabilities, uniform, slot):
    """Draws, for each number, the first word whose cumulative probability exceeds it.

    Looks for the group of words first, of which there are as many as words in each, and then
    inside the group: a pass over all words is needed for a distribution, not for a draw.

    Args:
        probabilities: float tensor `(distributions, words)`, not all 0.
        uniform: float tensor `(draws,)` in 0..1.
        slot: int tensor `(draws,)`, the distribution of each.

    Returns:
        int32 tensor `(draws,)`; never a word of probability 0.
    """
    width = probabilities.shape[-1]
    size = math.isqrt(width - 1) + 1
    groups = ops.reshape(
        ops.pad(probabilities, ((0, 0), (0, size * size - width))), (-1, size, size)
    )
    sums = ops.take(ops.cumsum(ops.sum(groups, axis=-1), axis=-1), slot, axis=0)
    group, rest = _first_above(sums, uniform * sums[:, -1])
    inside = ops.take(ops.reshape(groups, (-1, size)), slot * size + group, axis=0)
    word, _ = _first_above(ops.cumsum(inside, axis=-1), rest)
    return group * size + word


def _first_above(cumulative, target):
    """First column above `target`, and what of `target` lies beyond the column before it."""
    target = ops.minimum(target, cumulative[:, -1] * (1 - 1e-6))[:, None]
    below = cumulative <= target
    before = ops.max(ops.where(below, cumulative, 0.0), axis=-1)
    return ops.sum(ops.cast(below, "int32"), axis=-1), target[:, 0] - before
