"""TensorFlow's greetings, which no log level turns off, kept from standard error."""

import contextlib
import os
import re
import sys
import tempfile

GREETING = re.compile(rb"WARNING: All log messages before absl|I\d{4} |E\d{4} .*cuInit")


@contextlib.contextmanager
def without_greetings():
    """Holds standard error back, and at the end lets through what is no greeting.

    TensorFlow's C++ writes past `sys.stderr`, so the file descriptor itself is moved.
    """
    sys.stderr.flush()
    with tempfile.TemporaryFile() as held, contextlib.ExitStack() as undo:
        undo.callback(_let_through, held)
        terminal = os.dup(2)
        undo.callback(os.close, terminal)
        undo.callback(os.dup2, terminal, 2)
        os.dup2(held.fileno(), 2)
        yield


def _let_through(held):
    held.seek(0)
    os.write(2, b"".join(line for line in held if not GREETING.match(line)))
