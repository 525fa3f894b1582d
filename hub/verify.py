"""Compares a converted network with the figures that its authors recorded of it.

    python -m hub.verify presets/lrcn_rgb_hybrid_ucf101
    python -m hub.verify presets/lrcn_rgb_hybrid_ucf101 \\
        --juggling UCF101/v_JugglingBalls_g01_c02.avi --parade UCF101/v_MilitaryParade_g05_c03.avi

The figures are of one network, `RGB_lstm_model_iter_30000.caffemodel`: extremes of its weights,
and, where the two videos of UCF101 are given, statistics of their frames, the largest activations
of the first frame's middle, and the LSTM's over the first sixteen. The exit status is 1 where a
figure differs. Frames come from a decoder, the authors' came from files of theirs: where the means
of the frames differ, so will the activations, by as much.
"""

import argparse
import itertools
import sys
from typing import NamedTuple

import numpy as np

WEIGHTS = {  # (smallest, largest); `None` where the recorded figure is not one
    "conv1 weight": (-0.254581511, None),
    "conv1 bias": (-0.755507648, None),
    "conv2 weight": (-0.116672292, None),
    "conv2 bias": (0.052054338, None),
    "conv3 weight": (-0.108223818, None),
    "conv3 bias": (0.043545835, None),
    "conv4 weight": (-0.083674915, None),
    "conv4 bias": (-0.092017822, None),
    "conv5 weight": (-0.073558941, None),
    "conv5 bias": (-0.260592550, None),
    "fc6 weight": (-0.016757634, None),
    "fc6 bias": (0.014761488, None),
    "lstm1 weight": (-0.017594324, 0.019193152),
    "lstm1 bias": (-0.001662708, 0.002105754),
    "lstm1 recurrent": (-0.012802080, 0.012235779),
    "fc8-final weight": (-0.111130916, 0.115036882),
    "fc8-final bias": (-0.217259407, 0.235253602),
}
FRAMES = {  # number of frames, and means of the first, the sixteenth and the last
    "juggling": (248, 129.082608, 128.947157, 128.099709),
    "parade": (85, 88.115625, 87.156819, 94.982595),
}
BLOBS = ("data", "conv1", "norm1", "conv2", "norm2", "conv3", "conv4", "conv5", "fc6")
ACTIVATIONS = {  # largest value of each of `BLOBS` for the first frame
    "juggling": (
        *(151.061, 1409.36938, 138.331131, 216.266632, 124.565742),
        *(128.561783, 69.1969985, 38.1714096, 19.9528198),
    ),
    "parade": (
        *(126.320, 1083.11792, 138.606430, 229.603195, 130.007629),
        *(140.400101, 54.8229637, 29.5668182, 19.3482170),
    ),
}
CLIP = {  # (smallest, largest) over the first sixteen frames; the authors kept them of one video
    "lstm1": (-0.999205351, 0.999141812),
    "fc8-final": (-3.43933535, 6.23402023),
    "probabilities": (3.16554797e-05, 0.462676644),
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


def weight_figures(activity, recorded=WEIGHTS):
    """Extremes of the weights.

    Args:
        activity: `keras_lrcn.LRCNActivity` of one LSTM layer on CaffeNet or the hybrid.
        recorded: dict, name -> (smallest, largest).

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


def clip_figures(activity, frames, recorded=CLIP):
    """Extremes of the LSTM's output, the logits and the probabilities of a clip.

    Args:
        activity: as for `weight_figures`.
        frames: uint8 array `(16, height, width, 3)`.
        recorded: dict, name -> (smallest, largest).

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


def verify(preset, videos, say=print):
    """Compares a preset with all that was recorded.

    Args:
        preset: folder or name of a converted `lrcn_rgb_hybrid_ucf101`.
        videos: dict from `"juggling"` or `"parade"` to the path of the video.
        say: function of a str, called for every figure.

    Returns:
        Bool: do all figures agree?
    """
    import keras_lrcn
    from keras_lrcn.data import read_video

    activity = keras_lrcn.LRCNActivity.from_preset(preset)
    figures = {"weights": weight_figures(activity)}
    for name, path in videos.items():
        frames = np.asarray(read_video(path).frames)
        figures[f"{name}, {path}"] = frame_figures(frames, FRAMES[name]) + activation_figures(
            activity, frames[0], ACTIVATIONS[name]
        )
        if name == "juggling":
            figures[f"{name}, its first sixteen frames"] = clip_figures(activity, frames[:16])
    for title, rows in figures.items():
        say(title)
        for row in rows:
            verdict = "" if row.agrees else "   DIFFERS"
            say(f"  {row.name:30}{row.recorded:16.9g}{row.found:16.9g}{verdict}")
    return all(row.agrees for row in itertools.chain.from_iterable(figures.values()))


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("preset", metavar="FOLDER", help="what `hub.convert` wrote")
    parser.add_argument("--juggling", metavar="FILE", help="v_JugglingBalls_g01_c02.avi")
    parser.add_argument("--parade", metavar="FILE", help="v_MilitaryParade_g05_c03.avi")
    args = parser.parse_args(arguments)
    videos = {name: getattr(args, name) for name in FRAMES if getattr(args, name)}
    print(f"  {'':30}{'recorded':>16}{'found':>16}")
    try:
        agrees = verify(args.preset, videos)
    except (ValueError, OSError) as error:
        parser.exit(2, f"{error}\n")
    print("All figures agree." if agrees else "This is not the network of the recorded figures.")
    return 0 if agrees else 1


if __name__ == "__main__":
    sys.exit(main())
