"""`keras-lrcn evaluate`: scores of captions, rankings, labels and descriptions."""

import argparse

from keras_lrcn.cli import (
    evaluate_activity,
    evaluate_captions,
    evaluate_description,
    evaluate_retrieval,
)

EXAMPLES = """examples:
  keras-lrcn evaluate captions --data flickr8k/ --split dev --folder runs/captions
  keras-lrcn evaluate captions --data captions_val2014.json --results results.json --json
  keras-lrcn evaluate retrieval --data flickr8k/ --split dev --folder runs/retrieval
  keras-lrcn evaluate activity --data UCF101/ --split test1 --preset my_activity --report page.html
  keras-lrcn evaluate description --data grid_s1/ --preset s2vt_grid_s1

`keras-lrcn evaluate KIND --help` shows the options of one kind.
"""
KINDS = (evaluate_captions, evaluate_retrieval, evaluate_activity, evaluate_description)


def add_parser(commands):
    parser = commands.add_parser(
        "evaluate",
        help="score captions, rankings, labels or descriptions against references",
        description="Scores what a model, or any other system, gave against references.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    kinds = parser.add_subparsers(metavar="KIND", required=True)
    for kind in KINDS:
        kind.add_parser(kinds)
