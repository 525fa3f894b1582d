"""`keras-lrcn check`: what is wrong with captions or with videos, before training on them."""

import argparse
import os

from keras_lrcn.cli.errors import CommandError

EXAMPLES = """examples:
  keras-lrcn check captions.csv
  keras-lrcn check flickr8k/ --split dev
  keras-lrcn check annotations/captions_val2014.json --images val2014/ --json
  keras-lrcn check clips/ --manifest clips/manifest.jsonl
  keras-lrcn check clip.mp4

The exit status is 0, or 1 where there are errors; warnings leave it at 0.
"""
FORMATS = ("auto", "flickr8k", "flickr30k", "coco", "karpathy", "captions", "videos")
OF_CAPTIONS = ("images", "split")
OF_VIDEOS = ("manifest", "workers", "time_limit")


def add_parser(commands):
    parser = commands.add_parser(
        "check",
        help="say what is wrong with a data set",
        description="Reads a data set and says what is wrong with it.\n\n"
        "Captions: missing or broken images, ids that occur twice, captions without words or\n"
        "with line breaks, images and words of held-out splits against those of training,\n"
        "captions that are all the same.\n\n"
        "Videos: each is decoded from the first frame to the last, in a process of its own.\n"
        "Cut files, broken packets, faulty frames and files that are no video are listed. The\n"
        "manifest keeps the result: the next run decodes only what is new or has changed.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("path", metavar="PATH", help="file of captions, folder of a data set, video, or its folder")
    add("--images", metavar="FOLDER", help="where the images are (default: beside the captions)")
    add("--format", choices=FORMATS, default="auto", help="default: look at the files")
    add("--split", help="one split, such as train or dev (default: all)")
    add(
        "--manifest", metavar="FILE", help="JSON lines about each video, to write and to go on with"
    )
    add("--workers", type=int, help="processes that decode videos (default: one a core)")
    add("--time-limit", type=float, metavar="SECONDS", help="for one video (default: 900)")
    add("--json", action="store_true", help="one JSON object with everything that was found")
    parser.set_defaults(run=run)


def run(args):
    try:
        report = _check_videos(args) if _is_video(args) else _check_captions(args)
    except (FileNotFoundError, ValueError) as error:
        raise CommandError(error) from error
    print(report.json() if args.json else report.text())
    return report.exit_code


def _check_videos(args):
    from keras_lrcn.data import check_videos

    _refuse(args, OF_CAPTIONS, "videos")
    if args.workers is not None and args.workers < 1:
        raise ValueError(f"--workers must be at least 1, not {args.workers}.")
    limit = {} if args.time_limit is None else {"time_limit": args.time_limit}
    return check_videos(args.path, args.manifest, args.workers, **limit)


def _check_captions(args):
    from keras_lrcn.data import check_dataset

    _refuse(args, OF_VIDEOS, "captions")
    return check_dataset(
        args.path, images=args.images, format=args.format, split=args.split or "all"
    )


def _is_video(args):
    """A video file; or a folder without captions that has videos, or folders of frames, in it."""
    from keras_lrcn.data import VIDEO_SUFFIXES, detect_format, list_videos

    if args.format != "auto":
        return args.format == "videos"
    if not os.path.isdir(args.path):
        return os.path.splitext(args.path)[1].lower() in VIDEO_SUFFIXES
    try:
        detect_format(args.path)
        return False
    except FileNotFoundError:
        return any(video != os.path.normpath(args.path) for video in list_videos(args.path))


def _refuse(args, options, what):
    for option in options:
        if getattr(args, option) is not None:
            raise ValueError(f"--{option.replace('_', '-')} is not for {what}: {args.path}.")
