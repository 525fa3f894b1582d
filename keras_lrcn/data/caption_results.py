"""What is scored: references of images or videos, and one sentence each by some system."""

import os
import pathlib

from keras_lrcn.data.captions_file import CAPTION_COLUMNS, IMAGE_COLUMNS, entries, sentences_of
from keras_lrcn.data.examples import CaptionedImage
from keras_lrcn.data.formats import detect_format, read_dataset
from keras_lrcn.data.text_files import read_json

ID_COLUMNS = ("image_id", "video_id")
FILE_COLUMNS = (*IMAGE_COLUMNS, "video", "input")  # "input" is what `describe` writes
SENTENCE_COLUMNS = (*CAPTION_COLUMNS[1:], "description")


def read_references(path, images=None, split="all"):
    """Reads the references of images whose files need not be there.

    Args:
        path: an annotation file as COCO's, `{"images": [{"id"}], "annotations": [{"image_id",
            "caption"}]}`, where `file_name` of an image is optional; json lines, a json list or a
            csv with `image_id`, `video_id`, `image` or `video` and a sentence a row; or a file or
            folder of any other format that `read_dataset` knows.
        images: optional folder of the images, see `read_dataset`.
        split: see `read_dataset`.

    Returns:
        List of `CaptionedImage` in the order of the file's images; `path` is empty where the
        file does not name it.

    Raises:
        ValueError: an image without captions, or captions of an image that is not listed, by id.

    Example:
    ```python
    references = {e.image_id: list(e.captions) for e in read_references("captions_val2014.json")}
    ```
    """
    path = pathlib.Path(path)
    format = detect_format(path)
    if split == "all" and format == "captions" and path.is_file():
        return _read_rows(path, images)
    if split != "all" or format != "coco":
        return read_dataset(path, images, format, split)
    names, captions = _read_annotations(read_json(path), path)
    bare = [image_id for image_id, texts in captions.items() if not texts]
    if bare:
        raise ValueError(
            f"{path}: {len(bare)} images have no caption to compare with, the first: {bare[:10]}. "
            "Take them out of `images`."
        )
    folder = pathlib.Path(images or "")
    paths = {i: str(folder / name) if name else "" for i, name in names.items()}
    return [CaptionedImage(i, paths[i], tuple(captions[i])) for i in names]


def _read_annotations(content, path):
    """The annotation file as two dicts of the id: file name or `None`, list of captions."""
    names = {str(_field(i, "id", path)): i.get("file_name") for i in content.get("images", [])}
    captions = {image_id: [] for image_id in names}
    for annotation in content["annotations"]:
        image_id = str(_field(annotation, "image_id", path))
        if image_id not in captions:
            raise ValueError(f"{path}: image {image_id!r} has captions but is not in `images`.")
        captions[image_id].append(_caption(annotation, path))
    return names, captions


def _read_rows(path, images):
    """A sentence a row, or a list of them."""
    paths, captions = {}, {}
    for place, entry in entries(path):
        image_id, file = _names(entry, place)
        paths.setdefault(image_id, str(pathlib.Path(images or path.parent) / file) if file else "")
        many = "captions" in entry
        sentences = sentences_of(entry, place) if many else [_caption(entry, place)]
        captions.setdefault(image_id, []).extend(sentences)
    return [CaptionedImage(i, paths[i], tuple(captions[i])) for i in captions]


def read_results(path, references=()):
    """Reads one caption an image, as any system may have written them.

    Args:
        path: COCO's results, a `.json` list of `{"image_id", "caption"}`; or json lines or a csv
            with such columns, as `keras-lrcn caption` writes them, where the best of several is
            `caption`; of videos with `video_id` or `video`.
        references: the `CaptionedImage` to compare with. Results that name an image file and no
            id belong to the one whose file has that name.

    Returns:
        Dict from image id (a string) to caption.

    Raises:
        ValueError: an id that comes twice, or a caption that is no string.

    Example:
    ```python
    candidates = read_results("results.json")
    ```
    """
    path = pathlib.Path(path)
    known = {reference.image_id for reference in references}
    by_file = {os.path.basename(example.path): example.image_id for example in references}
    results = {}
    for place, entry in entries(path):
        image_id = _image_id(entry, known, by_file, place)
        if image_id in results:
            raise ValueError(f"{place}: image {image_id!r} comes twice; it must have one caption.")
        results[image_id] = _caption(entry, place)
    return results


def _image_id(entry, known, by_file, place):
    image_id, file = _names(entry, place)
    return (
        image_id if image_id in known or not file else by_file.get(os.path.basename(file), image_id)
    )


def _names(entry, place):
    """The id of an entry, which defaults to its file, and its file or `None`."""
    image_id = next((entry[c] for c in ID_COLUMNS if entry.get(c) not in (None, "")), None)
    file = next((entry[c] for c in FILE_COLUMNS if entry.get(c)), None)
    if image_id is None and file is None:
        names = [*ID_COLUMNS, "image", "video"]
        raise ValueError(f"{place}: expected one of {names}. Received: {entry!r}.")
    return str(file if image_id is None else image_id), file and str(file)


def _caption(entry, place):
    """The caption as it is: text that looks like a list is a caption too."""
    caption = next((entry[column] for column in SENTENCE_COLUMNS if column in entry), None)
    if not isinstance(caption, str):
        raise ValueError(f"{place}: expected a string as `caption`. Received: {entry!r}.")
    return caption


def _field(entry, name, path):
    if not isinstance(entry, dict) or name not in entry:
        raise ValueError(f"{path}: expected an object with `{name}`. Received: {entry!r}.")
    return entry[name]
