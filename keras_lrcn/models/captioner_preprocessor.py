"""Photos and sentences -> the captioner's tensors, and back."""

import os

import keras
import keras_hub
import numpy as np
from PIL import Image

from keras_lrcn.data.images import as_pixels
from keras_lrcn.loading import CheckedPreset
from keras_lrcn.models.captioner_backbone import LRCNCaptionerBackbone
from keras_lrcn.preprocessing import WordTokenizer, sample_middle

RESIZINGS = ("bicubic", "lrcn")


@keras.saving.register_keras_serializable(package="keras_lrcn")
class LRCNImageConverter(CheckedPreset, keras_hub.layers.ImageConverter):
    """Resizes photos and brings pixels to the visual encoder's range; travels in the preset."""

    backbone_cls = LRCNCaptionerBackbone


@keras.saving.register_keras_serializable(package="keras_lrcn")
class LRCNCaptionerPreprocessor(CheckedPreset, keras_hub.models.CausalLMPreprocessor):
    """Turns images and captions into `visual`, `token_ids`, `padding_mask` and targets.

    Args:
        tokenizer: `keras_lrcn.preprocessing.WordTokenizer`.
        image_converter: `keras_hub.layers.ImageConverter`, or `None` when the visual input is
            a vector that needs no preparation.
        sequence_length: int, words per caption with `<eos>`; longer ones are cut. Defaults to
            `20`, the authors'.
        resizing: how photos of another size than the model's are brought to it: `"bicubic"`, the
            whole photo, smoothed; or `"lrcn"`, as the authors do, see
            `keras_lrcn.preprocessing.sample_middle`. Defaults to `"bicubic"`.

    Call arguments:
        x: dict of `images` (uint8 `(batch, height, width, 3)`, or vectors without an
            `image_converter`) and `captions` (strings); one example or a batch.

    Returns:
        `(inputs, targets, weights)`: the backbone's dict, the words moved by one, 1 for each
        real word of the targets and 0 for padding.

    Example:
    ```python
    preprocessor = keras_lrcn.LRCNCaptionerPreprocessor.from_preset(
        "lrcn2f_efficientnet_lite0_flickr8k"
    )
    x, y, weights = preprocessor({"images": photos, "captions": sentences})
    ```
    """

    backbone_cls = LRCNCaptionerBackbone
    tokenizer_cls = WordTokenizer
    image_converter_cls = LRCNImageConverter
    visual_key = "images"  # of the dicts to learn from
    most_at_once = 64  # inputs that are loaded together

    def __init__(
        self, tokenizer, image_converter=None, sequence_length=20, resizing="bicubic", **kwargs
    ):
        super().__init__(tokenizer=tokenizer, sequence_length=sequence_length, **kwargs)
        if resizing not in RESIZINGS:
            raise ValueError(
                f"`resizing` must be one of {RESIZINGS}. Received: resizing={resizing!r}."
            )
        self.image_converter = image_converter
        self.resizing = resizing

    def call(self, x, y=None, sample_weight=None, sequence_length=None):
        if not isinstance(x, dict) or not {self.visual_key, "captions"} <= set(x):
            raise ValueError(
                f'The task learns from dicts with "{self.visual_key}" and "captions". Received: '
                f"{sorted(x) if isinstance(x, dict) else type(x)}."
            )
        if not self.built:
            self.build(None)
        text = super().call(x["captions"], sequence_length=sequence_length)
        inputs, targets, weights = text
        inputs["visual"] = self.convert_images(x[self.visual_key])
        return inputs, targets, weights

    def get_config(self):
        return {**super().get_config(), "resizing": self.resizing}

    def as_list(self, images):
        """Returns what `generate` was given as a list, and whether it was a single image."""
        if isinstance(images, (str, os.PathLike)):
            return [images], True
        if hasattr(images, "as_numpy_iterator"):
            return [image for batch in images.as_numpy_iterator() for image in batch], False
        if hasattr(images, "ndim") and images.ndim in (2, 3):
            return [np.asarray(images)], True
        return list(images), False

    def load(self, images):
        """A list of inputs of `generate` -> the array of visual inputs."""
        return self.load_images(images)

    def convert_images(self, images):
        """Resizes and scales a batch (or one) of pixels 0-255; vectors pass."""
        return images if self.image_converter is None else self.image_converter(images)

    def load_images(self, images):
        """Reads and resizes photos of any size, the same on every backend.

        Args:
            images: list of paths, or of uint8 arrays `(height, width[, 3])`.

        Returns:
            Array `(batch, height, width, 3)` in the model's pixel range.
        """
        if self.image_converter is None:
            return np.asarray(images, "float32")
        pixels = np.stack([self.resize(as_pixels(image)) for image in images])
        return keras.ops.convert_to_numpy(self.convert_images(pixels))

    def resize(self, image):
        """Resizes uint8 pixels `(height, width, 3)` to the model's size, which pass as they are."""
        if self.image_converter is None:
            return image
        height, width = self.image_converter.image_size
        if image.shape[:2] == (height, width):
            return image
        if self.resizing == "lrcn":
            return sample_middle(image, (height, width))
        return np.asarray(Image.fromarray(image).resize((width, height), Image.BICUBIC))

    def generate_preprocess(self, x, sequence_length=None):
        """Photos -> the dict that `generate_step` starts from."""
        return self.start_captions(self.load(x), sequence_length)

    def start_captions(self, visual, sequence_length=None):
        """Adds rows of `<bos>` and room for `sequence_length` words to visual inputs."""
        length = sequence_length or self.sequence_length
        token_ids = np.full((len(visual), length + 1), self.tokenizer.pad_token_id, "int32")
        token_ids[:, 0] = self.tokenizer.start_token_id
        mask = np.zeros_like(token_ids)
        mask[:, 0] = 1
        return {"visual": visual, "token_ids": token_ids, "padding_mask": mask}

    def generate_postprocess(self, x):
        """Turns rows of ids into sentences, written as the authors do: `A dog runs.`"""
        return [self.sentence(row) for row in np.asarray(x["token_ids"]).tolist()]

    def sentence(self, token_ids):
        """One row of ids -> a sentence; `...` marks one that never ended."""
        text = self.tokenizer.detokenize(token_ids)
        end = "." if self.tokenizer.end_token_id in token_ids else "..."
        return text[:1].upper() + text[1:] + end
