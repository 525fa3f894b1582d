"""Fills Table 9 of the paper: sentences of what a CRF recognised in a video.

    python -m applications.video_description.tables --table 9 --scale shared --data DATA

Scales: `toy` draws tuples from a kitchen grammar and takes two minutes; `shared` takes Charades'
annotations through noise (9 trainings of 2 to 6 minutes on two cores, for what is not trained
yet); `full` takes TACoS Multilevel with `--tuples`, the predictions of a CRF, which were never
released. A killed run continues where it was. The table is printed, and written to
`--work/tables` as markdown, json and a picture.
"""

import argparse
import dataclasses
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np

from applications.video_description.charades import WORK, Charades
from applications.video_description.describer_run import DescriberRun
from applications.video_description.experiments import (
    FULL_TUPLES,
    TABLE_9,
    TOY_TUPLES,
    TUPLE_EXPERIMENTS,
)
from applications.video_description.kitchen import Kitchen
from applications.video_description.tacos import Tacos
from keras_lrcn.paper_table import Measured, Row, write_table

ROWS = dict(
    zip(
        TABLE_9,
        (
            "(a) LSTM encoder-decoder, CRF max",
            "(b) LSTM decoder, CRF max",
            "(c) LSTM decoder, CRF prob",
        ),
        strict=True,
    )
)
COLUMNS = {"Bleu_4": "BLEU-4", "CIDEr": "CIDEr-D", "ROUGE_L": "ROUGE-L"}
PAPER = dict(zip(TABLE_9, (25.3, 27.4, 28.8), strict=True))
PAPER_ONLY = {"SMT, CRF max": 24.9, "SMT, CRF prob": 26.9}
NO_TUPLES = (
    "--scale full needs --tuples: what a CRF predicts for the parts of TACoS' videos. The paper's "
    "predictions were never released. The file has a line for each part, as keras_lrcn.data."
    'read_tuples takes it: {"id": "s34-d28.avi:201-487", "roles": {"activity": {"cut": 0.7}, ...}}'
)
NOTES = (
    "Free-running sentences by beam 5. In brackets 95 % intervals over resampled videos; of "
    "several seeds the means of the ends.",
    "The paper has BLEU-4 alone. SMT, CRF prob and (c) are from a second source; the other three "
    "are recalled and were not checked against print.",
)


@dataclasses.dataclass(frozen=True)
class Scale:
    """Where the table's numbers come from.

    Args:
        experiments: dict from a name in `TABLE_9` to a `TupleExperiment`.
        open_corpus: function of DATA and the file of tuples.
        here: str, what the title says of other data.
        observations: dict from the name of an observation to what the row says of it.
        data: str, for the table.
        departures: strings, how this differs from the paper.
        seeds: ints.
    """

    experiments: dict
    open_corpus: object
    here: str
    observations: dict
    data: str
    departures: tuple
    seeds: tuple = (0, 1, 2)


SCALES = {
    "toy": Scale(
        experiments=TOY_TUPLES,
        open_corpus=lambda data, file: Kitchen(),
        here="; here a kitchen grammar",
        observations={"predicted": ""},
        data="2,000 tuples of a kitchen grammar to learn from, 300 to describe; a fifth of the "
        "maxima are wrong",
        departures=(
            "A grammar in place of TACoS Multilevel; one reference for each tuple.",
            "64 units in place of 1000; AdamW, 30 epochs.",
        ),
        seeds=(0,),
    ),
    "shared": Scale(
        experiments=TUPLE_EXPERIMENTS,
        open_corpus=lambda data, file: Charades(data),
        here="; here Charades",
        observations={"noisy": "through noise", "clean": "clean"},
        data="Charades: the annotations of 7,185 videos to learn from, of 800 to describe",
        departures=(
            "Charades in place of TACoS Multilevel. In place of a CRF, its annotations through a "
            "stated noise (`noise.py`), and as they are (clean): a scene, objects and actions in "
            "place of activity, tool, object and location.",
            "192 units in place of 1000; AdamW, dropout 0.3 and label smoothing 0.1, 6 epochs.",
        ),
    ),
    "full": Scale(
        experiments=FULL_TUPLES,
        open_corpus=Tacos,
        here="",
        observations={"predicted": ""},
        data="TACoS, train and val to learn from, test to describe; tuples from a CRF of one's own",
        departures=(
            "This scale has not been run by its authors: the paper's CRF predictions were never "
            "released. The code is tested on a made folder of the same shape.",
            "TACoS' sentences as they are passed on (18,227) in place of the detailed level of "
            "TACoS Multilevel (44,762).",
            "Neither the authors' solver nor their words' counts are known: the captioner's solver "
            "(Sec. 5), 30 epochs; words that occur five times.",
        ),
    ),
}


