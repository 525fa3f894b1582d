"""Trains one describer of semantic tuples and describes what nothing learnt from."""

import json
import os

import keras

import keras_lrcn
from applications.video_description import tuples
from keras_lrcn.metrics import evaluate_captions
from keras_lrcn.samplers import BeamSearch

SEQUENCE_LENGTH = 50  # words that `generate` writes at the most
LOSS_WEIGHT = 20  # of the authors' loss: it scales the rate, and what the norm is clipped to
RESAMPLES = 1000  # for 95 % intervals
SAMPLER = BeamSearch(5, length_penalty=1.0, forbidden_words=("<unk>",))


class DescriberRun:
    """One experiment with one seed. A killed training continues where it was.

    Args:
        name: str, of the experiment.
        experiment: `TupleExperiment`.
        corpus: what has `train` and `held_out` (lists of `DescribedVideo`), `roles`, `tokenizer`,
            `training_vectors(vectors, experiment, seed)`, what an epoch sees of the training
            tuples, and `observations(experiment)`, a dict of what is seen of the held-out ones.
        work: folder for what is learnt.
        seed: int.
    """

    def __init__(self, name, experiment, corpus, work, seed=0):
        keras.utils.set_random_seed(seed)
        self.name, self.experiment, self.corpus, self.seed = name, experiment, corpus, seed
        self.folder = os.path.join(work, f"{name}_seed{seed}")
        os.makedirs(self.folder, exist_ok=True)
        self.held_out, self.roles, self.tokenizer = corpus.held_out, corpus.roles, corpus.tokenizer
        self.train = tuples.Captions(corpus.train, self.roles, self.tokenizer)
        self.references = {e.video_id: list(e.captions) for e in self.held_out}
        self.describer = self.build()

    def build(self):
        e = self.experiment
        if e.kind == "sequence":
            encoder = keras_lrcn.SemanticSequenceEncoder(
                self.roles.sizes,
                self.roles.are_multiple,
                embedding_dim=e.embedding_dim,
                units=e.units,
                num_layers=e.num_layers,
                dropout=e.dropout,
            )
        else:
            encoder = keras_lrcn.SemanticEncoder(self.roles.sizes, self.roles.are_multiple, e.kind)
        backbone = keras_lrcn.LRCNVideoDescriberBackbone(
            self.tokenizer.vocabulary_size(),
            encoder,
            embedding_dim=e.embedding_dim,
            units=e.units,
            num_layers=e.num_layers,
            factored=e.factored,
            dropout=e.dropout,
            visual_dropout=e.visual_dropout,
        )
        preprocessor = keras_lrcn.LRCNVideoDescriberPreprocessor(
            self.tokenizer, roles=self.roles, sequence_length=SEQUENCE_LENGTH
        )
        return keras_lrcn.LRCNVideoDescriber(backbone, preprocessor, sampler=SAMPLER)

    def fit(self):
        e, describer = self.experiment, self.describer
        steps = len(self.train.ids) // e.batch_size * e.epochs
        loss = keras_lrcn.CaptionLoss(e.label_smoothing)
        describer.compile(optimizer_of(e, steps), loss, jit_compile=False)

        def data(epoch):
            seed = [self.seed, epoch]
            visual = self.corpus.training_vectors(self.train.vectors, e, seed)
            return self.train.batches(visual, e.batch_size, seed)

        keras_lrcn.fit_resumable(describer, data, e.epochs, self.folder, verbose=2)

    def held_out_vectors(self):
        """What is seen of the held-out tuples: dict from a name to an array."""
        return self.corpus.observations(self.experiment)

    def descriptions(self):
        """Free-running descriptions, kept: dict from the name of an observation to a dict."""
        path = os.path.join(self.folder, f"descriptions_{self.experiment.epochs:04d}.json")
        if not os.path.exists(path):
            self.fit()
            found = {}
            for name, vectors in self.held_out_vectors().items():
                sentences = self.describer.generate(list(vectors))
                found[name] = dict(zip(self.references, sentences, strict=True))
            with open(path + ".new", "w", encoding="utf-8") as file:
                json.dump(found, file, indent=1)
            os.replace(path + ".new", path)
        with open(path, encoding="utf-8") as file:
            return json.load(file)

    def scores(self):
        """coco-caption's scores, with `intervals`, of each observation."""
        return {
            name: evaluate_captions(
                self.references, candidates, meteor=False, num_bootstrap=RESAMPLES
            )
            for name, candidates in self.descriptions().items()
        }


def optimizer_of(experiment, steps):
    """The optimizer for a training of so many steps."""
    rate = experiment.rate
    if experiment.authors_solver:
        schedule = keras.optimizers.schedules.ExponentialDecay(
            rate * LOSS_WEIGHT, 20_000, 0.5, staircase=True
        )
        return keras_lrcn.CaffeSGD(schedule, l2=0.0, global_clipnorm=10 / LOSS_WEIGHT)
    schedule = keras.optimizers.schedules.CosineDecay(
        rate / 10, steps, alpha=0.02, warmup_target=rate, warmup_steps=100
    )
    return keras.optimizers.AdamW(schedule, weight_decay=1e-4, global_clipnorm=5.0)
