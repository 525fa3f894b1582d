"""The comparison notices what can go wrong with networks of videos; their bad files are refused."""

import numpy as np
import pytest
from converted_nets import ConvertedActivity, ConvertedDescriber, frame_features, moving_window
from reference import caffe_tasks, published_nets
from reference.caffe_file import write_caffemodel
from reference.caffe_net import Net
from reference.caffe_parity import (
    TOLERANCE,
    changed,
    difference,
    first,
    gates,
    write_vocabulary,
)

import keras_lrcn
from hub.convert import convert

SCALE = 1 / 64
FRAME, UNITS = published_nets.wide(500, SCALE), published_nets.wide(1000, SCALE)
WORDS = [0, 5, 17, 1, 30]


def words_first(weight):
    """Columns of lstm2 for the word before the hidden state."""
    hidden, word, stage = np.split(weight, [UNITS, UNITS + FRAME], axis=1)
    return np.concatenate([word, hidden, stage], axis=1)


def without_stage(weight):
    return np.concatenate([weight[:, :-1], 0 * weight[:, -1:]], axis=1)


def other_first_word(table):
    return np.concatenate([-table[:1], table[1:]])


S2VT_FAULTS = {
    "the word before the hidden state": ("lstm2", first(words_first)),
    "the stage left out": ("lstm2", first(without_stage)),
    "the bias of absent frames left out": ("embed_encoder", lambda a: [a[0], 0 * a[1]]),
    "the word read with frames changed": ("embedding", first(other_first_word)),
    "gates f and o swapped": ("lstm2", gates([0, 2, 1, 3])),
}


@pytest.fixture(scope="module")
def s2vt(tmp_path_factory):
    """A sound S2VT, the features of a video, and our logits."""
    converted = ConvertedDescriber(tmp_path_factory.mktemp("s2vt"), "s2vt_factored", scale=SCALE)
    frames = frame_features(5, converted.width)
    ours = converted.logits(keras_lrcn.preprocessing.pad_frames([frames]), WORDS)
    assert difference(ours, converted.expected_logits(frames, WORDS)) < TOLERANCE
    return converted, frames, ours


@pytest.mark.parametrize("fault", S2VT_FAULTS)
def test_s2vt_that_is_read_wrongly_differs(s2vt, fault):
    converted, frames, ours = s2vt
    layers = changed(list(converted.net.values()), *S2VT_FAULTS[fault])
    wrong = caffe_tasks.s2vt_logits(Net(layers), True, frames, WORDS)
    assert difference(ours, wrong) > 30 * TOLERANCE


@pytest.mark.parametrize("change", ["a frame less", "frames the other way round", "a word less"])
def test_s2vt_depends_on_every_frame_and_word(s2vt, change):
    converted, frames, ours = s2vt
    seen = {"a frame less": frames[:-1], "frames the other way round": frames[::-1]}
    words = [*WORDS[:1], 9, *WORDS[2:]] if change == "a word less" else WORDS
    wrong = converted.expected_logits(seen.get(change, frames), words)
    assert difference(ours, wrong) > 30 * TOLERANCE


def test_rnn_with_hidden_and_output_weights_swapped_differs():
    layers = published_nets.language("2f", UNITS, 40, SCALE, cell="RNN")
    swapped = changed(layers, "lstm1", lambda a: [a[0], a[1], a[3], a[2], a[4]])
    visual = np.random.default_rng(0).normal(size=(1, UNITS))
    logits = [
        caffe_tasks.word_logits(Net(net), "2f", np.array([WORDS]).T, visual)
        for net in (layers, swapped)
    ]
    assert difference(*logits) > 30 * TOLERANCE


