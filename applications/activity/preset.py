"""Trains a recogniser on all videos of a set and writes its preset and card.

    python -m applications.activity.preset --data DATA --work runs/activity --set fight

The card's scores are those of the same recipe on held-out splits (`applications.activity.train`),
which must have run; the preset itself has learned from every video that is there.
"""

import argparse
import json
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np

import keras_lrcn
from applications.activity.answers import FUSIONS, MODALITIES
from applications.activity.experiments import SETS
from applications.activity.train import SEEDS, Cell
from keras_lrcn.publishing import save_preset, score_table


def facts_of(set_name, stream, num_videos):
    """What the card says."""
    videos = SETS[set_name]
    e = videos.experiment("lrcn")
    sees = {"rgb": "frames", "flow": "optical flow", "two_stream": "frames and optical flow"}
    size = " and ".join(
        "x".join(map(str, getattr(videos, f"{m}_size")))
        for m in MODALITIES
        if stream in (m, "two_stream")
    )
    return {
        "description": f"Names the activity in a video ({', '.join(videos.classes)}): LRCN on "
        f"EfficientNet-Lite0 features of {sees[stream]}.",
        "architecture": f"EfficientNet-Lite0 ({size}), average pooling, "
        f"{e.visual_units} units; one LSTM layer of {e.units}; {len(videos.classes)} classes; "
        f"clips of 16 frames at {videos.fps or 25} frames a second",
        "data": f"{num_videos} videos of {videos.description}; CNN from ImageNet, frozen.",
        "licence": videos.terms,
        "origin": "trained by this project",
        "command": f"python -m applications.activity.preset --data DATA --set {set_name} "
        f"--stream {stream}",
        "limits": "it always answers with one of its classes, whatever the video shows, and knows "
        "them from a few hundred clips only. Not for surveillance of people, nor for decisions "
        "about them.",
        "scores_note": "Share of held-out videos with the right label, mean over "
        f"{len(videos.splits)} splits and {len(SEEDS)} seeds of the same recipe "
        f"(`python -m applications.activity.train --set {set_name}`). The preset has learned from "
        "all of these videos, so that it cannot be scored on them.",
        "paper": "Table 1",
    }


def scores_of(work, set_name, stream):
    """Held-out accuracies out of what `train` wrote."""
    with open(os.path.join(work, f"{set_name}.json"), encoding="utf-8") as file:
        cells = {tuple(k.split(" ", 1)): np.array(v) for k, v in json.load(file).items()}
    column = {"two_stream": list(FUSIONS)[-1]}.get(stream, stream)
    rows = {}
    for name, title in (("single", "single frame"), ("lrcn", "LRCN, as shipped")):
        per_seed = cells[name, column].mean(axis=1)
        rows[title] = {
            "accuracy": round(float(per_seed.mean()), 4),
            "spread over seeds": round(float(per_seed.std()), 4),
        }
    return rows


def train(data, work, set_name, stream, seed=0):
    """Returns a recogniser trained on every video of a set."""
    if stream == "two_stream":
        return keras_lrcn.TwoStream.from_streams(
            *(train(data, work, set_name, modality, seed) for modality in MODALITIES)
        )
    cell = Cell(data, work, set_name, stream, "lrcn")
    return cell.train(cell.videos.everything(data), seed)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True)
    parser.add_argument("--work", default="runs/activity")
    parser.add_argument("--set", required=True, choices=SETS)
    parser.add_argument("--stream", default="rgb", choices=(*MODALITIES, "two_stream"))
    parser.add_argument("--output", help="folder (default: among the package's presets)")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    kind = {"two_stream": "lrcn_two_stream"}.get(args.stream, f"lrcn_{args.stream}")
    name = f"{kind}_efficientnet_lite0_{args.set}"
    activity = train(args.data, args.work, args.set, args.stream, args.seed)
    facts = facts_of(args.set, args.stream, len(SETS[args.set].everything(args.data)))
    scores = scores_of(args.work, args.set, args.stream)
    save_preset(activity, args.output or f"keras_lrcn/pretrained/{name}", facts, scores)
    print(score_table(scores))


if __name__ == "__main__":
    main()
