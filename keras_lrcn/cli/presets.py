"""`keras-lrcn presets`: which trained models there are."""

import argparse
import json
import textwrap

from keras_lrcn.cli.errors import CommandError
from keras_lrcn.cli.quiet import without_greetings

EXAMPLES = """examples:
  keras-lrcn presets
  keras-lrcn presets --json
"""


def add_parser(commands):
    parser = commands.add_parser(
        "presets",
        help="list the trained models",
        description="Lists the trained models: what they are, how large, under which terms.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="one JSON object, name to description")
    parser.set_defaults(run=run)


def run(args):
    with without_greetings():
        from keras_lrcn import list_presets

    presets = list_presets()
    if not presets:
        raise CommandError("this installation holds no trained models")
    if args.json:
        print(json.dumps(presets, indent=2, ensure_ascii=False))
        return 0
    for name, preset in presets.items():
        print(name)
        for field, value in preset.items():
            value = f"{value:,}" if isinstance(value, int) else str(value)
            print(
                textwrap.fill(value, 88, initial_indent=f"  {field:12}", subsequent_indent=" " * 14)
            )
    return 0
