"""A Caffe network that describes videos -> `LRCNVideoDescriber`.

S2VT runs one stack over the frames and then over the words. A word that is not there is word 0,
a frame that is not there is 0, and a stage tells which is the case; as these are constants, they
become part of the biases: of those of the reading stack and of those of the writing one.

Reference: Venugopalan et al., NAACL 2015 (mean pool) and ICCV 2015 (S2VT).
"""

import keras_lrcn
from hub.convert_captioner import image_converter
from hub.convert_cnn import SIDES, has_cnn, image_encoder
from hub.convert_language import (
    copy_stack,
    copy_words,
    read_layers,
    read_tokenizer,
    visual_layer,
)

RESIZED = 256  # pixels a side, of which the CNN sees the middle
FRAMES_PER_SECOND = 3.0  # one frame in ten of 30
LONGEST_SENTENCES = {"s2vt": 50, "meanpool": 20}  # words


def build_describer(recipe, source, cnn=None, vocabulary=None, mean=None):
    """Builds a describer with the weights of a file.

    Args:
        recipe: `hub.recipes.Recipe`.
        source: `hub.source.Source`.
        cnn: `Source` of the CNN, whose `fc7` is the feature. Without one, and none in `source`,
            the describer takes the features of frames.
        vocabulary: path of the words' file.
        mean: `(blue, green, red)` in 0-255. Defaults to 104, 117, 123.

    Returns:
        `keras_lrcn.LRCNVideoDescriber`.
    """
    tokenizer = read_tokenizer(vocabulary, source, splitter="blanks")
    frame_encoder = _frame_encoder(recipe, source, cnn)
    build = _build_s2vt if recipe.variant == "s2vt" else _build_mean_pool
    encoder, options, copy = build(source, frame_encoder)
    (rows,) = source.take("embedding", 2)
    backbone = keras_lrcn.LRCNVideoDescriberBackbone(
        tokenizer.vocabulary_size(), encoder, embedding_dim=rows.shape[1], **options
    )
    preprocessor = keras_lrcn.LRCNVideoDescriberPreprocessor(
        tokenizer,
        sequence_length=LONGEST_SENTENCES[recipe.variant],
        **({} if frame_encoder is None else _frame_options(recipe.cnn, mean)),
    )
    describer = keras_lrcn.LRCNVideoDescriber(backbone, preprocessor, sampler="greedy")
    copy(backbone)
    copy_words(source, backbone.token_embedding, describer.predict_words)
    source.finish(ignored=("fc6", "fc7", "fc8") if has_cnn(source) else ())
    if cnn is not None:
        cnn.finish(ignored=("fc8",))
    return describer


def _frame_encoder(recipe, source, cnn):
    if cnn is None and not has_cnn(source):
        return None
    return image_encoder(source if cnn is None else cnn, recipe.cnn, "fc7", activation="relu")


def _frame_options(cnn, mean):
    """How the preprocessor brings frames to the CNN: resized, and the middle cut out."""
    side = SIDES[cnn][0]
    converter = image_converter(keras_lrcn.LRCNImageConverter, cnn, mean)
    converter.image_size = (RESIZED, RESIZED)
    edge = (RESIZED - side) // 2
    return {
        "image_converter": converter,
        "window": (edge, edge, side, side),
        "frame_rate": FRAMES_PER_SECOND,
    }


def _build_mean_pool(source, frame_encoder):
    """The encoder, the options of the backbone, and what copies the stack into it."""
    layers = read_layers(source)
    joined = visual_layer(source, layers)
    if joined is None:
        source.refuse(layers[-1].name, "and those below have no static input for the video")
    width = layers[joined - 1].static.shape[0]
    encoder = keras_lrcn.MeanPoolEncoder(frame_encoder, frame_shape=(width,))
    if encoder.pooled_dim != width:
        source.refuse(
            layers[joined - 1].name,
            f"takes {width} features of a video, and the CNN gives {encoder.pooled_dim}",
        )
    options = {
        "units": layers[0].units,
        "num_layers": len(layers),
        "factored": joined > 1,
        "visual_layer": joined,
        "cell": layers[0].cell,
    }
    return encoder, options, lambda backbone: copy_stack(source, layers, backbone.lstm_stack)


def _build_s2vt(source, frame_encoder):
    """The encoder, the options of the backbone, and what copies the stack into it."""
    weight, bias = source.take("embed_encoder", 2, 1)
    layers = read_layers(source)
    (words,) = source.take("embedding", 2)
    joined = _words_join(source, layers, len(bias), words.shape[1])
    encoder = keras_lrcn.S2VTEncoder(
        frame_encoder,
        frame_shape=(weight.shape[1],),
        embedding_dim=len(bias),
        units=layers[0].units,
        num_layers=len(layers),
    )
    if encoder.pooled_dim != weight.shape[1]:
        source.refuse("embed_encoder", f"does not take the {encoder.pooled_dim} features of fc7")
    source.assign("embed_encoder", encoder.frame_embedding.weights, [weight.T, bias])
    reading, writing = split_stack(layers, joined, frame=bias, word=words[0])
    copy_stack(source, reading, encoder.lstm_stack)
    options = {"units": layers[0].units, "num_layers": len(layers), "word_layer": joined + 1}
    return encoder, options, lambda backbone: copy_stack(source, writing, backbone.lstm_stack)


def _words_join(source, layers, frame_width, word_width):
    """The number of the layer, from 0, that is given words and stage."""
    below, joined = frame_width, None
    for number, layer in enumerate(layers):
        if layer.static is not None or layer.cell != "lstm":
            source.refuse(layer.name, "is no layer of S2VT")
        width = layer.kernel.shape[0]
        if width == below + word_width + 1 and joined is None:
            joined = number
        elif width != below:
            source.refuse(
                layer.name,
                f"takes {width} features; {below} are below it, with words and stage "
                f"{below + word_width + 1}",
            )
        below = layer.units
    if joined is None:
        source.refuse(layers[-1].name, "and those below are not given the words")
    return joined


def split_stack(layers, joined, frame, word):
    """S2VT's stack -> the one that reads and the one that writes.

    Args:
        layers: list of `RecurrentLayer`.
        joined: int, the layer, from 0, whose input is what is below, a word and the stage.
        frame: float array `(frame features,)`: the embedding of a frame of zeros.
        word: float array `(word features,)`: the embedding of word 0.

    Returns:
        `(reading, writing)`: two lists of `RecurrentLayer`. The kernel of the writing layer that
        takes words has the rows of what is below, where that are words too, and of the words.
    """
    reading, writing = list(layers), list(layers)
    layer = layers[joined]
    end = layer.kernel.shape[0] - 1
    below = end - len(word)
    kernel, bias = layer.kernel, layer.bias
    reading[joined] = layer._replace(
        kernel=kernel[:below], bias=_plus(bias, word, kernel[below:end])
    )
    with_stage = (bias + kernel[end]).astype("float32")
    if joined:
        first = layers[0]
        silent = _plus(first.bias, frame, first.kernel)
        writing[0] = first._replace(kernel=first.kernel[:0], bias=silent)
        writing[joined] = layer._replace(kernel=kernel[:end], bias=with_stage)
    else:
        silent = _plus(with_stage, frame, kernel[:below])
        writing[0] = layer._replace(kernel=kernel[below:end], bias=silent)
    return reading, writing


def _plus(bias, constant, kernel):
    """A bias that holds what a constant input adds."""
    return (bias + constant.astype("float64") @ kernel).astype("float32")
