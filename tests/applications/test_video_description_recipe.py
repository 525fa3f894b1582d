"""The parts of the video description recipe, on made tuples and frames."""

import numpy as np
import pytest

import keras_lrcn
from applications.video_description import grid_videos, tuples
from applications.video_description.experiments import TUPLE_EXPERIMENTS
from applications.video_description.msvd import describer_of
from applications.video_description.noise import errors_at_maximum, observe, priors_of
from keras_lrcn.data import DescribedVideo
from keras_lrcn.preprocessing import SemanticRoles, WordTokenizer, build_vocabulary

ROLES = SemanticRoles({"scene": list("abcd"), "objects": list("uvwxyz")}, ("objects",))


def made_tuples(count=4000, seed=0):
    rng = np.random.default_rng(seed)
    scenes = np.eye(4)[rng.choice(4, count, p=[0.4, 0.3, 0.2, 0.1])]
    return np.concatenate([scenes, rng.random((count, 6)) < 0.3], axis=1).astype("float32")


@pytest.mark.parametrize("distance", [1.0, 2.5])
def test_the_noise_is_calibrated(distance):
    vectors = made_tuples()
    probabilities = observe(vectors, ROLES, priors_of(vectors), distance, seed=1)
    np.testing.assert_allclose(probabilities[:, :4].sum(axis=1), 1, atol=1e-5)
    for low in np.arange(0, 1, 0.25):
        believed = (probabilities >= low) & (probabilities < low + 0.25)
        # 3 standard errors of the 40,000 words' share in a quarter of them or less
        assert vectors[believed].mean() == pytest.approx(probabilities[believed].mean(), abs=0.03)


def test_a_larger_distance_errs_less_and_a_great_one_never():
    vectors, errors = made_tuples(), []
    for distance in (1.0, 2.0, 15.0):
        seen = observe(vectors, ROLES, priors_of(vectors), distance, seed=1)
        errors.append(errors_at_maximum(seen, vectors, ROLES)["scene"]["wrong"])
    assert errors[0] > errors[1] > errors[2] == 0
    np.testing.assert_allclose(seen, vectors, atol=0.01)


def test_an_unknown_scene_stays_unknown():
    vectors = made_tuples(50)
    vectors[:9, :4] = 0
    seen = observe(vectors, ROLES, priors_of(vectors), 2.0, seed=1)
    assert not seen[:9, :4].any() and seen[9:, :4].any()


def test_noise_comes_from_the_seed_and_clean_tuples_stay():
    vectors, shipped = made_tuples(500), TUPLE_EXPERIMENTS["lrcn2u_crfprob_charades"]
    first, again, other = (
        tuples.training_vectors(vectors, ROLES, shipped, seed) for seed in ([0, 1], [0, 1], [0, 2])
    )
    np.testing.assert_array_equal(first, again)
    assert np.any(first != other)
    clean = np.mean([np.array_equal(a, b) for a, b in zip(first, vectors, strict=True)])
    assert clean == pytest.approx(shipped.clean_share, abs=0.1)


def test_each_caption_comes_once_an_epoch_with_the_tuple_of_its_video():
    examples = [
        DescribedVideo(
            f"v{i}", None, ("one a", "two b")[: 1 + i % 2], {"objects": ["u", "v"][i % 2]}
        )
        for i in range(8)
    ]
    tokenizer = WordTokenizer(build_vocabulary(["one a", "two b"], min_count=1))
    captions = tuples.Captions(examples, ROLES, tokenizer)
    assert captions.video.tolist() == [0, 1, 1, 2, 3, 3, 4, 5, 5, 6, 7, 7]
    found = []
    for inputs, targets, weights in captions.batches(captions.vectors, 4, seed=0):
        for vector, row in zip(np.asarray(inputs["visual"]), np.asarray(targets), strict=True):
            found.append((ROLES.words(vector)["objects"][0], tokenizer.detokenize(row)))
        assert np.asarray(weights).sum(axis=1).tolist() == [3, 3, 3, 3]  # two words and <eos>
    assert sorted(found) == sorted([("u", "one a")] * 4 + [("v", "one a"), ("v", "two b")] * 4)


@pytest.fixture
def spoken(tmp_path):
    """A video whose pixels are the number of their frame, and one word in frames 20 to 49."""
    (tmp_path / "align").mkdir()
    (tmp_path / "align" / "a.align").write_text("0 20000 sil\n20000 50000 bin\n50000 75000 sil\n")
    tokenizer = WordTokenizer(["<pad>", "<bos>", "<eos>", "<unk>", "bin"])
    preprocessor = keras_lrcn.LRCNVideoDescriberPreprocessor(
        tokenizer,
        keras_lrcn.LRCNImageConverter((30, 40), scale=1 / 64, offset=-2.0),
        streams=("grey",),
        window=(8, 10, 12, 16),
    )
    example = DescribedVideo("a", str(tmp_path / "mouth" / "a.mp4"), ("bin",))
    frames = np.arange(75, dtype="uint8")[None, :, None, None] * np.ones((1, 1, 30, 40), "uint8")
    return grid_videos.Spoken([example], frames, tokenizer, preprocessor)


def test_every_variant_holds_the_whole_sentence_with_its_labels(spoken):
    rng = np.random.default_rng(0)
    for _ in range(50):
        times = spoken._times(0, rng)
        assert {20, 49} <= set(range(times.min(), times.max() + 1))
        assert np.all(np.diff(times) >= 0) and len(times) == grid_videos.FRAMES
        visual, labels = spoken.vary(0, rng)
        assert visual.shape == (grid_videos.FRAMES, 12, 16, 1)
        assert 20 <= (labels == 4).sum() <= 36  # 30 frames at 0.9 to 1.15 times the pace


def test_a_blind_decoder_is_shown_every_sentence_and_no_video():
    ids = np.arange(40).reshape(5, 8).astype("int32")
    rows = list(grid_videos.blind_batches(ids, 1, [0, 1]))
    assert not any(np.any(inputs["visual"]) for inputs, _ in rows)
    starts = [int(inputs["token_ids"][0, 0]) for inputs, _ in rows]
    assert sorted(starts) == [0, 8, 16, 24, 32] and starts != sorted(starts)


def test_batches_come_from_the_seed_and_shuffling_keeps_the_frames(spoken):
    def one(**options):
        [(inputs, targets)] = spoken.batches(1, [0, 3], **options)
        return np.asarray(inputs["visual"])[0, ..., 0], np.asarray(targets["frames"])[0]

    (visual, labels), (again, _) = one(), one()
    np.testing.assert_array_equal(visual, again)
    shuffled, shuffled_labels = one(shuffled=True)
    assert sorted(shuffled.mean(axis=(1, 2))) == pytest.approx(sorted(visual.mean(axis=(1, 2))))
    assert np.any(shuffled != visual) and sorted(shuffled_labels) == sorted(labels)


def test_a_still_video_is_described_as_its_photo_is_captioned(tiny_preset):
    captioner = keras_lrcn.LRCNCaptioner.from_preset(tiny_preset)
    photos = np.random.default_rng(0).integers(0, 255, (4, 16, 16, 3), dtype="uint8")
    still = [photos[i][None].repeat(length, 0) for i, length in enumerate((1, 3, 9, 2))]
    describer = describer_of(captioner)
    assert describer.generate(still) == captioner.generate(photos)
    sentences = ["a dog runs"] * 4
    expected = captioner.score(list(photos), sentences)
    np.testing.assert_allclose(describer.score(still, sentences), expected, atol=1e-4)
