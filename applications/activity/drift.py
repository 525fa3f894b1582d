"""How right a stream is, the longer it runs: the state renewed in clips, or carried for ever.

    python -m applications.activity.drift --data DATA --work runs/activity --set ucf101_3class

Each held-out video of a split is played forth and back until it fills the stream, and every frame
is judged alone. Prints one row for each span of frames.
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
from tqdm import tqdm

from applications.activity.answers import MODALITIES
from applications.activity.experiments import SETS
from applications.activity.train import Cell, project

SPANS = ((0, 16), (16, 64), (64, 256), (256, 1024))  # frames


def forth_and_back(features, length):
    """Repeats frames as a pendulum, so that no cut shows."""
    swing = np.concatenate([features, features[-2:0:-1]])
    return swing[np.arange(length) % len(swing)]


def right_frames(activity, features, label):
    """bool array `(policies, time)`: whether each frame of a stream is judged right."""
    length = SPANS[-1][1]
    stream = forth_and_back(features, length)
    timelines = [
        activity.classify_features(stream, clip_length=clip_length).timeline
        for clip_length in (activity.preprocessor.clip_length, length)
    ]
    return np.array([timeline.argmax(-1) == label for timeline in timelines])


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True)
    parser.add_argument("--work", default="runs/activity")
    parser.add_argument("--set", default="ucf101_3class", choices=SETS)
    parser.add_argument("--modality", default="rgb", choices=MODALITIES)
    parser.add_argument("--split", type=int, default=1)
    args = parser.parse_args()
    cell = Cell(args.data, args.work, args.set, args.modality, "lrcn")
    train, test = cell.videos.split(args.data, args.split)
    activity = cell.train(train, seed=0)
    rows = []
    for example in tqdm(test, unit="video", disable=None):
        features = project(activity, cell.features.read(example.video_id)[1][0])
        rows.append(right_frames(activity, features, cell.classes.index(example.label)))
    right, fps = np.mean(rows, axis=0), cell.videos.fps or 25
    print("| frames | seconds | renewed in clips | carried |\n|---|---|---|---|")
    for start, end in SPANS:
        shares = " | ".join(f"{100 * policy[start:end].mean():.1f}" for policy in right)
        print(f"| {start}-{end} | {start / fps:.0f}-{end / fps:.0f} | {shares} |")


if __name__ == "__main__":
    main()
