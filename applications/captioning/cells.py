"""What fills a table's cells: captions and scores of a trained stage, computed once and kept."""

import hashlib
import json
import os

import numpy as np
from tqdm import tqdm

from keras_lrcn.metrics import evaluate_captions, meteor_obstacle, retrieval_scores
from keras_lrcn.retrieval import score_matrix
from keras_lrcn.samplers import BeamSearch, BestOfN

RESAMPLES = 1000  # for 95 % intervals
CAPTIONS = 5  # of a photo that are looked for and looked up, as in the paper
SAMPLERS = {"greedy": BeamSearch(1)}
SAMPLERS |= {f"beam {n}": BeamSearch(n) for n in (2, 3, 4, 5, 10)}
SAMPLERS |= {
    f"best of {n}, T = {t}": BestOfN(n, 1 / t, seed=0) for n in (25, 100) for t in (1, 1.5, 2)
}


class TrainedStage:
    """A stage of a run. Trains it if it has no weights.

    Results lie in a folder named after the weights: other weights never get them.

    Args:
        run: what has `captioner`, `evaluated` (list of `CaptionedImage`), `folder`, `reach(stage)`,
            `visual(stage)` and `weights(stage)`: `train.Run` or `end_to_end.PixelRun`.
        stage: str, such as `"frozen"`.
    """

    def __init__(self, run, stage):
        self.run, self.stage = run, stage
        if not os.path.exists(run.weights(stage)):
            run.reach(stage)
        with open(run.weights(stage), "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()[:8]
        self.folder = os.path.join(run.folder, f"{stage}_{digest}")
        os.makedirs(self.folder, exist_ok=True)

    def captions(self, strategy):
        """Free-running captions of all photos, dict from image id to a sentence."""
        path = self._path(strategy)
        if not os.path.exists(path):
            found = self._captioner().generate(
                {"features": self._features()}, sampler=SAMPLERS[strategy]
            )
            ids = [example.image_id for example in self.run.evaluated]
            _write(dict(zip(ids, found, strict=True)), path)
            print(f"{self.run.name}, {self.stage}, {strategy}: described", flush=True)
        return _read(path)

    def caption_scores(self, strategy):
        """coco-caption's scores with `intervals`; METEOR where Java and its jar are."""
        path = self._path(f"{strategy}_scores")
        if os.path.exists(path) and ("METEOR" in (held := _read(path)) or meteor_obstacle()):
            return held
        references = {e.image_id: list(e.captions) for e in self.run.evaluated}
        scores = evaluate_captions(references, self.captions(strategy), num_bootstrap=RESAMPLES)
        _write(scores, path)
        return scores

    def retrieval(self, num_images):
        """Scores of retrieval both ways, with `intervals`, among the first `num_images` photos."""
        pool = self.run.evaluated[:num_images]
        captions = [caption for e in pool for caption in e.captions[:CAPTIONS]]
        log_p = score_matrix(
            self._captioner(),
            {"features": self._features()[:num_images]},
            captions,
            folder=os.path.join(self.folder, f"log_p_{len(pool)}"),
            progress=lambda blocks: tqdm(blocks, desc=f"{self.run.name}, {self.stage}"),
        )
        photo = np.repeat(np.arange(len(pool)), [len(e.captions[:CAPTIONS]) for e in pool])
        return retrieval_scores(log_p, photo, num_bootstrap=RESAMPLES)

    def _path(self, name):
        name = name.replace(", ", "_").replace(" = ", "").replace(" ", "_")
        return os.path.join(self.folder, f"{name}.json")

    def _captioner(self):
        self.run.reach(self.stage)  # the run may have been at another stage in between
        return self.run.captioner

    def _features(self):
        path = os.path.join(self.folder, "features.npy")
        if not os.path.exists(path):
            self.run.reach(self.stage)
            np.save(path + ".new.npy", self.run.visual(self.stage))
            os.replace(path + ".new.npy", path)
        return np.load(path)


def _read(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def _write(content, path):
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
    os.replace(path + ".new", path)
