"""Flickr30k (Young et al. 2014), in the two forms that are about: one token file, or Multi30k."""

import gzip
import pathlib

from keras_lrcn.data.examples import CaptionedImage
from keras_lrcn.data.flickr8k import check_captioned, read_token_file
from keras_lrcn.data.text_files import find_image_folder, read_names

TOKEN_FILE = "results_20130124.token"
IMAGE_FOLDERS = ("images", "flickr30k-images", "flickr30k_images")
SPLITS = {"train": "train", "dev": "val", "val": "val", "test": "test"}
MULTI30K_NAMES = {"train": "train", "val": "val", "test": "test_2016"}


def read_flickr30k(folder, split="train", images=None):
    """Reads one split of Flickr30k.

    Two layouts are known by their files. **Multi30k, task 2**: `train_images.txt` and five
    line-aligned `train.1.en` ... `train.5.en` (or `.gz`), and so for `val` and `test_2016`.
    **The original**: `results_20130124.token`; its splits are the lists `train.txt`, `val.txt`,
    `test.txt` of Flickr30k Entities, names with or without `.jpg`.

    Args:
        folder: path of the caption files.
        split: `"train"`, `"dev"` (also `"val"`), `"test"`, or `"all"` for everything there is.
        images: folder of the images; by default `images` or `flickr30k-images` in `folder`. It
            need not exist where only the sentences are wanted.

    Returns:
        List of `CaptionedImage` in file order.

    Raises:
        FileNotFoundError: the folder has neither layout, or not this split.
        ValueError: `split` is unknown, or the files of a split have different numbers of lines.

    Reference: Elliott et al. 2016, "Multi30K"; `readme.txt` of the Flickr30k release.
    """
    if split != "all" and split not in SPLITS:
        raise ValueError(
            f"`split` must be one of {[*SPLITS, 'all']} for Flickr30k. Received: {split!r}."
        )
    folder = pathlib.Path(folder)
    read = _read_original if (folder / TOKEN_FILE).is_file() else _read_multi30k
    captions = read(folder, split if split == "all" else SPLITS[split])
    images = find_image_folder(folder, IMAGE_FOLDERS) if images is None else pathlib.Path(images)
    return [CaptionedImage(name, str(images / name), tuple(captions[name])) for name in captions]


def _read_original(folder, split):
    captions = read_token_file(folder / TOKEN_FILE)
    if split == "all":
        return captions
    split_list = folder / f"{split}.txt"
    if not split_list.is_file():
        raise FileNotFoundError(
            f"The split {split!r} of Flickr30k needs `{split_list.name}` in {folder}, one image "
            "name a line. Take it from Flickr30k Entities, or read `dataset_flickr30k.json` with "
            '`read_karpathy`, or ask for `split="all"`.'
        )
    names = [name if name.endswith(".jpg") else f"{name}.jpg" for name in read_names(split_list)]
    check_captioned(names, captions, split_list)
    return {name: captions[name] for name in names}


def _read_multi30k(folder, split):
    prefixes = MULTI30K_NAMES.values() if split == "all" else [MULTI30K_NAMES[split]]
    there = [prefix for prefix in prefixes if (folder / f"{prefix}_images.txt").is_file()]
    if not there:
        raise FileNotFoundError(
            f"Flickr30k needs `{TOKEN_FILE}` or Multi30k's `{[*prefixes][0]}_images.txt` with "
            f"`{[*prefixes][0]}.1.en` to `.5.en`, and {folder} has neither."
        )
    return {name: lines for prefix in there for name, lines in _aligned(folder, prefix).items()}


def _aligned(folder, prefix):
    names = read_names(folder / f"{prefix}_images.txt")
    columns = [_caption_lines(folder, f"{prefix}.{number}.en") for number in range(1, 6)]
    lengths = [len(column) for column in columns]
    if set(lengths) != {len(names)}:
        raise ValueError(
            f"The files of Multi30k's {prefix!r} must have one line an image, {len(names)}. "
            f"Received: {lengths} lines in `{prefix}.1.en` to `{prefix}.5.en` of {folder}."
        )
    return dict(zip(names, zip(*columns, strict=True), strict=True))


def _caption_lines(folder, name):
    for path, open_file in ((folder / name, open), (folder / f"{name}.gz", gzip.open)):
        if path.is_file():
            with open_file(path, "rt", encoding="utf-8-sig", newline="\n") as file:
                return [line.rstrip("\r\n") for line in file]
    raise FileNotFoundError(f"Multi30k needs `{name}` or `{name}.gz`, and {folder} has neither.")
