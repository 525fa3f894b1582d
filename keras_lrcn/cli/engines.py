"""What runs a captioner: Keras, or ONNX Runtime from a folder that the captioner is exported to."""

import hashlib
import os
import pathlib
import sys

from keras_lrcn.cli.errors import CommandError

ENGINES = {"onnx": None, "onnx-int8": "int8"}  # what each is quantized to


def add_option(parser):
    parser.add_argument(
        "--engine",
        choices=("keras", *ENGINES),
        help="onnx, onnx-int8: ONNX Runtime, with 32- or 8-bit weights; no TensorFlow but the "
        "first time, when the model is exported to a cache (default: keras, or what an exported "
        "folder given as --preset holds)",
    )


def is_served(args):
    """Whether the options ask for ONNX Runtime."""
    from keras_lrcn.serving.folder import is_exported

    if not hasattr(args, "engine"):  # a command that knows no other than Keras
        return False
    if args.engine is None:
        return args.preset is not None and is_exported(args.preset)
    return args.engine in ENGINES


def load_served(name, engine, load_model):
    """Loads a captioner for ONNX Runtime, exported first where that was not done before.

    Args:
        name: name or folder of a preset, or a folder that a captioner was exported to.
        engine: str of `ENGINES`, or `None` for what the folder holds.
        load_model: function that loads the preset with Keras.
    """
    from keras_lrcn import serving
    from keras_lrcn.serving.folder import is_exported

    try:
        if is_exported(name):
            served = serving.load(name)
            held = served.settings["quantize"]
            if engine is not None and held != ENGINES[engine]:
                raise CommandError(
                    f"{name} was exported with quantize={held!r}, not for --engine {engine}: "
                    "leave --engine away, or give the preset that it was exported from"
                )
            return served
        folder = cache_folder(name, engine)
        if not is_exported(folder):
            print(f"keras-lrcn: exporting {name} to {folder}, this once", file=sys.stderr)
            load_model(name).export(folder, format="onnx", quantize=ENGINES[engine])
        return serving.load(folder)
    except (ImportError, ValueError, OSError) as error:
        raise CommandError(f"--engine {engine or 'onnx'}: {error}") from error


def cache_folder(name, engine):
    """Where the export of a preset is kept: below `XDG_CACHE_HOME`, under the preset's content."""
    from keras_lrcn import __version__
    from keras_lrcn.loading import local_preset
    from keras_lrcn.presets import resolve

    folder = pathlib.Path(local_preset(resolve(name)))
    digest = hashlib.sha256(f"{__version__} {engine}".encode())
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(folder).as_posix()} {content}\n".encode())
    cache = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    title = f"{folder.name}-{engine}-{digest.hexdigest()[:16]}"
    return pathlib.Path(cache) / "keras-lrcn" / "serving" / title
