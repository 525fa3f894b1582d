"""The networks of Table 1 as the paper has them: the authors' regime on UCF101 whole.

A CNN of ImageNet is trained on single frames; from its weights LRCN is trained end to end. Frames
and flow have networks of their own, and each split too. Every epoch leaves a checkpoint, flow is
kept file by file and answers some videos at a time: a killed run goes on where it was.

Whole it has not been run by us; a test runs the same code on a folder of tiny videos.
"""

import dataclasses
import hashlib
import math
import os
from functools import partial

import keras
import numpy as np

import keras_lrcn
from applications.activity.answers import Answers, kept
from keras_lrcn.data import (
    FlowEncoding,
    FlowFileError,
    VideoError,
    cache_flow,
    labelled_clips,
    read_flow,
    read_ucf101,
    ucf101_classes,
)
from keras_lrcn.optimizers import AUTHORS_ACTIVITY_RATES

VIDEOS_AT_ONCE = 100  # answers are kept for so many


@dataclasses.dataclass(frozen=True)
class Regime:
    """How one network is trained: a line of the authors' solvers.

    Args:
        steps: int.
        decay_every: int, steps after which the rate falls to a tenth.
        batch_size: int, clips.
        clip_length: int, frames; `1` for single frames.
        clipnorm: float, the gradient's global norm is clipped to it, or `None`.
        units: int, width of the LSTM; `0` is the single-frame network.
    """

    steps: int
    decay_every: int
    batch_size: int = 24
    clip_length: int = 16
    clipnorm: float | None = None
    units: int = 0


REGIMES = {
    ("single", "rgb"): Regime(5_000, 3_000, batch_size=128, clip_length=1),
    ("lrcn", "rgb"): Regime(30_000, 10_000, clipnorm=5.0, units=256),
    ("single", "flow"): Regime(50_000, 20_000, batch_size=128, clip_length=1),
    ("lrcn", "flow"): Regime(70_000, 20_000, clipnorm=15.0, units=1024),
}


@dataclasses.dataclass(frozen=True)
class Plan:
    """What all networks share.

    Args:
        data: str, the folder of UCF101, see `keras_lrcn.data.read_ucf101`.
        work: str, where all that is computed is kept.
        cnn: str, a preset of `LRCNActivity` whose CNN, fully connected layers, sizes and rate of
            frames are those to start from.
        regimes: dict from `(model, modality)` to `Regime`.
        flow_method: str, see `keras_lrcn.data.optical_flow`.
        workers: int, processes that compute flow.
    """

    data: str
    work: str
    cnn: str
    regimes: dict = dataclasses.field(default_factory=lambda: dict(REGIMES))
    flow_method: str = "brox"
    workers: int = 1

    def examples(self, split, part):
        return read_ucf101(self.data, split, part)

    def flow_files(self, examples, preprocessor):
        """dict from a video's path to its flow, computed if need be; broken videos have none."""
        names = {e.path: os.path.splitext(e.video_id)[0] for e in examples}
        size = preprocessor.frame_size
        folder = os.path.join(self.work, "ucf101", f"flow_{self.flow_method}_{size[0]}x{size[1]}")
        return cache_flow(
            names, folder, preprocessor.flow, self.workers, size=size, fps=preprocessor.fps
        )


