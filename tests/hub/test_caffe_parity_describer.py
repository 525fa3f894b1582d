"""Converted video describers against Caffe's rules in NumPy: S2VT and the mean-pool captioner."""

import numpy as np
import pytest
from converted_nets import MEAN, ConvertedDescriber, frame_features
from reference import caffe_tasks
from reference.caffe_net import Net, preprocess, visual_blobs
from reference.caffe_parity import (
    assert_same,
    assert_same_captions,
    picture,
)

import keras_lrcn

KINDS = ["s2vt_factored", "s2vt_unfactored", "meanpool_2f", "meanpool_2u", "meanpool_1u"]


@pytest.fixture(scope="module", params=KINDS)
def converted(request, tmp_path_factory):
    return ConvertedDescriber(tmp_path_factory.mktemp(request.param), request.param)


@pytest.mark.parametrize("count", [1, 5, 16])  # 5 are padded to 8
def test_logits_of_every_step(converted, count):
    frames, words = frame_features(count, converted.width), [0, 1, 44, 3, 59, 17]
    expected = converted.expected_logits(frames, words)
    other = converted.expected_logits(frame_features(count, converted.width, seed=1), words)
    assert np.abs(expected - other).max() > 0.1  # videos make a difference
    visual = keras_lrcn.preprocessing.pad_frames([frames])
    assert_same("logits", converted.logits(visual, words), expected)


def test_greedy_sentences_as_the_authors_write_them(converted):
    videos = [frame_features(count, converted.width, seed=count) for count in (3, 6, 9)]
    ours = converted.task.generate(videos, max_length=9, return_details=True)
    for frames, captions in zip(videos, ours, strict=True):
        beams = converted.beams(frames)
        assert_same_captions(captions, beams, converted.vocabulary, caffe_tasks.sentence)


def test_sentences_of_beam_search(converted):
    frames = frame_features(7, converted.width)
    sampler = keras_lrcn.samplers.BeamSearch(num_beams=4, num_captions=4)
    ours = converted.task.generate(frames, sampler, 4, max_length=9, return_details=True)
    beams = converted.beams(frames, 4)
    assert_same_captions(ours, beams, converted.vocabulary, caffe_tasks.sentence)


def test_the_preset_is_the_task(converted):
    task = keras_lrcn.LRCNVideoDescriber.from_preset(str(converted.preset))
    frames, words = frame_features(4, converted.width), [0, 5, 6]
    visual = keras_lrcn.preprocessing.pad_frames([frames])
    assert_same(
        "logits", converted.logits(visual, words, task), converted.expected_logits(frames, words)
    )


@pytest.mark.parametrize(
    "kind, cnn",
    [("s2vt_factored", "vgg"), ("meanpool_2f", "caffenet"), ("s2vt_unfactored", "caffenet")],
)
def test_from_the_pixels_with_a_cnn_of_its_own_file(tmp_path, kind, cnn):
    converted = ConvertedDescriber(tmp_path, kind, cnn)
    side, margin = {"vgg": (224, 16), "caffenet": (227, 14)}[cnn]  # of 256 x 256
    video = np.stack([picture(seed, 256, 256) for seed in range(3)])
    window = video[:, margin : margin + side, margin : margin + side]
    blobs = visual_blobs(cnn, Net(converted.cnn_layers), preprocess(window, MEAN), "fc7")
    frames, words = blobs["fc7"], [0, 4, 1, 50]
    visual = keras_lrcn.preprocessing.pad_frames([converted.task.preprocessor.load_video(video)])
    assert_same("logits", converted.logits(visual, words), converted.expected_logits(frames, words))
    ours = converted.task.generate(video, max_length=9, return_details=True)
    beams = converted.beams(frames)
    assert_same_captions(ours, beams, converted.vocabulary, caffe_tasks.sentence)
