"""`captioned_images` in `tf.data`: order, windows, mirrors, caches and broken files."""

import re
import warnings

import numpy as np
import pytest
from PIL import Image

from keras_lrcn.data.examples import CaptionedImage
from keras_lrcn.data.images import ImageError
from keras_lrcn.data.pipelines import captioned_images

NUM_IMAGES, HEIGHT, WIDTH = 6, 12, 16


@pytest.fixture
def examples(tmp_path):
    """Image `n` has red `n`; green counts columns and blue rows, so every pixel tells its place."""
    columns, rows = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
    for n in range(NUM_IMAGES):
        pixels = np.stack([np.full_like(rows, n), columns, rows], axis=-1).astype("uint8")
        Image.fromarray(pixels).save(tmp_path / f"{n}.png")
    return [
        CaptionedImage(f"{n}", str(tmp_path / f"{n}.png"), (f"{n} बिल्ली", f"{n} dog", f"{n} 猫"))
        for n in range(NUM_IMAGES)
    ]


def pixels_of(examples, n):
    return np.asarray(Image.open(examples[n].path))


def epoch_of(dataset):
    """All images and all captions of one iteration."""
    batches = list(dataset.as_numpy_iterator())
    captions = [text.decode() for batch in batches for text in batch["captions"]]
    return np.concatenate([batch["images"] for batch in batches]), captions


def dataset_of(examples, **options):
    return captioned_images(examples, **{"image_size": (HEIGHT, WIDTH), "batch_size": 4} | options)


def test_every_pair_comes_once_in_the_order_of_the_examples(examples):
    dataset = dataset_of(examples)
    assert dataset.cardinality() == 5  # 18 pairs by fours
    assert dataset.element_spec["images"].dtype == "uint8"
    assert dataset.element_spec["images"].shape.as_list() == [None, HEIGHT, WIDTH, 3]
    images, captions = epoch_of(dataset)
    assert captions == [text for example in examples for text in example.captions]
    for image, caption in zip(images, captions, strict=True):
        np.testing.assert_array_equal(image, pixels_of(examples, int(caption[0])))


def test_one_caption_per_image_is_the_first_unless_training(examples):
    _, captions = epoch_of(dataset_of(examples, one_caption_per_image=True))
    assert captions == [example.captions[0] for example in examples]


def test_training_draws_another_caption_for_each_image_each_epoch(examples):
    dataset = dataset_of(examples, training=True, one_caption_per_image=True)
    epochs = [epoch_of(dataset)[1] for _ in range(20)]
    assert all(sorted(text[0] for text in epoch) == list("012345") for epoch in epochs)
    assert {text for epoch in epochs for text in epoch} == {
        text for example in examples for text in example.captions
    }


@pytest.mark.parametrize("cache", [None, "memory", "folder"])
def test_training_shuffles_pairs_and_keeps_them_together(examples, cache, tmp_path):
    cache = str(tmp_path / "cache") if cache == "folder" else cache
    images, captions = epoch_of(dataset_of(examples, training=True, cache=cache))
    in_order = [text for example in examples for text in example.captions]
    assert captions != in_order and sorted(captions) == sorted(in_order)
    for image, caption in zip(images, captions, strict=True):
        np.testing.assert_array_equal(image, pixels_of(examples, int(caption[0])))


def test_an_epoch_depends_on_seed_and_number_only(examples):
    options = {"training": True, "crop": (8, 9), "mirror": True}
    whole = dataset_of(examples, seed=3, **options)
    epochs = [epoch_of(whole) for _ in range(3)]
    resumed = epoch_of(dataset_of(examples, seed=3, initial_epoch=2, **options))
    other = epoch_of(dataset_of(examples, seed=4, initial_epoch=2, **options))
    np.testing.assert_array_equal(resumed[0], epochs[2][0])
    assert resumed[1] == epochs[2][1]
    assert len({tuple(captions) for _, captions in [*epochs, other]}) == 4


def test_the_draws_do_not_depend_on_the_batch_size(examples):
    options = {"training": True, "crop": (8, 9), "mirror": True}
    small = epoch_of(dataset_of(examples, **options | {"batch_size": 1}))
    large = epoch_of(dataset_of(examples, **options | {"batch_size": 99}))
    np.testing.assert_array_equal(small[0], large[0])
    assert small[1] == large[1]


