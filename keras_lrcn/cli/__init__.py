"""`keras-lrcn`: the library's calls from a shell.

Nothing here imports Keras at the top: `keras-lrcn --help` answers at once, and a run that finds
its work done never waits for TensorFlow.
"""

import argparse
import os
import sys

from keras_lrcn.cli import caption, check, classify, demo, describe, evaluate, flow, presets
from keras_lrcn.cli.errors import CommandError

COMMANDS = (caption, check, classify, demo, describe, evaluate, flow, presets)
INTERRUPTED = 130  # what shells report for a program that Ctrl-C ended


def build_parser():
    """Returns the `argparse.ArgumentParser` of every subcommand."""
    parser = argparse.ArgumentParser(
        prog="keras-lrcn",
        description="LRCN (Donahue et al. 2015): photographs to sentences, videos to labels, and "
        "videos or observations to sentences.",
        epilog="`keras-lrcn COMMAND --help` shows the options of a command and examples.",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_parser(commands)
    return parser


def main(argv=None):
    """Runs one command.

    Args:
        argv: list of strings, or `None` for the program's own arguments.

    Returns:
        The exit status: 0, 1 where some of the files were broken or faulty, 2 where the command
        could not be done as given, 130 after Ctrl-C.
    """
    args = build_parser().parse_args(argv)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # failures come as exceptions
    try:
        return args.run(args)
    except BrokenPipeError:  # the reader, as in `| head`, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (CommandError, OSError) as error:
        print(f"keras-lrcn: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("keras-lrcn: interrupted", file=sys.stderr)
        return INTERRUPTED
