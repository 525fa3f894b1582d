"""The comparison notices what can go wrong in a conversion, and bad files are refused by name."""

import numpy as np
import pytest
from reference import caffe_tasks, published_nets
from reference.caffe_file import Layer, write_caffemodel
from reference.caffe_net import Net, preprocess, visual_blobs
from reference.caffe_parity import (
    TOLERANCE,
    changed,
    difference,
    first,
    from_keras,
    gates,
    picture,
    to_keras,
    write_vocabulary,
)

from hub.convert import convert

SCALE, WORDS = 1 / 64, 40
MEAN = caffe_tasks.BGR_MEAN["captions"]


def captioner_layers():
    return published_nets.captioner("2f", "caffenet", WORDS, SCALE)


def converted_captioner(folder, layers, form=None, **options):
    file = write_caffemodel(folder / "net.caffemodel", layers, **(form or {}))
    write_vocabulary(folder / "vocabulary.txt", WORDS)
    name, vocabulary = "lrcn2f_caffenet_coco", folder / "vocabulary.txt"
    return convert(name, file, folder / "preset", vocabulary=vocabulary, **options)


def our_logits(task, words):
    ids = to_keras(words).T
    pixels = np.asarray(task.preprocessor.convert_images(picture(1, 227, 227)[None]))
    inputs = {"visual": pixels, "token_ids": ids, "padding_mask": np.ones_like(ids)}
    return from_keras(task(inputs)).swapaxes(0, 1)


def caffe_logits(layers, words):
    net = Net(layers)
    fc8 = visual_blobs("caffenet", net, preprocess(picture(1, 227, 227)[None], MEAN))["fc8"]
    return caffe_tasks.word_logits(net, "2f", words, fc8)


