"""Features of a frozen CNN for every frame of every video: computed once, trained on in seconds."""

import hashlib
import itertools
import os
import pathlib
import zlib

import numpy as np

from keras_lrcn.data.clips import clip_frames, clip_starts
from keras_lrcn.data.image_store import ErrorReport
from keras_lrcn.data.video_source import VideoError


def cache_video_features(encode, examples, folder, digest, on_error="raise"):
    """Runs a frozen encoder over every frame of videos, or goes on where an earlier run stopped.

    Args:
        encode: function of a video's path to `(seconds, features)`: float `(time,)` and float
            `(crops, time, dim)`, such as `activity.frame_features`.
        examples: list of `LabelledVideo`.
        folder: path of the cache; several encoders may share it.
        digest: str that changes with the encoder's weights and settings, such as
            `encoder_digest(encoder)` and the crops.
        on_error: `"raise"`; `"skip"`, which leaves broken videos out with a warning for each; or
            a function that gets the error of each.

    Returns:
        `VideoFeatures`.

    Example:
    ```python
    features = cache_video_features(
        lambda path: activity.frame_features(path, crops="mirror"), train, "cache", "lite0 mirror"
    )
    activity.on_features().fit(feature_clips(features, train, activity.class_names))
    ```
    """
    import tqdm

    report = ErrorReport(on_error)
    store = VideoFeatures(pathlib.Path(folder) / _short_digest(digest))
    store.folder.mkdir(parents=True, exist_ok=True)
    missing = [e for e in examples if e.video_id not in store]
    for example in tqdm.tqdm(missing, desc="encode videos", unit="video", disable=None):
        try:
            store.add(example.video_id, *encode(example.path))
        except VideoError as error:
            report(error)
    return store


class VideoFeatures:
    """Features by video id, a file each, in half precision.

    Args:
        folder: path of the files.
    """

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    def __contains__(self, video_id):
        return self._path(video_id).exists()

    def add(self, video_id, seconds, features):
        """Writes the features of one video, under another name until the file is whole."""
        part = self.folder / f".part{os.getpid()}.npz"
        np.savez(part, seconds=seconds, features=np.asarray(features, "float16"))
        os.replace(part, self._path(video_id))

    def read(self, video_id):
        """Returns `(seconds, features)`: `(time,)` and float32 `(crops, time, dim)`.

        Raises:
            KeyError: there are no features of this video.
        """
        if video_id not in self:
            raise KeyError(f"No features of video {video_id!r} in {self.folder}.")
        with np.load(self._path(video_id)) as stored:
            return stored["seconds"], stored["features"].astype("float32")

    def _path(self, video_id):
        return self.folder / f"{_short_digest(video_id)}.npz"


def feature_clips(
    features,
    examples,
    class_names,
    clip_length=16,
    batch_size=24,
    training=True,
    clips_per_video=1,
    shuffle_frames=False,
    seed=0,
    initial_epoch=0,
):
    """Makes a dataset of clips of cached features and class numbers.

    Args:
        features: `VideoFeatures` that hold every example.
        examples: list of `LabelledVideo`.
        class_names: strings.
        clip_length: int, frames. Defaults to `16`.
        batch_size: int, clips. Defaults to `24`, the authors'.
        training: whether to shuffle videos and to draw clips and crops at random. If not, clips
            lie evenly over the first crop.
        clips_per_video: int, clips of a video in an epoch. Defaults to `1`.
        shuffle_frames: whether the frames of a clip come in random order: the control that
            shows what order is worth.
        seed: int.
        initial_epoch: int, the epoch of the first iteration.

    Returns:
        `tf.data.Dataset` of `(clips, labels)`: float32 `(batch, time, dim)`, int32
        `(batch, time)`.

    Raises:
        ValueError: for a label that is none of `class_names`.
    """
    unknown = {e.label for e in examples} - set(class_names)
    if unknown:
        raise ValueError(f"{sorted(unknown)} are none of the classes {tuple(class_names)}.")
    labels = [tuple(class_names).index(e.label) for e in examples]
    stored = [features.read(e.video_id)[1] for e in examples]
    pairs = np.array(list(itertools.product(range(len(examples)), range(clips_per_video))))

    def draw(row, clip, epoch):
        example = examples[row]
        key = zlib.crc32(f"{example.video_id} {clip}".encode())
        random = np.random.default_rng([seed, epoch, key])
        crops, count = stored[row].shape[:2]
        starts = clip_starts(count, clip_length, stride=1)
        crop, at = 0, round((clip + 0.5) / clips_per_video * (len(starts) - 1))
        if training:
            crop, at = random.integers(crops), random.integers(len(starts))
        places = clip_frames(starts[at], count, clip_length)
        return stored[row][crop, random.permutation(places) if shuffle_frames else places]

    def batches(epoch):
        order = np.random.default_rng([seed, epoch]).permutation(pairs) if training else pairs
        for start in range(0, len(order), batch_size):
            some = order[start : start + batch_size]
            clips = np.stack([draw(row, clip, epoch) for row, clip in some])
            classes = np.array([labels[row] for row, _ in some], "int32")
            yield clips, np.repeat(classes[:, None], clip_length, axis=1)

    return _to_tf_data(batches, len(pairs), batch_size, clip_length, stored, initial_epoch)


def _to_tf_data(batches, num_clips, batch_size, clip_length, stored, initial_epoch):
    import tensorflow as tf

    numbers = itertools.count(initial_epoch)
    signature = (
        tf.TensorSpec((None, clip_length, stored[0].shape[-1]), "float32"),
        tf.TensorSpec((None, clip_length), "int32"),
    )
    dataset = tf.data.Dataset.from_generator(
        lambda: batches(next(numbers)), output_signature=signature
    )
    count = -(-num_clips // batch_size)
    return dataset.apply(tf.data.experimental.assert_cardinality(count)).prefetch(2)


def _short_digest(text):
    return hashlib.sha256(str(text).encode()).hexdigest()[:16]
