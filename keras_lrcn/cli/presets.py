"""`keras-lrcn presets`: which trained models there are, and where."""

import argparse
import json
import textwrap

from keras_lrcn.cli.errors import CommandError
from keras_lrcn.cli.quiet import without_greetings

EXAMPLES = """examples:
  keras-lrcn presets
  keras-lrcn presets lrcn2f_vgg_coco
  keras-lrcn presets --where embedded cached published
  keras-lrcn presets --json
"""


PLACES = {
    "embedded": "in this package",
    "cached": "downloaded already",
    "published": "on the Hub",
    "convertible": "made from the authors' Caffe files; name one to see how",
    "trainable": "nobody has published weights; name one to see how to train it",
}


def add_parser(commands):
    parser = commands.add_parser(
        "presets",
        help="list the trained models",
        description="Lists the networks that have a name, or tells all about some of them: what "
        "they are, how large, under which terms, with which scores. Those that are embedded, "
        "cached or published load by name; for others it shows how to make them. Needs no network.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="tell all about these")
    parser.add_argument(
        "--where",
        nargs="+",
        choices=PLACES,
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
    if unknown := [name for name in args.names if name not in presets]:
        raise CommandError(
            f"no network is called {', '.join(unknown)}; `keras-lrcn presets` lists them"
        )
    if args.names:
        presets = {name: presets[name] for name in args.names}
    if args.json:
        print(json.dumps(presets, indent=2, ensure_ascii=False))
        return 0
    if not presets:
        raise CommandError(f"no network is {' or '.join(args.where or ['here'])}")
    print("\n".join(_all_about(presets) if args.names else _overview(presets)))
    return 0


def _overview(presets):
    """One network a line, by where it is."""
    for place, meaning in PLACES.items():
        if names := [name for name in presets if presets[name]["where"] == place]:
            yield f"{place} ({meaning})"
            yield from (_line(name, presets[name]) for name in names)


def _line(name, preset):
    size = f"{preset['params'] / 1e6:.1f} M" if preset["params"] else ""
    about = textwrap.shorten(preset["description"], 70, placeholder=" ...")
    return f"  {name:42}{size:>8}  {preset['task']:19}{about}"


def _all_about(presets):
    for name, preset in presets.items():
        yield name
        for field, value in preset.items():
            if value is not None:
                yield from _lines(field, value)


def _lines(field, value):
    """A field of a preset as text; commands stay on one line, to be copied."""
    if isinstance(value, list) and field == "steps":
        return [f"  {field if i == 0 else '':14}{step}" for i, step in enumerate(value)]
    text = f"{value:,}" if isinstance(value, int) else str(value)
    return textwrap.wrap(text, 88, initial_indent=f"  {field:14}", subsequent_indent=" " * 16)
