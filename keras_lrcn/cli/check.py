"""`keras-lrcn check`: what is wrong with a captioning data set, before training on it."""

import argparse

from keras_lrcn.cli.errors import CommandError

EXAMPLES = """examples:
  keras-lrcn check captions.csv
  keras-lrcn check flickr8k/ --split dev
  keras-lrcn check annotations/captions_val2014.json --images val2014/ --json

The exit status is 0, or 1 where there are errors; warnings leave it at 0.
"""
FORMATS = ("auto", "flickr8k", "flickr30k", "coco", "karpathy", "captions")


def add_parser(commands):
    parser = commands.add_parser(
        "check",
        help="say what is wrong with a data set",
        description="Reads a data set and says what is wrong with it: missing or broken images,\n"
        "ids that occur twice, captions without words or with line breaks, images and words\n"
        "of held-out splits against those of training, captions that are all the same.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("path", metavar="PATH", help="file of captions, or folder of a data set")
    add("--images", metavar="FOLDER", help="where the images are (default: beside the captions)")
    add("--format", choices=FORMATS, default="auto", help="default: look at the files")
    add("--split", default="all", help="one split, such as train or dev (default: all)")
    add("--json", action="store_true", help="one JSON object with everything that was found")
    parser.set_defaults(run=run)


def run(args):
    from keras_lrcn.data import check_dataset

    try:
        report = check_dataset(args.path, images=args.images, format=args.format, split=args.split)
    except (FileNotFoundError, ValueError) as error:
        raise CommandError(error) from error
    print(report.json() if args.json else report.text())
    return report.exit_code