def test_the_window_is_the_centre_when_not_training(examples):
    images, _ = epoch_of(dataset_of(examples, crop=(8, 10), mirror=True))
    np.testing.assert_array_equal(images[0], pixels_of(examples, 0)[2:10, 3:13])


def test_random_windows_are_cut_not_resized_and_reach_every_corner(examples):
    dataset = dataset_of(examples, training=True, crop=(10, 15))
    assert dataset.element_spec["images"].shape.as_list() == [None, 10, 15, 3]
    corners = set()
    for _ in range(6):
        for image in epoch_of(dataset)[0]:
            left, top = int(image[0, 0, 1]), int(image[0, 0, 2])
            whole = pixels_of(examples, image[0, 0, 0])
            np.testing.assert_array_equal(image, whole[top : top + 10, left : left + 15])
            corners.add((left, top))
    assert corners == {(left, top) for left in range(2) for top in range(3)}


def test_scaled_windows_fill_the_image_size(examples):
    images, _ = epoch_of(dataset_of(examples, training=True, crop=0.25))
    assert images.shape[1:] == (HEIGHT, WIDTH, 3)
    spans = images[:, 0, -1, 1].astype(int) - images[:, 0, 0, 1]  # columns from left to right
    # half of the side at the least, within the rounding of two edge pixels
    assert spans.min() >= WIDTH / 2 - 2 and spans.max() <= WIDTH and len(set(spans)) > 3


def test_half_of_the_images_are_mirrored_whole(examples):
    dataset = dataset_of(examples, training=True, mirror=True)
    images = np.concatenate([epoch_of(dataset)[0] for _ in range(12)])
    mirrored = images[:, 0, 0, 1] == WIDTH - 1
    for image, is_mirrored in zip(images, mirrored, strict=True):
        whole = pixels_of(examples, image[0, 0, 0])
        np.testing.assert_array_equal(image, whole[:, ::-1] if is_mirrored else whole)
    assert 0.35 < mirrored.mean() < 0.65  # 216 throws: five standard deviations from a half


def with_captions(example, *captions):
    return CaptionedImage(example.image_id, example.path, captions)


def test_mirroring_left_and_right_warns_with_count_and_example(examples):
    sided = with_captions(examples[0], "0 a man to the Left .", "0 right", "0 bright leftovers")
    with pytest.warns(UserWarning, match="2 captions .*'0 a man to the Left .'.*safe"):
        dataset_of([sided, *examples], training=True, mirror=True)


@pytest.mark.parametrize("options", [{"mirror": "safe"}, {"mirror": True, "training": False}, {}])
def test_no_warning_where_no_side_is_swapped(examples, options):
    sided = with_captions(examples[0], "0 on the left")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dataset_of([sided], **{"training": True} | options)


def test_safe_mirroring_spares_the_captions_that_name_a_side(examples):
    both = with_captions(examples[0], "0 on the left", "0 anywhere")
    dataset = dataset_of([both], training=True, mirror="safe")
    mirrored = {"0 on the left": set(), "0 anywhere": set()}
    for _ in range(20):
        for image, caption in zip(*epoch_of(dataset), strict=True):
            mirrored[caption].add(bool(image[0, 0, 1] == WIDTH - 1))
    assert mirrored == {"0 on the left": {False}, "0 anywhere": {False, True}}


def test_images_are_squashed_or_cut_to_the_size(tmp_path):
    pixels = np.zeros((20, 60, 3), "uint8")
    pixels[:, 20:40] = 255  # the middle square is white
    Image.fromarray(pixels).save(tmp_path / "wide.png")
    wide = [CaptionedImage("wide", str(tmp_path / "wide.png"), ("a wide one",))]
    squashed, _ = epoch_of(captioned_images(wide, 20))
    cut, _ = epoch_of(captioned_images(wide, 20, crop_to_aspect_ratio=True))
    assert squashed.shape == cut.shape == (1, 20, 20, 3)
    assert cut.min() == 255 and squashed[0, :, 0].max() == 0


# Caches


