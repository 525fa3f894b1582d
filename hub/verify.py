"""Compares a converted network with the figures that its authors recorded of it.

    python -m hub.verify presets/lrcn_rgb_hybrid_ucf101
    python -m hub.verify presets/lrcn_rgb_hybrid_ucf101 \\
        --juggling frames/v_JugglingBalls_g01_c02 --parade frames/v_MilitaryParade_g05_c03

The figures are of one network, `RGB_lstm_model_iter_30000.caffemodel`: extremes of its weights,
and, where two videos of UCF101 are given, statistics of their frames, the largest activations of
the first frame's middle, and the LSTM's over the first sixteen. A figure may be off by 1e-5 of
itself (weights), 1e-6 (means of frames) or 1e-4 (activations, float32 sums in another order).

The authors' frames are JPEG files of their own, made by ffmpeg at 30 frames a second. A video file
is read at that rate, but its pixels are another decoder's. Only where the frames are the authors'
do activations tell something about the network.

Exit status: 0, all agrees; 1, this is another network; 2, something cannot be read; 3, the network
may be it, but the frames of a video are not the authors', so that its activations tell nothing.
"""

import argparse
import itertools
import sys
from typing import NamedTuple

import numpy as np

from hub.recorded import ACTIVATIONS, BLOBS, CLIP, FRAMES, VIDEOS, WEIGHTS

FRAMES_PER_SECOND = 30.0
AGREES, DIFFERENT_NETWORK, UNREADABLE, OTHER_FRAMES = range(4)  # the exit status
VERDICTS = {
    AGREES: "All figures agree.",
    DIFFERENT_NETWORK: "This is not the network of the recorded figures.",
    OTHER_FRAMES: "The frames are not the authors', so activations of them tell nothing.",
}
# Of weights the file's own digits, of activations what float32 of another order of sums leaves.
WEIGHT_TOLERANCE, ACTIVATION_TOLERANCE = 1e-5, 1e-4


class Figure(NamedTuple):
    """One recorded figure beside ours; `tolerance` is a share of the recorded one."""

    name: str
    recorded: float
    found: float
    tolerance: float

    @property
    def agrees(self):
        return abs(self.found - self.recorded) <= self.tolerance * abs(self.recorded)


def weight_figures(activity, recorded):
    """Extremes of the weights.

    Args:
        activity: `keras_lrcn.LRCNActivity` of one LSTM layer on CaffeNet or the hybrid.
        recorded: dict like `WEIGHTS`.

    Returns:
        List of `Figure`.
    """
    encoder, cell = activity.backbone.visual_encoder, _cell(activity)
    arrays = {
        "fc6 weight": encoder.dense_layers[0].kernel,
        "fc6 bias": encoder.dense_layers[0].bias,
        "lstm1 weight": cell.kernel,
        "lstm1 bias": cell.bias,
        "lstm1 recurrent": cell.recurrent_kernel,
        "fc8-final weight": activity.predict_classes.kernel,
        "fc8-final bias": activity.predict_classes.bias,
    }
    for name in ("conv1", "conv2", "conv3", "conv4", "conv5"):
        layer = encoder.backbone.get_layer(name)
        arrays |= {f"{name} weight": layer.kernel, f"{name} bias": layer.bias}
    return list(
        itertools.chain.from_iterable(
            _extremes(name, arrays[name], figures, WEIGHT_TOLERANCE)
            for name, figures in recorded.items()
        )
    )


def frame_figures(frames, recorded):
    """The number of frames, and means of three of them.

    Args:
        frames: uint8 array `(time, height, width, 3)`.
        recorded: row of `FRAMES`.

    Returns:
        List of `Figure`.
    """
    means = [frames[index].mean(dtype="float64") for index in (0, min(15, len(frames) - 1), -1)]
    names = ("frames", "mean of frame 0", "mean of frame 15", "mean of the last frame")
    tolerances = (0.0, 1e-6, 1e-6, 1e-6)
    return list(map(Figure, names, recorded, (len(frames), *means), tolerances))


def activation_figures(activity, frame, recorded):
    """The largest activations for the middle of a frame.

    Args:
        activity: as for `weight_figures`.
        frame: uint8 array `(height, width, 3)`.
        recorded: row of `ACTIVATIONS`.

    Returns:
        List of `Figure`.
    """
    import keras

    encoder = activity.backbone.visual_encoder
    pixels = _pixels(activity, frame[None])
    outputs = [encoder.backbone.get_layer(name).output for name in BLOBS[1:-1]]
    maps = keras.Model(encoder.backbone.input, outputs).predict_on_batch(pixels)
    found = [pixels.max(), *(m.max() for m in maps), np.max(encoder.predict_on_batch(pixels))]
    return [
        Figure(f"largest of {name}", *pair, ACTIVATION_TOLERANCE)
        for name, *pair in zip(BLOBS, recorded, map(float, found), strict=True)
    ]


