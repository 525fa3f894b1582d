"""What our samplers share: the loop, which reads only for captions that may be returned."""

import functools
import math
from typing import NamedTuple

import keras
import keras_hub
import numpy as np
from keras import ops, random

NEVER = -1e9  # log-probability of a word that may not come


class Chosen(NamedTuple):
    """The rows that are read next: the first `count` of `order`; row r is the `slot[r]`-th."""

    order: object
    slot: object
    count: object


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
        stop = None if stop_token_ids is None else int(stop_token_ids[0])
        state, length = self.start(prompt, cache, index, mask), prompt.shape[1]
        if self.needs_draws:
            if draws is None:
                draws = random.uniform((length, self.rows_per_image), seed=self.seed_generator)
            draws = ops.tile(draws, (1, ops.shape(state["ids"])[0] // draws.shape[1]))
        sizes = _sizes_to_compile(state["ids"].shape[0], model)

        def cond(state, step):
            return ops.any(self.open_rows(state))

        def body(state, step):
            chosen = self.choose(state, step)

            def read(size):
                rows = take_rows(state, chosen.order[:size])
                logits, _, cache = next(rows["ids"], rows["cache"], rows["position"])
                logits = ops.cast(logits, "float32")
                allowed = self.constrain(logits, rows["ids"], rows["position"], stop)
                slot = ops.minimum(chosen.slot, size - 1)
                return *self.propose(logits, allowed, slot, state, draws), take_rows(cache, slot)

            words, word_scores, cache = _with_size(read, chosen.count, sizes)
            is_read = chosen.slot < chosen.count
            return self.advance(state, words, word_scores, cache, is_read, stop), step + 1

        state, _ = self.run_loop(
            cond,
            body,
            loop_vars=(state, ops.convert_to_tensor(0, "int32")),
            maximum_iterations=2 * length,
            model=model,
        )
        return self.best_first(state)

    def start(self, prompt, cache, index, mask):
        """The state before the first word: a dict of tensors, a row for each caption under way.

        `ids` and `word_scores` are `(rows, length)`; `position` is where a row's next word goes,
        `finished` whether it has `<eos>`, `cache` what `next` remembers of it. An image whose
        mask is 0 at `<bos>` only fills up the batch: its rows have ended.
        """
        shown = ops.ones_like(prompt[:, 0]) if mask is None else mask[:, 0]
        state = {
            "ids": prompt,
            "word_scores": ops.zeros_like(prompt, "float32"),
            "position": ops.ones_like(prompt[:, 0], "int32") * index,
            "finished": ops.logical_not(ops.cast(shown, "bool")),
            "cache": cache,
        }
        return keras.tree.map_structure(lambda x: ops.repeat(x, self.rows_per_image, axis=0), state)

    def total(self, state):
        """Log-probability of each row so far: `(batch, rows_per_image)`."""
        return self.by_image(ops.sum(state["word_scores"], axis=-1))

    def rank_score(self, state):
        """What captions are ranked by: `(batch, rows_per_image)`, higher is better."""
        return self.total(state)

    def rank_bound(self, state):
        """What no caption that goes on from a row can exceed: log-probabilities only fall."""
        return self.total(state)

    def ended(self, state):
        """Whether a row is a caption, with `<eos>` or as long as it may get."""
        full = state["position"] >= state["ids"].shape[1]
        return self.by_image(ops.logical_or(state["finished"], full))

    def open_rows(self, state):
        """Whether a row may still become a caption that is returned: `(batch, rows_per_image)`.

        It may not once `num_captions` captions are at least as good as all that it can become.
        """
        ended, possible = self.ended(state), self.total(state) > NEVER / 2
        captions = ops.where(ops.logical_and(ended, possible), self.rank_score(state), NEVER)
        to_beat = ops.top_k(captions, self.num_captions)[0][:, -1:]
        may_win = ops.logical_and(possible, self.rank_bound(state) > to_beat)
        return ops.logical_and(may_win, ops.logical_not(ended))

    def choose(self, state, step):
        """Chooses the rows that are read next: of each image the likeliest open ones."""
        rows = self.rows_per_image
        score, order = ops.top_k(ops.where(self.open_rows(state), self.total(state), NEVER), rows)
        narrow = step < state["ids"].shape[1]
        most = ops.where(narrow, self.rows_at_once, rows)
        chosen = ops.logical_and(score > NEVER / 2, ops.arange(rows)[None] < most)
        first_of_image = rows * ops.arange(ops.shape(order)[0], dtype="int32")[:, None]
        order = ops.reshape(ops.cast(order, "int32") + first_of_image, (-1,))
        order = ops.take(order, ops.argsort(ops.reshape(ops.where(chosen, 0, 1), (-1,))))
        count = ops.sum(ops.cast(chosen, "int32"))
        return Chosen(order, ops.cast(ops.argsort(order), "int32"), count)

    @property
    def rows_at_once(self):
        """How many rows of an image are read in one step."""
        return self.rows_per_image

    def propose(self, logits, allowed, slot, state, draws):
        """Finds words that may come next.

        Args:
            logits: float tensor `(rows read, vocabulary)`.
            allowed: the same, `NEVER` for words that may not come.
            slot: int tensor `(rows,)`, where in `logits` a row finds its own.

        Returns:
            `(words, word_scores)`: int and float tensors `(rows, ...)`.
        """
        raise NotImplementedError

    def advance(self, state, words, word_scores, cache, is_read, stop):
        """Adds one of the words found to every row that was read."""
        raise NotImplementedError

    def constrain(self, logits, ids, position, stop):
        """Lowers the logits of words that may not come at `position` to `NEVER`."""
        width = logits.shape[-1]
        banned = np.zeros(width, "float32")
        banned[list(self.forbidden_ids)] = 1
        banned = ops.convert_to_tensor(banned)[None]
        if self.min_length and stop is not None:
            too_short = ops.cast(position <= self.min_length, "float32")[:, None]
            banned = ops.maximum(banned, too_short * ops.one_hot(stop, width)[None])
        if self.no_repeat_ngram:
            banned = ops.maximum(banned, self._repeated(ids, position[:, None], width))
        return ops.where(banned > 0, NEVER, logits)

    def _repeated(self, ids, position, width):
        """1 for each word that would end an n-gram which the row already has."""
        n, length = self.no_repeat_ngram, ids.shape[1]
        starts = ops.arange(length - n + 1)[None]
        complete = ops.logical_and(starts > 0, starts + n <= position)
        for offset in range(n - 1):
            column = ops.maximum(position - (n - 1) + offset, 0)
            last = ops.take_along_axis(ids, column, axis=1)
            same = ids[:, offset : length - n + 1 + offset] == last
            complete = ops.logical_and(complete, same)
        ends = ops.one_hot(ids[:, n - 1 :], width)
        return ops.max(ends * ops.cast(complete, "float32")[..., None], axis=1)

    def write(self, state, words, word_scores, is_read, stop):
        """Writes one word to each row that was read; the others keep what they hold."""
        columns = ops.arange(state["ids"].shape[1], dtype="int32")[None]
        here = ops.logical_and(columns == state["position"][:, None], is_read[:, None])
        words = ops.cast(words, state["ids"].dtype)
        finished = state["finished"]
        if stop is not None:
            finished = ops.logical_or(finished, ops.logical_and(is_read, words == stop))
        return {
            **state,
            "ids": ops.where(here, words[:, None], state["ids"]),
            "word_scores": ops.where(here, word_scores[:, None], state["word_scores"]),
            "position": state["position"] + ops.cast(is_read, "int32"),
            "finished": finished,
        }

    def by_image(self, x):
        """`(rows, ...)` -> `(batch, rows_per_image, ...)`."""
        return ops.reshape(x, (-1, self.rows_per_image, *x.shape[1:]))

    def best_first(self, state):
        """Returns the best `num_captions` rows of every image."""
        rank = ops.where(self.ended(state), self.rank_score(state), 2 * NEVER)
        _, order = ops.top_k(rank, self.num_captions)

        def pick(x):
            return ops.take_along_axis(self.by_image(x), order[..., None], axis=1)

        return {"token_ids": pick(state["ids"]), "word_scores": pick(state["word_scores"])}

    def get_config(self):
        return {
            **super().get_config(),
            "num_captions": self.num_captions,
            "forbidden_words": self.forbidden_words,
            "no_repeat_ngram": self.no_repeat_ngram,
            "min_length": self.min_length,
        }


def take_rows(tensors, rows):
    return keras.tree.map_structure(lambda x: ops.take(x, rows, axis=0), tensors)


def _sizes_to_compile(num_rows, model):
    """XLA must know how many rows are read: it gets a choice of sizes. Others take any number."""
    if keras.backend.backend() == "jax" or getattr(model, "jit_compile", False):
        return sorted({math.ceil(num_rows / 2**halvings) for halvings in range(12)})
    return None


def _with_size(function, count, sizes):
    """`function(count)`, of the next larger one where only some sizes are compiled."""
    if sizes is None:
        return function(count)
    smaller = ops.sum(ops.cast(ops.convert_to_tensor(sizes, "int32") < count, "int32"))
    return ops.switch(smaller, [functools.partial(function, size) for size in sizes])
