"""`keras-lrcn classify`: what every video of files, folders and patterns shows."""

import argparse
import os
import sys

from keras_lrcn.cli.caption import check_folders, listed, records_to, report, tell
from keras_lrcn.cli.class_records import FORMATS
from keras_lrcn.cli.classifying import ActivityModel, classified
from keras_lrcn.cli.errors import CommandError
from keras_lrcn.cli.records import resume, to_bytes
from keras_lrcn.cli.strategies import count

EXAMPLES = """examples:
  keras-lrcn classify video.mp4
  keras-lrcn classify clips/ --format jsonl --output classes.jsonl   # again: goes on, or is done
  keras-lrcn classify "clips/**/*.avi" --crops ten --timeline timelines --timeline-format srt
  keras-lrcn classify camera:0                                       # a line a second, to Ctrl-C
  keras-lrcn classify rtsp://192.168.1.7/door --preset my_activity --format jsonl

The classes go to standard output (or --output), everything else to standard error. The exit
status is 0, or 1 where a video was broken: those are named at the end, the others are done.
"""
TIMELINES = ("csv", "json", "srt", "png")
FILES_ONLY = ("output", "timeline", "limit")  # options that mean nothing to a stream


def add_parser(commands):
    parser = commands.add_parser(
        "classify",
        help="name what videos, cameras and network streams show",
        description="Names what videos, cameras and network streams show.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_options(parser)
    parser.set_defaults(run=run)


def add_options(parser):
    """Adds what `run` reads to a parser."""
    add = parser.add_argument
    add(
        "paths",
        nargs="+",
        metavar="PATH",
        help="video file, folder (all below it; one of frames is a video) or pattern; or one "
        "camera:N, rtsp:// or http(s):// address",
    )
    add("--preset", help="name or folder of the model (default: the shipped one)")
    add("--limit", type=count, metavar="N", help="only the first N videos")
    add("--top", type=count, default=3, metavar="K", help="classes of each video (3)")
    add("--stream", action="store_true", help="play one file as if it were a camera")
    group = add_protocol_options(parser)
    group.add_argument(
        "--on-error",
        choices=("raise-per-file", "partial"),
        default="raise-per-file",
        help="a damaged video counts as broken, or as far as it can be decoded (raise-per-file)",
    )
    group = parser.add_argument_group("where the classes go")
    add = group.add_argument
    add("--format", choices=FORMATS, default="text", help="default: text")
    add("--output", metavar="FILE", help="append to this file; videos already in it are skipped")
    add("--timeline", metavar="FOLDER", help="also a file for each video: its classes over time")
    add("--timeline-format", choices=TIMELINES, default="csv", help="default: csv")


def add_protocol_options(parser):
    """Adds the options that `evaluate activity` has too; returns their group."""
    group = parser.add_argument_group("how videos are seen (default: as the model was saved)")
    add = group.add_argument
    add("--crops", choices=("centre", "mirror", "ten"), default="centre", help="default: centre")
    add("--clip-length", type=count, metavar="N", help="frames of a clip")
    add("--stride", type=count, metavar="N", help="frames from one clip to the next")
    return group


class Videos:
    """What `keras-lrcn classify` classifies: video files, each under its path."""

    unit = "video"

    def listed(self, paths):
        from keras_lrcn.data import list_videos

        return list_videos(paths)


def run(args):
    """Classifies what `args` names. Returns 1 if a video was broken, else 0."""
    from keras_lrcn.data.video_opencv import is_live

    if args.stream or any(map(is_live, args.paths)):
        return _run_stream(args)
    check_folders(args.output)
    paths, broken, damaged = listed(Videos(), args), {}, {}
    _write_records(paths, args, broken, damaged)
    if damaged:
        tell(f"{len(damaged)} of {len(paths)} videos are damaged, classified as far as they go:")
        for damage in damaged.values():
            print(f"  {damage}", file=sys.stderr)
    return report(broken, len(paths), Videos.unit)


def _write_records(paths, args, broken, damaged):
    """Classifies all that lacks its record or its timeline, and writes what it lacks."""
    timelines = timeline_paths(paths, args.timeline, args.timeline_format) if args.timeline else {}
    record_format = FORMATS[args.format](args.top)
    records, file = resume(args.output, record_format) if args.output else ([], None)
    done = {record.video for record in records}
    drawn = {p for p in done if p not in timelines or os.path.exists(timelines[p])}
    todo = [path for path in paths if path not in drawn]
    if len(todo) < len(paths):
        tell(f"{len(paths) - len(todo)} of {len(paths)} videos are done already")
    with records_to(file) as write:
        write(b"" if file else to_bytes(record_format.header))
        for record, result in classified(todo, ActivityModel(args), args, broken, damaged):
            if timelines:
                _write_timeline(timelines[record.video], record.video, result)
            if record.video not in done:
                write(to_bytes(record_format.encode(record)))


def timeline_paths(paths, folder, suffix):
    """The timeline's file of each video: the tree of the videos again, below `folder`."""
    parents = [os.path.dirname(os.path.abspath(path)) for path in paths]
    root, files, owners = os.path.commonpath(parents), {}, {}
    for path in paths:
        place = os.path.relpath(os.path.abspath(path), root)
        for name in (os.path.splitext(place)[0], place):  # a.mp4 beside a.avi: a.avi.csv
            files[path] = os.path.join(folder, f"{name}.{suffix}")
            if owners.setdefault(files[path], path) == path:
                break
    return files


def _write_timeline(file, video, result):
    from keras_lrcn.timeline import film_strip, write_timeline

    os.makedirs(os.path.dirname(file) or ".", exist_ok=True)
    thumbnails = film_strip(video, result.end) if file.endswith(".png") else ()
    name = os.path.basename(video) if file.endswith(".png") else video
    write_timeline(result, file, video=name, thumbnails=thumbnails)


def _run_stream(args):
    from keras_lrcn.cli.streaming import run_stream

    given = [name for name in FILES_ONLY if getattr(args, name) is not None]
    if given:
        raise CommandError(f"--{given[0]} means nothing to a stream, only to files")
    if len(args.paths) > 1:
        raise CommandError("a stream is watched alone: name one address, or files only")
    return run_stream(args)
