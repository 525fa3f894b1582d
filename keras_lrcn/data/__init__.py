"""Files on disk -> captioned images -> `tf.data` of raw pixels and sentences."""

from keras_lrcn.data.caption_report import CaptionReport
from keras_lrcn.data.caption_results import read_references, read_results
from keras_lrcn.data.captions_file import read_captions
from keras_lrcn.data.check import check_captions, check_dataset
from keras_lrcn.data.coco import read_coco_captions
from keras_lrcn.data.examples import CaptionedImage
from keras_lrcn.data.feature_cache import CachedFeatures, cache_features, encoder_digest
from keras_lrcn.data.flickr8k import read_flickr8k
from keras_lrcn.data.flickr30k import read_flickr30k
from keras_lrcn.data.formats import detect_format, read_dataset, read_splits
from keras_lrcn.data.images import IMAGE_SUFFIXES, ImageError, list_images, read_image
from keras_lrcn.data.karpathy import read_karpathy
from keras_lrcn.data.label_results import LabelResults, read_label_results, read_labels
from keras_lrcn.data.pipelines import captioned_images

__all__ = [
    "IMAGE_SUFFIXES",
    "CachedFeatures",
    "CaptionReport",
    "CaptionedImage",
    "ImageError",
    "LabelResults",
    "cache_features",
    "captioned_images",
    "check_captions",
    "check_dataset",
    "detect_format",
    "encoder_digest",
    "list_images",
    "read_captions",
    "read_coco_captions",
    "read_dataset",
    "read_flickr30k",
    "read_flickr8k",
    "read_image",
    "read_karpathy",
    "read_label_results",
    "read_labels",
    "read_references",
    "read_results",
    "read_splits",
]
