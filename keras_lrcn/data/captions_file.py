"""Captions of one's own: a csv, a json or json lines."""

import csv
import io
import json
import pathlib

from keras_lrcn.data.examples import CaptionedImage
from keras_lrcn.data.text_files import read_json, read_lines, read_text

IMAGE_COLUMNS = ("image", "image_name", "file_name", "filename", "file_path", "path")
CAPTION_COLUMNS = ("captions", "caption", "sentence", "text", "comment")


def read_captions(path, image_folder=None):
    """Reads captions of one's own.

    A **csv** (any suffix but the following; separated by comma, semicolon, tab or `|`) has a
    header and a row for each caption or image. **Json lines** (`.jsonl`, `.ndjson`) have an object
    a line, **json** (`.json`) a list of such objects. In each of them

    - `image` (or `image_name`, `file_name`, `filename`, `file_path`, `path`) is the image file;
    - `captions` is a list of strings (in a csv: as json), or `caption` (or `sentence`, `text`,
      `comment`) is one. Entries of one image are joined;
    - `image_id` is optional and defaults to what `image` says.

    Everything else is ignored, so that the output of `keras-lrcn caption` can be read too.

    Args:
        path: the file, UTF-8 with or without byte order mark.
        image_folder: folder that relative image paths start from; by default the file's own.

    Returns:
        List of `CaptionedImage`, in the order in which the images first come.

    Raises:
        ValueError: an entry lacks the image or the caption, or one `image_id` has two images;
            the message has file and line.

    Example:
    ```python
    pathlib.Path("pets.csv").write_text("image,caption\\ncat.jpg,A cat sleeps.\\n")
    read_captions("pets.csv")[0].captions  # ("A cat sleeps.",)
    ```
    """
    path = pathlib.Path(path)
    folder = path.parent if image_folder is None else pathlib.Path(image_folder)
    images, captions = {}, {}
    for place, entry in entries(path):
        image = _value(entry, IMAGE_COLUMNS, place)
        if not isinstance(image, str) or not image:
            raise ValueError(f"{place}: the image must be a file name. Received: {image!r}.")
        image_id = image if entry.get("image_id") in (None, "") else str(entry["image_id"])
        if images.setdefault(image_id, str(folder / image)) != str(folder / image):
            raise ValueError(
                f"{place}: `image_id` {image_id!r} already stands for {images[image_id]}. "
                f"Received: {image!r}."
            )
        captions.setdefault(image_id, []).extend(sentences_of(entry, place))
    return [CaptionedImage(i, images[i], tuple(captions[i])) for i in images]


def entries(path):
    """Yields pairs of where an entry stands, for messages, and the entry as a dict."""
    readers = {".jsonl": _json_lines, ".ndjson": _json_lines, ".json": _json_list}
    return readers.get(path.suffix.lower(), _csv_rows)(path)


def _json_lines(path):
    for number, line in enumerate(read_lines(path), start=1):
        if line.strip():
            yield _object(line, f"{path}, line {number}")


def _json_list(path):
    content = read_json(path)
    if not isinstance(content, list):
        raise ValueError(
            f"{path} must hold a list of objects with `image` and `captions`. COCO's and "
            "Karpathy's files have readers of their own, `read_coco_captions`, `read_karpathy`."
        )
    for number, entry in enumerate(content, start=1):
        yield _checked_object(entry, f"{path}, entry {number}")


def _csv_rows(path):
    text = read_text(path)
    header = text.partition("\n")[0]
    separator = max(",;\t|", key=header.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    names = [name.strip() for name in next(rows, [])]
    for row in rows:
        place = f"{path}, line {rows.line_num}"
        if len(row) > len(names):
            raise ValueError(
                f"{place}: {len(row)} cells under {len(names)} names. Put captions with "
                f"{separator!r} in double quotes. Received: {row}."
            )
        if row:
            yield place, dict(zip(names, row, strict=False))


def _object(line, place):
    try:
        return _checked_object(json.loads(line), place)
    except json.JSONDecodeError as error:
        raise ValueError(f"{place}: not JSON ({error}).") from error


def _checked_object(entry, place):
    if not isinstance(entry, dict):
        raise ValueError(f"{place}: expected an object. Received: {entry!r}.")
    return place, entry


def _value(entry, columns, place):
    for column in columns:
        if column in entry:
            return entry[column]
    raise ValueError(f"{place}: expected one of {list(columns)}. Received: {list(entry)}.")


def sentences_of(entry, place):
    """The captions of one entry: a list of strings, the best first."""
    value = _value(entry, CAPTION_COLUMNS, place)
    if isinstance(value, str) and value.startswith('["'):
        value = json.loads(value)  # a csv cell with a list
    sentences = [value] if isinstance(value, str) else value
    if isinstance(sentences, list):  # n-best of `keras-lrcn caption`: objects with `caption`
        sentences = [s.get("caption") if isinstance(s, dict) else s for s in sentences]
    if not isinstance(sentences, list) or not all(isinstance(s, str) for s in sentences):
        raise ValueError(f"{place}: captions must be strings. Received: {value!r}.")
    return sentences
