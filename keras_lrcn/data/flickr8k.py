"""Flickr8k (Hodosh, Young and Hockenmaier 2013): a token file, three split lists, 8,000 photos."""

import pathlib

from keras_lrcn.data.examples import CaptionedImage
from keras_lrcn.data.images import IMAGE_SUFFIXES
from keras_lrcn.data.text_files import find_image_folder, read_lines, read_names

SPLIT_LISTS = {
    "train": "Flickr_8k.trainImages.txt",
    "dev": "Flickr_8k.devImages.txt",
    "test": "Flickr_8k.testImages.txt",
}
TOKEN_FILE = "Flickr8k.token.txt"
IMAGE_FOLDERS = ("images", "Images", "Flicker8k_Dataset", "Flickr8k_Dataset")


def read_flickr8k(folder, split="train", images=None):
    """Reads one split of Flickr8k.

    The ids of the token file that are no image file are skipped: the release has captions of
    `2258277193_586949ec62.jpg.1`, a picture that it does not contain. The two archives may be
    unpacked side by side (`Flickr8k_text/`, `Flicker8k_Dataset/`) or into one folder.

    Args:
        folder: path with `Flickr8k.token.txt`, the split lists and a folder of images.
        split: `"train"`, `"dev"`, `"test"`, or `"all"` for every captioned image, listed or not.
        images: folder of the images; by default `images` or `Flicker8k_Dataset` in `folder`.

    Returns:
        List of `CaptionedImage` in the order of the split list (`"all"`: of the token file).

    Raises:
        FileNotFoundError: the token file or the split's list is missing.
        ValueError: `split` is none of the four, or a listed image has no caption.

    Example:
    ```python
    train = read_flickr8k("flickr8k", "train")
    train[0].captions  # five sentences
    ```

    Reference: `readme.txt` of the release.
    """
    if split != "all" and split not in SPLIT_LISTS:
        raise ValueError(
            f"`split` must be one of {[*SPLIT_LISTS, 'all']} for Flickr8k. Received: {split!r}."
        )
    folder = pathlib.Path(folder)
    captions = read_token_file(_find(folder, TOKEN_FILE, "the captions"))
    if split == "all":
        names = list(captions)
    else:
        split_list = _find(folder, SPLIT_LISTS[split], f"the names of the {split!r} images")
        names = read_names(split_list)
        check_captioned(names, captions, split_list)
    images = find_image_folder(folder, IMAGE_FOLDERS) if images is None else pathlib.Path(images)
    return [CaptionedImage(name, str(images / name), tuple(captions[name])) for name in names]


def read_token_file(path):
    """Reads lines of `image.jpg#0<tab>sentence` into a dict, image name to list of sentences.

    Only line feeds end a line: a caption may hold U+2028 and its kind. Ids without an image's
    suffix are skipped.

    Args:
        path: the token file of Flickr8k or Flickr30k, UTF-8.

    Returns:
        Dict of str to list of str, in file order.

    Raises:
        ValueError: a line has no tab or no `#`; the message has file and line number.
    """
    captions = {}
    for number, line in enumerate(read_lines(path), start=1):
        key, tab, sentence = line.partition("\t")
        name, hash_sign, _ = key.rpartition("#")
        if not (tab and hash_sign):
            raise ValueError(
                f"{path}, line {number}: expected `image.jpg#0<tab>sentence`. Received: {line!r}."
            )
        if pathlib.PurePath(name).suffix.lower() in IMAGE_SUFFIXES:
            captions.setdefault(name, []).append(sentence)
    return captions


def _find(folder, name, meaning):
    """Path of a text file, beside the images or in the folder that the archive makes."""
    for candidate in (folder / name, folder / "Flickr8k_text" / name):
        if candidate.is_file():
            return candidate
    there = [n for n in SPLIT_LISTS if (folder / SPLIT_LISTS[n]).is_file()]
    raise FileNotFoundError(
        f"Flickr8k needs `{name}` ({meaning}), and {folder} has none"
        + (f" (splits with a list there: {there})" if there else "")
        + ". It is part of Flickr8k_text.zip; unpack it there, or give the folder that has it."
    )


def check_captioned(names, captions, split_list):
    """Refuses a split list with images that nobody described: it belongs to other captions."""
    silent = [name for name in names if name not in captions]
    if silent:
        raise ValueError(
            f"{len(silent)} of {len(names)} images in {split_list} have no caption, the first: "
            f"{silent[0]!r}. Take the captions and the split lists from one release."
        )
