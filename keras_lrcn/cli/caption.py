"""`keras-lrcn caption`: a sentence for every image of files, folders and patterns."""

import argparse
import contextlib
import functools
import os
import sys

from keras_lrcn.cli import engines, strategies
from keras_lrcn.cli.captioning import Images, captioned
from keras_lrcn.cli.errors import CommandError
from keras_lrcn.cli.records import FORMATS, resume, to_bytes
from keras_lrcn.cli.strategies import count

EXAMPLES = """examples:
  keras-lrcn caption photo.jpg
  keras-lrcn caption photos/ --format jsonl --output captions.jsonl   # again: goes on, or is done
  keras-lrcn caption "album/**/*.jpg" --n-best 3 --gallery album.html
  keras-lrcn caption photos/ --strategy best_of_n --num-samples 100 --seed 1
  keras-lrcn caption photos/ --forbid man woman --no-repeat-ngram 3 --side-files
  keras-lrcn caption downloads/ --min-confidence 0.5 --format jsonl
  keras-lrcn caption photo.jpg --engine onnx-int8

The captions go to standard output (or --output), everything else to standard error. The exit
status is 0, or 1 where an image was broken: those are named at the end, the others are done.
"""


def add_parser(commands):
    parser = commands.add_parser(
        "caption",
        help="describe images in a sentence each",
        description="Describes images in a sentence each.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_options(parser)
    parser.set_defaults(run=run)


def add_options(parser):
    """Adds what `run` reads to a parser."""
    parser.add_argument(
        "paths", nargs="+", metavar="PATH", help="image file, folder (all below it) or pattern"
    )
    group = add_shared_options(parser, "image")
    engines.add_option(parser)
    add = group.add_argument
    add("--side-files", action="store_true", help="photo.jpg's caption goes to photo.txt")
    add("--gallery", metavar="FILE.html", help="also write a page with pictures and captions")
    group = parser.add_argument_group("when to say nothing: the caption is then empty")
    add = group.add_argument
    add("--min-confidence", type=_share, metavar="P", help="no photo of the model's kind, 0 to 1")
    add("--min-score", type=float, metavar="S", help="log-probability (nats) of the caption")


def add_shared_options(parser, unit):
    """Adds the options of every command that writes sentences; returns the group of outputs."""
    add = parser.add_argument
    add("--preset", help="name or folder of the model (default: the shipped one)")
    add("--limit", type=count, metavar="N", help=f"only the first N {unit}s")
    add("--batch-size", type=count, default=16, metavar="N", help=f"{unit}s at a time (16)")
    add("--n-best", type=count, default=1, metavar="N", help=f"sentences of each {unit} (1)")
    add("--max-length", type=count, metavar="N", help="words a sentence has at most, with its end")
    group = parser.add_argument_group("where the sentences go")
    add = group.add_argument
    add("--format", choices=FORMATS, default="text", help="default: text")
    add("--output", metavar="FILE", help=f"append to this file; {unit}s already in it are skipped")
    strategies.add_options(parser)
    return group


def run(args):
    """Captions what `args` names. Returns 1 if an image was broken, else 0."""
    source = Images()
    strategies.check(args)
    check_folders(args.output, args.gallery)
    paths = listed(source, args)
    side_files = _side_files(paths) if args.side_files else {}

    def keep(record):
        if args.side_files:
            _write_side_file(side_files[record.image], record)

    done = None
    if side_files and not args.output:
        done = {path for path, side_file in side_files.items() if os.path.exists(side_file)}
    records, broken = write_records(source, paths, args, done, keep)
    shown = set(paths)
    records = [record for record in records if record.image in shown]
    if silent := [record for record in records if not record.captions[0].text]:
        tell(f"{len(silent)} of {len(paths)} images have nothing that could be described")
    if args.gallery:
        _write_gallery(args.gallery, records)
    return report(broken, len(paths), source.unit)


def _share(text):
    """`argparse` type of a number from 0 to 1."""
    if not 0 <= float(text) <= 1:
        raise argparse.ArgumentTypeError(f"must be from 0 to 1, not {text}")
    return float(text)


def check_folders(*paths):
    """Raises `CommandError` for files that cannot be written, now, not after hours of work."""
    for path in filter(None, paths):
        if not os.path.isdir(os.path.dirname(path) or "."):
            raise CommandError(f"there is no folder {os.path.dirname(path)} for {path}")


def write_records(source, names, args, done=None, keep=lambda record: None):
    """Captions all that is not done yet and writes the records.

    Args:
        source: see `captioned`.
        names: list of strings that `source` listed.
        args: the parsed options.
        done: set of names that need nothing, or `None` for those that the output holds.
        keep: called with each record before it is written.

    Returns:
        Tuple of all records, those of an earlier run first, and a dict of what is broken.
    """
    record_format = FORMATS[args.format](args.n_best, source.names)
    records, file = resume(args.output, record_format) if args.output else ([], None)
    done = {record.image for record in records} if done is None else done
    todo, broken = [name for name in names if name not in done], {}
    if len(todo) < len(names):
        tell(f"{len(names) - len(todo)} of {len(names)} {source.unit}s are done already")
    with records_to(file) as write:
        write(b"" if file else to_bytes(record_format.header))
        for record in captioned(source, todo, args, broken):
            keep(record)
            write(to_bytes(record_format.encode(record)))
            records.append(record)
    return records, broken


def listed(source, args):
    """The names of what `args.paths` stand for, at most `args.limit`."""
    try:
        names = source.listed(args.paths)[: args.limit]
    except (FileNotFoundError, ValueError) as error:
        raise CommandError(error) from error
    if not names:
        raise CommandError(f"no {source.unit}s below {', '.join(args.paths)}")
    return names


def _side_files(paths):
    side_files = {path: os.path.splitext(path)[0] + ".txt" for path in paths}
    owners = {}
    for path, side_file in side_files.items():
        if owners.setdefault(side_file, path) != path:
            raise CommandError(
                f"--side-files: {owners[side_file]} and {path} would share {side_file}; "
                "use --output, or rename one"
            )
    return side_files


def _write_side_file(path, record):
    if os.path.exists(path):  # of a run that ended right after it, or the user's own
        return
    with open(path + ".part", "w", encoding="utf-8") as file:
        file.write(record.captions[0].text + "\n")
    os.replace(path + ".part", path)


@contextlib.contextmanager
def records_to(file):
    """Yields a function that writes bytes at once; what libraries print goes to standard error."""
    with contextlib.ExitStack() as stack:
        target = stack.enter_context(file) if file else sys.stdout.buffer
        stack.enter_context(contextlib.redirect_stdout(sys.stderr))

        def write(data):
            target.write(data)
            target.flush()

        yield write


def _write_gallery(path, records):
    from keras_lrcn.cli.gallery import THUMBNAIL, write_gallery
    from keras_lrcn.data import read_image

    read = functools.partial(read_image, at_least=THUMBNAIL)
    write_gallery(path, records, "Captions by keras-lrcn", read)


def report(broken, total, unit):
    """Names what is broken on standard error; returns the exit status."""
    if not broken:
        return 0
    tell(f"{len(broken)} of {total} {unit}s are broken:")
    for error in broken.values():
        print(f"  {error}", file=sys.stderr)
    return 1


def tell(message):
    print(f"keras-lrcn: {message}", file=sys.stderr)
