"""COCO captions (Chen et al. 2015): `captions_train2014.json` and its kind."""

import pathlib

from keras_lrcn.data.examples import CaptionedImage
from keras_lrcn.data.text_files import read_json


def read_coco_captions(json_path, image_folder, ids=None):
    """Reads an annotation file of COCO captions.

    The annotations have numeric image ids; the file names come from the `images` list of the
    same file. Images without a caption are left out.

    Args:
        json_path: path of the annotations, such as `annotations/captions_val2014.json`.
        image_folder: path of the images, such as `val2014`.
        ids: optional iterable of image ids (int or str), to read these only, in this order: the
            published splits of val2014 are such lists.

    Returns:
        List of `CaptionedImage`, in the order of `ids` or of the `images` list. `image_id` is
        the number as a string, as the evaluation server wants it.

    Raises:
        ValueError: the file is no caption annotation, or the ids of its lists do not match.

    Example:
    ```python
    val = read_coco_captions("annotations/captions_val2014.json", "val2014")
    ```
    """
    names, captions = _read_annotations(json_path)
    ids = [image_id for image_id in names if image_id in captions] if ids is None else ids
    ids = [str(image_id) for image_id in ids]
    unknown = [image_id for image_id in ids if image_id not in captions]
    if unknown:
        raise ValueError(
            f"`ids` must be among the captioned images of {json_path}. Received {len(unknown)} "
            f"that are not, the first: {unknown[0]!r}."
        )
    folder = pathlib.Path(image_folder)
    return [CaptionedImage(i, str(folder / names[i]), tuple(captions[i])) for i in ids]


def _read_annotations(json_path):
    """The annotation file as two dicts of the id: file name, list of captions."""
    content = read_json(json_path)
    annotations = content.get("annotations") if isinstance(content, dict) else None
    if not annotations or "images" not in content or "caption" not in annotations[0]:
        raise ValueError(
            f"{json_path} must be COCO's `captions_*.json`, with `images` and, in `annotations`, "
            "captions. Files of instances, keypoints or of the test images hold none."
        )
    names = {str(image["id"]): image["file_name"] for image in content["images"]}
    captions = {}
    for annotation in annotations:
        captions.setdefault(str(annotation["image_id"]), []).append(annotation["caption"])
    strangers = [image_id for image_id in captions if image_id not in names]
    if strangers:
        raise ValueError(
            f"{json_path}: {len(strangers)} captioned ids are not in its `images` list, the "
            f"first: {strangers[0]!r}. The file is not whole; fetch it again."
        )
    return names, captions
