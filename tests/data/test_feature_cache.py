"""The feature cache: computed once, resumed after a kill, never another encoder's features."""

import json

import numpy as np
import pytest
from PIL import Image

from keras_lrcn.data.examples import CaptionedImage
from keras_lrcn.data.feature_cache import cache_features, encoder_digest
from keras_lrcn.data.images import ImageError


@pytest.fixture
def examples(tmp_path):
    made = []
    for n in range(7):
        noise = np.random.randint(0, 256, (6, 8, 3), "uint8")
        Image.fromarray(noise).save(tmp_path / f"{n}.png")
        made.append(CaptionedImage(f"id {n}", str(tmp_path / f"{n}.png"), ()))
    return made


class Encoder:
    """The mean of the left half of the image, and a record of the batches it saw."""

    def __init__(self, fail_after=None):
        self.batches, self.fail_after = [], fail_after

    def __call__(self, images):
        if len(self.batches) == self.fail_after:
            raise KeyboardInterrupt
        self.batches.append(len(images))
        return self.of(images)

    @staticmethod
    def of(images):
        return images[:, :, :4].mean(axis=(1, 2))


def cache(encoder, examples, folder, **options):
    options = {"image_size": (6, 8), "batch_size": 2, "digest": "v1", "shard_size": 3} | options
    return cache_features(encoder, examples, folder, **options)


def pixels_of(examples):
    return np.stack([np.asarray(Image.open(example.path)) for example in examples])


def test_features_come_back_by_id_in_any_order_and_view(examples, tmp_path):
    features = cache(Encoder(), examples, tmp_path / "cache")
    chosen = [examples[n] for n in (5, 0, 5)]
    ids, pixels = [example.image_id for example in chosen], pixels_of(chosen)
    plain, mirror = features.gather(ids), features.gather(ids, "mirror")
    assert plain.dtype == "float32" and plain.shape == (3, 3)
    half = 2.0**-11  # relative rounding of half precision
    np.testing.assert_allclose(plain, Encoder.of(pixels), rtol=half)
    np.testing.assert_allclose(mirror, Encoder.of(pixels[:, :, ::-1]), rtol=half)


def test_a_second_run_encodes_nothing_and_a_longer_one_the_new(examples, tmp_path):
    cache(Encoder(), examples[:5], tmp_path / "cache")
    again, longer = Encoder(), Encoder()
    cache(again, examples[:5], tmp_path / "cache")
    features = cache(longer, examples[::-1], tmp_path / "cache", views=["plain"])
    assert (again.batches, longer.batches) == ([], [2])
    ids = [example.image_id for example in examples]
    np.testing.assert_allclose(features.gather(ids), Encoder.of(pixels_of(examples)), rtol=2.0**-11)


# Shards of 3, 3 and 1 images in batches of two: five batches a view.
@pytest.mark.parametrize(
    "fail_after, saved", [(1, 0), (2, 3), (3, 3), (4, 6), (5, 7), (6, 7), (7, 10), (9, 13)]
)
def test_a_killed_run_goes_on_from_its_last_whole_shard(examples, tmp_path, fail_after, saved):
    with pytest.raises(KeyboardInterrupt):
        cache(Encoder(fail_after), examples, tmp_path / "cache")
    rest = Encoder()
    resumed = cache(rest, examples, tmp_path / "cache")
    whole = cache(Encoder(), examples, tmp_path / "other")
    assert sum(rest.batches) == 14 - saved
    ids = [example.image_id for example in examples]
    for view in ("plain", "mirror"):
        np.testing.assert_array_equal(resumed.gather(ids, view), whole.gather(ids, view))


def test_half_written_files_are_never_read(examples, tmp_path):
    cache(Encoder(), examples[:3], tmp_path / "cache", views=["plain"])
    (folder,) = (tmp_path / "cache").iterdir()
    (folder / ".part1").write_bytes(b"\x93NUMPY half a file")
    (folder / "0123456789abcdef.npy").write_bytes(b"a shard that the index does not name")
    features = cache(Encoder(), examples, tmp_path / "cache", views=["plain"])
    assert features.gather([e.image_id for e in examples]).shape == (7, 3)
    named = json.loads((folder / "index.json").read_text())
    assert sorted(i for ids in named.values() for i in ids) == [e.image_id for e in examples]


@pytest.mark.parametrize(
    "change", [{"digest": "v2"}, {"image_size": (3, 4)}, {"crop_to_aspect_ratio": True}]
)
def test_another_encoder_or_size_has_features_of_its_own(examples, tmp_path, change):
    cache(Encoder(), examples, tmp_path / "cache")
    other = Encoder()
    cache(other, examples, tmp_path / "cache", **change)
    assert sum(other.batches) == 14


def test_plain_paths_are_their_own_ids(examples, tmp_path):
    paths = [example.path for example in examples]
    features = cache(Encoder(), paths, tmp_path / "cache")
    assert features.gather(paths).shape == (7, 3)


def test_broken_images_have_no_features_and_are_reported(examples, tmp_path):
    (tmp_path / "2.png").write_bytes(b"")
    with pytest.raises(ImageError, match="2.png"):
        cache(Encoder(), examples, tmp_path / "cache")
    broken = []
    features = cache(Encoder(), examples, tmp_path / "cache", on_error=broken.append)
    assert [error.path for error in broken] == [examples[2].path]
    assert [example.image_id in features for example in examples] == [n != 2 for n in range(7)]
    with pytest.raises(KeyError, match="id 2"):
        features.gather(["id 2"])


def test_features_beyond_half_precision_are_refused(examples, tmp_path):
    with pytest.raises(ValueError, match="65,504"):
        cache(lambda images: Encoder.of(images) * 1e4, examples, tmp_path / "cache")


def test_an_unknown_view_and_a_missing_digest_are_named(examples, tmp_path):
    with pytest.raises(ValueError, match="`views` must be .*Received: 'upside'"):
        cache(Encoder(), examples, tmp_path / "cache", views=["upside"])
    with pytest.raises(ValueError, match="`digest` is needed"):
        cache(Encoder(), examples, tmp_path / "cache", digest=None)


def test_the_digest_of_a_model_follows_its_weights_and_configuration():
    import keras

    def made(units=3, activation=None):
        keras.utils.set_random_seed(0)
        dense = keras.layers.Dense(units, activation, name="dense")
        return keras.Sequential([keras.Input((2,), name="pixels"), dense], name="encoder")

    model = made()
    assert encoder_digest(model) == encoder_digest(made())
    assert encoder_digest(model) != encoder_digest(made(activation="relu"))
    before = encoder_digest(model)
    model.set_weights([weights + 1e-3 for weights in model.get_weights()])
    assert encoder_digest(model) != before
