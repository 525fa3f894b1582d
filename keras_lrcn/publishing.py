"""A trained task -> a small preset with its card and measured scores."""

import json
import os
import shutil

import h5py

CARD = """---
library_name: keras-hub
pipeline_tag: {pipeline_tag}
license: other
tags: [keras, keras-lrcn, lrcn, {tag}]
---
# {name}

{description}

```python
{snippet}
```

- **Architecture**: {architecture}. {params:,} parameters, stored in {precision} precision.
- **Training data**: {data}
- **Terms**: {licence}
- **How it was made**: `{command}`
- **Limits**: {limits}

## Scores

{scores_note}

{scores}
"""

# What the card says about a kind of task: Hub pipeline, tag, and a snippet that runs.
TASKS = {
    "LRCNCaptioner": (
        "image-to-text",
        "image-captioning",
        "import keras_lrcn\n\n"
        'captioner = keras_lrcn.LRCNCaptioner.from_preset("{name}")\n'
        'captioner.generate("photo.jpg")',
    ),
    "LRCNActivity": (
        "video-classification",
        "activity-recognition",
        "import keras_lrcn\n\n"
        'activity = keras_lrcn.LRCNActivity.from_preset("{name}")\n'
        'activity.classify("video.mp4", top=3)',
    ),
    "TwoStream": (
        "video-classification",
        "activity-recognition",
        "import keras_lrcn\n\n"
        'two_stream = keras_lrcn.TwoStream.from_preset("{name}")\n'
        'two_stream.classify("video.mp4", top=3)',
    ),
    "LRCNVideoDescriber": (
        "video-text-to-text",
        "video-description",
        "import keras_lrcn\n\n"
        'describer = keras_lrcn.LRCNVideoDescriber.from_preset("{name}")\n'
        "describer.generate({example})",
    ),
}


def save_preset(task, folder, facts, scores):
    """Writes a task as a half-precision preset with `preset.json` and a card.

    Args:
        task: a KerasHub task.
        folder: path; replaced whole, in one step, if it exists.
        facts: dict of `description`, `architecture`, `data`, `licence`, `limits`, `origin`,
            `command`, `paper` and `scores_note` (how the scores were measured) for the card and
            the preset list; for a describer also `example`, the Python text of an input.
        scores: dict from a row name to a dict of scores.

    Example:
    ```python
    save_preset(captioner, "presets/mine", facts, {"dev, greedy": {"CIDEr": 0.53}})
    ```
    """
    new = str(folder).rstrip("/") + ".new"
    shutil.rmtree(new, ignore_errors=True)
    task.save_to_preset(new)
    for path, _, names in os.walk(new):
        for name in names:
            if name.endswith(".weights.h5"):
                halve(os.path.join(path, name))
    entry = {**facts, "params": task.count_params(), "task": type(task).__name__, "scores": scores}
    with open(os.path.join(new, "preset.json"), "w", encoding="utf-8") as file:
        json.dump(entry, file, indent=1)
        file.write("\n")
    with open(os.path.join(new, "README.md"), "w", encoding="utf-8") as file:
        file.write(card(os.path.basename(str(folder).rstrip("/")), entry))
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(new, folder)


def card(name, entry):
    """Returns the text of a preset's card.

    Args:
        name: str, the preset's name.
        entry: dict, the content of its `preset.json`.
    """
    pipeline_tag, tag, snippet = TASKS[entry["task"]]
    snippet = snippet.format(name=name, example=entry.get("example", ""))
    return CARD.format(
        **{"precision": "half", **entry, "scores": score_table(entry["scores"])},
        name=name,
        pipeline_tag=pipeline_tag,
        tag=tag,
        snippet=snippet,
    )


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
    """A dict of rows -> a markdown table; METEOR and what is no number stay out of it."""
    if not scores:
        return ""
    columns = list(dict.fromkeys(c for row in scores.values() for c in row if c != "METEOR"))
    lines = ["| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for row, values in scores.items():
        cells = [f"{values[c]:.3f}" if c in values else "" for c in columns]
        lines.append(f"| {row} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
