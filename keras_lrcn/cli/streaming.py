"""`keras-lrcn classify` of a camera or a network stream: a line for every second."""

import contextlib
import signal

import numpy as np

from keras_lrcn.cli.caption import records_to
from keras_lrcn.cli.class_records import FORMATS, ClassRecord
from keras_lrcn.cli.classifying import ActivityModel
from keras_lrcn.cli.errors import CommandError
from keras_lrcn.cli.records import to_bytes


def run_stream(args):
    """Watches the one address that `args` names until it ends, or Ctrl-C."""
    from keras_lrcn.data import VideoError

    [address] = args.paths
    task = ActivityModel(args).load()
    record_format = FORMATS[args.format](args.top)
    encode = _line if args.format == "text" else record_format.encode
    with records_to(None) as write, _ctrl_c() as is_over:
        write(to_bytes(record_format.header))
        try:
            for record in seconds_of(task, address, args, is_over):
                write(to_bytes(encode(record)))
        except VideoError as error:
            raise CommandError(error) from error
        except (ImportError, ValueError) as error:  # no OpenCV; a stride that does not divide
            raise CommandError(error) from error
    return 0


@contextlib.contextmanager
def _ctrl_c():
    """Yields a function that says whether Ctrl-C was pressed, which is how one leaves a stream.

    An exception could be lost inside of a decoder or a network; a second Ctrl-C raises it.
    """
    presses = []

    def note(number, frame):
        if presses:
            raise KeyboardInterrupt
        presses.append(number)

    previous = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: bool(presses)
    finally:
        signal.signal(signal.SIGINT, previous)


def seconds_of(task, address, args, is_over=lambda: False):
    """Classifies a stream.

    Args:
        task: `LRCNActivity` or `TwoStream`.
        address: str, see `keras_lrcn.data.iter_video`.
        args: the parsed options.
        is_over: function without arguments, asked before each frame.

    Yields:
        `ClassRecord` of each second: the mean over its frames.
    """
    from keras_lrcn.data import iter_video

    stream = task.stream(clip_length=args.clip_length, stride=args.stride)
    rows, seconds = [], []
    for frame, second in iter_video(address, fps=stream.fps):
        if is_over():
            break
        if seconds and int(second) > int(seconds[0]):
            yield _record(address, stream.class_names, rows, seconds, args.top)
            rows, seconds = [], []
        rows.append(stream.step(frame))
        seconds.append(second)
    if seconds:
        yield _record(address, stream.class_names, rows, seconds, args.top)


def _record(address, class_names, rows, seconds, top):
    mean = np.mean(rows, axis=0)
    order = np.argsort(-mean, kind="stable")[:top]
    ranked = tuple((class_names[i], float(mean[i])) for i in order)
    return ClassRecord(address, ranked, float(seconds[0]), float(seconds[-1]))


def _line(record):
    classes = "   ".join(f"{probability:.2f} {label}" for label, probability in record.top)
    return f"{int(record.start):6d} s   {classes}\n"
