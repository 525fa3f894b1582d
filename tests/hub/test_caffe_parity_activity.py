"""Converted activity networks against Caffe's rules in NumPy: pixels, fc6, clips and videos."""

import keras
import numpy as np
import pytest
from converted_nets import CLASSES, ConvertedActivity, moving_window
from reference import caffe_tasks
from reference.caffe_net import preprocess, visual_blobs
from reference.caffe_parity import assert_same

import keras_lrcn

NETS = [
    ("lrcn_rgb_hybrid", "lrcn", "hybrid", "lrcn_rgb"),
    ("lrcn_flow_hybrid", "lrcn", "hybrid", "flow"),
    ("single_rgb_hybrid", "single", "hybrid", "single_rgb"),
    ("single_flow_hybrid", "single", "hybrid", "flow"),
    ("lrcn_rgb_caffenet", "lrcn", "caffenet", "lrcn_rgb"),
    ("single_flow_caffenet", "single", "caffenet", "flow"),
]


@pytest.fixture(scope="module", params=NETS, ids=[name for name, *_ in NETS])
def converted(request, tmp_path_factory):
    name, *options = request.param
    return ConvertedActivity(tmp_path_factory.mktemp(name), f"{name}_ucf101", *options)


def test_every_activation_from_the_pixels_to_fc6(converted):
    frames = moving_window(2, 227, 227)
    encoder = converted.task.backbone.visual_encoder
    names = ["conv1", "norm1", "pool2", "norm2", "conv5", "pool5"]
    layers = [encoder.backbone.get_layer(name) for name in names]
    pixels = converted.task.preprocessor.convert_frames(frames)
    maps = keras.Model(encoder.backbone.input, [layer.output for layer in layers])
    last = "fc6" if converted.kind == "lrcn" else "fc7"
    expected = visual_blobs(converted.cnn, converted.net, preprocess(frames, converted.mean), last)
    for name, ours in zip(names, maps.predict(pixels, verbose=0), strict=True):
        assert_same(name, ours.transpose(0, 3, 1, 2), expected[name])
    assert_same(last, encoder.predict(pixels, verbose=0), expected[last])


def test_logits_of_every_frame_of_a_clip(converted):
    frames = moving_window(16, 227, 227)
    pixels = converted.task.preprocessor.convert_frames(frames[None])
    expected = caffe_tasks.frame_logits(converted.net, converted.kind, converted.features(frames))
    assert expected.shape == (16, CLASSES) and expected.std(axis=0).min() > 0.05
    assert_same("logits", converted.task(pixels)[0], expected)


def test_probabilities_of_a_video_over_the_authors_windows(converted):
    frames = moving_window()
    if "flow" in converted.task.preprocessor.modality:
        pixels = converted.task.preprocessor.convert_frames(frames[:, 6:233, 46:273])
        encoder = converted.task.backbone.visual_encoder
        ours = converted.task.classify_features(
            encoder.predict(pixels, verbose=0), tail="lrcn", top=CLASSES
        )
    else:
        ours = converted.task.classify(frames, tail="lrcn", top=CLASSES)
    features = converted.features(frames[:, 6:233, 46:273])
    expected = caffe_tasks.video_probabilities(converted.net, converted.kind, features)
    assert_same("probabilities", ours.probabilities, expected)
    assert [label for label, _ in ours.top] == [f"Class{n}" for n in np.argsort(-expected)]


def test_a_stream_carries_the_state_as_caffe_does(converted):
    frames = moving_window(3)
    task = keras_lrcn.LRCNActivity.from_preset(str(converted.preset))
    if task.preprocessor.modality == "flow":
        pytest.skip("a stream of pixels computes its flow")
    stream = task.stream("carry")
    ours = np.stack([stream.step(frame) for frame in frames])
    features = converted.features(frames[:, 6:233, 46:273])
    logits = caffe_tasks.frame_logits(converted.net, converted.kind, features)
    assert_same("probabilities", ours, caffe_tasks.softmax(logits))


def test_flow_images_are_the_authors(tmp_path):
    name = "lrcn_flow_hybrid_ucf101"
    flow = ConvertedActivity(
        tmp_path, name, "lrcn", "hybrid", "flow", 3, 1 / 64
    ).task.preprocessor.flow
    # x * 16 + 128, y * 16 + 128 and |(x, y)| * 16 + 128, none above 255.
    assert flow.encode(np.array([3.0, -4.0])).tolist() == [176, 64, 208]
    assert flow.encode(np.array([-9.0, 9.0])).tolist() == [0, 255, 255]
