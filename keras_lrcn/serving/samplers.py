"""How the next word is chosen, in NumPy: the rules of `keras_lrcn.samplers`, word for word."""

import dataclasses

import numpy as np

NEVER = np.float32(-1e9)  # log-probability of a word that may not come


@dataclasses.dataclass(frozen=True)
class CaptionSampler:
    """Base of the samplers: constraints, per-word scores, several captions per image.

    Args:
        num_captions: int, how many captions per image are returned, best first.
        forbidden_words: words (str) or token ids that never come.
        no_repeat_ngram: int, no run of this many words comes twice; 0 allows all.
        min_length: int, words before `<eos>` may come.
    """

    num_captions: int = 1
    forbidden_words: tuple = ()
    no_repeat_ngram: int = 0
    min_length: int = 0

    def __post_init__(self):
        if self.num_captions < 1:
            raise ValueError(f"`num_captions` must be at least 1. Received: {self.num_captions}.")

    def __call__(self, next, prompt, cache, stop, forbidden=(), seed=None):
        """Writes captions.

        Args:
            next: takes the last words `(rows,)` and the cache, returns log-probabilities
                `(rows, vocabulary)`, which may be written to, and the new cache.
            prompt: int array `(batch, length + 1)`, `<bos>` first.
            cache: dict of arrays, a row for each image.
            stop: id of `<eos>`.
            forbidden: ids of the words that never come.
            seed: int, of samplers that draw.

        Returns:
            `(token_ids, word_scores)`, each `(batch, num_captions, length + 1)`; see
            `keras_lrcn.samplers.CaptionSampler`.
        """
        rows, length = self.rows_per_image, prompt.shape[1]
        state = {
            "ids": np.repeat(prompt, rows, axis=0),
            "word_scores": np.zeros((len(prompt) * rows, length), "float32"),
            "finished": np.zeros(len(prompt) * rows, bool),
            "cache": cache,
        }
        draws = np.random.default_rng(seed).random((length, rows), "float32")
        for index in range(1, length):
            if self.is_decided(state):
                break
            own = rows if index == 1 else 1  # at <bos> all rows of an image are the same
            scores, cache = next(state["ids"][::own, index - 1], state["cache"])
            state["cache"] = {name: np.repeat(x, own, axis=0) for name, x in cache.items()}
            scores = np.repeat(scores, own, axis=0)
            allowed = self.constrain(scores, state["ids"], index, stop, list(forbidden))
            state = self.advance(state, scores, allowed, index, stop, draws[index])
        order = top_k(self.rank_score(state), self.num_captions)[1][..., None]
        shape = (len(prompt), rows, length)
        found = (state["ids"].reshape(shape), state["word_scores"].reshape(shape))
        return tuple(np.take_along_axis(x, order, axis=1) for x in found)

    @property
    def rows_per_image(self):
        return self.num_captions

    def is_decided(self, state):
        return state["finished"].all()

    def is_won(self, state):
        """Whether the best ended caption beats all live ones: log-probabilities only fall."""
        score = self.rank_score(state)
        finished = state["finished"].reshape(score.shape)
        best_ended = np.where(finished, score, NEVER).max(-1)
        best_live = np.where(finished, NEVER, score).max(-1)
        return ((best_ended >= best_live) & (best_ended > NEVER / 2)).all()

    def constrain(self, scores, ids, index, stop, forbidden):
        """Lowers the scores of words that may not come at `index` to `NEVER`."""
        allowed = scores.copy()
        allowed[:, forbidden] = NEVER
        if index <= self.min_length:
            allowed[:, stop] = NEVER
        if n := self.no_repeat_ngram:
            for row, said in zip(allowed, ids[:, 1:index], strict=True):
                last = said[len(said) - n + 1 :]
                for start in range(len(said) - n + 1):
                    if (said[start : start + n - 1] == last).all():
                        row[said[start + n - 1]] = NEVER
        return allowed

    def write(self, state, words, word_scores, index, stop):
        """Writes one word a row; rows that have ended keep what they hold."""
        live = ~state["finished"]
        state["ids"][live, index] = words[live]
        state["word_scores"][live, index] = word_scores[live]
        return {**state, "finished": state["finished"] | (words == stop)}

    def rank_score(self, state):
        """What rows are ranked by: `(batch, rows_per_image)`, higher is better."""
        return state["word_scores"].sum(-1).reshape(-1, self.rows_per_image)


