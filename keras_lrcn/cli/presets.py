"""`keras-lrcn presets`: which trained models there are, and where."""

import argparse
import json
import textwrap

from keras_lrcn.cli.errors import CommandError
from keras_lrcn.cli.quiet import without_greetings

EXAMPLES = """examples:
  keras-lrcn presets
  keras-lrcn presets --where embedded
  keras-lrcn presets --where cached published --json
"""


def add_parser(commands):
    parser = commands.add_parser(
        "presets",
        help="list the trained models",
        description="Lists the networks that have a name: what they are, how large, under which "
        "terms. Those that are embedded, cached or published load by name; for others it shows "
        "how to make them. Needs no network.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--where",
        nargs="+",
        choices=("embedded", "cached", "published", "convertible", "trainable"),
        help="only those in this package, downloaded already, on the Hub, to be converted from "
        "Caffe files, or without weights anywhere",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object, name to description")
    parser.set_defaults(run=run)


def run(args):
    with without_greetings():
        from keras_lrcn import list_presets

    try:
        presets = list_presets(args.where)
    except ValueError as error:  # an owner that is none
        raise CommandError(error) from error
    if args.json:
        print(json.dumps(presets, indent=2, ensure_ascii=False))
        return 0
    if not presets:
        raise CommandError(f"no network is {' or '.join(args.where or ['here'])}")
    for name, preset in presets.items():
        print(name)
        for field, value in preset.items():
            if value is not None:
                print("\n".join(_lines(field, value)))
    return 0


def _lines(field, value):
    """A field of a preset as text; commands stay on one line, to be copied."""
    if isinstance(value, list) and field == "steps":
        return [f"  {field if i == 0 else '':12}{step}" for i, step in enumerate(value)]
    text = f"{value:,}" if isinstance(value, int) else str(value)
    return textwrap.wrap(text, 88, initial_indent=f"  {field:12}", subsequent_indent=" " * 14)
