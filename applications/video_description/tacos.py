"""TACoS Multilevel with a CRF's predictions of one's own.

The paper's CRF, and what it predicted for the videos, were never released: only who has such
predictions can fill Table 9 as it was published. They come as one file in the format of
`keras_lrcn.data.read_tuples`, a line for each described part of a video:

    {"id": "s34-d28.avi:201-487", "roles": {"activity": {"cut": 0.7, "peel": 0.3}, "tool": {...},
     "object": {...}, "location": {...}}}
"""

import os

from applications.video_description import tuples
from keras_lrcn.data import read_tacos
from keras_lrcn.preprocessing import SemanticRoles


class Tacos:
    """The released sentences with predicted tuples; see `DescriberRun`.

    Args:
        data: folder with `tacos/`, of `train.json`, `val.json` and `test.json`.
        predictions: the file of tuples, for all splits.
    """

    def __init__(self, data, predictions):
        folder = os.path.join(data, "tacos")
        train, val, test = (
            read_tacos(folder, split, tuples=predictions) for split in ("train", "val", "test")
        )
        self.train, self.held_out = train + val, test
        words = {}
        for example in self.train:
            for role, seen in example.roles.items():
                words.setdefault(role, set()).update([seen] if isinstance(seen, str) else seen)
        self.roles = SemanticRoles({role: sorted(seen) for role, seen in sorted(words.items())})
        self.tokenizer = tuples.tokenizer_of(self.train)

    def training_vectors(self, vectors, experiment, seed):
        """The CRF's predictions as they are: they are noisy enough."""
        return vectors

    def observations(self, experiment):
        return {"predicted": self.roles([e.roles for e in self.held_out])}
