"""Karpathy's `dataset_{flickr8k,flickr30k,coco}.json`: captions and splits in one file."""

import pathlib

from keras_lrcn.data.examples import CaptionedImage
from keras_lrcn.data.text_files import read_json


def read_karpathy(json_path, image_folder, split="train"):
    """Reads one split of a Karpathy json.

    Args:
        json_path: path of the json.
        image_folder: path of the images; for COCO the folder that holds `train2014` and
            `val2014`, since the entries have a `filepath`.
        split: a split that the file has, usually `"train"`, `"val"`, `"test"`, and for COCO
            `"restval"`; several joined by plus, as in `"train+restval"` (what published COCO
            systems train on); or `"all"`. `"dev"` means `"val"`.

    Returns:
        List of `CaptionedImage` in file order. `image_id` is the COCO id where there is one,
        else the file name.

    Raises:
        ValueError: the file has not this form or not this split.

    Example:
    ```python
    train = read_karpathy("dataset_coco.json", "coco", split="train+restval")
    ```

    Reference: Karpathy and Fei-Fei 2015; `cs.stanford.edu/people/karpathy/deepimagesent`.
    """
    entries = _read_entries(json_path)
    there = sorted({entry["split"] for entry in entries})
    wanted = there if split == "all" else split.split("+")
    wanted = ["val" if name == "dev" and "dev" not in there else name for name in wanted]
    if not set(wanted) <= set(there):
        raise ValueError(
            f'`split` must be one of {there} of {json_path}, several joined by "+", or "all". '
            f"Received: {split!r}."
        )
    folder = pathlib.Path(image_folder)
    return [_example(entry, folder) for entry in entries if entry["split"] in wanted]


def split_names(json_path):
    """The splits that a Karpathy json has, sorted."""
    return sorted({entry["split"] for entry in _read_entries(json_path)})


def _example(entry, folder):
    return CaptionedImage(
        image_id=str(entry.get("cocoid", entry["filename"])),
        path=str(folder / entry.get("filepath", "") / entry["filename"]),
        captions=tuple(sentence["raw"] for sentence in entry["sentences"]),
    )


def _read_entries(json_path):
    content = read_json(json_path)
    entries = content.get("images") if isinstance(content, dict) else None
    if not entries or any(key not in entries[0] for key in ("split", "sentences", "filename")):
        raise ValueError(
            f"{json_path} must be one of Karpathy's `dataset_*.json`: `images`, each with "
            "`filename`, `split` and `sentences`. COCO's own files need `read_coco_captions`."
        )
    return entries
