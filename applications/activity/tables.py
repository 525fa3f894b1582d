"""Tables 1, 2 and 3 of the paper, each by one command, at three scales.

    python -m applications.activity.tables --table 1 --scale toy
    python -m applications.activity.tables --table 1 --scale shared --data DATA --set fight
    python -m applications.activity.tables --table 1 --scale full --data UCF101 --cnn PRESET

`toy` generates motions and takes minutes, `shared` trains on cached features of a frozen CNN (see
`applications.activity.train`), `full` is the authors' regime on UCF101 whole (see
`applications.activity.ucf101`). Tables 2 and 3 come from the same networks as Table 1. Everything
is kept in `--work`; a killed run goes on with the next network. Writes Markdown, JSON and a
picture to `WORK/tables`, and prints the Markdown.
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np

from applications.activity.experiments import SETS
from applications.activity.scales import SCALES
from keras_lrcn.paper_table import Row, measure, write_table

STREAMS = {"rgb": "RGB", "flow": "flow"}  # as the table writes them
MODELS = {"single": "single", "lrcn": "LRCN", "lrcn_shuffled": "LRCN, shuffled"}
GAIN = "difference"
PAPER = {  # model and stream -> percent, the mean over the three splits
    "single": {"rgb": 67.37, "flow": 74.37, "1/2, 1/2": 75.46, "1/3, 2/3": 78.94},
    "lrcn": {"rgb": 68.20, "flow": 77.28, "1/2, 1/2": 80.90, "1/3, 2/3": 82.34},
}
PAPER_GAINS = {  # class -> percent; at second hand; the other classes' gains have no source
    2: {"BoxingPunchingBag": 40.82, "HighJump": 29.73},
    3: {},
}
TITLES = {
    1: "Table 1: single frame against LRCN",
    2: "Table 2: what each class gains by LRCN over single frames",
    3: "Table 3: what each class gains by flow over RGB",
}
INTERVAL = (
    "Brackets: 95 % bootstrap interval over the held-out videos; a video counts with its mean over "
    "the seeds. Videos of one group or source are taken for independent, so that the true "
    "intervals are somewhat wider."
)


def table1(answers):
    """Rows of Table 1: the models, and LRCN less single frame.

    Args:
        answers: `applications.activity.answers.Answers`.

    Returns:
        `(columns, rows)`.
    """
    columns = {stream: STREAMS.get(stream, stream) for stream in answers.streams}
    rows = []
    for model in answers.models:
        right = {s: answers.right(model, s) for s in columns}
        paper = {columns[s]: PAPER.get(model, {}).get(s) for s in columns}
        rows.append(Row(MODELS[model], _measured(answers, right, columns), paper))
    gains = {s: _less(answers, ("lrcn", s), ("single", s)) for s in columns}
    paper = {columns[s]: PAPER["lrcn"][s] - PAPER["single"][s] for s in columns}
    rows.insert(2, Row(GAIN, _measured(answers, gains, columns), paper))
    return list(columns.values()), rows


def class_gains(answers, table):
    """Rows of Table 2 or 3: a class each, the largest gain first.

    Args:
        answers: `applications.activity.answers.Answers`.
        table: `2` (LRCN less single frame, for each stream) or `3` (flow less RGB, for each
            model).

    Returns:
        `(columns, rows)`.
    """
    if table == 2:
        pairs = {s: (("lrcn", s), ("single", s)) for s in answers.streams}
        columns = {s: STREAMS.get(s, s) for s in pairs}
    else:
        pairs = {m: ((m, "flow"), (m, "rgb")) for m in ("lrcn", "single")}
        columns = {m: MODELS[m] for m in pairs}
    gains = {name: _less(answers, *pair) for name, pair in pairs.items()}
    first, rows = next(iter(columns.values())), []
    for number, name in enumerate(answers.classes):
        chosen = answers.labels == number
        if chosen.any():
            paper = PAPER_GAINS[table].get(name)
            paper = {} if paper is None else {first: paper}
            rows.append(Row(name, _measured(answers, gains, columns, chosen), paper))
    return list(columns.values()), sorted(rows, key=lambda row: -row.measured[first].mean)


def ends(rows, most=24):
    """The first and the last rows where there are more than a picture holds, as in the paper."""
    return rows if len(rows) <= most else rows[: most // 2] + rows[-most // 2 :]


def spread_over_seeds(answers):
    """What the brackets leave out, in words: how far networks of other seeds are apart."""
    spreads = []
    for model in answers.models:
        found = []
        for stream in answers.streams:
            right = answers.right(model, stream).astype(float)
            seeds = [mean_over_splits(np.stack([row, answers.splits], -1)) for row in right]
            found.append(f"{100 * np.std(seeds):.1f}")
        spreads.append(f"{MODELS[model]} {', '.join(found)}")
    return f"One standard deviation over seeds, by column: {'; '.join(spreads)}."


def mean_over_splits(rows):
    """The mean over splits of the mean over a split's videos, of rows of (score, split)."""
    scores, splits = rows.T
    return float(np.mean([scores[splits == split].mean() for split in np.unique(splits)]))


