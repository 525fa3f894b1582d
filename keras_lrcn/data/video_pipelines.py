"""Labelled videos -> `tf.data` of clips, one drawn from every video in every epoch."""

import itertools

import numpy as np

from keras_lrcn.data.clips import ClipPlan, Crop, clip_frames, clip_starts, cut, training_clip
from keras_lrcn.data.flow_file import FlowFileError, read_flow, read_flow_header
from keras_lrcn.data.image_store import ErrorReport, resize_pixels
from keras_lrcn.data.video_parts import read_frames
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
    flow_files=None,
    on_error="raise",
):
    """Makes a dataset of clips and class numbers.

    Videos are decoded and resized in parallel and arrive in a fixed order. All that is random,
    the order and each video's clip, window and mirror, comes from `seed`, the epoch and the
    video's id: each iteration over the dataset is one epoch, counted from `initial_epoch`. (On
    JAX and torch the first `fit` looks at a batch before it starts, which counts as one;
    `fit_resumable` sees to it that it does not.)

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
        flow_files: for flow, dict from a video's path to its flow file, as `cache_flow` returns
            for the preprocessor's `flow`, `frame_size` and `fps`; by default flow is computed
            for each clip anew.
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
        examples, preprocessor, training, clips_per_video, draw, flow_files, ErrorReport(on_error)
    )
    return _to_tf_data(loader, labels, batch_size, initial_epoch, may_shrink=on_error != "raise")


class _ClipLoader:
    """Plans epochs, and cuts the planned clips out of their videos."""

    def __init__(self, examples, preprocessor, training, clips, draw, flow_files, report):
        self.examples, self.preprocessor, self.training = examples, preprocessor, training
        self.clips, self.draw, self.flow_files, self.report = clips, draw, flow_files, report
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
        example = self.examples[row]
        see = self._see_frames if self.flow_files is None else self._see_flow_file
        try:
            seen, plan = see(example, lambda count: self._clip(count, example, clip, epoch))
        except (VideoError, FlowFileError) as error:
            if self.report.on_error == "raise":
                raise
            self.report(error)
            return np.zeros(self.out_shape, "uint8"), False
        return self._window(seen, plan), True

    def _see_frames(self, example, clip_of):
        pre, more = self.preprocessor, self.preprocessor.modality == "flow"
        plans = []

        def places(count):
            plans.append(clip_of(max(count - more, 1)))  # of flow images there is one less
            return clip_frames(plans[0].start, count, pre.clip_length + more)

        frames = read_frames(example.path, places, pre.frame_size, pre.fps)
        return pre.see(frames), plans[0]

    def _see_flow_file(self, example, clip_of):
        path, pre = self.flow_files[example.path], self.preprocessor
        count = read_flow_header(path)["num_images"]
        plan = clip_of(count)
        places = clip_frames(plan.start, count, pre.clip_length)
        first, last = int(places[0]), int(places[-1])
        return read_flow(path, pre.flow, first, last - first + 1).images[places - first], plan

    def _clip(self, count, example, clip, epoch):
        """The `ClipPlan` of one clip in `count` frames."""
        pre, clip_id = self.preprocessor, f"{example.video_id} {clip}"
        if self.training:
            sizes = (pre.frame_size, pre.crop_size)
            return training_clip(
                count, *sizes, clip_id, epoch=epoch, length=pre.clip_length, **self.draw
            )
        starts = clip_starts(count, pre.clip_length, stride=1)
        start = int(starts[round((clip + 0.5) / self.clips * (len(starts) - 1))])
        margins = np.subtract(pre.frame_size, pre.crop_size)
        return ClipPlan(start, Crop(*(margins // 2).tolist()))

    def _window(self, seen, plan):
        pre = self.preprocessor
        if plan.squashed:
            return np.stack([resize_pixels(frame, pre.crop_size) for frame in seen])
        window = cut(seen, plan.crop._replace(mirrored=False), pre.crop_size)
        return pre.mirror(window) if plan.crop.mirrored else window


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