def clip_figures(activity, frames, recorded):
    """Extremes of the LSTM's output, the logits and the probabilities of a clip.

    Args:
        activity: as for `weight_figures`.
        frames: uint8 array `(16, height, width, 3)`.
        recorded: dict like `CLIP`.

    Returns:
        List of `Figure`.
    """
    from keras import ops

    hidden = activity.backbone(_pixels(activity, frames)[None])
    logits = activity.predict_classes(hidden)
    arrays = dict(zip(CLIP, (hidden, logits, ops.softmax(logits)), strict=True))
    return list(
        itertools.chain.from_iterable(
            _extremes(name, arrays[name], figures, ACTIVATION_TOLERANCE)
            for name, figures in recorded.items()
        )
    )


def _cell(activity):
    layers = getattr(activity.backbone.lstm_stack, "recurrent_layers", ())
    encoder = activity.backbone.visual_encoder
    if len(layers) != 1 or len(getattr(encoder, "dense_layers", ())) != 1:
        raise ValueError(
            "The recorded figures are of lrcn_rgb_hybrid_ucf101: a CNN up to fc6 and one LSTM "
            "layer. This preset is another network."
        )
    return layers[0].cell


def _pixels(activity, frames):
    """The middle of frames in the CNN's range, as the authors cut it."""
    side = activity.preprocessor.image_converter.image_size[0]
    top, left = ((length - side) // 2 for length in frames.shape[1:3])
    if min(top, left) < 0:
        raise ValueError(f"Frames must have at least {side} x {side} pixels: {frames.shape[1:3]}.")
    middle = frames[:, top : top + side, left : left + side]
    return np.asarray(activity.preprocessor.convert_frames(middle))


def _extremes(name, array, recorded, tolerance):
    from keras import ops

    array = ops.convert_to_numpy(array)
    for what, figure, found in zip(
        ("smallest", "largest"), recorded, (array.min(), array.max()), strict=True
    ):
        if figure is not None:
            yield Figure(f"{what} of {name}", figure, float(found), tolerance)


def video_figures(activity, name, frames):
    """All that was recorded of one video: the figures of its frames, those of the network.

    Args:
        activity: as for `weight_figures`.
        name: `"juggling"` or `"parade"`.
        frames: uint8 array `(time, height, width, 3)`.

    Returns:
        Two lists of `Figure`.
    """
    figures = activation_figures(activity, frames[0], ACTIVATIONS[name])
    if name == "juggling":
        figures += clip_figures(activity, frames[:16], CLIP)
    return frame_figures(frames, FRAMES[name]), figures


def verify(preset, videos, say=print):
    """Compares a preset with all that was recorded.

    Args:
        preset: folder or name of a converted `lrcn_rgb_hybrid_ucf101`.
        videos: dict from `"juggling"` or `"parade"` to the path of the folder of frames, or video.
        say: function of a str, called for every figure.

    Returns:
        Int, the exit status: see the top of this file.
    """
    import keras_lrcn
    from keras_lrcn.data import read_video

    activity = keras_lrcn.LRCNActivity.from_preset(preset)
    same_network = _tell("weights", weight_figures(activity, WEIGHTS), say)
    same_frames = True
    for name, path in videos.items():
        frames = np.asarray(read_video(path, fps=FRAMES_PER_SECOND).frames)
        of_frames, of_network = video_figures(activity, name, frames)
        authors = _tell(f"{name}: frames of {path}", of_frames, say)
        same_frames &= authors
        same_network &= _tell(f"{name}: activations", of_network, say) or not authors
    return DIFFERENT_NETWORK if not same_network else OTHER_FRAMES if not same_frames else AGREES


def _tell(title, figures, say):
    """Says figures; returns whether all agree."""
    say(title)
    for row in figures:
        verdict = "" if row.agrees else "   DIFFERS"
        say(f"  {row.name:30}{row.recorded:16.9g}{row.found:16.9g}{verdict}")
    return all(row.agrees for row in figures)


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("preset", metavar="FOLDER", help="what `hub.convert` wrote")
    for name, video in VIDEOS.items():
        parser.add_argument(
            f"--{name}", metavar="PATH", help=f"frames of {video}, or the video itself"
        )
    args = parser.parse_args(arguments)
    videos = {name: getattr(args, name) for name in VIDEOS if getattr(args, name)}
    print(f"  {'':30}{'recorded':>16}{'found':>16}")
    try:
        status = verify(args.preset, videos)
    except (ValueError, OSError) as error:
        parser.exit(UNREADABLE, f"{error}\n")
    print(VERDICTS[status])
    return status


if __name__ == "__main__":
    sys.exit(main())