class Network:
    """One network of one split and seed.

    Args:
        plan: `Plan`.
        model: `"single"` or `"lrcn"`.
        modality: `"rgb"` or `"flow"`.
        split, seed: int.
    """

    def __init__(self, plan, model, modality, split, seed):
        self.plan, self.model, self.modality = plan, model, modality
        self.split, self.seed = split, seed
        self.regime = plan.regimes[model, modality]
        lineage = [plan.regimes["single", modality], self.regime, os.path.basename(plan.cnn)]
        key = f"{lineage} {plan.flow_method * (modality == 'flow')}"
        digest = hashlib.sha256(key.encode()).hexdigest()[:8]
        name = f"{modality}_{model}_{digest}"
        self.folder = os.path.join(plan.work, "ucf101", name, f"split{split}_seed{seed}")

    def probabilities(self):
        """float array `(test videos, classes)`; a row of NaN for a video that cannot be read."""
        return kept(os.path.join(self.folder, "test.npy"), self._test)

    def _test(self):
        activity, test = self.train(), self.plan.examples(self.split, "test")
        watch = self._watch(activity, test)
        parts = []
        for start in range(0, len(test), VIDEOS_AT_ONCE):
            some = test[start : start + VIDEOS_AT_ONCE]
            path = os.path.join(self.folder, f"test_from_{start}.npy")
            parts.append(kept(path, lambda some=some: np.stack([watch(e.path) for e in some])))
        return np.concatenate(parts)

    def train(self):
        """Returns the trained `LRCNActivity`; what an earlier run did is read, not done again."""
        keras.utils.clear_session()
        start = None
        if self.model == "lrcn":
            start = Network(self.plan, "single", self.modality, self.split, self.seed).train()
        keras.utils.set_random_seed(self.seed)
        activity = self.build()
        if start is not None:
            take_over(start.backbone.visual_encoder, activity.backbone.visual_encoder)
        r = self.regime
        rate = keras.optimizers.schedules.ExponentialDecay(1e-3, r.decay_every, 0.1, staircase=True)
        activity.compile(
            keras_lrcn.CaffeSGD(rate, rates=AUTHORS_ACTIVITY_RATES, global_clipnorm=r.clipnorm)
        )
        examples, more = self._to_learn_from(activity.preprocessor)
        steps = math.ceil(len(examples) / r.batch_size)  # of an epoch: a clip of every video

        def epoch_of(epoch):
            clips = labelled_clips(
                examples,
                activity.preprocessor,
                r.batch_size,
                training=True,
                seed=self.seed,
                initial_epoch=epoch,
                on_error="skip",
                **more,
            )
            return exactly(min(steps, r.steps - epoch * steps), clips.map(activity.preprocessor))

        folder = os.path.join(self.folder, "training")
        epochs = math.ceil(r.steps / steps)
        keras_lrcn.fit_resumable(activity, epoch_of, epochs, folder, verbose=2, shuffle=False)
        return activity

    def build(self):
        """An untrained `LRCNActivity` behind the CNN of the preset."""
        source = keras_lrcn.LRCNActivity.from_preset(self.plan.cnn)
        old, r = source.backbone.visual_encoder, self.regime
        if not getattr(old, "units", ()):
            raise ValueError(
                f"{self.plan.cnn} must have an `ImageEncoder` with a fully connected layer, fc6. "
                "Convert the authors' network with `python -m hub.convert`."
            )
        encoder = keras_lrcn.ImageEncoder(
            old.backbone,
            old.pooling,
            units=old.units[:1] if r.units else (old.units * 2)[:2],  # fc6; or fc6 and fc7
            activation="relu",
            dropout=0.5,
        )
        take_over(old, encoder)
        backbone = keras_lrcn.LRCNActivityBackbone(
            encoder,
            units=r.units or 1,
            num_layers=1 if r.units else 0,
            dropout=0.5,
            visual_dropout=0.9 if r.units else 0.5,
        )
        return keras_lrcn.LRCNActivity(backbone, self._preprocessor(source.preprocessor))

    def _preprocessor(self, old):
        converter, r = old.image_converter, self.regime
        if self.modality == "flow":  # no motion is 128, and becomes 0
            scale = float(np.mean(converter.scale))
            converter = keras_lrcn.LRCNFrameConverter(
                old.crop_size, scale=scale, offset=-128 * scale
            )
        return keras_lrcn.LRCNActivityPreprocessor(
            ucf101_classes(self.plan.data),
            converter,
            frame_size=old.frame_size,
            clip_length=r.clip_length,
            stride=8 if r.units else 1,
            fps=old.fps,
            modality=self.modality,
            flow=FlowEncoding(method=self.plan.flow_method) if self.modality == "flow" else None,
        )

    def _to_learn_from(self, preprocessor):
        """Videos, and what else `labelled_clips` needs."""
        examples = self.plan.examples(self.split, "train")
        if self.modality == "rgb":
            return examples, {}
        files = self.plan.flow_files(examples, preprocessor)
        return [e for e in examples if e.path in files], {"flow_files": files}

    def _watch(self, activity, test):
        """A function of a video's path to the probabilities of its classes `(classes,)`."""
        tail = "lrcn" if self.regime.units else "once"
        see, seer = (lambda path: path), activity
        if self.modality == "flow":  # the same network before flow images in place of videos
            config = activity.preprocessor.get_config() | {"modality": "rgb", "fps": None}
            preprocessor = keras_lrcn.LRCNActivityPreprocessor.from_config(config)
            seer = keras_lrcn.LRCNActivity(activity.backbone, preprocessor)
            seer.predict_classes.set_weights(activity.predict_classes.get_weights())
            files = self.plan.flow_files(test, activity.preprocessor)
            see = partial(flow_images, files, activity.preprocessor.flow)

        def watch(path):
            try:
                return seer.classify(see(path), tail=tail, on_error="partial").probabilities
            except (VideoError, FlowFileError):
                return np.full(len(activity.class_names), np.nan, "float32")

        return watch


def exactly(steps, clips):
    """So many batches, even where broken videos leave fewer: then the next epoch's fill up.

    The number is told to Keras: where it is not, the optimizer counts a step more every epoch, and
    the rate falls too early.
    """
    import tensorflow as tf

    return clips.repeat().take(steps).apply(tf.data.experimental.assert_cardinality(steps))


def flow_images(files, encoding, path):
    """The flow images of one video, uint8 `(time, height, width, 3)`."""
    if path not in files:
        raise VideoError(path, "there is no flow of it", "Replace the file")
    return read_flow(files[path], encoding).images


def take_over(old, new):
    """Copies convolutions, and fully connected layers as far as both encoders have them."""
    if new.backbone is not old.backbone:
        new.backbone.set_weights(old.backbone.get_weights())
    for ours, theirs in zip(new.dense_layers, old.dense_layers, strict=False):
        ours.set_weights(theirs.get_weights())


def answers(plan, seeds=(0,), splits=(1, 2, 3)):
    """Trains what is missing. Returns the `Answers` on the test videos of the splits."""
    found = {}
    for model, modality in plan.regimes:
        found[model, modality] = np.stack(
            [
                np.concatenate(
                    [Network(plan, model, modality, n, seed).probabilities() for n in splits]
                )
                for seed in seeds
            ]
        )
    classes = tuple(ucf101_classes(plan.data))
    tests = [(split, e) for split in splits for e in plan.examples(split, "test")]
    labels = np.array([classes.index(e.label) for _, e in tests])
    return Answers(classes, labels, np.array([split for split, _ in tests]), found)
