"""Beam search: the likeliest beginnings go on, all of one length."""

import keras
from keras import ops

from keras_lrcn.samplers.caption_sampler import CaptionSampler
from keras_lrcn.samplers.constraints import NEVER
from keras_lrcn.samplers.rows import take_rows
from keras_lrcn.samplers.top_words import top_words


@keras.saving.register_keras_serializable(package="keras_lrcn")
class BeamSearch(CaptionSampler):
    """Keeps the `num_beams` most likely beginnings; a caption that has ended is frozen.

    Without length normalisation a log-probability only falls, so the search for one caption
    stops, exactly, once the best ended caption beats every beam that goes on.

    Args:
        num_beams: int. Defaults to `5`; 1 is greedy search.
        length_penalty: float, beams are ranked by `score / length ** length_penalty`, the
            length in words with `<eos>`: above 0 long captions gain, below 0 short ones.
            Defaults to `0.0`, the authors' rule.
        num_captions, forbidden_words, no_repeat_ngram, min_length: see `CaptionSampler`.

    Raises:
        ValueError: if more captions than beams are asked for.

    Example:
    ```python
    sampler = keras_lrcn.samplers.BeamSearch(num_beams=5, num_captions=3)
    ```

    Reference: Donahue et al. 2015, Sec. 5; the authors' `captioner.py`.
    """

    def __init__(self, num_beams=5, length_penalty=0.0, **kwargs):
        super().__init__(**kwargs)
        if self.num_captions > num_beams:
            raise ValueError(
                "`num_captions` must not exceed `num_beams`. Received: "
                f"num_captions={self.num_captions}, num_beams={num_beams}."
            )
        self.num_beams = num_beams
        self.length_penalty = length_penalty

    @property
    def rows_per_image(self):
        return self.num_beams

    def start(self, prompt, cache, index, mask):
        """At first all beams of an image are the same: only one of them is alive."""
        state = super().start(prompt, cache, index, mask)
        twin = ops.arange(ops.shape(state["ids"])[0]) % self.num_beams > 0
        return self._bury(state, ops.logical_and(twin, ops.logical_not(state["finished"])))

    def rank_score(self, state):
        return self._normalised(self.total(state), self.by_image(state["position"]) - 1)

    def rank_bound(self, state):
        """The score so far at the length that the penalty favours: the longest or the next."""
        longest, following = state["ids"].shape[1] - 1, self.by_image(state["position"])
        return self._normalised(
            self.total(state), longest if self.length_penalty > 0 else following
        )

    def _normalised(self, score, num_words):
        if not self.length_penalty:
            return score
        num_words = ops.cast(ops.maximum(num_words, 1), "float32")
        return score / num_words**self.length_penalty

    def propose(self, logits, allowed, slot, state, draws):
        best, words = top_words(allowed, min(self.num_beams, logits.shape[-1]))
        word_scores = best - ops.logsumexp(logits, axis=-1, keepdims=True)
        return ops.take(words, slot, axis=0), ops.take(word_scores, slot, axis=0)

    def advance(self, state, words, word_scores, cache, is_read, stop):
        # An ended beam has one continuation, itself; what is not open any more has none.
        itself = ops.arange(words.shape[-1])[None] == 0
        kept = ops.logical_and(ops.reshape(self.ended(state), (-1, 1)), itself)
        gain = ops.where(is_read[:, None], word_scores, ops.where(kept, 0.0, NEVER))
        origin, place = self._best_continuations(state, gain, is_read)
        words = ops.take(ops.reshape(words, (-1,)), place)
        gain = ops.take(ops.reshape(gain, (-1,)), place)
        state = take_rows({**state, "cache": cache}, origin)
        state = self.write(state, words, gain, ops.take(is_read, origin, axis=0), stop)
        return self._bury(state, gain <= NEVER / 2)

    def _best_continuations(self, state, gain, is_read):
        """The beams of every image that go on: `origin`, their rows, and places in flat `gain`."""
        branches = gain.shape[-1]
        total = ops.sum(state["word_scores"], axis=-1, keepdims=True) + gain
        num_words = state["position"] - 1 + ops.cast(is_read, "int32")
        rank = self._normalised(total, num_words[:, None])
        _, best = ops.top_k(ops.reshape(rank, (-1, self.num_beams * branches)), self.num_beams)
        image = ops.arange(ops.shape(best)[0], dtype="int32")[:, None]
        place = ops.cast(best, "int32") + self.num_beams * branches * image
        place = ops.reshape(place, (-1,))
        return place // branches, place

    def _bury(self, state, dead):
        """Marks beams that there are no captions for, by the score at `<bos>`, else 0."""
        at_start = ops.arange(state["ids"].shape[1])[None] == 0
        dead = ops.logical_and(dead[:, None], at_start)
        return {**state, "word_scores": ops.where(dead, NEVER, state["word_scores"])}

    def get_config(self):
        config = super().get_config()
        del config["temperature"]
        return {**config, "num_beams": self.num_beams, "length_penalty": self.length_penalty}
