"""Trains describers of Charades tuples and scores them on held-out videos.

    python -m applications.video_description.charades --data DATA --experiment decoder_prob --seed 0

Without `--experiment` all three architectures of Fig. 5 are trained with seeds 0, 1 and 2, and the
table of the README is printed. DATA holds `charades/`. A killed run continues where it was, and
what is done is not done again.
"""

import argparse
import json
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

import keras_lrcn
from applications.video_description import tuples
from applications.video_description.experiments import SHIPPED_TUPLES, TUPLE_EXPERIMENTS
from applications.video_description.noise import errors_at_maximum, observe, priors_of
from keras_lrcn.metrics import evaluate_captions
from keras_lrcn.samplers import BeamSearch

WORK = "runs/charades"
SEEDS = (0, 1, 2)
TEST_SEED = 9  # of the noise on held-out tuples, the same for every run
SEQUENCE_LENGTH = 50  # words that `generate` writes at the most
SAMPLER = BeamSearch(5, length_penalty=1.0, forbidden_words=("<unk>",))


class Run:
    """One experiment with one seed."""

    def __init__(self, name, data, work, seed=0):
        keras.utils.set_random_seed(seed)
        self.name, self.experiment, self.seed = name, TUPLE_EXPERIMENTS[name], seed
        self.folder = os.path.join(work, f"{name}_seed{seed}")
        os.makedirs(self.folder, exist_ok=True)
        examples = tuples.split_charades(data)
        train = examples["train and scripts" if self.experiment.scripts else "train"]
        self.held_out = examples["held out"]
        self.roles = tuples.roles_of(train, data)
        self.tokenizer = tuples.tokenizer_of(train)
        self.train = tuples.Captions(train, self.roles, self.tokenizer)
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
            visual_dropout=0.1,
        )
        preprocessor = keras_lrcn.LRCNVideoDescriberPreprocessor(
            self.tokenizer, roles=self.roles, sequence_length=SEQUENCE_LENGTH
        )
        return keras_lrcn.LRCNVideoDescriber(backbone, preprocessor, sampler=SAMPLER)

    def fit(self):
        e, describer = self.experiment, self.describer
        steps = len(self.train.ids) // e.batch_size * e.epochs
        rate = keras.optimizers.schedules.CosineDecay(
            e.rate / 10, steps, alpha=0.02, warmup_target=e.rate, warmup_steps=100
        )
        optimizer = keras.optimizers.AdamW(rate, weight_decay=1e-4, global_clipnorm=5.0)
        describer.compile(optimizer, keras_lrcn.CaptionLoss(e.label_smoothing), jit_compile=False)

        def data(epoch):
            seed = [self.seed, epoch]
            visual = tuples.training_vectors(self.train.vectors, self.roles, e, seed)
            return self.train.batches(visual, e.batch_size, seed)

        keras_lrcn.fit_resumable(describer, data, e.epochs, self.folder, verbose=2)

    def held_out_vectors(self):
        """The held-out tuples as they are, and through noise."""
        clean = self.roles([e.roles for e in self.held_out])
        priors = priors_of(self.train.vectors)
        noisy = observe(clean, self.roles, priors, self.experiment.distance, TEST_SEED)
        return {"clean": clean, "noisy": noisy}

    def scores(self):
        """Scores of free-running descriptions, kept in the run's folder."""
        path = os.path.join(self.folder, "scores.json")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                return json.load(file)
        rows = {}
        for name, vectors in self.held_out_vectors().items():
            sentences = self.describer.generate(list(vectors))
            candidates = dict(zip(self.references, sentences, strict=True))
            found = evaluate_captions(self.references, candidates, meteor=False)
            rows[name] = {k: round(v, 4) for k, v in found.items() if isinstance(v, float)}
        with open(path + ".new", "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=1)
        os.replace(path + ".new", path)
        return rows


def table(data, work, experiments, seeds):
    """Trains what is missing and returns the rows of the README's table."""
    lines = [
        "| | tuples | BLEU-4, mean of the seeds | each | CIDEr-D | ROUGE-L |",
        "|---" * 6 + "|",
    ]
    for name in experiments:
        runs = []
        for seed in seeds:
            run = Run(name, data, work, seed)
            run.fit()
            runs.append(run.scores())
            print(name, "seed", seed, json.dumps(runs[-1]), flush=True)
        for kind in ("noisy", "clean"):
            bleu = [run[kind]["Bleu_4"] for run in runs]
            each = ", ".join(f"{b:.4f}" for b in bleu)
            others = [np.mean([run[kind][k] for run in runs]) for k in ("CIDEr", "ROUGE_L")]
            means = " | ".join(f"{mean:.3f}" for mean in others)
            spread = f"{np.mean(bleu):.4f} ± {np.std(bleu, ddof=len(bleu) > 1):.4f}"
            lines.append(f"| {name} | {kind} | {spread} | {each} | {means} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--experiment", choices=TUPLE_EXPERIMENTS, help="default: Fig. 5 a, b, c")
    parser.add_argument("--data", required=True, help="folder of the data sets")
    parser.add_argument("--work", default=WORK, help="for what is learnt")
    parser.add_argument("--seed", type=int, help="default: 0, 1 and 2")
    args = parser.parse_args()
    names = [args.experiment] if args.experiment else list(TUPLE_EXPERIMENTS)
    names = names if args.experiment else [n for n in names if n != SHIPPED_TUPLES]
    run = Run(names[0], args.data, args.work)
    noisy = run.held_out_vectors()
    errors = errors_at_maximum(noisy["noisy"], noisy["clean"], run.roles)
    print("noise on held-out tuples:", json.dumps(errors))
    seeds = SEEDS if args.seed is None else (args.seed,)
    print(table(args.data, args.work, names, seeds))


if __name__ == "__main__":
    main()
