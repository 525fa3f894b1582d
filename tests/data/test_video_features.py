"""Features of frozen encoders on disk, and clips of them."""

import numpy as np
import pytest

from keras_lrcn.data import (
    LabelledVideo,
    VideoError,
    VideoFeatures,
    cache_video_features,
    clip_frames,
    clip_starts,
    feature_clips,
)

CLASSES = ("left", "right")
EXAMPLES = [LabelledVideo(f"v{i}", f"/videos/v{i}.mp4", CLASSES[i % 2]) for i in range(9)]


def encode(path):
    """Two crops of 1 to 25 frames: a number that tells video, crop and frame."""
    number = int(path.removeprefix("/videos/v").removesuffix(".mp4"))
    count = 1 + 3 * number
    features = 100 * number + np.arange(count)[None, :, None] + np.array([[[0.25]], [[0.5]]])
    return np.arange(count) / 25, np.repeat(features, 3, axis=-1)


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    return cache_video_features(encode, EXAMPLES, tmp_path_factory.mktemp("cache"), "a")


def test_features_come_back_in_half_precision(features):
    for example in EXAMPLES:
        seconds, stored = features.read(example.video_id)
        np.testing.assert_array_equal(seconds, encode(example.path)[0])
        np.testing.assert_allclose(stored, encode(example.path)[1], rtol=2**-11)
        assert stored.dtype == "float32"


def test_a_killed_cache_goes_on_and_a_full_one_does_nothing(tmp_path):
    seen = []

    def encode_until(limit):
        def encode_one(path):
            if len(seen) == limit:
                raise KeyboardInterrupt
            seen.append(path)
            return encode(path)

        return encode_one

    with pytest.raises(KeyboardInterrupt):
        cache_video_features(encode_until(4), EXAMPLES, tmp_path, "a")
    for _ in range(2):
        cache_video_features(encode_until(99), EXAMPLES, tmp_path, "a")
    assert seen == [e.path for e in EXAMPLES]
    cache_video_features(encode_until(99), EXAMPLES[:2], tmp_path, "another encoder")
    assert seen[-2:] == [e.path for e in EXAMPLES[:2]]


def test_a_half_written_file_is_never_taken_for_features(tmp_path, monkeypatch):
    store = VideoFeatures(tmp_path)

    def die(*args, **kwargs):
        (tmp_path / ".part.npz").write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez", die)
    with pytest.raises(KeyboardInterrupt):
        store.add("v0", *encode("/videos/v0.mp4"))
    assert "v0" not in store
    with pytest.raises(KeyError, match="v0"):
        store.read("v0")


def test_broken_videos_are_reported_and_the_others_encoded(tmp_path):
    def encode_some(path):
        if path == EXAMPLES[3].path:
            raise VideoError(path, "damaged", "Fetch it again")
        return encode(path)

    errors = []
    store = cache_video_features(encode_some, EXAMPLES, tmp_path, "a", on_error=errors.append)
    assert [e.video_id in store for e in EXAMPLES] == [i != 3 for i in range(9)]
    assert [error.path for error in errors] == [EXAMPLES[3].path]
    with pytest.raises(VideoError, match="v3.mp4"):
        cache_video_features(encode_some, EXAMPLES, tmp_path, "a")


def epoch_of(features, **options):
    dataset = feature_clips(features, EXAMPLES, CLASSES, clip_length=6, batch_size=4, **options)
    return whole_epoch(dataset)


def whole_epoch(dataset):
    batches = list(dataset.as_numpy_iterator())
    assert len(batches) == len(dataset)
    return np.concatenate([x for x, _ in batches]), np.concatenate([y for _, y in batches])


def test_without_training_clips_lie_evenly_over_the_first_crop(features):
    clips, labels = epoch_of(features, training=False, clips_per_video=2)
    assert clips.shape == (18, 6, 3) and labels.shape == (18, 6)
    for i, example in enumerate(EXAMPLES):
        crop = encode(example.path)[1][0]
        starts = clip_starts(len(crop), 6, stride=1)
        for part, share in enumerate((0.25, 0.75)):
            places = clip_frames(starts[round(share * (len(starts) - 1))], len(crop), 6)
            np.testing.assert_allclose(clips[2 * i + part], crop[places], rtol=2**-11)
            assert (labels[2 * i + part] == CLASSES.index(example.label)).all()


def test_training_draws_crops_and_places_anew_each_epoch(features):
    dataset = feature_clips(features, EXAMPLES, CLASSES, clip_length=6, batch_size=4)
    places, crops = {}, set()
    for _ in range(15):
        clips, labels = whole_epoch(dataset)
        numbers = np.floor(clips[:, 0, 0] / 100).astype(int)
        assert sorted(numbers) == list(range(9))  # each video once
        np.testing.assert_array_equal(labels[:, 0], numbers % 2)
        for number, clip in zip(numbers, clips[:, :, 0], strict=True):
            places.setdefault(number, set()).add(clip[0] // 1 - 100 * number)
            crops.add(round(float(clip[0] % 1), 1))
            steps = np.diff(np.floor(clip))
            assert set(steps) <= ({1} if number > 1 else {0, 1})
    assert places[0] == {0} and len(places[8]) > 5  # 1 frame; 25 frames have 20 starts
    assert len(crops) > 1


@pytest.mark.parametrize("training", [True, False])
def test_an_epoch_is_the_same_wherever_training_resumes(features, training):
    dataset = feature_clips(
        features, EXAMPLES, CLASSES, clip_length=6, batch_size=4, training=training
    )
    for epoch in range(3):
        for ours, resumed in zip(
            whole_epoch(dataset),
            epoch_of(features, training=training, initial_epoch=epoch),
            strict=True,
        ):
            np.testing.assert_array_equal(ours, resumed)


def test_shuffled_frames_are_the_same_frames_in_another_order(features):
    clips, labels = epoch_of(features)
    shuffled, others = epoch_of(features, shuffle_frames=True)
    np.testing.assert_array_equal(np.sort(clips, axis=1), np.sort(shuffled, axis=1))
    np.testing.assert_array_equal(labels, others)
    assert not np.array_equal(clips, shuffled)


def test_labels_of_other_classes_are_refused(features):
    with pytest.raises(ValueError, match="left"):
        feature_clips(features, EXAMPLES, ("right", "up"))
