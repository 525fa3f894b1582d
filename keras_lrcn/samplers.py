"""How the next word is chosen: beam search, sampling, best of N samples.

KerasHub's samplers work too (`compile(sampler="greedy")`); those here also return the
log-probability of each word, several captions per image, and honour constraints.
"""

import keras
import keras_hub
import numpy as np
from keras import ops, random

NEVER = -1e9  # log-probability of a word that may not come


class CaptionSampler(keras_hub.samplers.Sampler):
    """Base of our samplers: constraints, per-word scores, several captions per image.

    Args:
        num_captions: int, how many captions per image are returned, best first.
        forbidden_words: words (str, looked up by the task) or token ids that never come.
        no_repeat_ngram: int, no run of this many words comes twice; 0 allows all.
        min_length: int, words before `<eos>` may come.

    Call arguments: those of `keras_hub.samplers.Sampler`, and
        draws: for samplers that draw: float tensor `(length, rows_per_image)`, uniform in 0..1
            and the same for every image, or `(length, batch * rows_per_image)`.

    Returns:
        A dict: `token_ids` int `(batch, num_captions, length)` with `<bos>` first, and
        `word_scores` float of the same shape: log-probability (nats, untempered) of each
        token after `<bos>` up to `<eos>`, 0 elsewhere.
    """

    needs_draws = False

    def __init__(
        self, num_captions=1, forbidden_words=(), no_repeat_ngram=0, min_length=0, temperature=1.0
    ):
        super().__init__(temperature=temperature)
        if num_captions < 1:
            raise ValueError(f"`num_captions` must be at least 1. Received: {num_captions}.")
        if temperature <= 0:
            raise ValueError(f"`temperature` must be above 0. Received: {temperature}.")
        self.num_captions = num_captions
        self.forbidden_words = tuple(forbidden_words)
        self.no_repeat_ngram = no_repeat_ngram
        self.min_length = min_length
        self.forbidden_ids = tuple(w for w in self.forbidden_words if not isinstance(w, str))

    @property
    def rows_per_image(self):
        """How many captions are under way for each image."""
        return self.num_captions

    def prepare(self, tokenizer):
        """Looks up forbidden words and the special tokens that are never part of a caption."""
        unknown = [
            w
            for w in self.forbidden_words
            if isinstance(w, str)
            and tokenizer.token_to_id(w) == tokenizer.unk_token_id
            and w != tokenizer.unk_token
        ]
        if unknown:
            raise ValueError(f"`forbidden_words` are not in the vocabulary: {unknown}.")
        ids = [tokenizer.token_to_id(w) if isinstance(w, str) else w for w in self.forbidden_words]
        self.forbidden_ids = (tokenizer.pad_token_id, tokenizer.start_token_id, *ids)
        return self

    def __call__(
        self,
        next,
        prompt,
        cache=None,
        index=0,
        mask=None,
        stop_token_ids=None,
        hidden_states=None,
        model=None,
        draws=None,
    ):
        batch, length = ops.shape(prompt)[0], prompt.shape[1]
        rows = self.rows_per_image
        stop = None if stop_token_ids is None else int(stop_token_ids[0])
        state = {
            "ids": ops.repeat(prompt, rows, axis=0),
            "word_scores": ops.zeros((batch * rows, length), "float32"),
            "finished": ops.zeros((batch * rows,), "bool"),
            "cache": keras.tree.map_structure(lambda x: ops.repeat(x, rows, axis=0), cache),
        }
        if self.needs_draws and draws is None:
            draws = random.uniform((length, rows), seed=self.seed_generator)

        def cond(state, index):
            return ops.logical_not(self.is_decided(state))

        def body(state, index):
            logits, _, cache = next(state["ids"], state["cache"], index)
            state = {**state, "cache": cache}
            logits = ops.cast(logits, "float32")
            scores = logits - ops.logsumexp(logits, axis=-1, keepdims=True)
            allowed = self.constrain(scores, state["ids"], index, stop)
            return self.advance(state, scores, allowed, index, stop, draws), index + 1

        state, _ = self.run_loop(
            cond,
            body,
            loop_vars=(state, ops.cast(index, "int32")),
            maximum_iterations=length - 1,
            model=model,
        )
        return self.best_first(state, length)

    def is_decided(self, state):
        """Whether nothing that is still under way can change what is returned."""
        return ops.all(state["finished"])

    def is_won(self, state):
        """Whether the best ended caption beats all live ones: log-probabilities only fall."""
        score = self.rank_score(state)
        finished = ops.reshape(state["finished"], (-1, self.rows_per_image))
        best_ended = ops.max(ops.where(finished, score, NEVER), axis=-1)
        best_live = ops.max(ops.where(finished, NEVER, score), axis=-1)
        return ops.all((best_ended >= best_live) & (best_ended > NEVER / 2))

    def advance(self, state, scores, allowed, index, stop, draws):
        """Adds one word to every row."""
        raise NotImplementedError

    def constrain(self, scores, ids, index, stop):
        """Lowers the scores of words that may not come at `index` to `NEVER`."""
        width = scores.shape[-1]
        banned = np.zeros(width, "float32")
        banned[list(self.forbidden_ids)] = 1
        banned = ops.convert_to_tensor(banned)[None]
        if self.min_length and stop is not None:
            too_short = ops.cast(index <= self.min_length, "float32")
            banned = ops.maximum(banned, too_short * ops.one_hot(stop, width)[None])
        if self.no_repeat_ngram:
            banned = ops.maximum(banned, self._repeated(ids, index, width))
        return ops.where(banned > 0, NEVER, scores)

    def _repeated(self, ids, index, width):
        """1 for each word that would end an n-gram which the row already has."""
        n, length = self.no_repeat_ngram, ids.shape[1]
        starts = ops.arange(length - n + 1)
        complete = ops.cast((starts > 0) & (starts + n <= index), "float32")[None]
        for offset in range(n - 1):
            column = ops.maximum(index - (n - 1) + offset, 0)
            last = ops.take(ids, column, axis=1)[:, None]
            same = ids[:, offset : length - n + 1 + offset] == last
            complete = complete * ops.cast(same, "float32")
        ends = ops.one_hot(ids[:, n - 1 :], width)
        return ops.max(ends * complete[..., None], axis=1)

    def write(self, state, words, word_scores, index, stop):
        """Writes one word a row; rows that have ended keep what they hold."""
        length = state["ids"].shape[1]
        here = ops.cast(ops.arange(length) == index, "float32")[None]
        live = ops.cast(ops.logical_not(state["finished"]), "float32")[:, None]
        column = ops.cast(here * live, state["ids"].dtype)
        ids = state["ids"] * (1 - column) + column * ops.cast(words, column.dtype)[:, None]
        scores = state["word_scores"] + here * live * word_scores[:, None]
        finished = state["finished"]
        if stop is not None:
            finished = ops.logical_or(finished, words == stop)
        return {**state, "ids": ids, "word_scores": scores, "finished": finished}

    def rank_score(self, state):
        """What rows are ranked by: `(batch, rows_per_image)`, higher is better."""
        return ops.reshape(ops.sum(state["word_scores"], axis=-1), (-1, self.rows_per_image))

    def best_first(self, state, length):
        """Returns the best `num_captions` rows of every image."""
        _, order = ops.top_k(self.rank_score(state), self.num_captions)

        def pick(x):
            x = ops.reshape(x, (-1, self.rows_per_image, length))
            return ops.take_along_axis(x, order[..., None], axis=1)

        return {"token_ids": pick(state["ids"]), "word_scores": pick(state["word_scores"])}

    def get_config(self):
        return {
            **super().get_config(),
            "num_captions": self.num_captions,
            "forbidden_words": self.forbidden_words,
            "no_repeat_ngram": self.no_repeat_ngram,
            "min_length": self.min_length,
        }


