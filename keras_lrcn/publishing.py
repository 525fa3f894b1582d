"""A trained task -> a small preset with its card and measured scores."""

import json
import os
import pathlib
import shutil

import h5py

CARD = """---
{front_matter}
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

# A column of scores -> the Hub's id of the metric, and its arguments.
METRICS = {f"Bleu_{order}": ("bleu", {"max_order": order}) for order in (1, 2, 3, 4)}
METRICS |= {
    "ROUGE_L": ("rouge", {"rouge_types": ["rougeL"]}),
    "CIDEr": ("cider", {}),
    "WER": ("wer", {}),
    "accuracy": ("accuracy", {}),
    "exact": ("exact_match", {}),
}
# Rows that set the scores off: they are not the preset's own, unless there are no others.
CONTROLS = ("single frame", "frames shuffled")
# How the name of a preset ends -> what its data is called.
DATA_SETS = {
    "flickr8k": "Flickr8k",
    "flickr30k": "Flickr30k",
    "coco": "COCO captions",
    "coco_finetuned": "COCO captions",
    "charades": "Charades",
    "tacos": "TACoS Multilevel",
    "msvd": "MSVD",
    "ucf101": "UCF101",
    "ucf101_3class": "UCF101, three classes",
    "fight": "Surveillance Camera Fight",
    "grid_s1": "GRID corpus, speaker 1",
    "motions": "generated motions of a square",
}

# What the card says about a kind of task: Hub pipeline, tags, and a snippet that runs.
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
        "video-text-to-text",  # the nearest: the Hub has no task for describing videos
        "video-description video-captioning",
        "import keras_lrcn\n\n"
        'describer = keras_lrcn.LRCNVideoDescriber.from_preset("{name}")\n'
        "describer.generate({example})",
    ),
}


def save_preset(task, folder, facts, scores, name=None):
    """Writes a task as a preset with `preset.json` and a card, its weights in half precision.

    Args:
        task: a KerasHub task.
        folder: path; replaced whole, in one step, if it exists.
        facts: dict of `description`, `architecture`, `data`, `licence`, `limits`, `origin`,
            `command`, `paper` and `scores_note` (how the scores were measured) for the card and
            the preset list; for a describer also `example`, the Python text of an input. With
            `precision` as `"single"` not a number is rounded.
        scores: dict from a row name to a dict of scores.
        name: str, the preset's name. Defaults to that of the folder.

    Example:
    ```python
    save_preset(captioner, "presets/mine", facts, {"dev, greedy": {"CIDEr": 0.53}})
    ```
    """
    folder = str(folder).rstrip("/")
    new = folder + ".new"
    shutil.rmtree(new, ignore_errors=True)
    task.save_to_preset(new)
    if facts.get("precision") != "single":
        for path in pathlib.Path(new).rglob("*.weights.h5"):
            halve(str(path))
    entry = {**facts, "params": task.count_params(), "task": type(task).__name__, "scores": scores}
    with open(os.path.join(new, "preset.json"), "w", encoding="utf-8") as file:
        json.dump(entry, file, indent=1)
        file.write("\n")
    write_card(new, name or os.path.basename(folder), entry)
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(new, folder)


def write_card(folder, name, entry, handle=None):
    """Writes `README.md`, and `LICENSE` where the terms are none that the Hub has an id for.

    Args:
        folder: path.
        name, entry, handle: see `card`.
    """
    texts = {"README.md": card(name, entry, handle)}
    if licence_id(entry) == "other":
        texts["LICENSE"] = f"Terms of {name}\n\n{entry['licence']}\n"
    for file_name, text in texts.items():
        with open(os.path.join(folder, file_name), "w", encoding="utf-8") as file:
            file.write(text)


def card(name, entry, handle=None):
    """Returns the text of a preset's card.

    Args:
        name: str, the preset's name.
        entry: dict, the content of its `preset.json`.
        handle: str, what the card's snippet loads; by default the name.
    """
    _, _, snippet = TASKS[entry["task"]]
    return CARD.format(
        **{"precision": "half", **entry, "scores": score_table(entry["scores"])},
        name=name,
        front_matter=front_matter(name, entry),
        snippet=snippet.format(name=handle or name, example=entry.get("example", "")),
    )


def front_matter(name, entry):
    """Returns what the Hub reads of a card, as YAML without the dashes around it."""
    from huggingface_hub import ModelCardData

    pipeline_tag, tags, _ = TASKS[entry["task"]]
    facts = {"license": licence_id(entry)}
    if facts["license"] == "other":
        facts |= {"license_name": "terms-of-the-training-data", "license_link": "LICENSE"}
    if entry.get("datasets"):
        facts["datasets"] = entry["datasets"]
    if results := eval_results(name, entry):
        facts |= {"eval_results": results, "model_name": name}
        facts["metrics"] = list(dict.fromkeys(result.metric_type for result in results))
    return ModelCardData(
        library_name="keras-hub",
        pipeline_tag=pipeline_tag,
        tags=["keras", "keras-lrcn", "lrcn", *tags.split()],
        **facts,
    ).to_yaml()


def licence_id(entry):
    """The Hub's id of the terms: `licence_id`, or what `licence` says in so many words."""
    plain = {"apache-2.0.": "apache-2.0", "mit.": "mit", "cc by 4.0.": "cc-by-4.0"}
    return entry.get("licence_id") or plain.get(entry["licence"].lower(), "other")


def eval_results(name, entry):
    """Returns the scores as `huggingface_hub.EvalResult`, those that are metrics of the Hub.

    Args:
        name: str, whose end tells the data set; `entry["dataset"]`, a dict of `type` and `name`,
            goes before it.
        entry: dict, the content of `preset.json`.
    """
    from huggingface_hub import EvalResult

    ends = [end for end in DATA_SETS if name.endswith(f"_{end}")]
    end = max(ends, key=len, default=None)
    data_set = entry.get("dataset") or {
        "type": end or "other",
        "name": DATA_SETS.get(end, "see the card"),
    }
    return [
        EvalResult(
            task_type=TASKS[entry["task"]][0],
            dataset_type=data_set["type"],
            dataset_name=data_set["name"],
            metric_type=METRICS[column][0],
            metric_args=METRICS[column][1] or None,
            metric_value=value,
            metric_name=f"{column} ({row})",
        )
        for row, values in own_scores(entry["scores"]).items()
        for column, value in values.items()
        if column in METRICS
    ]


def own_scores(scores):
    """The rows that are scores of the preset itself, without the controls."""
    own = {row: values for row, values in scores.items() if row not in CONTROLS}
    return own or scores


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
