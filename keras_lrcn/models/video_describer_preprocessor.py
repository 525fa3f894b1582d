"""Videos or semantic tuples, and sentences -> the describer's tensors, and back."""

import os

import keras
import numpy as np

from keras_lrcn.data import FlowEncoding, flow_frames, read_video, resize_pixels
from keras_lrcn.models.captioner_preprocessor import LRCNCaptionerPreprocessor
from keras_lrcn.models.video_describer_backbone import LRCNVideoDescriberBackbone
from keras_lrcn.preprocessing import pad_frames

STREAMS = {"rgb": 3, "grey": 1, "flow": 3}  # channels
GREY = np.array([0.299, 0.587, 0.114], "float32")  # of red, green and blue
MEMORY = 2**29  # bytes of frames that are loaded together


@keras.saving.register_keras_serializable(package="keras_lrcn")
class LRCNVideoDescriberPreprocessor(LRCNCaptionerPreprocessor):
    """Turns videos or semantic tuples, and sentences, into the tensors of the describer.

    A video becomes `(time, height, width, channels)`, the channels being those of its streams
    one after another: colours, grey, or the images of its optical flow. Tuples become the
    probabilities of all words of all roles.

    Args:
        tokenizer: `keras_lrcn.preprocessing.WordTokenizer`.
        image_converter: `keras_lrcn.LRCNImageConverter` for the frames, or `None` for tuples
            and for features of frames.
        roles: `keras_lrcn.preprocessing.SemanticRoles`, or `None` for videos.
        streams: names of the streams, of `"rgb"`, `"grey"`, `"flow"`. Defaults to `("rgb",)`.
        window: `(top, left, height, width)`, the part of the resized frames that the model sees,
            in pixels; `None` for all. Defaults to `None`.
        flow_encoding: dict, `to_config` of the `keras_lrcn.data.FlowEncoding` that the flow's
            images have; `None` for the authors'.
        frame_rate: float, frames per second that are taken of a video file; `None` takes all.
        max_frames: int, frames that are taken of a video at the most, evenly spaced. Defaults
            to `300`.
        sequence_length: int, words per sentence with `<eos>`; longer ones are cut. Defaults to
            `20`.

    Call arguments:
        x: dict of `visual`, an array as `load` makes it, and `captions` (strings).

    Returns:
        `(inputs, targets, weights)`, see `LRCNCaptionerPreprocessor`.

    Example:
    ```python
    roles = keras_lrcn.preprocessing.SemanticRoles({"activity": ["cut"], "object": ["plum"]})
    preprocessor = keras_lrcn.LRCNVideoDescriberPreprocessor(tokenizer, roles=roles)
    visual = preprocessor.load([{"roles": {"activity": {"cut": 0.8}}}])  # [[0.8, 0]]
    x, y, weights = preprocessor({"visual": visual, "captions": ["the person cuts"]})
    ```
    """

    backbone_cls = LRCNVideoDescriberBackbone
    visual_key = "visual"

    def __init__(
        self,
        tokenizer,
        image_converter=None,
        roles=None,
        streams=("rgb",),
        window=None,
        flow_encoding=None,
        frame_rate=None,
        max_frames=300,
        sequence_length=20,
        **kwargs,
    ):
        super().__init__(tokenizer, image_converter, sequence_length, **kwargs)
        unknown = [stream for stream in streams if stream not in STREAMS]
        if unknown or not streams:
            raise ValueError(f"`streams` must be some of {list(STREAMS)}. Received: {streams!r}.")
        self.roles = roles
        self.streams = tuple(streams)
        self.window = None if window is None else tuple(window)
        self.flow_encoding = flow_encoding
        self.frame_rate = frame_rate
        self.max_frames = max_frames

    @property
    def most_at_once(self):
        if self.image_converter is None:
            return 64
        height, width = (self.window or (0, 0, *self.image_converter.image_size))[2:]
        channels = sum(STREAMS[stream] for stream in self.streams)
        video = 4 * self.max_frames * height * width * channels
        return min(max(MEMORY // video, 1), 64)

    def convert_images(self, images):
        return images  # `load` has done it

    def as_list(self, inputs):
        """Returns what `generate` was given as a list, and whether it was a single input."""
        rank = 1 if self.roles is not None else 2 if self.image_converter is None else 4
        single = isinstance(inputs, (dict, str, os.PathLike)) or getattr(inputs, "ndim", 0) == rank
        inputs = [inputs] if single else list(inputs)
        if self.roles is not None:  # all at once: one warning of what is unknown
            inputs = list(self._load_tuples(inputs))
        return inputs, single

    def load(self, inputs):
        """A list of inputs of `generate` -> the array of visual inputs.

        Args:
            inputs: list of tuples, `{"roles": {...}}` (see `SemanticRoles`) or vectors of
                probabilities; or list of videos: paths, uint8 arrays `(time, height, width, 3)`,
                or without an `image_converter` features `(time, width)`.

        Returns:
            float32 array `(batch, words of all roles)`, or padded by `pad_frames`.

        Raises:
            ValueError: for an input of another kind than the model describes, or a video that
                cannot be read, by name.
        """
        if self.roles is not None:
            return self._load_tuples(inputs)
        return pad_frames([self.load_video(x) for x in inputs])

    def _load_tuples(self, inputs):
        if inputs and all(isinstance(x, dict) for x in inputs):
            return self.roles([x.get("roles", x) for x in inputs])
        for x in inputs:
            if np.shape(x) != (self.roles.num_words,):
                raise ValueError(
                    'This model describes semantic tuples: `{"roles": {role: words, ...}}` with '
                    f"the roles {list(self.roles.roles)}, or vectors of {self.roles.num_words} "
                    f"probabilities. Received: {np.shape(x) or x!r}."
                )
        return np.asarray(inputs, "float32")

    def load_video(self, video):
        """One video -> float32 `(time, height, width, channels)` in the model's range."""
        if self.image_converter is None:
            return self._few(_checked_features(video)).astype("float32")
        frames = self.read_frames(video)
        pixels = np.concatenate([self._stream(frames, name) for name in self.streams], axis=-1)
        converter = self.image_converter
        return pixels * np.float32(converter.scale or 1) + np.float32(converter.offset or 0)

    def read_frames(self, video):
        """One video -> uint8 `(time, height, width, 3)`, at the model's size, not too many."""
        if isinstance(video, dict) or self.image_converter is None:
            kind = "videos" if self.image_converter else "features of frames"
            raise ValueError(f"This model describes {kind}. Received: {video!r}.")
        size = tuple(self.image_converter.image_size)
        if not isinstance(video, (str, os.PathLike)):
            frames = self._few(_checked_pixels(video))
            return np.stack([resize_pixels(frame, size) for frame in frames])
        return self._few(read_video(video, size=size, fps=self.frame_rate).frames)

    def _few(self, frames):
        """At most `max_frames` of them, evenly spaced."""
        if len(frames) <= self.max_frames:
            return frames
        places = np.linspace(0, len(frames) - 1, self.max_frames)
        return frames[places.round().astype(int)]

    def _stream(self, frames, name):
        pixels = self._flow(frames) if name == "flow" else frames
        if self.window is not None:
            top, left, height, width = self.window
            pixels = pixels[:, top : top + height, left : left + width]
        pixels = pixels.astype("float32")
        return pixels @ GREY[:, None] if name == "grey" else pixels

    def _flow(self, frames):
        """Flow images, as many as frames: the first frame shows what the second does."""
        encoding = FlowEncoding(**(self.flow_encoding or {}))
        flow = flow_frames(frames if len(frames) > 1 else frames.repeat(2, 0), encoding)
        return np.concatenate([flow[:1], flow])[-len(frames) :]

    def get_config(self):
        config = super().get_config()
        config.update(
            roles=self.roles and keras.saving.serialize_keras_object(self.roles),
            streams=self.streams,
            window=self.window,
            flow_encoding=self.flow_encoding,
            frame_rate=self.frame_rate,
            max_frames=self.max_frames,
        )
        return config

    @classmethod
    def from_config(cls, config):
        config = dict(config)
        if isinstance(config.get("roles"), dict):
            config["roles"] = keras.saving.deserialize_keras_object(config["roles"])
        return super().from_config(config)


def _checked_pixels(video):
    pixels = np.asarray(video)
    if pixels.ndim != 4 or pixels.shape[-1] != 3 or pixels.dtype != np.uint8 or not len(pixels):
        raise ValueError(
            "This model describes videos: paths, or uint8 arrays (time, height, width, 3) in RGB. "
            f"Received: {pixels.dtype} {pixels.shape}."
        )
    return pixels


def _checked_features(video):
    features = np.asarray(video)
    if features.ndim != 2 or features.dtype.kind != "f" or not len(features):
        raise ValueError(
            "This model describes features of frames: float arrays (time, width). Received: "
            f"{features.dtype} {features.shape or video!r}."
        )
    return features