def measured(results):
    """Means over seeds, and means of the ends of each seed's interval, in hundredths."""
    cells = {}
    for score, column in COLUMNS.items():
        low, high = 100 * np.mean([r["intervals"][score] for r in results], axis=0)
        cells[column] = Measured(100 * np.mean([r[score] for r in results]), low, high)
    return cells


def measure_rows(scale, corpus, work, seeds):
    """Trains and describes what is missing; returns rows, and a note on each seed's BLEU-4."""
    found = {}
    for name in TABLE_9:
        experiment = scale.experiments[name]
        runs = [DescriberRun(name, experiment, corpus, work, seed) for seed in seeds]
        found[name] = [run.scores() for run in runs]
    rows, each = [], []
    for number, (key, label) in enumerate(scale.observations.items()):
        for name, title in ROWS.items():
            row = f"{title}, {label}".removesuffix(", ")
            results = [scores[key] for scores in found[name]]
            rows.append(Row(row, measured(results), {} if number else {"BLEU-4": PAPER[name]}))
            each.append(f"{row}: " + ", ".join(f"{100 * r['Bleu_4']:.2f}" for r in results))
    rows += [Row(name, {}, {"BLEU-4": value}) for name, value in PAPER_ONLY.items()]
    return rows, f"BLEU-4 with seeds {', '.join(map(str, seeds))}: {'; '.join(each)}."


def fill(scale_name, data, work, seeds=None, tuples=None):
    """Trains and measures what is missing, and writes the table.

    Returns:
        str, the table as markdown.
    """
    scale = SCALES[scale_name]
    seeds = tuple(seeds or scale.seeds)
    rows, by_seed = measure_rows(scale, scale.open_corpus(data, tuples), work, seeds)
    command = f"python -m applications.video_description.tables --table 9 --scale {scale_name}"
    command += " --data DATA" * (scale_name != "toy")
    command += " --tuples FILE" * (scale_name == "full")
    command += f" --seeds {' '.join(map(str, seeds))}" * (seeds != scale.seeds)
    return write_table(
        os.path.join(work, "tables"),
        f"table_9_{scale_name}",
        "Table 9: sentences of TACoS Multilevel" + scale.here,
        list(COLUMNS.values()),
        rows,
        command=command,
        data={"data": scale.data, "scale": scale_name, "seeds": ", ".join(map(str, seeds))},
        departures=scale.departures,
        notes=(*NOTES, by_seed) if len(seeds) > 1 else NOTES,
        unit="hundredths",
        digits=2,
    )


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--table", type=int, default=9, choices=(9,))
    parser.add_argument("--scale", required=True, choices=SCALES)
    parser.add_argument("--data", help="folder of the data sets; `toy` needs none")
    parser.add_argument("--tuples", metavar="FILE", help="for `full`: a CRF's predictions")
    parser.add_argument("--work", help="for what is learnt; default: runs/charades, runs/SCALE")
    parser.add_argument("--seeds", type=int, nargs="+", help="default: 0 1 2; of `toy` 0")
    args = parser.parse_args(arguments)
    if args.data is None and args.scale != "toy":
        parser.error(f"--scale {args.scale} needs --data, the folder of the data sets")
    if args.tuples is None and args.scale == "full":
        parser.error(NO_TUPLES)
    folders = {"shared": WORK, "toy": "runs/kitchen", "full": "runs/tacos"}
    work = args.work or folders[args.scale]
    print(fill(args.scale, args.data, work, args.seeds, args.tuples))


if __name__ == "__main__":
    main()
