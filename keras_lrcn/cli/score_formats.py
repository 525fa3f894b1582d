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


def show(scores, sections, args, name):
    """Prints scores.

    Args:
        scores: dict as a metric returns it, for `--json`; `signature` is shown if there.
        sections: dict of a title, or `""`, to a dict of the numbers to show for reading, where
            `intervals` may be dict of number's name to `(low, high)`.
        args: the parsed options of `add_options`.
        name: string, what was scored.
    """
    if args.json:
        print(json.dumps(scores))
    elif args.markdown:
        print(markdown({args.name or name: sections}))
    else:
        print("\n".join([text(sections), *filter(None, [scores.get("signature")])]))


def text(sections):
    """One line a number, with its interval, below the titles."""
    names = {name for numbers in sections.values() for name in _numbers(numbers)}
    width, lines = max(map(len, names)), []
    for title, numbers in sections.items():
        lines += [title] * bool(title)
        for name, value in _numbers(numbers).items():
            line = f"{name:{width}}  {value}"
            if name in numbers.get("intervals", {}):
                low, high = map(_shown, numbers["intervals"][name])
                line += f"  95 % interval {low} to {high}"
            lines.append(f"  {line}" if title else line)
    return "\n".join(lines)


def markdown(rows):
    """A markdown table: dict of a row's name to its sections, see `show`."""
    table = []
    for row, sections in rows.items():
        cells = {
            f"{title} {name}".strip(): value
            for title, numbers in sections.items()
            for name, value in _numbers(numbers).items()
        }
        if not table:
            table = [["", *cells], ["---"] * (len(cells) + 1)]
        table.append([row.replace("|", r"\|"), *cells.values()])
    return "\n".join("| " + " | ".join(cells) + " |" for cells in table)


def readable(function, *args, **options):
    """Calls a reader or a metric; what it finds wrong with the user's files ends the command."""
    try:
        return function(*args, **options)
    except (ValueError, ImportError, RuntimeError) as error:
        raise CommandError(error) from error


def _numbers(section):
    return {name: _shown(value) for name, value in section.items() if name != "intervals"}


def _shown(value):
    return f"{value:.3f}" if isinstance(value, float) else str(value)