@pytest.mark.parametrize("fault", ["mean", "channels", "order of frames"])
def test_clips_that_are_seen_wrongly_differ(tmp_path, fault):
    name = "lrcn_rgb_hybrid_ucf101"
    converted = ConvertedActivity(tmp_path, name, "lrcn", "hybrid", "lrcn_rgb", scale=SCALE)
    frames = moving_window(4, 227, 227)
    ours = converted.task(np.asarray(converted.task.preprocessor.convert_frames(frames[None])))[0]

    def expected(frames):
        features = converted.features(frames)
        return caffe_tasks.frame_logits(converted.net, "lrcn", features)

    assert difference(ours, expected(frames)) < TOLERANCE
    if fault == "mean":
        converted.mean = caffe_tasks.BGR_MEAN["single_rgb"]  # 123.68 for 128.68
    seen = {"channels": frames[..., ::-1], "order of frames": frames[::-1]}.get(fault, frames)
    assert difference(ours, expected(seen)) > 10 * TOLERANCE


@pytest.mark.parametrize(
    "name, layers, missing",
    [
        ("lrcn_rgb_hybrid_ucf101", published_nets.activity("lrcn", scale=SCALE), "conv4"),
        ("lrcn_rgb_hybrid_ucf101", published_nets.activity("lrcn", scale=SCALE), "lstm1"),
        ("lrcn_flow_hybrid_ucf101", published_nets.activity("lrcn", scale=SCALE), "fc8-final"),
        ("single_rgb_hybrid_ucf101", published_nets.activity("single", scale=SCALE), "fc8-ucf"),
        ("s2vt_vgg_msvd", published_nets.s2vt(words=40, scale=SCALE), "embed_encoder"),
        ("s2vt_vgg_msvd", published_nets.s2vt(words=40, scale=SCALE), "lstm"),
        ("meanpool_vgg_msvd", published_nets.mean_pool(words=40, scale=SCALE), "predict"),
    ],
)
def test_a_missing_layer_is_named(tmp_path, name, layers, missing):
    kept = [layer for layer in layers if not layer.name.startswith(missing)]
    file = write_caffemodel(tmp_path / "net.caffemodel", kept)
    vocabulary = tmp_path / "words.txt"
    write_vocabulary(vocabulary, 40, "<en_unk>")
    vocabulary = None if "ucf101" in name else vocabulary
    with pytest.raises(ValueError, match=missing):
        convert(name, file, tmp_path / "preset", vocabulary=vocabulary)
    assert not (tmp_path / "preset").exists()


@pytest.mark.parametrize(
    "name, layers, wrong, change",
    [
        (
            "lrcn_rgb_hybrid_ucf101",  # conv1 of CaffeNet
            published_nets.activity("lrcn", "caffenet", scale=SCALE),
            "conv1",
            None,
        ),
        (
            "lrcn_rgb_hybrid_ucf101",
            published_nets.activity("lrcn", scale=SCALE),
            "lstm1",
            first(lambda w: w[:, :-2]),
        ),
        (
            "single_flow_hybrid_ucf101",
            published_nets.activity("single", scale=SCALE),
            "fc8-ucf",
            first(lambda w: w[:, :-2]),
        ),
        (
            "s2vt_vgg_msvd",
            published_nets.s2vt(words=40, scale=SCALE),
            "lstm2",
            first(lambda w: w[:, :-1]),
        ),
    ],
    ids=["conv1", "lstm1", "fc8-ucf", "lstm2"],
)
def test_an_unknown_shape_is_named(tmp_path, name, layers, wrong, change):
    layers = changed(layers, wrong, change) if change else layers
    file = write_caffemodel(tmp_path / "net.caffemodel", layers)
    write_vocabulary(tmp_path / "words.txt", 40, "<en_unk>")
    vocabulary = None if "ucf101" in name else tmp_path / "words.txt"
    with pytest.raises(ValueError, match=wrong) as error:
        convert(name, file, tmp_path / "preset", vocabulary=vocabulary)
    print(error.value)
    shape = next(layer.shapes[0] for layer in layers if layer.name == wrong)
    assert str(shape) in str(error.value) or str(shape[1]) in str(error.value)
