"""Decodes the dev photos with what `train.py` has learnt and fills the table in the README.

    python -m applications.captioning.evaluate --data DATA --work runs/captioning

Every experiment with a trained stage gets rows; a row that is there already is not decoded again.
"""

import argparse
import json
import os

from applications.captioning.experiments import EXPERIMENTS
from applications.captioning.train import STAGES, Run
from keras_lrcn.publishing import score_table
from keras_lrcn.samplers import BeamSearch, BestOfN

STRATEGIES = {
    "greedy": BeamSearch(1),
    "beam 3": BeamSearch(3),
    "beam 5": BeamSearch(5),
    "beam 10": BeamSearch(10),
}
SHIPPED_STRATEGIES = {
    **STRATEGIES,
    "beam 5, length penalty 0.7": BeamSearch(5, length_penalty=0.7),
    "best of 25, T = 1.5": BestOfN(25, 1 / 1.5, seed=0),
    "best of 100, T = 1.5": BestOfN(100, 1 / 1.5, seed=0),
    "best of 100, T = 2": BestOfN(100, 1 / 2, seed=0),
}


def evaluate(run, strategies, path):
    """Adds the missing rows of one run to its json file and returns all of them."""
    rows = {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            rows = json.load(file)
    for stage in STAGES[1:]:
        weights = os.path.join(run.folder, f"{stage}.weights.h5")
        missing = [s for s in strategies if f"{stage}, {s}" not in rows]
        if not missing or not os.path.exists(weights):
            continue
        run.captioner.load_weights(weights)
        features = run.features("dev", ("plain",))[0]
        for strategy in missing:
            rows[f"{stage}, {strategy}"] = run.dev_scores(features, strategies[strategy])
            with open(path + ".new", "w", encoding="utf-8") as file:
                json.dump(rows, file, indent=1)
            os.replace(path + ".new", path)
            print(run.name, stage, strategy, rows[f"{stage}, {strategy}"], flush=True)
    return rows


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--experiments", nargs="*", default=list(EXPERIMENTS))
    parser.add_argument("--data", required=True)
    parser.add_argument("--work", default="runs/captioning")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    table = {}
    for name in args.experiments:
        run = Run(name, args.data, args.work, args.seed)
        strategies = SHIPPED_STRATEGIES if run.experiment.self_critical_epochs else STRATEGIES
        rows = evaluate(run, strategies, os.path.join(run.folder, "scores.json"))
        table |= {f"{name}: {row}": scores for row, scores in rows.items()}
    print(score_table(table))


if __name__ == "__main__":
    main()
