"""Flickr8k photos and sentences as arrays, and the batches of each training stage."""

import glob
import gzip
import os

import numpy as np
import tensorflow as tf

from keras_lrcn.preprocessing import split_words

SIDES = {"left", "right"}  # captions with these words do not fit a mirrored photo


def read_sentences(folder, pattern="train.*.en.gz"):
    """Reads the sentences of Flickr30k's gz files, one a line, for the language model."""
    sentences = []
    for path in sorted(glob.glob(os.path.join(folder, pattern))):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            sentences += [line.strip() for line in file if line.strip()]
    if not sentences:
        raise FileNotFoundError(f"No {pattern} in {folder}: point --data at the data folder.")
    return sentences


def caption_ids(captions, tokenizer, length):
    """Returns int32 `(captions, length + 1)`: `<bos>`, words, `<eos>`, `<pad>`; long ones cut."""
    ids = np.full((len(captions), length + 1), tokenizer.pad_token_id, "int32")
    for row, words in zip(ids, tokenizer(list(captions)), strict=True):
        words = [tokenizer.start_token_id, *words, tokenizer.end_token_id][: length + 1]
        row[: len(words)] = words
    return ids


def mentions_side(captions):
    """Returns a bool for each caption: does it say left or right?"""
    return np.array([bool(SIDES & set(split_words(c))) for c in captions])


def teacher_forcing(visual, ids):
    """One batch as the captioner learns it: inputs, next words, 1 for each real word."""
    weights = tf.cast(ids[..., 1:] != 0, "float32")
    inputs = {"visual": visual, "token_ids": ids[..., :-1]}
    inputs["padding_mask"] = tf.cast(ids[..., :-1] != 0, "int32")
    return inputs, ids[..., 1:], weights


def language_batches(ids, visual_dim, batch_size, seed):
    """Sentences without photos: the visual vector is zero."""

    def batch(rows):
        return teacher_forcing(tf.zeros((batch_size, visual_dim)), rows)

    dataset = tf.data.Dataset.from_tensor_slices(ids).shuffle(len(ids), seed=seed)
    return dataset.batch(batch_size, drop_remainder=True).map(batch).prefetch(4)


def random_views(number, unmirrored, rng):
    """Draws a view of each row, one of `number` of which the odd are mirrored."""
    view = rng.integers(number, size=len(unmirrored))
    return np.where(unmirrored, view // 2 * 2, view)


def feature_batches(features, photo, ids, unmirrored, batch_size, seed):
    """Captions with cached features of a random view of their photo.

    Args:
        features: float array `(views, photos, width)`; odd views are mirrored.
        photo: int array `(captions,)`, index of each caption's photo.
        ids: int array `(captions, length)`.
        unmirrored: bool array `(captions,)`, captions that say left or right.
    """
    rng = np.random.default_rng(seed)
    view = random_views(len(features), unmirrored, rng)
    order = rng.permutation(len(ids))
    tables = tf.constant(features.reshape(-1, features.shape[-1]))
    rows = tf.data.Dataset.from_tensor_slices(
        ((view * features.shape[1] + photo)[order], ids[order])
    )

    def batch(row, words):
        return teacher_forcing(tf.cast(tf.gather(tables, row), "float32"), words)

    return rows.batch(batch_size, drop_remainder=True).map(batch).prefetch(4)


def blurred_views(features, unmirrored, rng, dropout=0.2):
    """Every photo as a mean of two random views with random weights, a part of it dropped.

    Args:
        features: float array `(views, photos, width)`; odd views are mirrored.
        unmirrored: bool array `(photos,)`: has a caption that says left or right.
        rng: `numpy.random.Generator`.
        dropout: float, share of a photo's features that are zero; the rest is scaled up.

    Returns:
        Float32 array `(photos, width)`.
    """
    photos = np.arange(features.shape[1])

    def view():
        views = random_views(len(features), unmirrored, rng)
        return features[views, photos].astype("float32")

    share = rng.random((len(photos), 1), dtype="float32")
    mixed = share * view() + (1 - share) * view()
    kept = rng.random(mixed.shape, dtype="float32") >= dropout
    return mixed * kept / np.float32(1 - dropout)


def photo_batches(activations, ids, unmirrored, batch_size, seed):
    """Photos, as activations of one random view, each with all its captions.

    Args:
        activations: list of arrays `(photos, height, width, channels)`; odd ones are mirrored.
        ids: int array `(photos, captions, length)`.
        unmirrored: bool array `(photos,)`: has a caption that says left or right.
    """
    rng = np.random.default_rng(seed)
    view = random_views(len(activations), unmirrored, rng)
    order = rng.permutation(len(ids))
    order = order[: len(order) // batch_size * batch_size]

    def gather(rows):
        batch = np.stack([activations[view[r]][r] for r in np.asarray(rows)])
        return batch.astype("float32"), ids[rows]

    def batch(rows):
        visual, words = tf.numpy_function(gather, [rows], (tf.float32, tf.int32))
        visual.set_shape((batch_size, *activations[0].shape[1:]))
        words.set_shape((batch_size, *ids.shape[1:]))
        return teacher_forcing(visual, words)

    dataset = tf.data.Dataset.from_tensor_slices(order).batch(batch_size)
    return dataset.map(batch, num_parallel_calls=2).prefetch(4)
