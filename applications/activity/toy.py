"""Table 1 on generated motions: minutes on two cores, and no data.

A textured square moves in four directions or turns back half way
(`keras_lrcn.data.motion_clips`). A single frame says nothing; a single flow image says where the
square goes just now, but not where it came from; LRCN on either can tell.
"""

import os
from functools import partial

import numpy as np
from tqdm import tqdm

from applications.activity import motions
from applications.activity.answers import MODALITIES, Answers, kept
from keras_lrcn.data import FlowEncoding, flow_frames, motion_clips

CLASSES = motions.TASKS["with turns"]
MODELS = {"single": 0, "lrcn": 1}  # layers of LSTM
CELLS = [(name, modality) for modality in MODALITIES for name in MODELS]
MIDDLES = {"rgb": 32, "flow": 128}  # see `motions.build`
FLOW = FlowEncoding(scale=40, method="dis")  # motions of up to 3 pixels fill the range
CLIPS, EPOCHS, HELD_OUT = 2400, 8, 50  # clips to learn from in all; held out of each class


def answers(work, seeds):
    """Trains what is missing.

    Args:
        work: str, where answers are kept.
        seeds: ints. Each draws clips to learn from of its own; those held out are the same.

    Returns:
        `Answers`.
    """
    folder = os.path.join(work, "cells", f"motions_{CLIPS}_{EPOCHS}_{HELD_OUT}")
    labels = np.tile(np.arange(len(CLASSES)), HELD_OUT)
    sizes = CLIPS // len(CLASSES), EPOCHS, HELD_OUT
    found = {}
    for name, modality in tqdm(CELLS, desc="motions", unit="cell", disable=None):
        rows = []
        for seed in seeds:
            path = os.path.join(folder, f"{modality}_{name}_seed{seed}.npy")
            rows.append(kept(path, partial(probabilities, name, modality, seed, *sizes)))
        found[name, modality] = np.stack(rows)
    return Answers(CLASSES, labels, np.ones_like(labels), found)


def probabilities(name, modality, seed, per_class, epochs, held_out):
    """Trains one network. Returns float `(held-out clips, classes)`."""
    clips = seen(modality, per_class, seed=2 * seed)
    activity = motions.train(
        CLASSES, MODELS[name], seed, epochs=epochs, clips=clips, middle=MIDDLES[modality]
    )
    held_out_clips, _ = seen(modality, held_out, seed=1)  # odd: never one to learn from
    return np.stack([result.probabilities for result in activity.classify(list(held_out_clips))])


def seen(modality, per_class, seed):
    """Clips and labels as a stream sees them: sixteen frames, or the flow to each of them."""
    clips, labels = motion_clips(CLASSES, per_class, num_frames=17, seed=seed)
    if modality == "rgb":
        return clips[:, 1:], labels
    return np.stack([flow_frames(clip, FLOW) for clip in clips]), labels
