"""Trains a captioner of `experiments.py` on Flickr8k.

    python -m applications.captioning.train --data DATA --work runs/captioning

DATA holds `flickr8k/`, `flickr30k_captions/` and `efficientnet_lite0/`. A killed run continues
where it was. Stages, each in a folder of its own below `--work/EXPERIMENT`:

1. activations: the frozen lower CNN over four views of every photo, once for all experiments;
2. language: the stack as a language model on Flickr30k's sentences, the image being zero;
3. frozen: captions with the CNN frozen (the paper's first phase);
4. finetune: the upper CNN too, at a rate of its own (the paper's second phase);
5. self_critical: CIDEr-D of sampled captions as reward;
6. fluency: the same with more of BLEU-4; the mean of the weights after these three stages.

`python -m applications.captioning.preset` does all this and writes the preset with its card.
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

import keras_lrcn
from applications.captioning import datasets
from applications.captioning.activations import VIEWS, cache_activations
from applications.captioning.experiments import EXPERIMENTS, SHIPPED
from applications.captioning.stages import CUT, TRAIN
from keras_lrcn.data import read_flickr8k, read_image
from keras_lrcn.metrics import evaluate_captions
from keras_lrcn.preprocessing import WordTokenizer, build_vocabulary

LENGTH = 20  # words of a caption with <eos>, the authors'
STAGES = tuple(TRAIN)


class Run:
    """What all stages of one experiment share."""

    def __init__(self, name, data, work, seed=0):
        keras.utils.set_random_seed(seed)
        self.name, self.experiment, self.seed = name, EXPERIMENTS[name], seed
        self.data, self.shared = data, os.path.join(work, "activations")
        self.folder = os.path.join(work, name if seed == 0 else f"{name}_seed{seed}")
        os.makedirs(self.shared, exist_ok=True)
        os.makedirs(self.folder, exist_ok=True)
        self.examples = {s: read_flickr8k(f"{data}/flickr8k", s) for s in ("train", "dev")}
        self.captions = [c for e in self.examples["train"] for c in e.captions]
        self.photo = np.repeat(
            np.arange(len(self.examples["train"])),
            [len(e.captions) for e in self.examples["train"]],
        )
        self.tokenizer = WordTokenizer(build_vocabulary(self.captions))
        self.unmirrored = datasets.mentions_side(self.captions)
        self.captioner = self.build()
        self.references = {e.image_id: list(e.captions) for e in self.examples["dev"]}

    def build(self, dropout=None):
        e = self.experiment
        cnn = keras_lrcn.efficientnet_lite(
            "lite0", weights=f"{self.data}/efficientnet_lite0/efficientnet_lite0_fp16.npz"
        )
        encoder = keras_lrcn.ImageEncoder(cnn, units=(e.visual_units,), activation="relu")
        backbone = keras_lrcn.LRCNCaptionerBackbone(
            self.tokenizer.vocabulary_size(),
            encoder,
            embedding_dim=e.embedding_dim,
            units=e.units,
            num_layers=e.num_layers,
            factored=e.factored,
            cell=e.cell,
            dropout=e.dropout if dropout is None else dropout,
            visual_dropout=e.visual_dropout if dropout is None else dropout,
        )
        converter = keras_lrcn.LRCNImageConverter(
            (224, 224),
            scale=1 / 128,
            offset=-127 / 128,
            interpolation="bicubic",
            antialias=True,
            crop_to_aspect_ratio=False,
        )
        preprocessor = keras_lrcn.LRCNCaptionerPreprocessor(self.tokenizer, converter, LENGTH)
        return keras_lrcn.LRCNCaptioner(backbone, preprocessor)

    @property
    def cnn(self):
        return self.captioner.backbone.visual_encoder.backbone

    def activations(self, split, views=VIEWS):
        """Activations at the cut, one array a view."""
        pixels = keras.Input((224, 224, 3))
        scaled = keras.layers.Rescaling(1 / 128, -127 / 128)(pixels)
        lower = keras.Model(self.cnn.input, self.cnn.get_layer(CUT).output)
        model = keras.Model(pixels, lower(scaled))
        return [
            cache_activations(
                self.examples[split],
                read_image,
                model,
                f"{self.shared}/{split}_{view}.npy",
                view,
                seed=VIEWS.index(view) * 100_000,
            )
            for view in views
        ]

    def upper(self):
        """The CNN above the cut, and the pooling."""
        cut = self.cnn.get_layer(CUT).output
        pooled = keras.layers.GlobalAveragePooling2D()(self.cnn.output)
        return keras.Model(cut, pooled)

    def features(self, split, views=VIEWS):
        """Pooled features of the CNN as it is now, float32 `(views, photos, 1280)`."""
        upper = self.upper()
        upper.compile(jit_compile=False)
        arrays = []
        for array in self.activations(split, views):
            batches = range(0, len(array), 64)
            parts = [upper.predict_on_batch(array[b : b + 64].astype("float32")) for b in batches]
            arrays.append(np.concatenate(parts))
        return np.stack(arrays)

    def stored_features(self, path):
        """Features of the training (all views) and dev photos, computed once and kept at `path`."""
        if not os.path.exists(path):
            train = self.features("train").astype("float16")
            np.savez(path + ".new.npz", train=train, dev=self.features("dev", ("plain",))[0])
            os.replace(path + ".new.npz", path)
        stored = np.load(path)
        return stored["train"], stored["dev"]

    def dev_scores(self, features, sampler="greedy"):
        """Free-running captions of the dev photos, scored by our coco-caption metrics."""
        captions = self.captioner.generate({"features": features}, sampler=sampler)
        captions = dict(zip(self.references, captions, strict=True))
        scores = evaluate_captions(self.references, captions, meteor=False)
        return {k: round(float(v), 4) for k, v in scores.items() if isinstance(v, float)}

    @property
    def evaluated(self):
        """The photos that are described, with their references."""
        return self.examples["dev"]

    def visual(self, stage):
        """Pooled features of these photos, float32 `(photos, 1280)`, after `reach`."""
        return self.features("dev", ("plain",))[0]

    def weights(self, stage):
        return os.path.join(self.folder, f"{stage}.weights.h5")

    def reach(self, stage):
        """Runs the stages up to this one that have not been run, and loads its weights."""
        for name in STAGES[: STAGES.index(stage) + 1]:
            self.stage(name, getattr(self.experiment, f"{name}_epochs"), TRAIN[name])

    def stage(self, name, epochs, train):
        """Runs a stage unless its weights are there, then loads them."""
        path = self.weights(name)
        if epochs and not os.path.exists(path):
            train(self, os.path.join(self.folder, name), epochs)
            self.captioner.optimizer = None
            self.captioner.save_weights(path + ".new.weights.h5")
            os.replace(path + ".new.weights.h5", path)
        if os.path.exists(path):
            self.captioner.load_weights(path)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--experiment", default=SHIPPED, choices=EXPERIMENTS)
    parser.add_argument("--data", required=True, help="folder of the data sets")
    parser.add_argument("--work", default="runs/captioning", help="folder for what is learnt")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    run = Run(args.experiment, args.data, args.work, args.seed)
    run.reach(STAGES[-1])


if __name__ == "__main__":
    main()
