"""RGB and flow, fused late."""

import numpy as np
import pytest

import keras_lrcn
from tests.models.test_activity import make_activity, make_video

pytest.importorskip("cv2")


@pytest.fixture(scope="module")
def streams():
    return make_activity(1), make_activity(2, modality="flow")


@pytest.mark.parametrize("weights", [(1 / 3, 2 / 3), (0.5, 0.5), (1, 3)])
def test_fused_probabilities_are_the_weighted_mean(streams, weights):
    video = make_video(12)
    both = keras_lrcn.TwoStream.from_streams(*streams, weights=weights)
    rgb, flow = (stream.classify(video) for stream in streams)
    share = weights[0] / sum(weights)
    fused = both.classify(video, top=3)
    expected = share * rgb.probabilities + (1 - share) * flow.probabilities
    np.testing.assert_allclose(fused.probabilities, expected, atol=1e-6)
    np.testing.assert_allclose(fused.timeline[0], rgb.timeline[0], atol=1e-6)
    expected = share * rgb.timeline[1:] + (1 - share) * flow.timeline
    np.testing.assert_allclose(fused.timeline[1:], expected, atol=1e-6)


def test_one_preset_holds_both_streams(streams, tmp_path):
    both = keras_lrcn.TwoStream.from_streams(*streams)
    both.save_to_preset(str(tmp_path / "both"))
    again = keras_lrcn.TwoStream.from_preset(str(tmp_path / "both"))
    video = make_video(9)
    np.testing.assert_allclose(
        again.classify(video).probabilities, both.classify(video).probabilities, atol=1e-7
    )
    assert again.preprocessor.flow.flow == both.preprocessor.flow.flow


def test_streams_from_presets_can_be_joined(streams, tmp_path):
    folders = [str(tmp_path / name) for name in ("rgb", "flow")]
    for stream, folder in zip(streams, folders, strict=True):
        stream.save_to_preset(folder)
    loaded = [keras_lrcn.LRCNActivity.from_preset(folder) for folder in folders]
    for stream in loaded:
        stream.backbone.name = "lrcn_activity_backbone"  # as each has where it is the first
    keras_lrcn.TwoStream.from_streams(*loaded).save_to_preset(str(tmp_path / "both"))
    video = make_video(9)
    again = keras_lrcn.TwoStream.from_preset(str(tmp_path / "both")).classify(video)
    both = keras_lrcn.TwoStream.from_streams(*streams).classify(video)
    np.testing.assert_allclose(again.probabilities, both.probabilities, atol=1e-6)


def test_without_opencv_the_rgb_stream_answers(streams, monkeypatch):
    both = keras_lrcn.TwoStream.from_streams(*streams)

    def missing(*args, **kwargs):
        raise ImportError("optical flow needs OpenCV")

    monkeypatch.setattr(both.flow, "classify", missing)
    video = make_video(9)
    with pytest.warns(UserWarning, match="RGB only"):
        answer = both.classify(video)
    np.testing.assert_allclose(
        answer.probabilities, streams[0].classify(video).probabilities, atol=1e-6
    )


def test_the_stream_gives_what_the_clips_give(streams):
    both = keras_lrcn.TwoStream.from_streams(*streams)
    video = make_video(16)
    timeline = both.classify(video).timeline
    stream = both.stream()
    for _ in range(2):  # and again after a reset
        stream.reset()
        streamed = np.stack([stream.step(frame) for frame in video])
        # `classify` ends with a clip of the last 6 frames, which no stream can know of.
        np.testing.assert_allclose(streamed[:10], timeline[:10], atol=1e-5)


def test_without_opencv_the_rgb_stream_goes_on(streams, monkeypatch):
    both, video = keras_lrcn.TwoStream.from_streams(*streams), make_video(4)

    def missing(*args, **kwargs):
        raise ImportError("optical flow needs OpenCV")

    monkeypatch.setattr(both.flow, "stream", missing)
    with pytest.warns(UserWarning, match="RGB only"):
        stream = both.stream()
    alone = streams[0].stream()
    for frame in video:
        np.testing.assert_allclose(stream.step(frame), alone.step(frame), atol=1e-6)


def test_weights_are_searched_on_a_validation_set():
    labels = np.array([0, 1, 0, 1])
    rgb = np.array([[0.9, 0.1], [0.6, 0.4], [0.8, 0.2], [0.45, 0.55]])
    flow = np.array([[0.4, 0.6], [0.1, 0.9], [0.3, 0.7], [0.2, 0.8]])
    share, other = keras_lrcn.search_fusion_weights(rgb, flow, labels)
    assert share + other == pytest.approx(1)
    assert ((share * rgb + other * flow).argmax(-1) == labels).all()
    assert (rgb.argmax(-1) == labels).mean() == (0.75) and (flow.argmax(-1) == labels).mean() == 0.5


def test_streams_of_other_classes_are_refused(streams):
    rgb, flow = streams[0], make_activity(2, modality="flow")
    flow.preprocessor.class_names = ("a", "b", "c")
    with pytest.raises(ValueError, match="same classes"):
        keras_lrcn.TwoStream.from_streams(rgb, flow)
