"""Captioned images -> `tf.data` of raw pixels and sentences, cropped and mirrored by batch."""

import itertools
import re
import warnings

from keras_lrcn.data.epochs import CaptionEpochs
from keras_lrcn.data.image_store import ErrorReport, ImageStore

SIDES = re.compile(r"\b(left|right)\b", re.IGNORECASE)


def captioned_images(
    examples,
    image_size,
    batch_size=32,
    training=False,
    crop=None,
    mirror=False,
    one_caption_per_image=False,
    crop_to_aspect_ratio=False,
    seed=0,
    initial_epoch=0,
    cache=None,
    on_error="raise",
):
    """Makes a dataset of images and captions.

    Images are decoded and resized to 8-bit pixels first, and this is what a cache keeps; then
    shuffled over the whole set, cropped, mirrored and prefetched. All that is random comes from
    `seed` and the epoch: each iteration over the dataset is one epoch, counted from
    `initial_epoch`, so a training that resumes at epoch 7 sees what it would have seen.

    Args:
        examples: list of `CaptionedImage`. Those without captions are left out.
        image_size: int or `(height, width)` in pixels that each image is resized to. The paper's
            authors resize to 256 and crop 227.
        batch_size: int. The last batch of an epoch may be smaller.
        training: whether to shuffle, crop at random and mirror. If not, the order is that of
            `examples`, the crop is the centre, and nothing is mirrored.
        crop: `None`; or `(height, width)` in pixels, a window at a random place; or a float, the
            smallest share of the image's area that a window covers, which is then resized back
            to `image_size` (in training only).
        mirror: whether half of the images are mirrored, in training. `True` warns of captions
            that say left or right; `"safe"` spares their images.
        one_caption_per_image: whether an epoch has each image once, with a caption drawn anew
            (not `training`: its first). By default it has each pair of image and caption.
        crop_to_aspect_ratio: whether the first resizing cuts what does not fit the shape of
            `image_size`, instead of squashing.
        seed: int.
        initial_epoch: int, the epoch of the first iteration.
        cache: `None` decodes each time; `"memory"`, or a folder, decodes each image once. An
            image takes height x width x 3 bytes: 1.2 GB for 6,000 of 256 x 256.
        on_error: `"raise"`; or `"skip"`, which leaves broken images out with a warning for each;
            or a function that gets the `ImageError` of each broken image once, to collect them.

    Returns:
        `tf.data.Dataset` of `{"images": uint8 (batch, height, width, 3), "captions": string
        (batch,)}`.

    Raises:
        ValueError: an argument is out of range, or no image is left.
        ImageError: an image is broken, with `on_error="raise"` and a cache; without one it
            comes during iteration, as an error of TensorFlow with the same text.

    Example:
    ```python
    train = captioned_images(
        read_flickr8k("flickr8k", "train"), 256, training=True, crop=(227, 227), mirror="safe"
    )
    ```

    Reference: the authors' `lrcn.prototxt`: ImageData of 256 x 256, crop_size 227, mirror. It
    mirrors when testing as well; we do not.
    """
    size = _pair(image_size)
    crop = _checked_crop(crop, size)
    report = ErrorReport(on_error)
    if batch_size < 1:
        raise ValueError(f"`batch_size` must be at least 1. Received: {batch_size}.")
    if mirror not in (False, True, "safe"):
        raise ValueError(f'`mirror` must be a boolean or "safe". Received: {mirror!r}.')
    if training and mirror is True:
        _warn_of_sides(examples)
    examples = [example for example in examples if example.captions]
    store = ImageStore([example.path for example in examples], size, crop_to_aspect_ratio)
    if cache is not None:
        store = store.cached(cache)
        for row, error in sorted(store.errors.items()):
            report(error)
            examples[row] = None
    epochs = CaptionEpochs(
        examples=examples,
        store=store,
        report=report,
        crop=crop,
        training=training,
        mirror=(lambda text: not SIDES.search(text)) if mirror == "safe" else mirror,
        one_caption_per_image=one_caption_per_image,
        batch_size=batch_size,
        seed=seed,
    )
    may_shrink = cache is None and on_error != "raise"
    return _to_tf_data(epochs, initial_epoch, may_shrink)


def _to_tf_data(epochs, initial_epoch, may_shrink):
    import tensorflow as tf

    numbers = itertools.count(initial_epoch)

    def load(rows, captions, boxes, mirrored):
        images, kept = tf.numpy_function(epochs.load, [rows, boxes, mirrored], [tf.uint8, tf.bool])
        images.set_shape((None, *epochs.out_size, 3))
        kept.set_shape((None,))
        return {"images": images, "captions": tf.boolean_mask(captions, kept)}

    signature = (
        tf.TensorSpec((None,), "int64"),
        tf.TensorSpec((None,), "string"),
        tf.TensorSpec((None, 4), "float32"),
        tf.TensorSpec((None,), "bool"),
    )
    dataset = tf.data.Dataset.from_generator(
        lambda: epochs.plan(next(numbers)), output_signature=signature
    )
    dataset = dataset.map(load, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    if may_shrink:  # a batch may turn out to hold broken images only
        dataset = dataset.filter(lambda batch: tf.size(batch["captions"]) > 0)
    else:
        dataset = dataset.apply(tf.data.experimental.assert_cardinality(len(epochs)))
    return dataset.prefetch(tf.data.AUTOTUNE)


def _pair(image_size):
    size = (image_size, image_size) if isinstance(image_size, int) else tuple(image_size)
    if len(size) != 2 or min(size) < 1:
        raise ValueError(
            f"`image_size` must be an int or `(height, width)` in pixels. Received: {image_size!r}."
        )
    return size


def _checked_crop(crop, size):
    if crop is None:
        return None
    if isinstance(crop, float) and 0 < crop <= 1:
        return crop
    if not isinstance(crop, (int, float)):
        crop = tuple(crop)
        if len(crop) == 2 and 1 <= crop[0] <= size[0] and 1 <= crop[1] <= size[1]:
            return crop
    raise ValueError(
        f"`crop` must be `(height, width)` within `image_size={size}`, or a float in (0, 1], the "
        f"smallest share of the area. Received: {crop!r}."
    )


def _warn_of_sides(examples):
    sided = [text for example in examples for text in example.captions if SIDES.search(text)]
    if sided:
        warnings.warn(
            f"{len(sided)} captions say left or right, and a mirrored image makes them wrong, as "
            f'in {sided[0]!r}. `mirror="safe"` does not mirror their images.',
            stacklevel=3,
        )
