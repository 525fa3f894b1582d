"""Clips to labels: late fusion, shared features, streaming, presets."""

import keras
import numpy as np
import pytest

import keras_lrcn
from keras_lrcn.data import Crop, clip_frames, clip_starts, cut, evaluation_crops

CLASSES = ("left", "right", "still")


def make_activity(seed=0, modality="rgb", frame_size=(20, 24), crop_size=(16, 16), **options):
    """An activity model on 16x16 windows of 20x24 frames, with weights that differ a lot."""
    keras.utils.set_random_seed(seed)
    image = keras.Input((*crop_size, 3))
    x = keras.layers.Conv2D(6, 5, strides=4, activation="tanh")(image)
    encoder = keras.Model(image, keras.layers.Flatten()(x))
    backbone = keras_lrcn.LRCNActivityBackbone(encoder, **{"units": 8, **options})
    converter = keras_lrcn.LRCNFrameConverter(crop_size, scale=1 / 64, offset=-2.0)
    preprocessor = keras_lrcn.LRCNActivityPreprocessor(
        CLASSES, converter, frame_size, clip_length=6, stride=3, modality=modality
    )
    activity = keras_lrcn.LRCNActivity(backbone, preprocessor)
    random = np.random.default_rng(seed)
    for weight in activity.trainable_weights:
        weight.assign(random.normal(0, 0.5, weight.shape))
    return activity


def make_video(num_frames=17, seed=0, size=(20, 24)):
    return np.random.default_rng(seed).integers(0, 255, (num_frames, *size, 3), dtype="uint8")


def softmax(logits):
    odds = np.exp(np.float64(logits) - np.max(logits, -1, keepdims=True))
    return odds / odds.sum(-1, keepdims=True)


def naive(activity, video, crops="centre", length=6, stride=3):
    """The paper's protocol without a short cut: the whole model on every clip of every crop."""
    pre = activity.preprocessor
    clips = [
        cut(video[clip_frames(start, len(video), length)], crop, pre.crop_size)
        for crop in evaluation_crops(pre.frame_size, pre.crop_size, crops)
        for start in clip_starts(len(video), length, stride)
    ]
    logits = keras.Model.predict_on_batch(activity, pre.convert_frames(np.stack(clips)))
    return softmax(logits).mean(axis=(0, 1))


@pytest.fixture(scope="module")
def activity():
    return make_activity()


@pytest.mark.parametrize("crops", ["centre", "ten"])
@pytest.mark.parametrize("num_frames", [1, 5, 6, 17])
def test_shared_features_give_what_every_clip_alone_gives(activity, crops, num_frames):
    video = make_video(num_frames)
    shared = activity.classify(video, top=3, crops=crops)
    np.testing.assert_allclose(shared.probabilities, naive(activity, video, crops), atol=1e-5)
    assert [p for _, p in shared.top] == sorted(shared.probabilities.tolist(), reverse=True)
    assert shared.label == CLASSES[int(np.argmax(shared.probabilities))]


def test_the_cnn_sees_each_frame_of_a_crop_once(activity, monkeypatch):
    encoder = activity.kept("encoder False", None)
    seen = []
    encode = encoder.encode
    monkeypatch.setattr(
        encoder, "encode", lambda frames: seen.append(len(frames)) or encode(frames)
    )
    activity.classify(make_video(40), crops="ten")
    assert sum(seen) == 40 * 10  # the clips together hold 13 * 6 frames of each crop


def test_the_single_frame_baseline_does_not_care_for_order():
    single, video = make_activity(num_layers=0), make_video(6)
    shuffled = video[np.random.default_rng(1).permutation(6)]
    one, other = single.classify(video), single.classify(shuffled)
    np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-6)
    recurrent = make_activity()
    one, other = recurrent.classify(video), recurrent.classify(shuffled)
    assert np.abs(one.probabilities - other.probabilities).max() > 1e-3


def test_timeline_is_the_mean_over_the_clips_that_hold_a_frame(activity):
    video = make_video(12)
    result = activity.classify(video)
    pre, expected, counts = activity.preprocessor, np.zeros((12, 3)), np.zeros((12, 1))
    crop = evaluation_crops(pre.frame_size, pre.crop_size)[0]
    for start in (0, 3, 6):
        clip = pre.convert_frames(cut(video[start : start + 6], crop, pre.crop_size)[None])
        expected[start : start + 6] += softmax(keras.Model.predict_on_batch(activity, clip)[0])
        counts[start : start + 6] += 1
    np.testing.assert_allclose(result.timeline, expected / counts, atol=1e-5)
    assert result.seconds.shape == (12,) and result.end > result.start == 0.0


