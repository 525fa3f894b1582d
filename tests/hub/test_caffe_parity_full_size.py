"""Files of the published size, once for each CNN and each recurrent part, against NumPy."""

import shutil

import keras
import numpy as np
import pytest
from converted_nets import (
    ConvertedActivity,
    ConvertedCaptioner,
    ConvertedDescriber,
    frame_features,
    moving_window,
    some_words,
)
from reference import caffe_tasks
from reference.caffe_parity import assert_same, assert_same_captions
from reference.published_nets import COCO_WORDS, FLICKR30K_WORDS, MSVD_WORDS, S2VT_WORDS

import keras_lrcn

pytestmark = pytest.mark.slow

NARROW = {"net": "caffenet", "cnn_scale": 1 / 32}  # the CNN: the language part is full size
CAPTIONERS = [
    ("lrcn2f_vgg_coco", {"variant": "2f", "net": "vgg"}, COCO_WORDS),
    ("lrcn1u_caffenet_flickr30k", {"variant": "1u", "net": "caffenet"}, FLICKR30K_WORDS),
    ("lrcn2u_caffenet_coco", {"variant": "2u", **NARROW}, COCO_WORDS),
    ("rnn2f_caffenet_coco", {"variant": "2f", "cell": "RNN", **NARROW}, COCO_WORDS),
]


@pytest.fixture(autouse=True)
def small_again(tmp_path):
    """Forgets one network before the next, and its files of up to 0.7 GB."""
    yield
    keras.backend.clear_session()
    shutil.rmtree(tmp_path)


@pytest.mark.parametrize("name, options, words", CAPTIONERS, ids=[row[0] for row in CAPTIONERS])
def test_captioner(tmp_path, name, options, words):
    converted = ConvertedCaptioner(tmp_path, name, options, words, scale=1, photos=1)
    for blob, values in converted.activations().items():
        assert_same(blob, values, converted.blobs[blob])
    read = some_words(photos=1, time=6, words=words)
    assert_same("logits", converted.logits(read), converted.expected_logits(read))
    sampler = keras_lrcn.samplers.BeamSearch(num_beams=3, num_captions=3)
    photos, task = list(converted.photos), converted.task
    captions = task.generate(photos, sampler, 3, max_length=5, return_details=True)[0]
    beams = converted.beams(converted.blobs["fc8"][0], 3, 5)
    assert_same_captions(captions, beams, converted.vocabulary, caffe_tasks.sentence)


@pytest.mark.parametrize(
    "name, kind, mean, frames",
    [
        ("lrcn_rgb_hybrid_ucf101", "lrcn", "lrcn_rgb", 16),
        ("single_flow_hybrid_ucf101", "single", "flow", 3),
    ],
)
def test_activity(tmp_path, name, kind, mean, frames):
    converted = ConvertedActivity(tmp_path, name, kind, "hybrid", mean, classes=101, scale=1)
    frames, task = moving_window(frames, 227, 227), converted.task
    pixels = np.asarray(task.preprocessor.convert_frames(frames))
    expected = converted.features(frames)
    encoder = task.backbone.visual_encoder
    if kind == "lrcn":
        assert_same("fc6", encoder.predict(pixels, verbose=0, batch_size=4), expected)
    logits = caffe_tasks.frame_logits(converted.net, kind, expected)
    assert logits.shape == (len(frames), 101)
    assert_same("logits", task(pixels[None])[0], logits)


@pytest.mark.parametrize(
    "kind, words",
    [("s2vt_factored", S2VT_WORDS), ("s2vt_unfactored", MSVD_WORDS), ("meanpool_2f", MSVD_WORDS)],
)
def test_describer(tmp_path, kind, words):
    converted = ConvertedDescriber(tmp_path, kind, words=words, scale=1)
    frames, read = frame_features(12, 4096), [0, 5, words - 1, 1, 700]
    visual = keras_lrcn.preprocessing.pad_frames([frames])
    assert_same("logits", converted.logits(visual, read), converted.expected_logits(frames, read))
    captions = converted.task.generate(frames, max_length=4, return_details=True)
    beams = converted.beams(frames, length=4)
    assert_same_captions(captions, beams, converted.vocabulary, caffe_tasks.sentence)
