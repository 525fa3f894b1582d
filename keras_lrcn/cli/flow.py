"""`keras-lrcn flow`: the optical flow of videos, in files, pictures or films."""

import argparse
import os
import sys

from keras_lrcn.cli.errors import CommandError
from keras_lrcn.cli.strategies import count, positive

EXAMPLES = """examples:
  keras-lrcn flow run.mp4 --preview run.png            # look at it first
  keras-lrcn flow ucf101/ --output flow/               # again: goes on, or is done
  keras-lrcn flow "clips/**/*.avi" --output flow/ --method brox --workers 8
  keras-lrcn flow ucf101/ --output flow_images/ --format jpg --size 240x320 --fps 30
  keras-lrcn flow run.mp4 --output films/ --format mp4

formats:
  cache  <video>.flow.zip, without loss, for our models (`keras_lrcn.data.read_flow`)
  png    <video>/flow_image_<video>.0002.png and so on, without loss, as the authors name them
  jpg    the same as JPEG, which is what the authors trained on
  mp4    <video>.flow.mp4, the flow in colours, to watch

Folders below a folder that is given are kept in --output. Everything is written under another
name until it is whole. The exit status is 0, or 1 where a video was broken: those are named at
the end, the others are done.
"""
FORMATS = ("cache", "png", "jpg", "mp4")
METHODS = ("dis", "brox_fast", "brox")
PREVIEWED, STEPS = 3, 6  # videos on a preview, and moments of each
LOOK_AHEAD = 300  # frames that a preview reads


def add_parser(commands):
    parser = commands.add_parser(
        "flow",
        help="compute the optical flow of videos",
        description="Computes the optical flow of videos as the flow network sees it: motion in\n"
        "x, in y and its length, 16 levels a pixel around 128 (Donahue et al. 2015, Sec. 4.1).",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("paths", nargs="+", metavar="PATH", help="video, folder (all below it) or pattern")
    add("--output", metavar="FOLDER", help="where the flow goes; what is there already is skipped")
    add("--format", choices=FORMATS, default="cache", help="see below (default: cache)")
    add("--preview", metavar="FILE.png", help="also write a picture of a few moments to look at")
    add("--method", choices=METHODS, default="brox_fast", help="default: brox_fast")
    add("--size", type=size, metavar="HEIGHTxWIDTH", help="resize frames first, such as 240x320")
    add("--fps", type=positive, metavar="N", help="frames a second to take (default: all)")
    add("--limit", type=count, metavar="N", help="only the first N videos")
    add("--workers", type=count, metavar="N", help="videos at a time (default: one a core)")
    parser.set_defaults(run=run)


def size(text):
    """`argparse` type of `240x320`: `(height, width)`."""
    height, cross, width = text.lower().partition("x")
    if not (cross and height.isdecimal() and width.isdecimal() and int(height) and int(width)):
        raise argparse.ArgumentTypeError(f"must be HEIGHTxWIDTH, such as 240x320, not {text}")
    return int(height), int(width)


def run(args):
    """Computes the flow of what `args` names. Returns 1 if a video was broken, else 0."""
    from keras_lrcn.data.flow_encoding import FlowEncoding
    from keras_lrcn.data.flow_jobs import FlowRecipe

    if not (args.output or args.preview):
        raise CommandError("nothing to do: give --output FOLDER, --preview FILE.png or both")
    if args.preview and not os.path.isdir(os.path.dirname(args.preview) or "."):
        raise CommandError(f"there is no folder {os.path.dirname(args.preview)} for {args.preview}")
    videos, errors = _listed(args), {}
    try:
        recipe = FlowRecipe(FlowEncoding(method=args.method), args.size, args.fps)
        if args.output:
            errors = _compute(args, videos, recipe)
        if args.preview:
            _preview(args.preview, [video for video in videos if video not in errors], recipe)
    except (ImportError, ValueError) as error:
        raise CommandError(error) from error
    return _report(errors, len(videos))


def _listed(args):
    from keras_lrcn.data import list_videos

    try:
        videos = list_videos(args.paths)[: args.limit]
    except FileNotFoundError as error:
        raise CommandError(error) from error
    if not videos:
        raise CommandError(f"no videos below {', '.join(args.paths)}")
    return videos


def _compute(args, videos, recipe):
    from keras_lrcn.cli.flow_formats import FORMATS
    from keras_lrcn.data.flow_cache import flow_files
    from keras_lrcn.data.flow_jobs import compute_flow

    kind = FORMATS[args.format]
    names = {video: _name(video, args.paths) for video in videos}
    files = flow_files(names, args.output, kind.suffix)
    there = sum(map(os.path.lexists, files.values()))
    if there:
        _tell(f"{there} of {len(files)} videos are done already")
    workers = min(args.workers or os.cpu_count(), len(files))
    return compute_flow(files, recipe, kind.write, kind.read_header, workers)


def _name(video, paths):
    """The video's path below the folder it was found in, without suffix."""
    from keras_lrcn.data.flow_cache import video_name

    folder = os.path.dirname(video)
    for path in map(os.path.normpath, paths):
        if folder == path or folder.startswith(os.path.join(path, "")):
            return os.path.normpath(os.path.join(os.path.relpath(folder, path), video_name(video)))
    return video_name(video)


def _preview(path, videos, recipe):
    from keras_lrcn.cli.flow_sheet import write_sheet
    from keras_lrcn.data import VideoError

    rows = []
    for video in videos:
        try:
            rows.append(_sheet_row(video, recipe))
        except VideoError as error:
            _tell(f"not in the preview: {error}")
        if len(rows) == PREVIEWED:
            break
    if rows:
        write_sheet(path, rows)
        _tell(f"a picture of {len(rows)} of {len(videos)} videos: {path}")


def _sheet_row(video, recipe):
    import numpy as np

    from keras_lrcn.cli.flow_sheet import SheetRow
    from keras_lrcn.data import VideoError, optical_flow, read_video

    frames, seconds, *_ = read_video(video, recipe.size, recipe.fps, max_frames=LOOK_AHEAD)
    if len(frames) < 2:
        raise VideoError(video, "a single frame, which has no flow", "Leave it out")
    steps = np.unique(np.linspace(1, len(frames) - 1, STEPS).round().astype(int))
    flows = [optical_flow(frames[k - 1], frames[k], recipe.encoding.method) for k in steps]
    images = recipe.encoding.encode(np.stack(flows))
    name = os.path.basename(video)
    return SheetRow(name, tuple(seconds[steps]), frames[steps], np.stack(flows), images)


def _report(errors, total):
    if not errors:
        return 0
    _tell(f"{len(errors)} of {total} videos are broken:")
    for error in errors.values():
        print(f"  {error}", file=sys.stderr)
    return 1


def _tell(message):
    print(f"keras-lrcn: {message}", file=sys.stderr)