def rows_before_channels(weight):
    """Columns of an InnerProduct for the flat order height, width, channels."""
    outputs, inputs = weight.shape
    return weight.reshape(outputs, inputs // 36, 36).swapaxes(1, 2).reshape(outputs, inputs)


FAULTS = {
    "gates f and o swapped": ("lstm1", gates([0, 2, 1, 3])),
    "gates in the order of Keras": ("lstm2", gates([0, 1, 3, 2])),
    "static and hidden weights swapped": ("lstm2", lambda a: [a[0], a[1], a[3], a[2]]),
    "red for blue": ("conv1", first(lambda w: w[:, ::-1])),
    "kernels rotated, as in a true convolution": ("conv1", first(lambda w: w[..., ::-1, ::-1])),
    "height for width": ("conv2", first(lambda w: w.swapaxes(2, 3))),
    "the halves of the groups swapped": ("conv4", first(lambda w: np.roll(w, len(w) // 2, axis=0))),
    "flat in the order of channels last": ("fc6", first(rows_before_channels)),
    "a square matrix transposed": ("fc7", first(lambda w: w.T)),
    "word numbers moved by one": ("embedding", first(lambda w: np.roll(w, 1, axis=0))),
    "outputs moved by one": ("predict", lambda a: [np.roll(x, 1, axis=0) for x in a]),
    "biases left out": ("conv5", lambda a: [a[0], 0 * a[1]]),
}


@pytest.fixture(scope="module")
def sound():
    """Words that are read, and the logits of the file as it should be read."""
    words = np.array([[0, 7, 1, 39, 12, 5]]).T
    return words, caffe_logits(captioner_layers(), words)


def test_the_comparison_agrees_on_a_sound_file(tmp_path, sound):
    words, expected = sound
    task = converted_captioner(tmp_path, captioner_layers())
    assert difference(our_logits(task, words), expected) < TOLERANCE


@pytest.mark.parametrize("fault", FAULTS)
def test_the_comparison_notices(tmp_path, sound, fault):
    # The file has the fault, so our network is what a converter with that fault would make.
    words, expected = sound
    layers = changed(captioner_layers(), *FAULTS[fault])
    ours = our_logits(converted_captioner(tmp_path, layers), words)
    assert difference(ours, expected) > 30 * TOLERANCE
    assert difference(ours, caffe_logits(layers, words)) < TOLERANCE


def test_the_comparison_notices_a_mean_in_the_order_of_rgb(tmp_path, sound):
    words, expected = sound
    task = converted_captioner(tmp_path, captioner_layers(), mean=MEAN[::-1])
    assert difference(our_logits(task, words), expected) > 10 * TOLERANCE


@pytest.mark.parametrize("name", ["conv3", "fc7", "fc8", "embedding", "lstm1", "predict"])
def test_a_missing_layer_is_named(tmp_path, name):
    layers = [layer for layer in captioner_layers() if layer.name != name]
    with pytest.raises(ValueError, match=name):
        converted_captioner(tmp_path, layers)
    assert not (tmp_path / "preset").exists()


BAD_SHAPES = {
    "another window": ("conv1", first(lambda w: w[..., :9, :9])),
    "channels of no group": ("conv2", first(lambda w: np.repeat(w, 2, axis=1))),
    "pixels that are not 6 x 6": ("fc6", first(lambda w: w[:, :-1])),
    "inputs of another width": ("fc7", first(lambda w: w[:, :-2])),
    "a bias of another length": ("fc8", lambda a: [a[0], a[1][:-1]]),
    "rows that are not four gates": ("lstm1", lambda a: [x[:-1] for x in a]),
    "a static input of another width": ("lstm2", lambda a: [a[0], a[1], a[2][:, :-1], a[3]]),
    "words that predict does not know": ("embedding", first(lambda w: w[:-1])),
    "states of another width": ("predict", first(lambda w: w[:, :-2])),
    "an array too few": ("fc6", lambda a: a[:1]),
}


@pytest.mark.parametrize("fault", BAD_SHAPES)
def test_an_unknown_shape_is_named(tmp_path, fault):
    name, change = BAD_SHAPES[fault]
    layers = changed(captioner_layers(), name, change)
    layer = next(layer for layer in layers if layer.name == name)
    with pytest.raises(ValueError) as error:
        converted_captioner(tmp_path, layers)
    message = str(error.value)
    print(fault, "->", message)
    assert name in message
    numbers = [str(size) for shape in layer.shapes for size in shape]
    assert any(number in message for number in numbers)
    assert not (tmp_path / "preset").exists()


def test_a_vocabulary_of_another_length_is_refused(tmp_path):
    layers = published_nets.captioner("2f", "caffenet", WORDS + 1, SCALE)
    with pytest.raises(ValueError, match=rf"vocabulary.*({WORDS}|{WORDS + 1})"):
        converted_captioner(tmp_path, layers)


@pytest.mark.parametrize("variant", ["1u", "2u"])
def test_a_file_of_another_variant_is_refused(tmp_path, variant):
    layers = published_nets.captioner(variant, "caffenet", WORDS, SCALE)
    with pytest.raises(ValueError, match=f"lstm[12].*{variant}.*2f"):
        converted_captioner(tmp_path, layers)


def test_a_second_layer_without_its_image_is_refused(tmp_path):
    layers = changed(captioner_layers(), "lstm2", lambda a: [a[0], a[1], a[3]])
    with pytest.raises(ValueError, match="lstm2.*lstm 2 without image.*lstm 2f"):
        converted_captioner(tmp_path, layers)


@pytest.mark.parametrize("shape", ["shape", "legacy"])
@pytest.mark.parametrize("values", ["packed", "unpacked", "double"])
@pytest.mark.parametrize("clutter", [False, True])
def test_files_of_every_form_give_the_same(tmp_path, sound, shape, values, clutter):
    words, expected = sound
    layers = [x for layer in captioner_layers() for x in (layer, Layer("split", "Split"))]
    form = {"shape": shape, "values": values, "clutter": clutter}
    task = converted_captioner(tmp_path, layers, form)
    assert difference(our_logits(task, words), expected) < TOLERANCE
