"""Video files in, classes out, one video after another."""

import warnings

from keras_lrcn.cli.captioning import load_model, progress
from keras_lrcn.cli.class_records import ClassRecord
from keras_lrcn.cli.errors import CommandError
from keras_lrcn.cli.quiet import without_greetings

DEFAULT_PRESET = "lrcn_rgb_efficientnet_lite0_ucf101_3class"
TASKS = ("LRCNActivity", "TwoStream")


class ActivityModel:
    """A recogniser with its options, loaded when it is first needed.

    Args:
        args: the parsed options of `keras-lrcn classify`.
    """

    def __init__(self, args):
        self.args = args
        self.task = None

    def load(self):
        """Returns the `LRCNActivity` or `TwoStream`, whichever the preset holds."""
        if self.task is None:
            name = self.args.preset or DEFAULT_PRESET
            with without_greetings():
                from keras_lrcn.presets import preset_task

                kind = preset_task(name) or TASKS[0]
            if kind not in TASKS:
                raise CommandError(f"preset {name!r} holds a {kind}, which names no activities")
            self.task = load_model(kind, name)
        return self.task

    def __call__(self, video):
        """Classifies one video. Returns a `Classification`."""
        return self.load().classify(
            video,
            top=self.args.top,
            clip_length=self.args.clip_length,
            stride=self.args.stride,
            crops=self.args.crops,
            on_error="partial" if self.args.on_error == "partial" else "raise",
        )


def classified(paths, model, args, broken, damaged):
    """Classifies videos.

    Args:
        paths: list of strings.
        model: `ActivityModel`.
        args: the parsed options.
        broken: dict that takes path to the error of every video that cannot be read.
        damaged: dict that takes path to the damage of every video that was classified in part.

    Yields:
        `ClassRecord` and `Classification` of each readable video, in the order of `paths`.
    """
    from keras_lrcn.data import VideoError

    with progress(len(paths), "video", args) as bar:
        for path in paths:
            try:
                result, damage = _classify(model, path)
            except (VideoError, OSError) as error:
                broken[path] = error
            except ImportError as error:  # of a package that reads videos
                raise CommandError(error) from error
            else:
                damaged |= damage
                yield ClassRecord(path, result.top, result.start, result.end), result
            bar.update()


def _classify(model, path):
    """The classes of one video, and its damage by path; other warnings are passed on."""
    model.load()
    damage = {}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = model(path)
    for warning in caught:
        if str(warning.message).startswith(f"{path}: "):
            damage[path] = warning.message
        else:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
    return result, damage
