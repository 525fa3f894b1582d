"""The CNN over the frames of a video, each frame once."""

import itertools

import keras
import numpy as np

from keras_lrcn.data import FlowStream, cut, evaluation_crops, iter_video
from keras_lrcn.models.preset_task import for_inference

FRAMES_AT_ONCE = 16


class FrameEncoder:
    """Runs the visual encoder of a task over frames, in batches of one size.

    Args:
        task: `LRCNActivity`.
        pooled: bool, whether to stop before the encoder's fully connected layers.
    """

    def __init__(self, task, pooled=False):
        self.preprocessor = task.preprocessor
        encoder = task.backbone.visual_encoder
        self.model = None
        if encoder is not None:
            dense = getattr(encoder, "dense_layers", []) if pooled else []
            output = dense[0].input if dense else encoder.output
            self.model = for_inference(keras.Model(encoder.input, output))

    def encode_video(self, video, crops="centre", on_error="raise"):
        """Decodes and encodes a video with as many pixels in memory as one batch has.

        Args:
            video: path, folder of frames, or uint8 array `(time, height, width, 3)`.
            crops: see `keras_lrcn.data.evaluation_crops`.
            on_error: see `keras_lrcn.data.iter_video`.

        Returns:
            `(seconds, features)`: float64 `(time,)`, and float32 `(crops, time, visual_dim)`.
        """
        self._check()
        windows = evaluation_crops(self.preprocessor.frame_size, self.preprocessor.crop_size, crops)
        seconds, features = [], []
        for some_seconds, frames in self._batches(video, on_error):
            seconds += some_seconds
            features.append([self.encode(self._window(frames, crop)) for crop in windows])
        return np.array(seconds), np.concatenate(features, axis=1)

    def encode(self, frames):
        """Encodes windows of frames.

        Args:
            frames: uint8 `(time, height, width, 3)`, at most `FRAMES_AT_ONCE`.

        Returns:
            float32 array `(time, visual_dim)`.
        """
        missing = FRAMES_AT_ONCE - len(frames)
        padded = np.concatenate([frames, np.repeat(frames[-1:], missing, axis=0)])
        pixels = self.preprocessor.convert_frames(padded)
        return self.model.predict_on_batch(pixels)[: len(frames)].astype("float32")

    def _batches(self, video, on_error):
        """Yields lists of seconds with uint8 arrays of what the model sees at each."""
        pairs = iter_video(
            video, size=self.preprocessor.frame_size, fps=self.preprocessor.fps, on_error=on_error
        )
        if self.preprocessor.modality == "flow":
            pairs = self._flow_of(pairs)
        while some := list(itertools.islice(pairs, FRAMES_AT_ONCE)):
            frames, seconds = zip(*some, strict=True)
            yield list(seconds), np.stack(frames)

    def _flow_of(self, pairs):
        """Flow images, each at the second of the later of its two frames."""
        flow, count = FlowStream(self.preprocessor.flow), 0
        for frame, second in pairs:
            image = flow.step(frame)
            if image is not None:
                count += 1
                yield image, second
        if not count:  # a single frame does not move
            yield self.preprocessor.see(frame[None])[0], second

    def _window(self, frames, crop):
        window = cut(frames, crop._replace(mirrored=False), self.preprocessor.crop_size)
        return self.preprocessor.mirror(window) if crop.mirrored else window

    def _check(self):
        if self.preprocessor is None or self.model is None:
            raise ValueError(
                "Videos need a `preprocessor` and a `visual_encoder`; for vectors call "
                "`classify_features`."
            )
