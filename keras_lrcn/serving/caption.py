"""One caption, whoever wrote it."""

from typing import NamedTuple


class Caption(NamedTuple):
    """One caption with its log-probabilities in nats; `finished` is False without `<eos>`."""

    text: str
    score: float
    words: tuple
    word_scores: tuple
    finished: bool