@pytest.mark.parametrize("cache", ["memory", "folder"])
def test_a_cached_image_is_decoded_once(examples, cache, tmp_path, monkeypatch):
    from keras_lrcn.data import image_store

    decoded = []
    read_image = image_store.read_image
    monkeypatch.setattr(
        image_store, "read_image", lambda path, **kw: decoded.append(path) or read_image(path, **kw)
    )
    cache = str(tmp_path / "cache") if cache == "folder" else cache
    dataset = dataset_of(examples, training=True, cache=cache)
    first = epoch_of(dataset), epoch_of(dataset)
    assert sorted(decoded) == [example.path for example in examples]
    if cache != "memory":  # the next run finds the folder
        again = epoch_of(dataset_of(examples, training=True, cache=cache))
        np.testing.assert_array_equal(again[0], first[0][0])
        assert len(decoded) == NUM_IMAGES


def test_a_cache_folder_notices_changed_files_sizes_and_orders(examples, tmp_path):
    folder = tmp_path / "cache"
    epoch_of(dataset_of(examples, cache=folder))
    Image.new("RGB", (WIDTH, HEIGHT), (200, 0, 0)).save(examples[0].path)
    images, _ = epoch_of(dataset_of(examples, cache=folder))
    assert images[0, 0, 0, 0] == 200
    images, _ = epoch_of(dataset_of(examples[::-1], cache=folder))
    assert images[0, 0, 0, 0] == NUM_IMAGES - 1
    images, _ = epoch_of(dataset_of(examples, cache=folder, image_size=5))
    assert images.shape[1:] == (5, 5, 3)


def test_a_cache_that_was_cut_short_is_not_taken_for_whole(examples, tmp_path, monkeypatch):
    from keras_lrcn.data import image_store

    def killed(path, **_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(image_store, "read_image", killed)
        dataset_of(examples, cache=tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())
    images, _ = epoch_of(dataset_of(examples, cache=tmp_path / "cache"))
    np.testing.assert_array_equal(images[0], pixels_of(examples, 0))


# Broken images


@pytest.fixture
def two_broken(examples, tmp_path):
    (tmp_path / "1.png").write_bytes(b"")
    (tmp_path / "4.png").unlink()
    return examples


@pytest.mark.parametrize("cache", [None, "memory", "folder"])
@pytest.mark.parametrize("batch_size", [2, 3, 100])  # threes: batches of one broken image only
def test_broken_images_are_left_out_and_collected_once(two_broken, cache, batch_size, tmp_path):
    cache = str(tmp_path / "cache") if cache == "folder" else cache
    for _ in range(2):  # a cache in a folder remembers them
        broken = []
        options = {"cache": cache, "batch_size": batch_size, "on_error": broken.append}
        dataset = dataset_of(two_broken, **options)
        images, captions = epoch_of(dataset)
        epoch_of(dataset)
        assert [text[0] for text in captions] == list("000222333555")
        np.testing.assert_array_equal(images[:, 0, 0, 0], [int(text[0]) for text in captions])
        assert [error.path for error in broken] == [two_broken[n].path for n in (1, 4)]
        assert "empty" in broken[0].cause and "no such file" in broken[1].cause


def test_skipped_images_are_warned_of_by_name(two_broken):
    with pytest.warns(UserWarning) as caught:
        dataset_of(two_broken, cache="memory", on_error="skip")
    messages = [str(warning.message) for warning in caught]
    assert ["1.png: an empty file" in messages[0], "4.png: no such" in messages[1]] == [True, True]


def test_a_broken_image_stops_a_careful_run(two_broken):
    import tensorflow as tf

    with pytest.raises(ImageError, match="1.png: an empty file"):
        dataset_of(two_broken, cache="memory")
    with pytest.raises(tf.errors.OpError, match="1.png: an empty file"):
        epoch_of(dataset_of(two_broken))


def test_nothing_left_is_an_error(two_broken):
    with pytest.raises(ValueError, match="No example has both"):
        dataset_of([two_broken[1]], cache="memory", on_error=lambda error: None)
    with pytest.raises(ValueError, match="No example has both"):
        dataset_of([with_captions(two_broken[0])])


# Arguments


@pytest.mark.parametrize(
    "options",
    [
        {"image_size": (1, 2, 3)},
        {"image_size": 0},
        {"batch_size": 0},
        {"crop": (13, 16)},
        {"crop": 227},
        {"crop": 0.0},
        {"crop": 1.5},
        {"mirror": "sometimes"},
        {"on_error": "ignore"},
    ],
)
def test_arguments_out_of_range_are_named(examples, options):
    ((name, value),) = options.items()
    with pytest.raises(ValueError, match=f"`{name}` must be .*Received: {re.escape(repr(value))}"):
        dataset_of(examples, **options)
