"""`keras-lrcn describe`: a sentence for every video file or semantic tuple."""

import argparse
import contextlib
import warnings

from keras_lrcn.cli import strategies
from keras_lrcn.cli.caption import (
    add_shared_options,
    check_folders,
    listed,
    report,
    tell,
    write_records,
)

EXAMPLES = """examples:
  keras-lrcn describe tuples.jsonl --format jsonl
  keras-lrcn describe clips/ --preset s2vt_grid_s1 --output sentences.csv --format csv
  keras-lrcn describe video.mp4 --preset my_describer --n-best 3

A line of a tuple file is a json object: {"roles": {"scene": "kitchen", "objects": ["cup", "sink"],
"actions": {"washing a dish": 0.8}}}, with an "id" if it has one. A csv has a column for each role.

The sentences go to standard output (or --output), everything else to standard error. The exit
status is 0, or 1 where an input was broken: those are named at the end, the others are done.
"""
VIDEO_PRESET, TUPLE_PRESET = "s2vt_grid_s1", "lrcn2u_crfprob_charades"


def add_parser(commands):
    parser = commands.add_parser(
        "describe",
        help="describe videos, or semantic tuples, in a sentence each",
        description="Describes videos, or semantic tuples, in a sentence each.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_options(parser)
    parser.set_defaults(run=run)


def add_options(parser):
    """Adds what `run` reads to a parser."""
    parser.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="video, folder of videos, pattern; or a jsonl, json or csv file of semantic tuples",
    )
    add_shared_options(parser, "input")


def run(args):
    """Describes what `args` names. Returns 1 if an input was broken, else 0."""
    strategies.check(args)
    check_folders(args.output)
    source = VideosAndTuples()
    names = listed(source, args)
    with unknown_words_at_the_end():
        _, broken = write_records(source, names, args)
    return report(broken, len(names), source.unit)


class VideosAndTuples:
    """What `keras-lrcn describe` describes: videos under their paths, tuples under their ids."""

    task, unit, names = "LRCNVideoDescriber", "input", ("input", "sentence")
    model_first = True  # it says how large frames are, and how many

    def __init__(self):
        self.tuples = {}

    def default_preset(self):
        return TUPLE_PRESET if self.tuples else VIDEO_PRESET

    def listed(self, paths):
        from keras_lrcn.data import TUPLE_SUFFIXES, list_videos, read_tuples

        names = []
        for path in paths:
            if not path.lower().endswith(TUPLE_SUFFIXES):
                names += list_videos(path)
                continue
            for row in read_tuples(path, on_error="keep"):
                name = row.tuple_id if row.tuple_id not in self.tuples else f"{path}:{row.tuple_id}"
                self.tuples[name] = row
                names.append(name)
        return list(dict.fromkeys(names))

    def read(self, name, model):
        preprocessor = model.captioner.preprocessor
        if name not in self.tuples:
            return self.read_video(name, preprocessor)
        row = self.tuples[name]
        if row.error is None and preprocessor.roles is None:
            raise ValueError(f"{name}: this model describes videos, not semantic tuples.")
        if row.error is not None:
            raise ValueError(row.error)
        try:
            preprocessor.roles.check(row.roles)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
        return {"roles": row.roles}

    def read_video(self, path, preprocessor):
        if preprocessor.roles is not None:
            raise ValueError(f"{path}: this model describes semantic tuples, not videos.")
        return preprocessor.read_frames(path)


@contextlib.contextmanager
def unknown_words_at_the_end():
    """Joins the warnings of unknown words into one line; others are shown as they come."""
    unknown, kinds = {}, []
    with warnings.catch_warnings():
        show = warnings.showwarning

        def collect(message, category, *args, **kwargs):
            if not hasattr(message, "unknown"):
                return show(message, category, *args, **kwargs)
            kinds.append(category)
            for role, words in message.unknown.items():
                unknown.setdefault(role, set()).update(words)

        warnings.showwarning = collect
        yield
    if unknown:
        tell(kinds[0](unknown))
