"""`keras-lrcn check`: what is wrong with a captioning data set, before training on it."""

import argparse

EXAMPLES = """examples:
  keras-lrcn check captions.jsonl
"""


def add_parser(commands):
    parser = commands.add_parser(
        "check",
        help="say what is wrong with a data set",
        description="Reads a data set and says what is wrong with it.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("path", metavar="PATH", help="captions file, or folder of a known data set")
    parser.set_defaults(run=run)


def run(args):
    from keras_lrcn.data import check_dataset

    return check_dataset(args.path)
