"""Labelled videos -> `tf.data` of clips, one drawn from every video in every epoch."""

import itertools

import numpy as np

from keras_lrcn.data.clips import Crop, clip_frames, clip_starts, cut, training_clip
from keras_lrcn.data.image_store import ErrorReport, resize_pixels
from keras_lrcn.data.video import read_video
from keras_lrcn.data.video_source import VideoError


def labelled_clips(
    examples,
    preprocessor,
    batch_size=8,
    training=False,
    clips_per_video=1,
    seed=0,
    initial_epoch=0,
    authors_crop=False,
    mirror=True,
    on_error="raise",
):
    """Makes a dataset of clips and class numbers.

    Videos are decoded and resized in parallel and arrive in a fixed order. All that is random,
    the order and each video's clip, window and mirror, comes from `seed`, the epoch and the
    video's id: each iteration over the dataset is one epoch, counted from `initial_epoch`.

    Args:
        examples: list of `LabelledVideo`.
        preprocessor: `keras_lrcn.LRCNActivityPreprocessor`, which says the class names, the
            sizes, the clip's length, and whether flow is computed.
        batch_size: int, clips. Defaults to `8`; the authors' is 24.
        training: whether to shuffle and to draw clips, windows and mirrors. If not, clips lie
            evenly over the video and the window is the centre.
        clips_per_video: int. Defaults to `1`.
        seed: int.
        initial_epoch: int, the epoch of the first iteration.
        authors_crop, mirror: see `keras_lrcn.data.training_clip`.
        on_error: `"raise"`; or `"skip"`, which leaves broken videos out with a warning for each;
            or a function that gets the `VideoError` of each broken video once.

    Returns:
        `tf.data.Dataset` of `(clips, labels)`: uint8 `(batch, time, height, width, 3)` and int32
        `(batch,)`.

    Raises:
        ValueError: for a label that is no class of the preprocessor, or no examples.
        VideoError: a video is broken, with `on_error="raise"`: during iteration, as an error of
            TensorFlow with the same text.

    Example:
    ```python
    train, held_out = split_videos(read_video_folders("clips"))
    activity.fit(labelled_clips(train, activity.preprocessor, training=True), epochs=5)
    ```

    Reference: Donahue et al. 2015, Sec. 4; the authors' `sequence_input_layer.py`.
    """
    if not examples:
        raise ValueError("`examples` must hold at least one video.")
    labels = [preprocessor.label_of(example.label) for example in examples]
    draw = {"seed": seed, "authors_crop": authors_crop, "mirror": mirror}
    loader = _ClipLoader(
        examples, preprocessor, training, clips_per_video, draw, ErrorReport(on_error)
    )
    return _to_tf_data(loader, labels, batch_size, initial_epoch, may_shrink=on_error != "raise")


class _ClipLoader:
    """Plans epochs, and cuts the planned clips out of their videos."""

    def __init__(self, examples, preprocessor, training, clips, draw, report):
        self.examples, self.preprocessor, self.training = examples, preprocessor, training
        self.clips, self.draw, self.report = clips, draw, report
        self.out_shape = (preprocessor.clip_length, *preprocessor.crop_size, 3)

    def plan(self, epoch):
        """Yields `(row, which clip of the video, epoch)`."""
        pairs = np.array(list(itertools.product(range(len(self.examples)), range(self.clips))))
        if self.training:
            pairs = np.random.default_rng([self.draw["seed"], epoch]).permutation(pairs)
        for row, clip in pairs:
            yield int(row), int(clip), epoch

    def load(self, row, clip, epoch):
        """uint8 clip, and whether it could be read."""

        example, pre = self.examples[row], self.preprocessor
        try:
            frames = read_video(example.path, size=pre.frame_size, fps=pre.fps).frames
        except VideoError as error:
            if self.report.on_error == "raise":
                raise
            self.report(error)
            return np.zeros(self.out_shape, "uint8"), False
        return self._cut(frames, f"{example.video_id} {clip}", clip, epoch), True

    def _cut(self, frames, clip_id, clip, epoch):
        pre, more = self.preprocessor, self.preprocessor.modality == "flow"
        count = max(len(frames) - more, 1)  # of flow images there is one less
        if self.training:
            size = (count, pre.frame_size, pre.crop_size)
            start, crop, squashed = training_clip(
                *size, clip_id, epoch=epoch, length=pre.clip_length, **self.draw
            )
        else:
            starts = clip_starts(count, pre.clip_length, stride=1)
            start, squashed = starts[round((clip + 0.5) / self.clips * (len(starts) - 1))], False
            margins = np.subtract(pre.frame_size, pre.crop_size)
            crop = Crop(*(margins // 2).tolist())
        places = clip_frames(start, len(frames), pre.clip_length + more)
        seen = pre.see(frames[places])
        if squashed:
            return np.stack([resize_pixels(frame, pre.crop_size) for frame in seen])
        window = cut(seen, crop._replace(mirrored=False), pre.crop_size)
        return pre.mirror(window) if crop.mirrored else window


def _to_tf_data(loader, labels, batch_size, initial_epoch, may_shrink):
    import tensorflow as tf

    numbers = itertools.count(initial_epoch)
    labels = tf.constant(labels, "int32")

    def load(row, clip, epoch):
        frames, kept = tf.numpy_function(loader.load, [row, clip, epoch], [tf.uint8, tf.bool])
        frames.set_shape(loader.out_shape)
        kept.set_shape(())
        return frames, tf.gather(labels, row), kept

    clips = tf.data.Dataset.from_generator(
        lambda: loader.plan(next(numbers)), output_signature=(tf.TensorSpec((), "int64"),) * 3
    )
    clips = clips.map(load, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    if may_shrink:
        clips = clips.filter(lambda frames, label, kept: kept)
    else:
        count = len(loader.examples) * loader.clips
        clips = clips.apply(tf.data.experimental.assert_cardinality(count))
    clips = clips.map(lambda frames, label, kept: (frames, label))
    return clips.batch(batch_size).prefetch(tf.data.AUTOTUNE)
