"""Trains a captioner of `experiments.py` on Flickr8k and writes a preset.

    python -m applications.captioning.train --data DATA --work runs/captioning

DATA holds `flickr8k/`, `flickr30k_captions/` and `efficientnet_lite0/`. A killed run continues
where it was. Stages, each in a folder of its own below `--work/EXPERIMENT`:

1. activations: the frozen lower CNN over four views of every photo, once for all experiments;
2. language: the stack as a language model on Flickr30k's sentences, the image being zero;
3. frozen: captions with the CNN frozen (the paper's first phase);
4. finetune: the upper CNN too, at a rate of its own (the paper's second phase);
5. self_critical: CIDEr-D of sampled captions as reward;
6. preset: half precision, with its card.
"""

import argparse
import json
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
from keras import ops
from tqdm import tqdm

import keras_lrcn
from applications.captioning import datasets
from applications.captioning.activations import VIEWS, cache_activations
from applications.captioning.experiments import EXPERIMENTS, SHIPPED
from keras_lrcn.data import read_flickr8k, read_image
from keras_lrcn.metrics import CiderD, evaluate_captions, sentence_bleu4, tokenize_ptb
from keras_lrcn.preprocessing import WordTokenizer, build_vocabulary
from keras_lrcn.self_critical import SelfCritical

CUT = "block3b_"  # the CNN up to here stays as ImageNet left it
LENGTH = 20  # words of a caption with <eos>, the authors'
STAGES = ("language", "frozen", "finetune", "self_critical")
KEPT = 0.75  # of the self-critical weights; the rest are those from before that stage
SHORT = 16  # words in training batches: most captions fit, and steps are a fifth cheaper


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


def optimizer(peak, steps, clip=5.0, weight_decay=1e-4, rates=None, warmup=100):
    schedule = keras.optimizers.schedules.CosineDecay(
        peak / 10, steps, alpha=0.02, warmup_target=peak, warmup_steps=warmup
    )
    return keras_lrcn.RatedAdamW(
        schedule, weight_decay=weight_decay, global_clipnorm=clip, rates=rates
    )


def train_language(run, folder, epochs):
    """The stack as a language model: Flickr30k's sentences and the training captions."""
    sentences = datasets.read_sentences(f"{run.data}/flickr30k_captions") + run.captions
    ids = datasets.caption_ids(sentences, run.tokenizer, SHORT)
    batch = run.experiment.batch_size
    model = run.captioner.on_features()
    steps = len(ids) // batch * epochs
    model.compile(optimizer(1.5e-3, steps), keras_lrcn.CaptionLoss(), jit_compile=False)
    width = model.input["visual"].shape[-1]

    def data(epoch):
        return datasets.language_batches(ids, width, batch, run.seed + epoch)

    keras_lrcn.fit_resumable(model, data, epochs, folder, verbose=2)


def train_frozen(run, folder, epochs):
    """Captions on cached features: the CNN is frozen."""
    features, dev = run.stored_features(f"{run.shared}/imagenet_features.npz")
    ids = datasets.caption_ids(run.captions, run.tokenizer, SHORT)
    batch = run.experiment.batch_size
    model = run.captioner.on_features()
    steps = len(ids) // batch * epochs
    loss = keras_lrcn.CaptionLoss(run.experiment.label_smoothing)
    model.compile(optimizer(1e-3, steps), loss, jit_compile=False)

    def data(epoch):
        seed = run.seed * 1000 + epoch
        return datasets.feature_batches(features, run.photo, ids, run.unmirrored, batch, seed)

    def score(epoch, logs):
        return _report(run.dev_scores(dev))

    keras_lrcn.fit_resumable(model, data, epochs, folder, score, verbose=2)


