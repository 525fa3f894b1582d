"""Trained describers -> small presets with their cards and measured scores.

    python -m applications.video_description.preset --data DATA --kind tuples
    python -m applications.video_description.preset --data DATA --kind videos

The scores are those of the preset as it lies on disk, reloaded, on held-out tuples or video files.
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras_lrcn
from applications.video_description import charades, grid
from applications.video_description.experiments import SHIPPED_TUPLES, SHIPPED_VIDEOS
from keras_lrcn.metrics import evaluate_captions, word_error_rate
from keras_lrcn.publishing import save_preset, score_table

COMMAND = "python -m applications.video_description"


def tuple_facts(run):
    """What the card says of the describer of Charades tuples."""
    e = run.experiment
    return {
        "description": "Describes a semantic tuple (scene, objects, actions; words or "
        "probabilities) of a scene of daily life in a sentence or a few: the LSTM decoder on CRF "
        "probabilities of LRCN's Section 6.",
        "architecture": f"probabilities of {' + '.join(map(str, run.roles.sizes))} words at every "
        f"step; embedding {e.embedding_dim}; {e.num_layers} unfactored LSTM layers of {e.units}; "
        f"{run.tokenizer.vocabulary_size()} words",
        "data": "Charades: the tuples, descriptions and scripts of 7,185 of the 7,985 training "
        "videos; the test half was never seen. Half of the tuples as they are, half through "
        "Gaussian noise, as calibrated probabilities.",
        "licence": "Weights trained on Charades: non-commercial research and education.",
        "origin": "trained by this project",
        "command": f"{COMMAND}.charades --data DATA --experiment {SHIPPED_TUPLES} --seed 0",
        "limits": "it knows what Charades acts: people indoors with household things. It sees no "
        "video, only the tuple, and adds what often goes with it, right or wrong.",
        "scores_note": f"On {len(run.held_out)} videos of the training half that nothing learnt "
        "from, one to three references each, from the preset as it lies here: the tuples as they "
        "are, and through noise that mistakes a fifth of the scenes.",
        "paper": e.paper,
        "example": '{"roles": {"scene": "kitchen", "objects": ["cup", "sink"]}}',
    }


def video_facts(run):
    """What the card says of the describer of GRID's videos."""
    e = run.experiment
    return {
        "description": "Reads the lips of GRID's speaker 1: a video of the mouth, end to end, to "
        "the six words that are said. S2VT with temporal attention.",
        "architecture": f"frames in grey, {grid.SIZE[1]}x{grid.SIZE[0]}, of which the "
        f"{grid.WINDOW[3]}x{grid.WINDOW[2]} around the mouth; a CNN of {len(e.filters)} layers on "
        f"{2 * e.context + 1} neighbouring frames; a backward LSTM and {e.num_layers} forward of "
        f"{e.units}; a decoder of {e.num_layers} with dot-product attention; "
        f"{run.tokenizer.vocabulary_size()} words",
        "data": f"GRID corpus, speaker 1: {len(run.train)} mouth videos (128x96, 75 frames, 25 "
        "fps) with their sentences and the times of their words.",
        "licence": "Weights trained on the GRID corpus (Cooke et al. 2006), CC BY 4.0.",
        "origin": "trained by this project",
        "command": f"{COMMAND}.grid --data DATA --experiment {SHIPPED_VIDEOS}",
        "limits": "one speaker, one camera, crops of one kind, and the 51 words of GRID's grammar. "
        "It is of no use on other videos, and no lip reader of other people.",
        "scores_note": f"On {len(run.held_out)} videos that nothing learnt from, from the preset "
        "as it lies here.",
        "paper": e.paper,
        "example": '"mouth.mp4"',
    }


def tuple_scores(preset, run):
    describer, scores = keras_lrcn.LRCNVideoDescriber.from_preset(preset), {}
    for name, vectors in run.held_out_vectors().items():
        sentences = describer.generate(list(vectors))
        candidates = dict(zip(run.references, sentences, strict=True))
        found = evaluate_captions(run.references, candidates, meteor=False)
        row = {k: round(v, 4) for k, v in found.items() if isinstance(v, float)}
        scores[f"held-out tuples, {name}"] = row
    return scores


def video_scores(preset, run):
    describer = keras_lrcn.LRCNVideoDescriber.from_preset(preset)
    sentences = describer.generate([e.path for e in run.held_out])
    candidates = dict(zip(run.references, sentences, strict=True))
    found = word_error_rate(run.references, candidates)
    return {"held-out videos": {name: round(found[name], 4) for name in ("WER", "exact")}}


KINDS = {
    "tuples": (charades, SHIPPED_TUPLES, tuple_facts, tuple_scores),
    "videos": (grid, SHIPPED_VIDEOS, video_facts, video_scores),
}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kind", choices=KINDS, required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--work", help="folder that the training wrote to (default: its own)")
    parser.add_argument("--output", help="default: the preset's place in the package")
    args = parser.parse_args()
    module, name, facts_of, scores_of = KINDS[args.kind]
    run = module.Run(name, args.data, args.work or module.WORK)
    run.fit()  # loads what is learnt, or learns what is missing
    output = args.output or f"keras_lrcn/pretrained/{name}"
    save_preset(run.describer, output, facts_of(run), {})
    scores = scores_of(output, run)
    save_preset(run.describer, output, facts_of(run), scores)
    print(score_table(scores))


if __name__ == "__main__":
    main()
