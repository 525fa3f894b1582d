"""A captioner of `experiments.py` -> a small preset with its card and measured scores.

    python -m applications.captioning.preset --data DATA --work runs/captioning --output PRESET

What is not trained yet is trained first. The scores are those of the preset as it lies on disk,
reloaded, on the dev photos' files.
"""

import argparse
import os

import keras_lrcn
from applications.captioning.experiments import EXPERIMENTS, SHIPPED
from applications.captioning.train import STAGES, Run
from keras_lrcn.metrics import evaluate_captions
from keras_lrcn.publishing import save_preset, score_table
from keras_lrcn.samplers import BeamSearch


def facts_of(run, stages):
    """What the card says about an experiment."""
    e = run.experiment
    return {
        "description": "Describes a photo in a sentence: LRCN, two layers, factored, on "
        "EfficientNet-Lite0 features, fine-tuned on Flickr8k.",
        "architecture": f"EfficientNet-Lite0 (224x224), average pooling, {e.visual_units} units; "
        f"embedding {e.embedding_dim}; {e.num_layers} {e.cell.upper()} layers of {e.units}, image "
        f"at layer {2 if e.factored else 1}; {run.tokenizer.vocabulary_size()} words",
        "data": "Flickr8k, the 6,000 training photos with their captions (the dev photos only to "
        "watch the training); CNN from ImageNet; language model on the captions of Flickr30k's "
        "training photos, those of Flickr8k's dev and test photos left out.",
        "licence": "Weights trained on Flickr8k: non-commercial research and education. The "
        "ImageNet weights that the CNN started from: Apache-2.0.",
        "origin": "trained by this project",
        "command": "python -m applications.captioning.preset --data DATA",
        "limits": "one sentence about everyday scenes, mostly people and dogs outdoors; English; "
        "it names what Flickr8k often shows and is often wrong elsewhere. Not for alt text without "
        "review.",
        "scores_note": "On the 1,000 dev photos of Flickr8k with five references each, from the "
        "preset as it lies here (`python -m applications.captioning.preset`). No weight learned "
        "from these photos, but they were watched while the recipe was made.",
        "paper": e.paper,
        "stages": [f"{s}: {getattr(e, s + '_epochs')} epochs" for s in stages],
    }


def dev_scores(preset, run):
    """Scores of the preset on disk, on the files of the dev photos."""
    captioner = keras_lrcn.LRCNCaptioner.from_preset(preset)
    paths = [e.path for e in run.examples["dev"]]
    scores = {}
    for name, sampler in {"greedy": "greedy", "beam 5": None}.items():
        captions = captioner.generate(paths, sampler=sampler)
        rows = evaluate_captions(run.references, dict(zip(run.references, captions, strict=True)))
        scores[f"dev, {name}"] = {k: round(v, 4) for k, v in rows.items() if k != "signature"}
    return scores


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--experiment", default=SHIPPED, choices=EXPERIMENTS)
    parser.add_argument("--data", required=True)
    parser.add_argument("--work", default="runs/captioning")
    parser.add_argument("--output", default=f"keras_lrcn/pretrained/{SHIPPED}")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    run = Run(args.experiment, args.data, args.work, args.seed)
    run.reach(STAGES[-1])
    stages = [s for s in STAGES if os.path.exists(run.weights(s))]
    run.captioner.compile(sampler=BeamSearch(5, forbidden_words=("<unk>",)))
    facts = facts_of(run, stages)
    save_preset(run.captioner, args.output, facts, {})
    scores = dev_scores(args.output, run)
    save_preset(run.captioner, args.output, facts, scores)
    print(score_table(scores))


if __name__ == "__main__":
    main()
