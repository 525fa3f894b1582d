"""Fills the table of a set: single frame against LRCN, RGB, flow and both.

    python -m applications.activity.train --data DATA --work runs/activity --set ucf101_3class

Every cell is trained once for each split and seed, on cached features of the frozen CNN; what is
done is kept in `--work`, and a killed run goes on with the next cell.
"""

import argparse
import hashlib
import json
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
from tqdm import tqdm

from applications.activity.answers import MODALITIES, Answers, kept
from applications.activity.experiments import EXPERIMENTS, SETS
from applications.activity.features import build, features
from keras_lrcn.data import clip_frames, clip_starts, feature_clips

SEEDS = (0, 1, 2)


class Cell:
    """One network on the features of one stream.

    Args:
        data: str, the data folder.
        work: str, where features and results are kept.
        set_name, modality, name: which set, stream and experiment.
    """

    def __init__(self, data, work, set_name, modality, name):
        self.videos = SETS[set_name]
        self.experiment = self.videos.experiment(name)
        self.classes, self.modality, self.data = self.videos.classes, modality, data
        self.features = Segments(features(data, work, set_name, modality), self.videos, data)
        key = f"{set_name} {modality} {self.experiment}"
        digest = hashlib.sha256(key.encode()).hexdigest()[:8]
        self.folder = os.path.join(work, "cells", f"{set_name}_{modality}_{name}_{digest}")
        os.makedirs(self.folder, exist_ok=True)

    def probabilities(self, split, seed):
        """float array `(videos, classes)` for the test videos of a split, trained if need be."""

        def run():
            train, test = self.videos.split(self.data, split)
            return self.classify(self.train(train, seed), test)

        return kept(os.path.join(self.folder, f"split{split}_seed{seed}.npy"), run)

    def train(self, examples, seed):
        """Trains on the given videos. Returns the `LRCNActivity`."""
        e = self.experiment
        keras.utils.clear_session()  # a hundred cells in one process keep no graphs
        keras.utils.set_random_seed(seed)
        activity = build(self.data, self.videos, self.modality, e)
        model = activity.on_features()
        clips = feature_clips(
            self.features,
            examples,
            self.classes,
            batch_size=e.batch_size,
            clips_per_video=e.clips_per_video,
            shuffle_frames=e.shuffle_frames,
            seed=seed,
        )
        steps = len(clips) * e.epochs
        model.compile(
            keras.optimizers.AdamW(
                keras.optimizers.schedules.CosineDecay(e.learning_rate, steps, alpha=0.02),
                weight_decay=e.weight_decay,
                global_clipnorm=5.0,
            ),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            jit_compile=False,
        )
        model.fit(clips, epochs=e.epochs, verbose=0)
        return activity

    def classify(self, activity, examples):
        """Mean probabilities of the plain view's overlapping clips."""
        rows = []
        for example in examples:
            pooled = self.features.read(example.video_id)[1][0]
            features = project(activity, pooled)
            if self.experiment.shuffle_frames:
                rows.append(shuffled_probabilities(activity, features))
            else:
                rows.append(activity.classify_features(features).probabilities)
        return np.stack(rows)


class Segments:
    """Features of the frames that carry the label.

    Args:
        features: `keras_lrcn.data.VideoFeatures`.
        videos: `VideoSet`.
        data: str, the data folder.
    """

    def __init__(self, features, videos, data):
        self.features, self.videos, self.data = features, videos, data

    def read(self, video_id):
        segment = self.videos.segment(self.data, video_id)
        seconds, features = self.features.read(video_id)
        return seconds[segment], features[:, segment]


def shuffled_probabilities(activity, features, length=16, stride=8, seed=0):
    """As `classify_features`, but each clip's frames come in random order."""
    places = clip_frames(clip_starts(len(features), length, stride), len(features), length)
    places = np.random.default_rng(seed).permuted(places, axis=1)
    return activity.clip_probabilities(features[places]).mean(axis=(0, 1))


def project(activity, pooled):
    """The encoder's fully connected layers on pooled features of frames."""
    return keras.ops.convert_to_numpy(activity.backbone.visual_encoder.project(pooled))


def answers(data, work, set_name, seeds=SEEDS):
    """Trains what is missing. Returns the `Answers` on the held-out videos of every split."""
    videos, found = SETS[set_name], {}
    for name in tqdm(EXPERIMENTS, desc=set_name):
        for m in MODALITIES:
            cell = Cell(data, work, set_name, m, name)
            found[name, m] = np.stack(
                [
                    np.concatenate([cell.probabilities(split, seed) for split in videos.splits])
                    for seed in seeds
                ]
            )
    tests = [(split, e) for split in videos.splits for e in videos.split(data, split)[1]]
    labels = np.array([videos.classes.index(e.label) for _, e in tests])
    return Answers(videos.classes, labels, np.array([split for split, _ in tests]), found)


def accuracies(data, work, set_name, seeds=SEEDS):
    """Returns dict of `(model, stream)` to an array `(seeds, splits)` of video accuracies."""
    found = answers(data, work, set_name, seeds)
    return {
        (name, stream): np.stack(
            [
                found.right(name, stream)[:, found.splits == n].mean(1)
                for n in SETS[set_name].splits
            ],
            axis=1,
        )
        for name in found.models
        for stream in found.streams
    }


def table(results):
    """Markdown in the shape of Table 1: mean over splits, then mean and spread over seeds."""
    streams = list(dict.fromkeys(stream for _, stream in results))
    lines = ["| | " + " | ".join(streams) + " |", "|---" * (len(streams) + 1) + "|"]
    for name in dict.fromkeys(name for name, _ in results):
        cells = []
        for stream in streams:
            per_seed = 100 * results[name, stream].mean(axis=1)
            cells.append(f"{per_seed.mean():.1f} ± {per_seed.std():.1f}")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True)
    parser.add_argument("--work", default="runs/activity")
    parser.add_argument("--set", default="ucf101_3class", choices=SETS)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    args = parser.parse_args()
    results = accuracies(args.data, args.work, args.set, args.seeds)
    print(table(results))
    path = os.path.join(args.work, f"{args.set}.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({" ".join(key): value.tolist() for key, value in results.items()}, file, indent=1)


if __name__ == "__main__":
    main()