@pytest.mark.parametrize("options", [{}, {"num_layers": 2}, {"cell": "rnn"}, {"num_layers": 0}])
def test_stream_gives_what_the_clips_give(options):
    activity, video = make_activity(**options), make_video(15)
    timeline = activity.classify(video).timeline
    stream = activity.stream()
    for _ in range(2):  # and again after a reset
        stream.reset()
        streamed = np.stack([stream.step(frame) for frame in video])
        # The clip that begins at frame 12 is never whole, so `classify` has no such clip.
        np.testing.assert_allclose(streamed[:12], timeline[:12], atol=1e-5)


def test_a_carried_stream_is_one_endless_clip():
    activity, video = make_activity(), make_video(30)
    stream = activity.stream(policy="carry")
    streamed = np.stack([stream.step(frame) for frame in video])
    whole = activity.classify(video, clip_length=30).timeline
    np.testing.assert_allclose(streamed, whole, atol=1e-5)


def test_a_stream_of_flow_starts_with_equal_probabilities():
    pytest.importorskip("cv2")
    activity, video = make_activity(modality="flow"), make_video(10)
    stream = activity.stream()
    streamed = np.stack([stream.step(frame) for frame in video])
    np.testing.assert_allclose(streamed[0], 1 / 3, atol=1e-6)
    timeline = activity.classify(video).timeline
    np.testing.assert_allclose(streamed[1:7], timeline[:6], atol=1e-5)


@pytest.mark.parametrize(
    "options, message",
    [({"policy": "forget"}, "policy"), ({"clip_length": 16, "stride": 5}, "divide")],
)
def test_streams_refuse_what_they_cannot_do(activity, options, message):
    with pytest.raises(ValueError, match=message):
        activity.stream(**options)


def test_training_on_clips_and_on_cached_features_is_the_same():
    def losses(on_features):
        activity = make_activity(dropout=0.0, visual_dropout=0.0)
        activity.backbone.visual_encoder.trainable = False
        clips, labels = make_video(24).reshape(4, 6, 20, 24, 3)[..., 2:18, 4:20, :], [0, 1, 2, 0]
        x = activity.preprocessor.convert_frames(clips)
        model = activity
        if on_features:
            x = activity.backbone.visual_encoder(x.reshape(-1, 16, 16, 3))
            x = keras.ops.convert_to_numpy(x).reshape(4, 6, -1)
            model = activity.on_features()
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(0.1), loss, jit_compile=False)
        y = np.repeat(np.array(labels)[:, None], 6, axis=1)
        return [float(np.ravel(keras.Model.train_on_batch(model, x, y))[0]) for _ in range(4)]

    np.testing.assert_allclose(losses(False), losses(True), rtol=1e-5)
    assert losses(True)[-1] < losses(True)[0]


def test_labels_count_at_every_frame(activity):
    clips = make_video(12)[:, 2:18, 4:20].reshape(2, 6, 16, 16, 3)
    x, y = activity.preprocessor(clips, y=np.array([2, 1]))
    assert x.shape == clips.shape and x.dtype == "float32"
    np.testing.assert_array_equal(y, [[2] * 6, [1] * 6])
    one, label = activity.preprocessor(clips[0], y=np.array(2))
    np.testing.assert_allclose(one, x[0], atol=1e-6)
    np.testing.assert_array_equal(label, [2] * 6)


def test_preset_round_trip_classifies_the_same(activity, tmp_path):
    activity.save_to_preset(str(tmp_path / "preset"))
    again = keras_lrcn.LRCNActivity.from_preset(str(tmp_path / "preset"))
    video = make_video()
    np.testing.assert_array_equal(
        activity.classify(video).probabilities, again.classify(video).probabilities
    )
    assert again.preprocessor.get_config() == activity.preprocessor.get_config()


def test_classes_of_ones_own_start_with_a_new_last_layer(activity, tmp_path):
    activity.save_to_preset(str(tmp_path / "preset"))
    folder = str(tmp_path / "preset")
    mine = keras_lrcn.LRCNActivity.from_preset(folder, class_names=["run", "walk"])
    assert mine.class_names == ("run", "walk") and mine.output.shape[-1] == 2
    old, new = (m.backbone.lstm_stack.get_weights() for m in (activity, mine))
    for a, b in zip(old, new, strict=True):
        np.testing.assert_array_equal(a, b)
    mine.save_to_preset(str(tmp_path / "mine"))
    again = keras_lrcn.LRCNActivity.from_preset(str(tmp_path / "mine"))
    assert again.classify(make_video()).label in ("run", "walk")


def test_a_captioners_preset_is_refused(tiny_preset):
    with pytest.raises(ValueError, match="LRCNActivity"):
        keras_lrcn.LRCNActivity.from_preset(tiny_preset)


def test_cut_mirrors_after_the_window_is_taken():
    frame = np.arange(20 * 24).reshape(1, 20, 24, 1)
    plain = cut(frame, Crop(2, 3), (4, 5))
    np.testing.assert_array_equal(cut(frame, Crop(2, 3, True), (4, 5)), plain[:, :, ::-1])
    np.testing.assert_array_equal(plain[0, :, :, 0], frame[0, 2:6, 3:8, 0])
