"""A Caffe captioner -> `LRCNCaptioner`."""

import keras_lrcn
from hub.convert_cnn import BLUE_GREEN_RED, SIDES, has_cnn, image_encoder
from hub.convert_language import (
    copy_stack,
    copy_words,
    read_layers,
    read_tokenizer,
    visual_layer,
)


def build_captioner(recipe, source, cnn=None, vocabulary=None, mean=None):
    """Builds a captioner with the weights of a file.

    Args:
        recipe: `hub.recipes.Recipe`.
        source: `hub.source.Source` of the language part, and of the CNN without `cnn`.
        cnn: `Source` of the CNN; its `fc8` is the feature.
        vocabulary: path of the words' file.
        mean: `(blue, green, red)` in 0-255. Defaults to the authors' 104, 117, 123.

    Returns:
        `keras_lrcn.LRCNCaptioner`.
    """
    tokenizer = read_tokenizer(vocabulary, source)
    layers = read_layers(source)
    joined = check_variant(recipe, source, layers)
    from_file = cnn if cnn is not None else source
    encoder = image_encoder(from_file, recipe.cnn, "fc8")
    features = layers[joined - 1].static.shape[0]
    if features != encoder.units[-1]:
        source.refuse(
            layers[joined - 1].name,
            f"takes {features} visual features, and fc8 of {from_file.path} has "
            f"{encoder.units[-1]}",
        )
    backbone = keras_lrcn.LRCNCaptionerBackbone(
        tokenizer.vocabulary_size(),
        encoder,
        embedding_dim=layers[0].kernel.shape[0],
        units=layers[0].units,
        num_layers=len(layers),
        factored=joined > 1,
        visual_layer=joined,
        cell=recipe.cell,
    )
    preprocessor = keras_lrcn.LRCNCaptionerPreprocessor(
        tokenizer,
        image_converter(keras_lrcn.LRCNImageConverter, recipe.cnn, mean),
        resizing="lrcn",
    )
    captioner = keras_lrcn.LRCNCaptioner(backbone, preprocessor)
    copy_stack(source, layers, backbone.lstm_stack)
    copy_words(source, backbone.token_embedding, captioner.predict_words)
    finish(source, cnn)
    return captioner


def check_variant(recipe, source, layers):
    """Which layer, from 1, the image joins; refuses a file of another variant than the name's."""
    joined = visual_layer(source, layers)
    factored = {None: " without image", 1: "u"}.get(joined, "f")
    found = f"{len(layers)}{factored}"
    if (found, layers[0].cell) != (recipe.variant, recipe.cell):
        source.refuse(
            layers[-1].name,
            f"shows a network of another kind: this is {layers[0].cell} {found}, and the name "
            f"stands for {recipe.cell} {recipe.variant}",
        )
    return joined


def image_converter(converter_class, cnn, mean):
    """The converter of pixels for a CNN; `mean` is blue, green, red."""
    side = SIDES[cnn][0]
    return converter_class(
        image_size=(side, side),
        scale=1.0,
        offset=[-float(value) for value in reversed(mean or BLUE_GREEN_RED)],
        crop_to_aspect_ratio=False,
    )


def finish(source, cnn):
    """Checks that no layer was left over; a CNN's file may end in a classifier that is not used."""
    if cnn is None:
        source.finish()
        return
    own_cnn = [n for n in source.layers if n.startswith(("conv", "fc"))] if has_cnn(source) else []
    source.finish(ignored=own_cnn)
    cnn.finish(ignored=("fc7", "fc8"))