@dataclasses.dataclass(frozen=True)
class BeamSearch(CaptionSampler):
    """Keeps the `num_beams` most likely beginnings; see `keras_lrcn.samplers.BeamSearch`.

    Args:
        num_beams: int. Defaults to `5`; 1 is greedy search.
        length_penalty: float, beams are ranked by `score / length ** length_penalty`.
        num_captions, forbidden_words, no_repeat_ngram, min_length: see `CaptionSampler`.

    Example:
    ```python
    sampler = keras_lrcn.serving.BeamSearch(num_beams=5, no_repeat_ngram=3)
    ```
    """

    num_beams: int = 5
    length_penalty: float = 0.0

    def __post_init__(self):
        super().__post_init__()
        if self.num_captions > self.num_beams:
            raise ValueError(
                "`num_captions` must not exceed `num_beams`. Received: "
                f"num_captions={self.num_captions}, num_beams={self.num_beams}."
            )

    @property
    def rows_per_image(self):
        return self.num_beams

    def is_decided(self, state):
        if self.num_captions > 1 or self.length_penalty:
            return super().is_decided(state)
        return self.is_won(state)

    def rank_score(self, state):
        score = super().rank_score(state)
        return score / _length(state).reshape(score.shape) ** np.float32(self.length_penalty)

    def advance(self, state, scores, allowed, index, stop, draws):
        beams, finished = self.num_beams, state["finished"][:, None]
        branches = min(beams, allowed.shape[1])
        gain, words = top_k(allowed, branches)
        # An ended beam has one continuation, itself; at the first step all beams of an image are
        # the same, and only one of them branches. Other continuations are dead.
        itself = np.where(np.arange(branches) == 0, np.float32(0), NEVER)
        gain = np.where(finished, itself, gain)
        if index == 1:
            gain[np.arange(len(gain)) % beams > 0] = NEVER
        rank = state["word_scores"].sum(-1, keepdims=True) + gain
        if self.length_penalty:
            length = np.where(finished, _length(state)[:, None], np.float32(index))
            rank = rank / length ** np.float32(self.length_penalty)
        _, chosen = top_k(rank.reshape(-1, beams * branches), beams)
        # Of all rows x branches, and the rows themselves.
        chosen = (chosen + np.arange(len(chosen))[:, None] * beams * branches).ravel()
        origin = chosen // branches
        gain, words = gain.ravel()[chosen], words.ravel()[chosen]
        cache = {name: x[origin] for name, x in state.pop("cache").items()}
        state = {name: x[origin] for name, x in state.items()}
        state = self.write({**state, "cache": cache}, words, gain, index, stop)
        # Beams that there are no captions for: the score at <bos>, else 0, marks them for good.
        state["word_scores"][gain <= NEVER] = NEVER
        return state


@dataclasses.dataclass(frozen=True)
class BestOfN(CaptionSampler):
    """Draws N captions and returns the likeliest; see `keras_lrcn.samplers.BestOfN`.

    Args:
        num_samples: int, captions drawn per image. Defaults to `100`.
        temperature: float. Defaults to `1 / 1.5`, the paper's T = 1.5.
        top_k: int, draw among the k likeliest words; 0 means all.
        top_p: float, draw among the likeliest words that together reach this probability.
        seed: int for the same captions every time, or `None`.
        num_captions, forbidden_words, no_repeat_ngram, min_length: see `CaptionSampler`.
    """

    num_samples: int = 100
    temperature: float = 1 / 1.5
    top_k: int = 0
    top_p: float = 1.0
    seed: int | None = None

    def __post_init__(self):
        super().__post_init__()
        if self.temperature <= 0:
            raise ValueError(f"`temperature` must be above 0. Received: {self.temperature}.")
        if self.num_captions > self.rows_per_image:
            raise ValueError(
                "`num_captions` must not exceed `num_samples`. Received: "
                f"num_captions={self.num_captions}, num_samples={self.num_samples}."
            )

    @property
    def rows_per_image(self):
        return self.num_samples

    def is_decided(self, state):
        return super().is_decided(state) if self.num_captions > 1 else self.is_won(state)

    def advance(self, state, scores, allowed, index, stop, draws):
        cumulative = np.cumsum(self._probabilities(allowed), axis=-1)
        uniform = np.tile(draws, len(scores) // len(draws))[:, None]
        # First word whose cumulative probability exceeds the draw; never one of probability 0.
        below = cumulative <= uniform * cumulative[:, -1:] * np.float32(1 - 1e-6)
        words = below.sum(-1)
        return self.write(state, words, scores[np.arange(len(words)), words], index, stop)

    def _probabilities(self, allowed):
        logits = allowed / np.float32(self.temperature)
        if self.top_k:
            kept, _ = top_k(logits, min(self.top_k, logits.shape[-1]))
            logits = np.where(logits < kept[:, -1:], NEVER, logits)
        probabilities = np.exp(logits - logits.max(-1, keepdims=True))
        probabilities /= probabilities.sum(-1, keepdims=True)
        if self.top_p < 1:
            ordered = np.sort(probabilities, axis=-1)[:, ::-1]
            before = np.cumsum(ordered, axis=-1) - ordered
            least = np.where(before < self.top_p, ordered, 2.0).min(-1, keepdims=True)
            probabilities = np.where(probabilities < least, 0, probabilities)
        return probabilities


@dataclasses.dataclass(frozen=True)
class Sample(BestOfN):
    """Draws one caption for each one asked for; see `keras_lrcn.samplers.Sample`."""

    temperature: float = 1.0

    @property
    def rows_per_image(self):
        return self.num_captions

    def is_decided(self, state):
        return state["finished"].all()


def top_k(x, k):
    """Values and places of the k largest of each row, largest first, the first of equals first.

    One search for the largest after another: for a few of thousands of words faster than a sort.
    """
    x, rows = x.copy(), np.arange(len(x))
    values, places = np.empty((len(x), k), x.dtype), np.empty((len(x), k), "int64")
    for column in range(k):
        places[:, column] = place = x.argmax(-1)
        values[:, column] = x[rows, place]
        x[rows, place] = -np.inf
    return values, places


def _length(state):
    """Words of each row with `<eos>`, at least 1."""
    return np.maximum((state["word_scores"] != 0).sum(-1), 1).astype("float32")
