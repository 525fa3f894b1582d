"""Frames of a video -> their features: what the encoders of videos share."""

import keras
from keras import ops

from keras_lrcn.layers import TimeDistributedCNN
from keras_lrcn.preprocessing.frame_padding import split_padding


def frame_inputs(frame_encoder, frame_shape, context=0):
    """The input of an encoder of videos, and the shape of what its CNN is shown of each frame.

    Args:
        frame_encoder: `keras.Model` from one image to one vector, or `None`: the frames are
            features already.
        frame_shape: shape of a frame without `time`; `None` for that of the `frame_encoder`.
        context: int, frames before and after each that the CNN sees as further channels.
    """
    if frame_encoder is None:
        if frame_shape is None or len(frame_shape) != 1:
            raise ValueError(
                "Without a `frame_encoder` the frames are vectors: give their width, such as "
                f"`frame_shape=(4096,)`. Received: frame_shape={frame_shape}."
            )
        return keras.Input((None, *frame_shape), name="frames")
    *size, channels = frame_encoder.input.shape[1:]
    seen = 2 * context + 1
    if channels % seen:
        raise ValueError(
            f"With `context={context}` the `frame_encoder` sees {seen} frames as channels of one "
            f"image, so its channels must be a multiple of {seen}. Received: {channels}."
        )
    return keras.Input((None, *size, channels // seen), name="frames")


def frame_features(frames, frame_encoder, context=0, dtype=None):
    """Features `(batch, time, features)` of frames, and the mask `(batch, time)` of real ones."""
    frames, mask = split_padding(frames)
    if frame_encoder is not None:
        cnn = TimeDistributedCNN(frame_encoder, dtype=dtype, name="frame_cnn")
        frames = cnn(with_neighbours(frames, context))
    return frames, mask


def with_neighbours(frames, context):
    """Puts `context` frames before and after each frame behind its channels; zeros at the ends."""
    if not context:
        return frames
    ends = [[0, 0], [context, context], *[[0, 0]] * (len(frames.shape) - 2)]
    padded = ops.pad(frames, ends)
    shifted = [padded[:, i : i - 2 * context or None] for i in range(2 * context + 1)]
    return ops.concatenate(shifted, axis=-1)
