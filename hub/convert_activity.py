"""A Caffe network for activity recognition -> `LRCNActivity`."""

import re

import keras_lrcn
from hub.convert_captioner import finish, image_converter
from hub.convert_cnn import image_encoder
from hub.convert_language import copy_stack, read_layers
from hub.ucf101 import CLASSES

# Blue, green, red. The 128.68 is in all of the authors' code for the LSTM, so its weights want it.
MEANS = {
    ("rgb", "lrcn"): (103.939, 116.779, 128.68),
    ("rgb", "single"): (103.939, 116.779, 123.68),
    ("flow", "lrcn"): (128.0, 128.0, 128.0),
    ("flow", "single"): (128.0, 128.0, 128.0),
}
FEATURES = {"lrcn": "fc6", "single": "fc7"}
CLASSIFIERS = {"lrcn": ("fc8-final", "fc8-ucf"), "single": ("fc8-ucf", "fc8-final", "fc8")}
FRAME_SIZE = (240, 320)
FRAMES_PER_SECOND = 30.0


def build_activity(recipe, source, cnn=None, vocabulary=None, mean=None):
    """Builds an activity recogniser with the weights of a file.

    Args:
        recipe: `hub.recipes.Recipe`.
        source: `hub.source.Source`.
        cnn: `Source` of the CNN, where `source` has none.
        vocabulary: path of the classes' file, one a line; by default those of UCF101.
        mean: `(blue, green, red)` in 0-255. Defaults to the authors' for this network.

    Returns:
        `keras_lrcn.LRCNActivity`.
    """
    known = CLASSIFIERS[recipe.variant]
    classifier = next((name for name in known if name in source), known[0])
    names = read_classes(vocabulary, source, classifier)
    layers = read_layers(source) if recipe.variant == "lrcn" else []
    encoder = image_encoder(
        source if cnn is None else cnn,
        recipe.cnn,
        FEATURES[recipe.variant],
        activation="relu",
    )
    if layers:
        check_layers(source, layers, encoder.units[-1])
    stack = {"units": layers[0].units, "cell": layers[0].cell} if layers else {}
    backbone = keras_lrcn.LRCNActivityBackbone(
        encoder, num_layers=len(layers), visual_dropout=0.9 if layers else 0.5, **stack
    )
    converter = image_converter(
        keras_lrcn.LRCNFrameConverter, recipe.cnn, mean or MEANS[recipe.modality, recipe.variant]
    )
    preprocessor = keras_lrcn.LRCNActivityPreprocessor(
        names,
        converter,
        frame_size=FRAME_SIZE,
        fps=FRAMES_PER_SECOND,
        modality=recipe.modality,
    )
    activity = keras_lrcn.LRCNActivity(backbone, preprocessor)
    if layers:
        copy_stack(source, layers, backbone.lstm_stack)
    weight, bias = source.take(classifier, 2, 1)
    source.assign(classifier, activity.predict_classes.weights, [weight.T, bias])
    finish(source, cnn)
    return activity


def check_layers(source, layers, features):
    """Refuses layers that take something else than the CNN's features, one layer after another."""
    for layer, width in zip(layers, [features, *[x.units for x in layers]], strict=False):
        if layer.static is not None or layer.kernel.shape[0] != width:
            source.refuse(layer.name, f"does not take {width} features alone")


def read_classes(path, source, classifier):
    """The names of the classes, as many as the classifier has.

    Args:
        path: text file, a class a line, with or without a number before it; `None` for UCF101's.
        source: `hub.source.Source`.
        classifier: str, the name of the last layer.

    Returns:
        Tuple of str.
    """
    source.count(classifier)  # is it there at all?
    names = CLASSES
    if path is not None:
        with open(path, encoding="utf-8") as file:
            names = tuple(re.sub(r"^\d+\s+", "", line.strip()) for line in file if line.strip())
    if len(names) != source.width(classifier):
        source.refuse(
            classifier,
            f"tells {source.width(classifier)} classes apart, and {path or 'UCF101'} has "
            f"{len(names)}. Give the file of its classes as `vocabulary`",
        )
    return names
