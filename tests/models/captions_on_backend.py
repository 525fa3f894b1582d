"""Prints, as one json line, what a preset says about inputs on the backend of KERAS_BACKEND.

Inputs are photos of one size (.npy), videos (.npz) or semantic tuples (.json).
"""

import json
import sys

import keras
import numpy as np

import keras_lrcn
from keras_lrcn.samplers import BeamSearch, BestOfN


def read_inputs(path):
    if path.endswith(".json"):
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    stored = np.load(path)
    return list(stored.values()) if path.endswith(".npz") else list(stored)


def main(task, preset, path):
    captioner = getattr(keras_lrcn, task).from_preset(preset)
    photos = read_inputs(path)
    said = {"backend": keras.backend.backend()}
    for name, sampler in {
        "greedy": "greedy",
        "beam": BeamSearch(3, no_repeat_ngram=2),
        "best of n": BestOfN(10, seed=0),
    }.items():
        captions = captioner.generate(photos, sampler=sampler, return_details=True)
        said[name] = [c[0].text for c in captions]
        said[f"{name} scores"] = [c[0].score for c in captions]
    said["score"] = captioner.score(photos, said["greedy"]).tolist()
    print(json.dumps(said))


if __name__ == "__main__":
    main(*sys.argv[1:])