@keras.saving.register_keras_serializable(package="keras_lrcn")
class BeamSearch(CaptionSampler):
    """Keeps the `num_beams` most likely beginnings; a caption that has ended is frozen.

    Without length normalisation a log-probability only falls, so the search for one caption
    stops, exactly, once the best ended caption beats every beam that goes on.

    Args:
        num_beams: int. Defaults to `5`; 1 is greedy search.
        length_penalty: float, beams are ranked by `score / length ** length_penalty`, the
            length in words with `<eos>`. Defaults to `0.0`, the authors' rule.
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

    def is_decided(self, state):
        if self.num_captions > 1 or self.length_penalty:
            return super().is_decided(state)
        return self.is_won(state)

    def rank_score(self, state):
        score = super().rank_score(state)
        if self.length_penalty:
            words = ops.cast(ops.not_equal(state["word_scores"], 0), "float32")
            length = ops.reshape(ops.sum(words, axis=-1), (-1, self.num_beams))
            score = score / ops.maximum(length, 1) ** self.length_penalty
        return score

    def advance(self, state, scores, allowed, index, stop, draws):
        beams, width = self.num_beams, scores.shape[-1]
        branches = min(beams, width)
        finished = state["finished"][:, None]
        total = ops.sum(state["word_scores"], axis=-1, keepdims=True)
        word_scores, words = ops.top_k(allowed, branches)
        # An ended beam has one continuation, itself; at the first step all beams of an image are
        # the same, and only one of them branches. Other continuations are dead.
        itself = ops.arange(branches)[None] == 0
        gain = ops.where(finished, ops.where(itself, 0.0, NEVER), word_scores)
        twin = ops.tile(ops.arange(beams) > 0, (ops.shape(gain)[0] // beams,))[:, None]
        gain = ops.where(ops.logical_and(twin, index == 1), NEVER, gain)
        rank = total + gain
        if self.length_penalty:
            ended_length = ops.sum(
                ops.cast(ops.not_equal(state["word_scores"], 0), "float32"), axis=-1, keepdims=True
            )
            length = ops.where(finished, ended_length, ops.cast(index, "float32"))
            rank = rank / ops.maximum(length, 1) ** self.length_penalty
        _, chosen = ops.top_k(ops.reshape(rank, (-1, beams * branches)), beams)
        origin = chosen // branches

        def gather(x):
            x = ops.reshape(x, (-1, beams, *x.shape[1:]))
            index = ops.reshape(origin, (-1, beams, *[1] * (len(x.shape) - 2)))
            x = ops.take_along_axis(x, index, axis=1)
            return ops.reshape(x, (-1, *x.shape[2:]))

        def pick(x):
            x = ops.reshape(x, (-1, beams * branches))
            return ops.reshape(ops.take_along_axis(x, chosen, axis=1), (-1,))

        state = self.write(
            keras.tree.map_structure(gather, state), pick(words), pick(gain), index, stop
        )
        # Beams that there are no captions for: the score at <bos>, else 0, marks them for good.
        dead = ops.logical_and(
            (pick(gain) <= NEVER)[:, None], (ops.arange(state["ids"].shape[1]) == 0)[None]
        )
        return {**state, "word_scores": ops.where(dead, NEVER, state["word_scores"])}

    def get_config(self):
        config = super().get_config()
        del config["temperature"]
        return {**config, "num_beams": self.num_beams, "length_penalty": self.length_penalty}


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

    def is_decided(self, state):
        return super().is_decided(state) if self.num_captions > 1 else self.is_won(state)

    def advance(self, state, scores, allowed, index, stop, draws):
        cumulative = ops.cumsum(self._probabilities(allowed), axis=-1)
        uniform = ops.take(draws, index, axis=0)
        uniform = ops.tile(uniform, (ops.shape(scores)[0] // draws.shape[1],))[:, None]
        # First word whose cumulative probability exceeds the draw; never one of probability 0.
        below = cumulative <= uniform * cumulative[:, -1:] * (1 - 1e-6)
        words = ops.sum(ops.cast(below, "int32"), axis=-1)
        word_scores = ops.take_along_axis(scores, words[:, None], axis=-1)[:, 0]
        return self.write(state, words, word_scores, index, stop)

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

    def is_decided(self, state):
        return ops.all(state["finished"])

    def get_config(self):
        config = super().get_config()
        del config["num_samples"]
        return config
