"""Which of the known data sets a folder or file is, and its reader."""

import contextlib
import pathlib

from keras_lrcn.data import captions_file, coco, flickr8k, flickr30k, karpathy
from keras_lrcn.data.text_files import find_image_folder, read_json

FORMATS = ("flickr8k", "flickr30k", "coco", "karpathy", "captions")
OWN_NAMES = [f"captions.{suffix}" for suffix in ("csv", "tsv", "txt", "jsonl", "ndjson", "json")]
IMAGE_FOLDERS = ("images", "Images", ".")


def read_dataset(path, images=None, format="auto", split="all"):
    """Reads captioned images of any known format.

    Args:
        path: folder of Flickr8k or Flickr30k; a COCO or Karpathy json; a csv, json or json lines
            of one's own, or the folder that holds it as `captions.csv`, `captions.jsonl`, ...
        images: optional folder of the images. By default where the format has them; for files
            that is `images` beside the file, else the folder of the file (for COCO's
            `annotations/captions_val2014.json`: `val2014` beside `annotations`).
        format: one of `FORMATS`, or `"auto"` to look at the files.
        split: a split of the format, or `"all"`. COCO annotations and one's own captions have
            no splits.

    Returns:
        List of `CaptionedImage`.

    Raises:
        FileNotFoundError: there is nothing at `path`, or nothing that is known.
        ValueError: unknown format or split, or what the reader of the format says.

    Example:
    ```python
    examples = read_dataset("flickr8k", split="train")
    examples = read_dataset("annotations/captions_val2014.json")
    ```
    """
    path = pathlib.Path(path)
    format = detect_format(path) if format == "auto" else format
    if format == "flickr8k":
        return flickr8k.read_flickr8k(path, split, images)
    if format == "flickr30k":
        return flickr30k.read_flickr30k(path, split, images)
    if format == "karpathy":
        return karpathy.read_karpathy(path, images or _beside(path), split)
    if format not in FORMATS:
        raise ValueError(f"`format` must be one of {['auto', *FORMATS]}. Received: {format!r}.")
    if split != "all":
        raise ValueError(f'The format {format!r} has only `split="all"`. Received: {split!r}.')
    if format == "coco":
        return coco.read_coco_captions(path, images or _coco_images(path))
    file = (path.is_dir() and _own_file(path)) or path
    return captions_file.read_captions(file, images or _beside(file))


def read_splits(path, images=None, format="auto"):
    """Reads all splits that a data set has.

    Args:
        path, images, format: see `read_dataset`.

    Returns:
        Dict of the split's name to a list of `CaptionedImage`; only `"all"` for formats without
        splits. Splits whose files are not there are left out.
    """
    format = detect_format(path) if format == "auto" else format
    if format == "karpathy":
        names = karpathy.split_names(path)
    else:
        names = ("train", "dev", "test") if format.startswith("flickr") else ("all",)
    splits = {}
    for name in names:
        with contextlib.suppress(FileNotFoundError):
            splits[name] = read_dataset(path, images, format, name)
    return splits


def detect_format(path):
    """Says which format a folder or file has; see `read_dataset`.

    Returns:
        One of `FORMATS`.
    """
    path = pathlib.Path(path)
    if not path.exists():
        raise FileNotFoundError(f"No file or folder {str(path)!r}.")
    if path.is_dir():
        return _detect_folder(path)
    content = read_json(path) if path.suffix.lower() == ".json" else []
    if isinstance(content, dict):
        return "coco" if "annotations" in content else "karpathy"
    return "captions"


def _detect_folder(folder):
    tokens = flickr8k.TOKEN_FILE
    if (folder / tokens).is_file() or (folder / "Flickr8k_text" / tokens).is_file():
        return "flickr8k"
    if (folder / flickr30k.TOKEN_FILE).is_file() or (folder / "train_images.txt").is_file():
        return "flickr30k"
    if _own_file(folder):
        return "captions"
    raise FileNotFoundError(
        f"No captions known in the folder {str(folder)!r}: neither `{tokens}` (Flickr8k) nor "
        f"`{flickr30k.TOKEN_FILE}` or `train_images.txt` (Flickr30k) nor one of {OWN_NAMES}. "
        "Name the file of captions itself, for COCO and Karpathy the json."
    )


def _own_file(folder):
    return next((folder / name for name in OWN_NAMES if (folder / name).is_file()), None)


def _beside(path):
    return find_image_folder(path.parent, IMAGE_FOLDERS)


def _coco_images(path):
    by_name = path.parent.parent / path.stem.removeprefix("captions_")
    return by_name if by_name.is_dir() else _beside(path)
