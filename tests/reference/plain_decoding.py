"""Beam search and sampling as a textbook tells them: one caption at a time, nothing left out."""

import numpy as np


class PlainDecoder:
    """Decodes one visual vector with forward calls of the model on whole beginnings."""

    def __init__(self, captioner, visual, length, forbidden=(0, 1), end=2, start=1):
        self.captioner, self.visual, self.length = captioner, visual, length
        self.forbidden, self.end, self.start = list(forbidden), end, start
        self.known = {}

    def log_probabilities(self, words):
        """Float64 array `(vocabulary,)`: of the word after these."""
        if words not in self.known:
            ids = np.array([[self.start, *words]], "int32")
            inputs = {"visual": self.visual[None], "token_ids": ids, "padding_mask": ids}
            logits = np.asarray(self.captioner(inputs), "float64")[0, -1]
            self.known[words] = logits - np.log(np.exp(logits).sum())
        return self.known[words]

    def is_caption(self, words):
        return len(words) == self.length or words[-1:] == (self.end,)

    def beam_search(self, num_beams, length_penalty=0.0):
        """The beams at the end, `[(words, score)]`, best first."""

        def rank(beam):
            return beam[1] / max(len(beam[0]), 1) ** length_penalty

        beams = [((), 0.0)]
        while not all(self.is_caption(words) for words, _ in beams):
            longer = [beam for beam in beams if self.is_caption(beam[0])]
            for words, score in beams:
                if not self.is_caption(words):
                    scores = self.log_probabilities(words)
                    longer += [
                        ((*words, word), score + scores[word])
                        for word in range(len(scores))
                        if word not in self.forbidden
                    ]
            beams = sorted(longer, key=rank, reverse=True)[:num_beams]
        return beams

    def sample(self, uniform, temperature):
        """One caption, `(words, score)`; the k-th word is drawn with `uniform[k + 1]`."""
        words, score = (), 0.0
        while not self.is_caption(words):
            scores = self.log_probabilities(words)
            probabilities = np.exp(scores / temperature)
            probabilities[self.forbidden] = 0
            cumulative = np.cumsum(probabilities)
            word = int(np.sum(cumulative <= uniform[len(words) + 1] * cumulative[-1]))
            words, score = (*words, word), score + scores[word]
        return words, score
