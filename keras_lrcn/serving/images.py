"""Photos -> the pixels that an exported captioner takes."""

import os

import numpy as np

from keras_lrcn.data.images import as_pixels


class ImagePreprocessor:
    """Reads and resizes photos as `keras_lrcn.LRCNCaptionerPreprocessor` does.

    Args:
        image_size: `(height, width)` in pixels, or `None` where vectors take their place.
    """

    most_at_once = 16  # images that are described together

    def __init__(self, image_size):
        self.image_size = image_size and tuple(image_size)

    def as_list(self, images):
        """Returns what `generate` was given as a list, and whether it was a single image."""
        if isinstance(images, (str, os.PathLike)):
            return [images], True
        if hasattr(images, "ndim") and images.ndim in (2, 3):
            return [np.asarray(images)], True
        return list(images), False

    def load(self, images):
        """Images of any size -> uint8 `(batch, height, width, 3)`; vectors are stacked."""
        if self.image_size is None:
            return np.asarray(images, "float32")
        return np.stack([self.resize(as_pixels(image)) for image in images])

    def resize(self, image):
        """Resizes uint8 pixels `(height, width, 3)` to the model's size, bicubic, with Pillow."""
        from PIL import Image

        if self.image_size is None or image.shape[:2] == self.image_size:
            return image
        height, width = self.image_size
        return np.asarray(Image.fromarray(image).resize((width, height), Image.BICUBIC))
