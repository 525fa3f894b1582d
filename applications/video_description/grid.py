"""Trains describers of GRID's mouth videos, end to end, and scores them on held-out videos.

    python -m applications.video_description.grid --data DATA --experiment s2vt_grid_s1

DATA holds `grid_s1/`. Without `--experiment` all of `VIDEO_EXPERIMENTS` are trained. A killed run
continues where it was, and what is done is not done again.
"""

import argparse
import json
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

import keras_lrcn
from applications.video_description import grid_videos
from applications.video_description.experiments import VIDEO_EXPERIMENTS
from keras_lrcn.metrics import word_error_rate
from keras_lrcn.preprocessing import WordTokenizer, build_vocabulary
from keras_lrcn.samplers import BeamSearch

SIZE, WINDOW = (96, 128), (40, 40, 48, 64)  # of the frames, and where the mouth is in them
WORK = "runs/grid"
LENGTH = 10  # words that `generate` writes at the most


class Run:
    """One experiment with one seed."""

    def __init__(self, name, data, work, seed=0):
        keras.utils.set_random_seed(seed)
        self.name, self.experiment, self.seed = name, VIDEO_EXPERIMENTS[name], seed
        self.folder = os.path.join(work, name if seed == 0 else f"{name}_seed{seed}")
        self.work = work
        os.makedirs(self.folder, exist_ok=True)
        self.train, self.held_out = grid_videos.split_grid(data)
        sentences = [e.captions[0] for e in self.train]
        self.tokenizer = WordTokenizer(build_vocabulary(sentences, min_count=1))
        self.references = {e.video_id: list(e.captions) for e in self.held_out}
        self.describer = self.build()

    def build(self):
        e = self.experiment
        backbone = keras_lrcn.LRCNVideoDescriberBackbone(
            self.tokenizer.vocabulary_size(),
            self.build_encoder(),
            embedding_dim=e.embedding_dim,
            units=e.units,
            num_layers=e.num_layers,
            dropout=e.dropout,
        )
        converter = keras_lrcn.LRCNImageConverter(SIZE, scale=1 / 64, offset=-2.0)
        preprocessor = keras_lrcn.LRCNVideoDescriberPreprocessor(
            self.tokenizer,
            converter,
            streams=("grey",),
            window=WINDOW,
            sequence_length=LENGTH,
        )
        sampler = BeamSearch(5, forbidden_words=("<unk>",))
        return keras_lrcn.LRCNVideoDescriber(backbone, preprocessor, sampler=sampler)

    def build_encoder(self):
        e = self.experiment
        if e.encoder == "none":
            return keras_lrcn.MeanPoolEncoder(frame_shape=(1,))
        if e.encoder == "mean":
            cnn = mouth_cnn((*WINDOW[2:], 1), e.filters, e.frame_units)
            return keras_lrcn.MeanPoolEncoder(cnn)
        cnn = mouth_cnn((*WINDOW[2:], 2 * e.context + 1), e.filters, e.frame_units)
        return keras_lrcn.S2VTEncoder(
            cnn,
            context=e.context,
            embedding_dim=None,
            units=e.units,
            num_layers=e.num_layers,
            bidirectional=e.bidirectional,
            attention=e.attention,
            dropout=e.dropout,
        )

    def training_model(self):
        """The describer, with which word is spoken in each frame as a second output."""
        encoder, inputs = self.describer.backbone.visual_encoder, self.describer.input
        features = encoder(inputs["visual"])
        hidden = self.describer.backbone.describe(features, inputs["token_ids"])
        outputs = {"words": self.describer.predict_words(hidden)}
        if self.experiment.frames_weight:
            size = self.tokenizer.vocabulary_size()
            outputs["frames"] = keras.layers.Dense(size, name="frames")(features["memory"])
        return keras.Model(inputs, outputs)

    def fit(self):
        e, model = self.experiment, self.training_model()
        steps = len(self.train) // e.batch_size * e.epochs
        rate = keras.optimizers.schedules.CosineDecay(
            e.rate / 10, steps, alpha=0.01, warmup_target=e.rate, warmup_steps=100
        )
        losses = {"words": keras_lrcn.CaptionLoss(e.label_smoothing)}
        if e.frames_weight:
            losses["frames"] = keras_lrcn.CaptionLoss(e.label_smoothing)
        model.compile(
            keras.optimizers.AdamW(rate, weight_decay=1e-3, global_clipnorm=5.0),
            losses,
            loss_weights={k: e.frames_weight if k == "frames" else 1.0 for k in losses},
            metrics={k: "sparse_categorical_accuracy" for k in losses},
            jit_compile=False,
        )
        batches = self.training_batches()

        def data(epoch):
            keep = lambda x, y: (x, {name: y[name] for name in losses})  # noqa: E731
            return batches([self.seed, epoch]).map(keep)

        def score(epoch, logs):
            if (epoch + 1) % 10 and epoch + 1 < e.epochs:
                return {}
            scores = self.held_out_scores()
            print("  held out:", json.dumps(scores), flush=True)
            return scores

        keras_lrcn.fit_resumable(model, data, e.epochs, self.folder, score, verbose=2)

    def training_batches(self):
        """Returns a function, seed -> the batches of one epoch."""
        e = self.experiment
        if e.encoder == "none":
            ids = grid_videos.sentence_ids(self.train, self.tokenizer)
            return lambda seed: grid_videos.blind_batches(ids, e.batch_size, seed)
        frames = grid_videos.decode(self.train, os.path.join(self.work, "grid_train.npy"))
        preprocessor = self.describer.preprocessor
        spoken = grid_videos.Spoken(self.train, frames, self.tokenizer, preprocessor)
        return lambda seed: spoken.batches(e.batch_size, seed, e.shuffled)

    def held_out_scores(self, change=lambda video: video):
        """Word error rate and exact sentences of the held-out files, as `generate` writes them."""
        if self.experiment.encoder == "none":
            videos = {"features": np.zeros((len(self.held_out), 1, 1), "float32")}
        else:
            read = self.describer.preprocessor.read_frames
            videos = [change(read(e.path)) for e in self.held_out]
        sentences = self.describer.generate(videos)
        candidates = dict(zip(self.references, sentences, strict=True))
        scores = word_error_rate(self.references, candidates)
        return {name: round(scores[name], 4) for name in ("WER", "exact")}

    def scores(self):
        """The rows of the README's table, kept in the run's folder."""
        path = os.path.join(self.folder, "scores.json")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                return json.load(file)
        rng = np.random.default_rng(0)
        if self.experiment.encoder == "none":
            rows = {"no video": self.held_out_scores()}
        elif self.experiment.shuffled:
            rows = {"shuffled frames": self.held_out_scores(rng.permutation)}
        else:
            rows = {"videos": self.held_out_scores()}
            rows["shuffled frames"] = self.held_out_scores(rng.permutation)
        with open(path + ".new", "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=1)
        os.replace(path + ".new", path)
        return rows


def mouth_cnn(shape, filters, units):
    """A small CNN of one frame (and its neighbours, as channels)."""
    image = keras.Input(shape)
    x = image
    for index, width in enumerate(filters):
        size, strides = (5, 2) if index == 0 else (3, 2 if index < 3 else 1)
        x = keras.layers.Conv2D(width, size, strides=strides, padding="same", use_bias=False)(x)
        x = keras.layers.BatchNormalization(momentum=0.9)(x)
        x = keras.layers.ReLU()(x)
    x = keras.layers.Dropout(0.3)(keras.layers.Flatten()(x))
    x = keras.layers.Dense(units, use_bias=False)(x)
    x = keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.9)(x))
    return keras.Model(image, x, name="mouth_cnn")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--experiment", choices=VIDEO_EXPERIMENTS, help="default: all of them")
    parser.add_argument("--data", required=True, help="folder of the data sets")
    parser.add_argument("--work", default=WORK, help="folder for what is learnt")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    for name in [args.experiment] if args.experiment else VIDEO_EXPERIMENTS:
        run = Run(name, args.data, args.work, args.seed)
        run.fit()
        for row, scores in run.scores().items():
            print(f"| {name}, {row} | {scores['WER']:.3f} | {scores['exact']:.2f} |", flush=True)


if __name__ == "__main__":
    main()
