"""What a model gives for a data set that `evaluate` scores, kept as it comes."""

import contextlib
import hashlib
import json
import os
import pathlib

from keras_lrcn.cli.caption import tell
from keras_lrcn.cli.captioning import captioned
from keras_lrcn.cli.errors import CommandError
from keras_lrcn.cli.records import Jsonl, resume, to_bytes
from keras_lrcn.cli.score_formats import readable
from keras_lrcn.cli.strategies import count

SETTINGS = "run.json"  # what the results in a folder were made with


def add_data_options(parser, what, files):
    """Adds where the references are, and how many of them count.

    Args:
        parser: `argparse.ArgumentParser`.
        what: string, help of the data.
        files: `"images"` or `"videos"`.
    """
    add = parser.add_argument
    add("--data", "--references", required=True, dest="data", metavar="PATH", help=what)
    add("--results", metavar="FILE", help="what a system gave (default: a model is run first)")
    add(f"--{files}", metavar="FOLDER", help=f"where the {files} are (default: beside the data)")
    add("--limit", type=count, metavar="N", help=f"only the first N {files}")


def add_model_options(parser, kept):
    """Adds the options of a model that is run first; `kept` is what the folder keeps."""
    add = parser.add_argument_group("a model, where there are no --results").add_argument
    add("--preset", help="name or folder of the model (default: the shipped one)")
    add("--folder", metavar="FOLDER", help=f"keep its {kept} here; a second run goes on with them")
    add(
        "--broken",
        choices=("wrong", "omit"),
        default="wrong",
        help="what cannot be read counts as wrong, or is left out (wrong); it is named either way",
    )


def check(args):
    """Raises `CommandError` for options that do not go together."""
    given = [name for name in ("preset", "folder", "output") if getattr(args, name, None)]
    if args.results and given:
        raise CommandError(
            f"--results are there already: --{given[0]} is for a model that makes them"
        )


def keep(args, name, record_format, **settings):
    """Opens a file of `args.folder` to go on with.

    Args:
        args: the parsed options, with `preset` and `data`.
        name: string, the file.
        record_format: a `Jsonl`.
        **settings: what else the results depend on.

    Returns:
        Tuple of the records already there, and a file of bytes or `None` without a folder.

    Raises:
        CommandError: if the folder holds results of another model, data set or option.
    """
    if args.folder is None:
        return [], None
    os.makedirs(args.folder, exist_ok=True)
    place, kept = (os.path.join(args.folder, file) for file in (SETTINGS, name))
    settings = {"data": os.path.abspath(args.data), **settings, **_model(args.preset)}
    if os.path.exists(kept) and os.path.getsize(kept):
        _compare(place, settings)
    else:
        with open(place + ".part", "w", encoding="utf-8") as file:
            json.dump(settings, file, indent=1)
        os.replace(place + ".part", place)
    return resume(kept, record_format)


def sentences(source, names, args, name, **settings):
    """One sentence for each input, those of an earlier run as they were.

    Args:
        source: see `captioned`.
        names: list of strings that `source` can read.
        args: the parsed options.
        name, settings: see `keep`.

    Returns:
        Dict from name to sentence, and dict from name to error of what is broken.
    """
    record_format, broken = Jsonl(names=source.names), {}
    if getattr(args, "output", None):
        records, file = resume(args.output, record_format)
    else:
        records, file = keep(args, name, record_format, **settings)
    found = {record.image: record.captions[0].text for record in records}
    todo = to_do(names, found, source.unit)
    with file or contextlib.nullcontext():
        for record in captioned(source, todo, args, broken):
            found[record.image] = record.captions[0].text
            if file:
                file.write(to_bytes(record_format.encode(record)))
    return found, broken


def to_do(names, done, unit):
    """The names that are not done yet; says so where some are."""
    todo = [name for name in names if name not in done]
    if len(todo) < len(names):
        tell(f"{len(names) - len(todo)} of {len(names)} {unit}s are done already")
    return todo


def note_broken(scores, shown, broken, args):
    """Adds to scores how many inputs were broken, and what was done with them."""
    if args.results:
        return
    scores["broken"] = len(broken)
    scores["signature"] += f"|broken:{len(broken)},{args.broken}"
    if broken:
        shown["broken"] = len(broken)


def left(examples, broken, args, name):
    """The examples that are scored: all, or with `--broken omit` those that could be read.

    Args:
        examples: list.
        broken: dict from name to error.
        args: the parsed options.
        name: function from an example to its name.
    """
    if all(name(example) in broken for example in examples):
        causes = "\n  ".join(map(str, [*broken.values()][:3]))
        raise CommandError(f"nothing of {args.data} can be scored:\n  {causes or 'it is empty'}")
    if args.broken == "wrong":
        return examples
    return [example for example in examples if name(example) not in broken]


def _compare(place, settings):
    held = {}
    if os.path.exists(place):
        with open(place, encoding="utf-8") as file:
            held = readable(json.load, file)
    other = [key for key, value in settings.items() if held.get(key) != value]
    if other:
        was, now = held.get(other[0]), settings[other[0]]
        raise CommandError(
            f"--folder {os.path.dirname(place)} holds results with {other[0]} {was!r}, not "
            f"{now!r}. Name another folder, or remove this one."
        )


def _model(preset):
    """The name of a preset and, where its files are here, a digest of them."""
    from keras_lrcn.presets import EMBEDDED

    folder = next((f for f in (EMBEDDED / preset, pathlib.Path(preset)) if f.is_dir()), None)
    if folder is None:  # a handle of a hub
        return {"preset": preset}
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".md":
            digest.update(path.name.encode() + path.read_bytes())
    return {"preset": folder.name, "files": digest.hexdigest()}
