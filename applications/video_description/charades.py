"""Trains a describer of Charades tuples and scores it on held-out videos.

    python -m applications.video_description.charades --data DATA --experiment decoder_prob --seed 0

DATA holds `charades/`. A killed run continues where it was, and what is done is not done again.
`tables.py` does this for the three architectures of Fig. 5 and several seeds.
"""

import argparse
import json
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from applications.video_description import tuples
from applications.video_description.describer_run import DescriberRun
from applications.video_description.experiments import SHIPPED_TUPLES, TUPLE_EXPERIMENTS
from applications.video_description.noise import errors_at_maximum, observe, priors_of

WORK = "runs/charades"
TEST_SEED = 9  # of the noise on held-out tuples, the same for every run


class Charades:
    """The annotations of Charades, seen through noise; see `DescriberRun`."""

    def __init__(self, data, scripts=False):
        examples = tuples.split_charades(data)
        self.train = examples["train and scripts" if scripts else "train"]
        self.held_out = examples["held out"]
        self.roles = tuples.roles_of(self.train, data)
        self.tokenizer = tuples.tokenizer_of(self.train)

    def training_vectors(self, vectors, experiment, seed):
        return tuples.training_vectors(vectors, self.roles, experiment, seed)

    def observations(self, experiment):
        """The held-out tuples as they are, and through noise."""
        clean = self.roles([e.roles for e in self.held_out])
        priors = priors_of(self.roles([e.roles for e in self.train]))
        noisy = observe(clean, self.roles, priors, experiment.distance, TEST_SEED)
        return {"clean": clean, "noisy": noisy}


class Run(DescriberRun):
    """An experiment on Charades with one seed."""

    def __init__(self, name, data, work, seed=0):
        experiment = TUPLE_EXPERIMENTS[name]
        super().__init__(name, experiment, Charades(data, experiment.scripts), work, seed)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--experiment", choices=TUPLE_EXPERIMENTS, default=SHIPPED_TUPLES)
    parser.add_argument("--data", required=True, help="folder of the data sets")
    parser.add_argument("--work", default=WORK, help="for what is learnt")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    run = Run(args.experiment, args.data, args.work, args.seed)
    vectors = run.held_out_vectors()
    errors = errors_at_maximum(vectors["noisy"], vectors["clean"], run.roles)
    print("noise on held-out tuples:", json.dumps(errors))
    for name, scores in run.scores().items():
        print(name, json.dumps({k: v for k, v in scores.items() if isinstance(v, float)}))


if __name__ == "__main__":
    main()
