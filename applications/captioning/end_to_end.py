"""A captioner trained on pixels in the authors' regime: crops and mirrors anew in every epoch.

The way of the paper's own scale, and of the toy: nothing is cached but decoded photos. `train.py`
is the cheap way for two cores, with a CNN that is run once.
"""

import os

import keras
import numpy as np

import keras_lrcn
from keras_lrcn.data import captioned_images, read_dataset
from keras_lrcn.preprocessing import WordTokenizer, build_vocabulary

LOSS_WEIGHT = 20  # of the authors' loss: it scales the rate, and what the norm is clipped to
HALVED = 20_000  # iterations after which the rate is halved
# Path of a variable -> (`lr_mult`, `decay_mult`) of `lrcn.prototxt`.
RATES = {
    "predict/bias": (2.0, 0.0),
    "predict|token_embedding|lstm_stack": (1.0, 0.0),
    "bias": (0.2, 0.0),  # of the CNN
    "": (0.1, 0.0),
}
MISSING = """No {path}. `--scale full` reads what has to be fetched by hand:
DATA/coco/        dataset_coco.json (Karpathy's splits) with train2014/ and val2014/
DATA/flickr30k/   dataset_flickr30k.json with images/
DATA/encoders/    caffenet/ and vgg16/: presets of an `ImageEncoder` up to fc8, of Caffe's files by
    python -c "from hub.source import Source; from hub.convert_cnn import image_encoder as e; \\
    e(Source('bvlc_reference_caffenet.caffemodel'), 'caffenet', 'fc8').save_to_preset('caffenet')"
    (for VGG-16: Source('VGG_ILSVRC_16_layers.caffemodel'), 'vgg'; folder 'vgg16')"""


class PixelRun:
    """One experiment with one seed.

    Args:
        name: str, of the experiment.
        experiment: `PaperExperiment`.
        data: folder of the data sets, see `MISSING`.
        work: folder for what is learnt.
        seed: int.
    """

    def __init__(self, name, experiment, data, work, seed=0):
        keras.utils.set_random_seed(seed)
        self.name, self.experiment, self.seed, self.work = name, experiment, seed, work
        self.folder = os.path.join(work, name if seed == 0 else f"{name}_seed{seed}")
        os.makedirs(self.folder, exist_ok=True)
        path = _there(f"{data}/{experiment.data}/dataset_{experiment.data}.json")
        self.train, self.evaluated = (read_dataset(path, split=s) for s in ("train", "test"))
        self.encoder = keras_lrcn.ImageEncoder.from_preset(
            _there(f"{data}/encoders/{experiment.cnn}")
        )
        captions = [caption for example in self.train for caption in example.captions]
        self.tokenizer = WordTokenizer(build_vocabulary(captions, experiment.min_count))
        self.captioner = self._build()

    def _build(self):
        e = self.experiment
        backbone = keras_lrcn.LRCNCaptionerBackbone(
            self.tokenizer.vocabulary_size(),
            self.encoder,
            embedding_dim=e.embedding_dim,
            units=e.units,
            num_layers=e.num_layers,
            factored=e.factored,
            cell=e.cell,
            dropout=e.dropout,
            visual_dropout=e.visual_dropout,
        )
        self.crop = tuple(self.encoder.input.shape[1:3])
        converter = keras_lrcn.LRCNImageConverter(
            self.crop,
            scale=e.pixel_scale,
            offset=list(e.pixel_offset),
            crop_to_aspect_ratio=False,
        )
        preprocessor = keras_lrcn.LRCNCaptionerPreprocessor(
            self.tokenizer, converter, e.length, resizing=e.resizing
        )
        return keras_lrcn.LRCNCaptioner(backbone, preprocessor)

    def reach(self, stage):
        """Loads the weights at the end of a stage, and trains before what is missing."""
        path = self.weights(stage)
        if not os.path.exists(path):
            if stage == "finetune":
                self.reach("frozen")
            self._train(stage)
            self.captioner.optimizer = None
            self.captioner.save_weights(path + ".new.weights.h5")
            os.replace(path + ".new.weights.h5", path)
        self.captioner.load_weights(path)

    def weights(self, stage):
        return os.path.join(self.folder, f"{stage}.weights.h5")

    def _train(self, stage):
        """`"frozen"` leaves all but the encoder's last layer, fc8, as ImageNet made it."""
        e, frozen = self.experiment, stage == "frozen"
        for layer in (self.encoder.backbone, *self.encoder.dense_layers[:-1]):
            layer.trainable = not frozen
        rate, clip = (e.rate, e.clip) if frozen else (e.finetune_rate, e.finetune_clip)
        loss = keras_lrcn.CaptionLoss(e.label_smoothing)
        make = authors_optimizer if e.authors_solver else _adam
        self.captioner.compile(make(rate, clip), loss, weighted_metrics=None)
        epochs = e.frozen_epochs if frozen else e.finetune_epochs
        folder = os.path.join(self.folder, stage)
        keras_lrcn.fit_resumable(self.captioner, self._epoch, epochs, folder, verbose=2)

    def _epoch(self, epoch):
        e = self.experiment
        data = captioned_images(
            self.train,
            e.photo_size,
            e.batch_size,
            training=True,
            crop=self.crop,
            mirror=True,
            seed=self.seed,
            initial_epoch=epoch,
            cache=os.path.join(self.work, f"pixels_{e.data}"),
            on_error="skip",
        )
        return data.map(self.captioner.preprocessor)

    def visual(self, stage):
        """Features of the photos to describe, float32 `(photos, width)`, after `reach`."""
        cnn = keras.Model(self.encoder.input, self.encoder.pooled)
        paths = [example.path for example in self.evaluated]
        batches = [paths[b : b + 64] for b in range(0, len(paths), 64)]
        load = self.captioner.preprocessor.load
        return np.concatenate([cnn.predict_on_batch(load(batch)) for batch in batches])


def authors_optimizer(rate, clip):
    """The authors' solver; their loss has a weight, ours none, so rate and clipping bear it."""
    schedule = keras.optimizers.schedules.ExponentialDecay(
        rate * LOSS_WEIGHT, HALVED, 0.5, staircase=True
    )
    return keras_lrcn.CaffeSGD(schedule, l2=0.0, rates=RATES, global_clipnorm=clip / LOSS_WEIGHT)


def _adam(rate, clip):
    return keras.optimizers.Adam(rate, global_clipnorm=clip)


def _there(path):
    if not os.path.exists(path):
        raise FileNotFoundError(MISSING.format(path=path))
    return path
