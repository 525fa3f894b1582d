"""Fills Table 4, 5 or 6 of the paper: retrieval on Flickr30k and COCO, captions of COCO.

    python -m applications.captioning.tables --table 6 --scale shared --data DATA

Scales: `toy` draws its photos and takes two minutes; `shared` takes Flickr8k and the experiments of
`train.py` (hours on two cores, for what is not trained yet); `full` takes COCO 2014 and Flickr30k
with CaffeNet and VGG-16 as the authors trained them. A killed run continues where it was; captions
and scores of pairs are kept below `--work`. The table is printed, and written to `--work/tables`
as markdown, json and a picture.
"""

import argparse
import dataclasses
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np

from applications.captioning import paper_rows
from applications.captioning.cells import SAMPLERS, TrainedStage
from applications.captioning.end_to_end import PixelRun
from applications.captioning.experiments import FULL, SHIPPED, TOY
from applications.captioning.toy_photos import write_encoder, write_photos
from applications.captioning.train import Run
from keras_lrcn.paper_table import Measured, Row, write_table

TOY_PHOTOS = {"train": 500, "test": 60}
STAGES = {"frozen": "frozen", "finetune": "fine-tuned"}
EVERY_MODEL = ("greedy", "beam 5")  # strategies that every row of Table 6 is decoded with
DIRECTIONS = {"caption_to_image": "caption to image", "image_to_caption": "image to caption"}
RANKS = {"R@1": "R@1", "R@5": "R@5", "R@10": "R@10", "median_rank": "Medr"}
SCORES = {"CIDEr": "CIDEr-D", "METEOR": "METEOR", "ROUGE_L": "ROUGE-L"}
SCORES |= {f"Bleu_{n}": f"BLEU-{n}" for n in range(1, 5)}


def open_shared(name, data, work, seed):
    return Run(name, data, work, seed)


def open_full(name, data, work, seed):
    return PixelRun(name, FULL[name], data, work, seed)


def open_toy(name, data, work, seed):
    """The way of `full`, in a data folder that is drawn first."""
    drawn = os.path.join(work, "drawn")
    if not os.path.exists(os.path.join(drawn, "coco", "dataset_coco.json")):
        write_encoder(os.path.join(drawn, "encoders", "small_cnn"))
        write_photos(os.path.join(drawn, "coco"), TOY_PHOTOS)
    return PixelRun(name, TOY[name], drawn, work, seed)


@dataclasses.dataclass(frozen=True)
class Scale:
    """Where a table's numbers come from.

    Args:
        open_run: function of an experiment's name, DATA, the work folder and a seed.
        rows: for each table, 4 to 6, a dict from the name of a row to an experiment.
        tuned: set of the experiments that are fine-tuned too, for Tables 5 and 6.
        best: name of the row of Table 6 whose last stage is decoded with all `strategies`.
        strategies: names in `cells.SAMPLERS`.
        images: int, photos among which is searched.
    """

    open_run: object
    rows: dict
    tuned: frozenset
    best: str
    strategies: tuple = tuple(SAMPLERS)
    images: int = 1000


FULL_COCO = {
    f"{c}, {row}": name
    for cnn, c in paper_rows.CNNS.items()
    for row, name in paper_rows.of_variants(f"{{}}_{cnn}_coco").items()
}
SHARED = {**paper_rows.of_variants("{}"), "LRCN-2f, language first": SHIPPED}
SCALES = {
    "toy": Scale(
        open_toy,
        {
            4: {"LRCN-2f": "lrcn2f_small_cnn_coco"},
            5: paper_rows.of_variants("{}_small_cnn_coco"),
            6: paper_rows.of_variants("{}_small_cnn_coco"),
        },
        tuned=frozenset({"lrcn2f_small_cnn_coco"}),
        best="LRCN-2f",
        strategies=("greedy", "beam 2", "beam 5", "best of 25, T = 1.5"),
        images=TOY_PHOTOS["test"],
    ),
    "shared": Scale(
        open_shared,
        {
            4: {"LRCN-2f": "lrcn2f"},
            5: SHARED,
            6: SHARED,
        },
        tuned=frozenset({SHIPPED}),
        best="LRCN-2f, language first",
    ),
    "full": Scale(
        open_full,
        {
            4: {f"{c}, LRCN-2f": f"lrcn2f_{cnn}_flickr30k" for cnn, c in paper_rows.CNNS.items()},
            5: FULL_COCO,
            6: FULL_COCO,
        },
        tuned=frozenset(name for name, e in FULL.items() if e.finetune_epochs),
        best="VGG-16, LRCN-2f",
    ),
}


