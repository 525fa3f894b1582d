"""A trained captioner -> a small preset with its card and measured scores.

    python -m applications.captioning.preset --data DATA --work runs/captioning --output PRESET

The scores are those of the preset as it lies on disk, reloaded, on the dev photos' files.
"""

import argparse
import json
import os
import shutil

import h5py

import keras_lrcn
from applications.captioning.experiments import EXPERIMENTS, SHIPPED
from applications.captioning.train import STAGES, Run
from keras_lrcn.metrics import evaluate_captions
from keras_lrcn.samplers import BeamSearch

CARD = """---
library_name: keras-hub
pipeline_tag: image-to-text
license: other
tags: [keras, keras-lrcn, lrcn, image-captioning]
---
# {name}

{description}

```python
import keras_lrcn

captioner = keras_lrcn.LRCNCaptioner.from_preset("{name}")
captioner.generate("photo.jpg")
```

- **Architecture**: {architecture}. {params:,} parameters, stored in half precision.
- **Training data**: {data}
- **Terms**: {licence}
- **How it was made**: `{command}`
- **Limits**: one sentence about everyday scenes, mostly people and dogs outdoors; English; it names
  what Flickr8k often shows and is often wrong elsewhere. Not for alt text without review.

## Scores

On the 1,000 dev photos of Flickr8k with five references each, from the preset as it lies here
(`python -m applications.captioning.preset`, seed 0, two cores of an AMD EPYC, 2026-11-23). No
weight was trained on these photos, but they were watched while the recipe was made.

{scores}
"""


def save_preset(task, folder, facts, scores):
    """Writes a task as a half-precision preset with `preset.json` and a card.

    Args:
        task: a KerasHub task.
        folder: path; replaced whole, in one step, if it exists.
        facts: dict of `description`, `architecture`, `data`, `licence`, `origin`, `command`,
            `paper` for the card and the preset list.
        scores: dict from a row name to a dict of scores.
    """
    new = str(folder).rstrip("/") + ".new"
    shutil.rmtree(new, ignore_errors=True)
    task.save_to_preset(new)
    for name in ("model.weights.h5", "task.weights.h5"):
        halve(os.path.join(new, name))
    entry = {**facts, "params": task.count_params(), "task": type(task).__name__, "scores": scores}
    with open(os.path.join(new, "preset.json"), "w", encoding="utf-8") as file:
        json.dump(entry, file, indent=1)
        file.write("\n")
    name = os.path.basename(str(folder).rstrip("/"))
    card = CARD.format(name=name, **{**entry, "scores": score_table(scores)})
    with open(os.path.join(new, "README.md"), "w", encoding="utf-8") as file:
        file.write(card)
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(new, folder)


def halve(path):
    """Rewrites a Keras weights file with float16 in place of float32, compressed."""

    def copy(source, target):
        for key, value in source.attrs.items():
            target.attrs[key] = value
        for key, item in source.items():
            if isinstance(item, h5py.Group):
                copy(item, target.create_group(key))
            elif item.dtype == "float32" and item.size:
                options = {"compression": "gzip", "shuffle": True} if item.ndim else {}
                target.create_dataset(key, data=item[()].astype("float16"), **options)
            else:
                item.file.copy(item, target, key)

    with h5py.File(path, "r") as source, h5py.File(path + ".half", "w") as target:
        copy(source, target)
    os.replace(path + ".half", path)


def score_table(scores):
    """A dict of rows -> a markdown table."""
    columns = ["Bleu_1", "Bleu_2", "Bleu_3", "Bleu_4", "ROUGE_L", "CIDEr"]
    lines = ["| decoding | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for row, values in scores.items():
        cells = [f"{values[c]:.3f}" if c in values else "" for c in columns]
        lines.append(f"| {row} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


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
        "command": "python -m applications.captioning.train --data DATA",
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
    stages = [s for s in STAGES if os.path.exists(f"{run.folder}/{s}.weights.h5")]
    run.captioner.load_weights(f"{run.folder}/{stages[-1]}.weights.h5")
    run.captioner.compile(sampler=BeamSearch(5, forbidden_words=("<unk>",)))
    facts = facts_of(run, stages)
    save_preset(run.captioner, args.output, facts, {})
    scores = dev_scores(args.output, run)
    save_preset(run.captioner, args.output, facts, scores)
    print(score_table(scores))


if __name__ == "__main__":
    main()
