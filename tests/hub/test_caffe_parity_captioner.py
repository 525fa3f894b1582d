"""Converted captioners against Caffe's rules in NumPy: pixels to activations, logits, captions."""

import numpy as np
import pytest
from converted_nets import ConvertedCaptioner, some_words
from reference import caffe_tasks
from reference.caffe_parity import (
    assert_same,
    assert_same_captions,
    picture,
)

import keras_lrcn

VARIANTS = [
    ("lrcn1u_caffenet", {"variant": "1u", "net": "caffenet"}),
    ("lrcn2u_caffenet", {"variant": "2u", "net": "caffenet"}),
    ("lrcn2f_caffenet", {"variant": "2f", "net": "caffenet"}),
    ("lrcn1u_vgg", {"variant": "1u", "net": "vgg"}),
    ("lrcn2u_vgg", {"variant": "2u", "net": "vgg"}),
    ("lrcn2f_vgg", {"variant": "2f", "net": "vgg"}),
    ("rnn2f_caffenet", {"variant": "2f", "net": "caffenet", "cell": "RNN"}),
    ("rnn2f_vgg", {"variant": "2f", "net": "vgg", "cell": "RNN", "names": ("rnn1", "rnn2")}),
]


@pytest.fixture(scope="module", params=VARIANTS, ids=[name for name, _ in VARIANTS])
def converted(request, tmp_path_factory):
    name, options = request.param
    return ConvertedCaptioner(tmp_path_factory.mktemp(name), f"{name}_coco", options)


def test_every_activation_from_the_pixels_to_fc8(converted):
    activations = converted.activations()
    assert {"pool5", "fc6", "fc7", "fc8"} < set(activations)
    for name, values in activations.items():
        assert_same(name, values, converted.blobs[name])


def test_logits_of_every_step(converted):
    words = some_words()
    expected = converted.expected_logits(words)
    assert np.abs(expected[:, 0] - expected[:, 1]).max() > 0.1  # photos make a difference
    assert_same("logits", converted.logits(words), expected)


@pytest.mark.parametrize("width", [1, 5])
def test_captions_of_beam_search(converted, width):
    sampler = keras_lrcn.samplers.BeamSearch(num_beams=width, num_captions=width)
    photos, task = list(converted.photos), converted.task
    captions = task.generate(photos, sampler, width, max_length=9, return_details=True)
    for fc8, ours in zip(converted.blobs["fc8"], captions, strict=True):
        beams = converted.beams(fc8, width, 9)
        assert_same_captions(ours, beams, converted.vocabulary, caffe_tasks.sentence)


def test_the_score_of_a_caption_of_a_photo_of_any_size(converted):
    photo, words = picture(2, 300, 400), [0, 5, 17, 1, 59]
    # Rounded: our photos are uint8 whatever their size, the authors' are not.
    seen = np.rint(caffe_tasks.prepare_photo(photo, converted.side))
    fc8 = converted.visual_blobs(seen[None])["fc8"]
    scores = converted.task.score([photo], ["w5 w17 zebra w59"], per_word=True)[0]
    logits = caffe_tasks.word_logits(
        converted.language, converted.variant, np.array([words]).T, fc8
    )
    log_p = np.log(caffe_tasks.softmax(logits[:, 0]))
    assert_same("log-probabilities", scores, log_p[range(5), [*words[1:], 0]])


@pytest.mark.parametrize("height, width", [(300, 400), (450, 280), (1000, 800)])
def test_pixels_of_a_photo_of_any_size(converted, height, width):
    photo, task = picture(4, height, width), converted.task
    rows = task.preprocessor.load_images([photo])
    expected = caffe_tasks.prepare_photo(photo, converted.side)
    offset = np.array(task.preprocessor.image_converter.offset)
    # Ours rounds to whole levels, as photos are stored.
    np.testing.assert_allclose(rows[0] - offset, expected, atol=0.501)


def test_the_preset_is_the_task(converted):
    task = keras_lrcn.LRCNCaptioner.from_preset(str(converted.preset))
    words = some_words()
    assert_same("logits", converted.logits(words, task), converted.expected_logits(words))
