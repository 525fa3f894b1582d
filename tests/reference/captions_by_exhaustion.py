"""Every caption that a captioner can say, with its log-probability, one plain loop."""

import itertools

import numpy as np


def all_captions(captioner, visual, length, forbidden=(0, 1)):
    """Yields `(token ids, log-probability in nats)` of one visual vector, best first.

    Captions end with `<eos>`, or have `length` words without it. Probabilities come from one
    forward call of the model per set of captions, not from its step function.
    """
    size = captioner.backbone.vocabulary_size
    words = [w for w in range(size) if w not in (*forbidden, 2)]
    found = []
    for n in range(length + 1):
        bodies = list(itertools.product(words, repeat=n))
        ended = n < length
        rows = np.array([[1, *body] + ([2] if ended else []) for body in bodies], "int32")
        if rows.shape[1] < 2:
            continue
        inputs = {
            "visual": np.repeat(visual[None], len(rows), axis=0),
            "token_ids": rows[:, :-1],
            "padding_mask": np.ones_like(rows[:, :-1]),
        }
        logits = np.asarray(captioner(inputs), "float64")
        logits -= np.log(np.exp(logits).sum(-1, keepdims=True))
        scores = np.take_along_axis(logits, rows[:, 1:, None], axis=-1).sum((1, 2))
        found += [(tuple(row[1:]), score) for row, score in zip(rows.tolist(), scores, strict=True)]
    return sorted(found, key=lambda item: -item[1])
