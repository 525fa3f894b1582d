"""Files on disk -> captioned images -> `tf.data` of raw pixels and sentences."""

from keras_lrcn.data.examples import CaptionedImage
from keras_lrcn.data.flickr8k import read_flickr8k
from keras_lrcn.data.images import IMAGE_SUFFIXES, ImageError, list_images, read_image

__all__ = [
    "IMAGE_SUFFIXES",
    "CaptionedImage",
    "ImageError",
    "list_images",
    "read_flickr8k",
    "read_image",
]
