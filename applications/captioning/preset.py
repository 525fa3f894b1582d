"""A trained captioner -> a small preset with its card."""

import json
import os
import shutil

import h5py

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