def _less(answers, one, other):
    return answers.right(*one).astype(float) - answers.right(*other)


def _measured(answers, scores, columns, chosen=slice(None)):
    """dict from column to `Measured`, in percent, of scores `(seeds, videos)` by stream."""
    measured = {}
    for name, column in columns.items():
        some = scores[name][:, chosen].astype(float)
        splits = np.broadcast_to(answers.splits[chosen], some.shape)
        measured[column] = measure(np.stack([some, splits], -1), mean_over_splits, scale=100)
    return measured


def run(args):
    """Fills and writes one table. Returns its Markdown."""
    answers, data, departures = SCALES[args.scale](args)
    columns, rows = table1(answers) if args.table == 1 else class_gains(answers, args.table)
    name = f"table{args.table}_{args.scale}" + f"_{args.set}" * (args.scale == "shared")
    return write_table(
        os.path.join(args.work, "tables"),
        name,
        f"{TITLES[args.table]}, {data.split(';')[0]}",
        columns,
        rows,
        command_of(args),
        {"data": data, "scale": args.scale, "seeds": ", ".join(map(str, args.seeds))},
        departures,
        notes_of(args.table, any(row.paper for row in rows))
        + [spread_over_seeds(answers)] * (args.table == 1 and len(args.seeds) > 1),
        unit="%" if args.table == 1 else "percentage points",
        signed=args.table != 1,
        drawn=ends(rows),
    )


def notes_of(table, quoted):
    """What a reader must know beside departures; `quoted`: whether the paper has a number."""
    if table == 1:
        beside = (
            "The paper's numbers are the means over UCF101's three splits; its gains are their "
            "differences. Two columns fuse the probabilities of RGB and flow with these weights."
        )
    elif quoted:
        beside = (
            "The paper's gains fit whole numbers of videos of split 1 of UCF101. Only those are "
            "quoted that have a source, at second hand; it does not say of which stream they are, "
            "so they stand in the first column."
        )
    else:
        beside = "The paper has no number that may be quoted for any of these classes."
    return [INTERVAL, beside]


def command_of(args):
    """The command that fills the table, with the folder of data by a name."""
    words = f"python -m applications.activity.tables --table {args.table} --scale {args.scale}"
    if args.scale != "toy":
        words += " --data DATA"
    if args.scale == "shared":
        words += f" --set {args.set}"
    if args.scale == "full":
        words += f" --cnn PRESET --splits {' '.join(map(str, args.splits))}"
        words += f" --flow-method {args.flow_method}"
        words += f" --steps {args.steps}" * (args.steps is not None)
    return f"{words} --seeds {' '.join(map(str, args.seeds))}"


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--table", type=int, required=True, choices=TITLES)
    parser.add_argument("--scale", required=True, choices=SCALES)
    parser.add_argument("--data", help="folder of the data; `toy` needs none")
    parser.add_argument("--work", default="runs/activity")
    parser.add_argument("--set", default="ucf101_3class", choices=SETS, help="of `shared`")
    parser.add_argument("--seeds", type=int, nargs="+", help="by default 0 1 2, of `full` 0")
    only = parser.add_argument_group("of `full` only")
    only.add_argument("--cnn", help="preset of an `LRCNActivity` whose CNN to start from")
    only.add_argument("--splits", type=int, nargs="+", choices=(1, 2, 3))
    only.add_argument("--flow-method", default="brox", help="see `keras_lrcn.data.optical_flow`")
    only.add_argument("--steps", type=int, help="of every network: a trial of the whole path")
    only.add_argument("--workers", type=int, help="processes for flow; by default one a core")
    args = parser.parse_args(arguments)
    args.seeds = args.seeds or ([0] if args.scale == "full" else [0, 1, 2])
    args.splits = args.splits or ([1, 2, 3] if args.table == 1 else [1])
    if args.scale == "full" and args.cnn is None:
        parser.error("--scale full needs --cnn, a preset that `python -m hub.convert` has written")
    if args.scale != "toy" and args.data is None:
        parser.error(f"--scale {args.scale} needs --data, the folder of its videos")
    print(run(args))


if __name__ == "__main__":
    main()
