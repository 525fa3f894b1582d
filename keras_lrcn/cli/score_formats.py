"""Scores for reading, for programs, and as a row of a markdown table."""

import json

from keras_lrcn.cli.errors import CommandError


def add_options(parser):
    """Adds how scores are printed."""
    group = parser.add_argument_group("how scores are printed (default: for reading)")
    formats = group.add_mutually_exclusive_group()
    formats.add_argument("--json", action="store_true", help="one JSON object")
    formats.add_argument("--markdown", action="store_true", help="a markdown table of one row")
    group.add_argument("--name", help="what the row is called (default: the results)")
    group.add_argument(
        "--bootstrap",
        type=int,
        default=0,
        metavar="N",
        help="95 %% intervals from N resamples, such as 1000 (none)",
    )


def show(scores, columns, args, name):
    """Prints a dict of scores.

    Args:
        scores: dict as a metric returns it; `intervals` and `signature` are shown if there.
        columns: names of the numbers in `scores` that make a row.
        args: the parsed options of `add_options`.
        name: string, what was scored.
    """
    if args.json:
        print(json.dumps(scores))
    elif args.markdown:
        print(markdown({args.name or name: scores}, columns))
    else:
        print(text(scores, columns))


def text(scores, columns):
    """One line a score, with its interval, then the signature."""
    intervals = scores.get("intervals", {})
    width = max(map(len, columns))
    lines = []
    for column in columns:
        line = f"{column:{width}}  {_number(scores[column])}"
        if column in intervals:
            low, high = map(_number, intervals[column])
            line += f"  95 % interval {low} to {high}"
        lines.append(line)
    return "\n".join([*lines, *filter(None, [scores.get("signature")])])


def markdown(rows, columns):
    """A markdown table: dict of name -> scores to one row each."""
    table = [["", *columns], ["---"] * (len(columns) + 1)]
    for name, scores in rows.items():
        table.append([name.replace("|", r"\|"), *(_number(scores[column]) for column in columns)])
    return "\n".join("| " + " | ".join(row) + " |" for row in table)


def readable(function, *args, **options):
    """Calls a reader or a metric; what it finds wrong with the user's files ends the command."""
    try:
        return function(*args, **options)
    except (ValueError, ImportError, RuntimeError) as error:
        raise CommandError(error) from error


def _number(value):
    return f"{value:.3f}" if isinstance(value, float) else str(value)