class Models:
    """The trained stages of a scale, one run in memory after another."""

    def __init__(self, scale, data, work, seeds):
        self.scale, self.data, self.work, self.seeds = scale, data, work, seeds

    def rows(self, experiments, tuned=True):
        """Yields `(name of the row, list of a `TrainedStage` for each seed)`."""
        for row, name in experiments.items():
            runs = [self.scale.open_run(name, self.data, self.work, seed) for seed in self.seeds]
            for stage in self.stages(name) if tuned else ["frozen"]:
                yield f"{row}, {STAGES[stage]}", [TrainedStage(run, stage) for run in runs]

    def stages(self, name):
        return list(STAGES) if name in self.scale.tuned else ["frozen"]


def measured(results, names, factor=1.0):
    """Means over seeds, and means of the ends of each seed's 95 % interval over images.

    Args:
        results: list of dicts of scores with `intervals`, one a seed.
        names: dict from a score to its column; scores that are not there are left out.
        factor: float or dict from score to float, of the scores.
    """
    cells = {}
    for score, column in names.items():
        if score in results[0]:
            scale = factor.get(score, 1.0) if isinstance(factor, dict) else factor
            ends = [r["intervals"].get(score, (None, None)) for r in results]
            low, high = (None, None) if None in ends[0] else scale * np.mean(ends, axis=0)
            cells[column] = Measured(scale * np.mean([r[score] for r in results]), low, high)
    return cells


def retrieval_rows(rows, images, paper):
    for name, stages in rows:
        results, cells = [stage.retrieval(images) for stage in stages], {}
        for key, direction in DIRECTIONS.items():
            names = {score: f"{direction} {column}" for score, column in RANKS.items()}
            one_way, percent = [r[key] for r in results], {s: 100 for s in RANKS if "@" in s}
            cells |= measured(one_way, names, percent)
        yield Row(name, cells, paper)


def generation_rows(models, experiments):
    """Every model with two strategies, then the best model with all."""
    scale = models.scale
    best = f"{scale.best}, {STAGES[models.stages(experiments[scale.best])[-1]]}"
    for name, stages in models.rows(experiments):
        for strategy in scale.strategies if name == best else EVERY_MODEL:
            results = [stage.caption_scores(strategy) for stage in stages]
            yield Row(f"{name}, {strategy}", measured(results, SCORES))


def measure_rows(table, models, images):
    """Returns the rows of a table, its columns, and dicts of `unit` and `digits`."""
    scale = models.scale
    if table == 6:
        rows = list(generation_rows(models, scale.rows[6]))
        columns = [c for c in SCORES.values() if any(c in row.measured for row in rows)]
        return rows, columns, {"unit": "0 to 1, of CIDEr-D 0 to 10", "digits": 3}
    paper = paper_rows.LRCN_2F_OF_TABLE_4 if table == 4 else {}
    rows = list(retrieval_rows(models.rows(scale.rows[table], tuned=table == 5), images, paper))
    columns = [f"{d} {r}" for d in DIRECTIONS.values() for r in RANKS.values()]
    return rows, columns, {"unit": "%, of Medr a rank", "digits": 1}


def fill(table, scale_name, data, work, seeds, images=None):
    """Trains and measures what is missing, and writes the table.

    Returns:
        str, the table as markdown.
    """
    scale = SCALES[scale_name]
    searched = images or scale.images
    rows, columns, style = measure_rows(table, Models(scale, data, work, seeds), searched)
    facts = {"data": paper_rows.DATA[scale_name][table], "scale": scale_name}
    if table != 6:
        facts["photos searched"] = f"the first {searched}, with five captions each"
    command = f"python -m applications.captioning.tables --table {table} --scale {scale_name}"
    command += " --data DATA" * (scale_name != "toy")
    command += f" --images {images}" * (images is not None)
    command += f" --seeds {' '.join(map(str, seeds))}" * (seeds != [0])
    return write_table(
        os.path.join(work, "tables"),
        f"table_{table}_{scale_name}",
        paper_rows.TITLES[table] + paper_rows.HERE[scale_name],
        columns,
        rows,
        command=command,
        data={**facts, "seeds": ", ".join(map(str, seeds))},
        departures=(
            *paper_rows.DEPARTURES[scale_name],
            *paper_rows.OF_ONE_TABLE.get((scale_name, table), ()),
        ),
        notes=paper_rows.NOTES[table],
        **style,
    )


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--table", type=int, required=True, choices=(4, 5, 6))
    parser.add_argument("--scale", required=True, choices=SCALES)
    parser.add_argument("--data", help="folder of the data sets; `toy` needs none")
    parser.add_argument("--work", help="for what is learnt; default: runs/captioning[_SCALE]")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--images", type=int, help="photos among which is searched; default: 1000")
    args = parser.parse_args(arguments)
    if args.data is None and args.scale != "toy":
        parser.error(f"--scale {args.scale} needs --data, the folder of the data sets")
    work = args.work or ("runs/captioning" + f"_{args.scale}" * (args.scale != "shared"))
    print(fill(args.table, args.scale, args.data, work, args.seeds, args.images))


if __name__ == "__main__":
    main()
