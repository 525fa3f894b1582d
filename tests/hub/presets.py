"""Tiny presets that could be published: one of every task, and what they compute."""

import json

import numpy as np

import keras_lrcn
from tests.models.describers import make_describer
from tests.models.test_activity import make_activity

FACTS = {
    "description": "A network of a test.",
    "architecture": "a few units",
    "data": "none: its weights are random",
    "licence": "Apache-2.0.",
    "limits": "it knows nothing.",
    "command": "python -m pytest tests/hub",
    "scores_note": "None of this was measured on real data.",
    "scores": {"held-out": {"accuracy": 0.25}},
    "precision": "single",
    "example": '{"roles": {"activity": "cut"}}',
}


def save(task, folder):
    """Writes a task in single precision with the facts that its card needs."""
    task.save_to_preset(str(folder))
    entry = {**FACTS, "params": task.count_params(), "task": type(task).__name__}
    (folder / "preset.json").write_text(json.dumps(entry))
    return folder


def make_two_stream():
    streams = (make_activity(seed=1), make_activity(seed=2, modality="flow"))
    return keras_lrcn.TwoStream.from_streams(*streams)


def make_tasks(tiny_preset):
    """Dict from the name of a repository to a task with random weights."""
    return {
        "captioner": keras_lrcn.LRCNCaptioner.from_preset(tiny_preset),
        "activity": make_activity(seed=3),
        "two-stream": make_two_stream(),
        "describer": make_describer("probabilities", seed=4),
        "video-describer": make_describer("s2vt", seed=5),
    }


def answers(name, task):
    """What a user would ask of a task, from its raw inputs: a dict of arrays."""
    rng = np.random.default_rng(11)
    frames = rng.integers(0, 255, (12, 20, 24, 3), dtype="uint8")
    if name == "captioner":
        images = rng.integers(0, 255, (3, 40, 50, 3), dtype="uint8")
        details = task.generate(list(images), return_details=True)
        return _captions([c for several in details for c in several])
    if name == "describer":
        tuples = [
            {"roles": {"activity": "cut"}},
            {"roles": {"activity": "pour", "objects": ["jug"]}},
        ]
        return {"sentences": np.array(task.generate(tuples))}
    if name == "video-describer":
        return {"sentences": np.array(task.generate([frames]))}
    streams = {"rgb": task} if name == "activity" else {"rgb": task.rgb, "flow": task.flow}
    return {key: stream.classify(frames).probabilities for key, stream in streams.items()}


def _captions(captions):
    return {
        "sentences": np.array([caption.text for caption in captions]),
        "scores": np.array([caption.score for caption in captions], "float32"),
    }