def finetune_model(run):
    """Activations of a photo and its captions -> word logits."""
    activations = keras.Input(run.cnn.get_layer(CUT).output.shape[1:], name="visual")
    words = keras.Input((5, SHORT), dtype="int32", name="token_ids")
    mask = keras.Input((5, SHORT), dtype="int32", name="padding_mask")
    visual = run.captioner.backbone.visual_encoder.project(run.upper()(activations))
    visual = ops.repeat(visual, 5, axis=0)
    hidden = run.captioner.backbone.describe(visual, ops.reshape(words, (-1, SHORT)))
    logits = ops.reshape(
        run.captioner.predict_words(hidden), (-1, 5, SHORT, run.tokenizer.vocabulary_size())
    )
    inputs = {"visual": activations, "token_ids": words, "padding_mask": mask}
    return keras.Model(inputs, logits)


def freeze_normalization(layer):
    for inner in layer._flatten_layers():
        if isinstance(inner, keras.layers.BatchNormalization):
            inner.trainable = False


def train_finetune(run, folder, epochs):
    """The upper CNN learns too; the lower CNN and its normalization stay."""
    train = [np.array(a) for a in run.activations("train")]
    ids = datasets.caption_ids(run.captions, run.tokenizer, SHORT).reshape(len(train[0]), 5, -1)
    unmirrored = run.unmirrored.reshape(-1, 5).any(axis=1)
    freeze_normalization(run.cnn)
    model, batch = finetune_model(run), 32
    steps = len(ids) // batch * epochs
    rates = {r"^(stem|block|top)": 0.15}
    model.compile(
        optimizer(6e-4, steps, rates=rates),
        keras_lrcn.CaptionLoss(run.experiment.label_smoothing),
        jit_compile=False,
    )

    def data(epoch):
        seed = run.seed * 1000 + epoch
        return datasets.photo_batches(train, ids, unmirrored, batch, seed)

    def score(epoch, logs):
        return _report(run.dev_scores(run.features("dev", ("plain",))[0]))

    keras_lrcn.fit_resumable(model, data, epochs, folder, score, verbose=2)


def train_self_critical(run, folder, epochs):
    """Sampled captions rewarded by CIDEr-D and a little BLEU-4; the CNN is as it was tuned."""
    features, dev = run.stored_features(f"{run.folder}/finetuned_features.npz")
    names = [e.image_id for e in run.examples["train"]]
    # With <eos> as a word, captions that break off ("a dog in the") earn less.
    words = {e.image_id: [tokenize_ptb(c) for c in e.captions] for e in run.examples["train"]}
    cider = CiderD({name: [c + ["<eos>"] for c in words[name]] for name in names})

    def reward(rows, captions):
        bleu = [
            sentence_bleu4(c[:-1], words[names[r]]) for r, c in zip(rows, captions, strict=True)
        ]
        return cider.scores([names[r] for r in rows], captions) + 0.5 * np.array(bleu)

    tuned = run.captioner.get_weights()
    student = run.build(dropout=0.0)  # dropout would make the policy differ from the sampler's
    _copy_weights(run.captioner, student)
    steps = len(names) // 32 * epochs
    stage = SelfCritical(
        student, reward, optimizer(1.5e-4, steps, weight_decay=0.0), max_length=SHORT
    )
    views = np.array([not u for u in run.unmirrored.reshape(-1, 5).any(axis=1)])

    def train_epoch(epoch):
        rng = np.random.default_rng(run.seed * 1000 + epoch)
        view = rng.integers(len(features), size=len(names))
        view = np.where(views, view, view // 2 * 2)
        visual = features[view, np.arange(len(names))].astype("float32")
        return stage.train_epoch(visual, seed=epoch, progress=tqdm)

    def score(epoch, logs):
        _copy_weights(student, run.captioner)
        return _report(run.dev_scores(dev))

    keras_lrcn.run_resumable(stage.model, train_epoch, epochs, folder, score)
    rewarded = student.get_weights()
    mean = [KEPT * a + (1 - KEPT) * b for a, b in zip(rewarded, tuned, strict=True)]
    run.captioner.set_weights(mean)
    _report(run.dev_scores(dev))


TRAIN = {
    "language": train_language,
    "frozen": train_frozen,
    "finetune": train_finetune,
    "self_critical": train_self_critical,
}


def _copy_weights(source, target):
    target.set_weights(source.get_weights())  # seeds apart, whatever is frozen


def _report(scores):
    print("  dev, greedy:", json.dumps(scores), flush=True)
    return scores


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
