"""A trained Caffe network of the authors -> a preset of keras_lrcn.

    python -m hub.convert lrcn2f_vgg_coco --caffemodel lrcn_vgg_iter_110000.caffemodel \\
        --vocabulary vocabulary.txt --output presets/lrcn2f_vgg_coco
    python -m hub.convert lrcn_rgb_hybrid_ucf101 \\
        --caffemodel RGB_lstm_model_iter_30000.caffemodel --output presets/lrcn_rgb_hybrid_ucf101
    python -m hub.convert s2vt_vgg_msvd --caffemodel s2s_vgg.caffemodel \\
        --cnn VGG_ILSVRC_16_layers.caffemodel --vocabulary words.txt --output presets/s2vt_vgg_msvd

A name is a recipe, `_` and the data set. The recipes:

{recipes}
"""

import argparse
import contextlib
import os
import time

from hub.recipes import RECIPES, find_recipe


def convert(name, caffemodel, output, vocabulary=None, cnn=None, mean=None, say=None):
    """Converts a trained Caffe network to a preset.

    Args:
        name: str, the preset's name, such as `lrcn2f_vgg_coco`; it says what network the file
            must hold, see `hub.recipes`. Widths, words and classes are the file's own.
        caffemodel: path of the network's `.caffemodel`.
        output: path of the preset's folder; replaced whole, in one step, if it exists.
        vocabulary: path of a text file, a word a line, `<unk>` first. For activity, of a file
            with a class a line (as UCF101's `classInd.txt`); by default the classes of UCF101.
        cnn: path of the `.caffemodel` of the CNN, where `caffemodel` has none. A describer
            without a CNN takes the features of frames.
        mean: `(blue, green, red)` of 0-255, or the path of a `.binaryproto`, whose mean over the
            image counts. Defaults to what the authors took for this network.
        say: function of a str, called as the work goes on.

    Returns:
        The task, such as `keras_lrcn.LRCNCaptioner`.

    Raises:
        ValueError: for a name or file that cannot be converted, by file, layer and shape.
        FileNotFoundError: for a file that is not there.

    Example:
    ```python
    captioner = convert(
        "lrcn2f_caffenet_coco", "lrcn_caffenet_iter_110000.caffemodel", "presets/mine",
        vocabulary="vocabulary.txt",
    )
    captioner.generate("photo.jpg")
    ```
    """
    from hub.preset_files import write_preset
    from hub.source import Source

    recipe, _ = find_recipe(name)
    say = say or (lambda line: None)
    say(f"reading {caffemodel}")
    source = Source(caffemodel)
    cnn_source = None if cnn is None else Source(cnn)
    say(f"building {name}: {len(source.layers)} layers with weights")
    with zeros_at_first():
        task = _builder(recipe)(recipe, source, cnn_source, vocabulary, _mean(mean))
    say(f"writing {output}: {task.count_params():,} parameters")
    write_preset(task, name, recipe, output, [f for f in (caffemodel, cnn) if f is not None])
    return task


@contextlib.contextmanager
def zeros_at_first():
    """Layers that are built begin with zeros: a drawn kernel of VGG's fc6 takes 1.2 GB."""
    from keras import initializers, ops

    def zeros(self, shape, dtype=None, **kwargs):
        return ops.zeros(shape, dtype or "float32")

    drawn = (initializers.VarianceScaling, initializers.RandomUniform, initializers.RandomNormal)
    before = [cls.__call__ for cls in drawn]
    try:
        for cls in drawn:
            cls.__call__ = zeros
        yield
    finally:
        for cls, call in zip(drawn, before, strict=True):
            cls.__call__ = call


def _builder(recipe):
    if recipe.family == "captioner":
        from hub.convert_captioner import build_captioner

        return build_captioner
    if recipe.family == "activity":
        from hub.convert_activity import build_activity

        return build_activity
    from hub.convert_describer import build_describer

    return build_describer


def _mean(mean):
    """`None`, three numbers (blue, green, red), or a file of them -> three numbers or `None`."""
    if mean is None:
        return None
    if isinstance(mean, (str, os.PathLike)):
        from hub.caffemodel import read_mean

        mean = read_mean(mean).mean(axis=(1, 2))
    if len(mean) != 3:
        raise ValueError(f"`mean` must be blue, green and red, 0-255. Received: {mean!r}.")
    return tuple(float(value) for value in mean)


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__.format(recipes=" ".join(RECIPES)),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", metavar="PRESET_NAME", help="such as lrcn2f_vgg_coco")
    parser.add_argument("--caffemodel", required=True, metavar="FILE")
    parser.add_argument("--cnn", metavar="FILE", help="the CNN, where the caffemodel has none")
    parser.add_argument("--vocabulary", metavar="FILE", help="words, or classes, one a line")
    parser.add_argument("--mean", metavar="FILE or B,G,R", help="by default the authors'")
    parser.add_argument("--output", required=True, metavar="FOLDER")
    args = parser.parse_args(arguments)
    mean = args.mean
    if mean is not None and not os.path.exists(mean):
        try:
            mean = [float(value) for value in mean.split(",")]
        except ValueError:
            parser.error(f"--mean: neither a file nor three numbers: {args.mean}")
    start = time.perf_counter()

    def say(line):
        print(f"[{time.perf_counter() - start:5.1f} s] {line}", flush=True)

    try:
        convert(args.name, args.caffemodel, args.output, args.vocabulary, args.cnn, mean, say)
    except (ValueError, OSError) as error:
        parser.exit(1, f"{error}\n")
    say("done")


if __name__ == "__main__":
    main()
