"""The JSON files of a preset: bounded, and naming nothing but known classes and small values."""

import json
import math
import re

from keras_lrcn.loading.classes import is_known
from keras_lrcn.loading.errors import PresetError

LARGEST_FILE = 2**24  # bytes
DEEPEST = 64
MOST_VALUES = 10**6
LONGEST_TEXT = 10_000  # characters
LARGEST_NUMBER = 10**6
LARGEST_FLOAT = 1e9
# Integers from here on must be the length of an axis of some stored weight.
SUSPECT = 10_000
# What repeats layers, or widens all of them, needs no large numbers.
FACTORS = re.compile(r"(^|_)(layers|depths?|repeats|blocks|cells)$")
MOST_LAYERS = 1000
WIDENING = re.compile(r"coefficient|multiplier|ratio")
WIDEST = 100
UNBOUNDED = ("seed",)
PLACE = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*://|[/\\~]|[A-Za-z]:[/\\]|(.*[/\\])?\.\.([/\\]|$)|file:"
)
FORBIDDEN = ("compile_config", "safe_mode")


def read_json(path):
    """Parses a JSON file of a preset.

    Args:
        path: `pathlib.Path`.

    Returns:
        dict.

    Raises:
        PresetError: for a file that is too large, too deep, or no JSON object.
    """
    if path.stat().st_size > LARGEST_FILE:
        raise PresetError(f"{path} has more than {LARGEST_FILE:,} bytes, far too many for it.")
    try:
        content = json.loads(path.read_bytes().decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise PresetError(f"{path} is not JSON ({type(error).__name__}: {error}).") from error
    if not isinstance(content, dict):
        raise PresetError(f"{path} must hold a JSON object. Received: {type(content).__name__}.")
    return content


def check_values(path, content):
    """Bounds the depth and the number of values of a file that Keras does not read."""
    for _ in _values(path, content):
        pass


def check_config(path, content, dimensions=None):
    """Checks a config that Keras is going to build an object from.

    Args:
        path: of the file, for messages.
        content: dict.
        dimensions: the lengths of the axes of all stored weights, or `None` where there are
            no weights.

    Raises:
        PresetError: for an unknown class, a function, a path or address, a number out of bounds.
    """
    if "registered_name" not in content:
        raise PresetError(
            f"{path} is not the config of a Keras object: it has no `registered_name`. "
            "`task.save_to_preset(folder)` writes presets."
        )
    for key, value in _values(path, content):
        if isinstance(value, dict):
            _check_entry(path, key, value)
        elif isinstance(value, str):
            _check_text(path, key, value)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            _check_number(path, key, value, dimensions)


def _no_constant(text):
    raise ValueError(f"{text} is no number of JSON")


def _values(path, content):
    """Yields every value with its key, `a.b[3]`, breadth last; bounds depth and number."""
    waiting, seen = [("", content, 1)], 0
    while waiting:
        key, value, depth = waiting.pop()
        seen += 1
        inside = len(value) if isinstance(value, (dict, list)) else 0
        if depth > DEEPEST or seen + inside > MOST_VALUES:
            raise PresetError(
                f"{path} is nested deeper than {DEEPEST}, or holds more than {MOST_VALUES:,} "
                f"values, at `{key[:200]}`."
            )
        yield key, value
        if isinstance(value, dict):
            waiting += [
                (f"{key}.{name}" if key else name, v, depth + 1) for name, v in value.items()
            ]
        elif isinstance(value, list):
            waiting += [(f"{key}[{i}]", v, depth + 1) for i, v in enumerate(value)]


def _check_entry(path, key, entry):
    for name in FORBIDDEN:
        if name in entry:
            raise PresetError(f"{path}: `{key}` has `{name}`, which no preset needs.")
    if "class_name" not in entry:
        return
    if not isinstance(entry.get("config"), (dict, list)) or not is_known(entry):
        what = ", ".join(f"{k}={entry.get(k)!r}" for k in ("module", "class_name"))
        raise PresetError(
            f"{path}: `{key or 'the file'}` names a class that presets of keras_lrcn do not need: "
            f"{what[:300]}, registered_name={str(entry.get('registered_name'))[:100]!r}. "
            "Nothing was loaded. If you trust its author, build the object yourself."
        )


def _check_text(path, key, text):
    if len(text) > LONGEST_TEXT or "\0" in text or PLACE.match(text):
        raise PresetError(
            f"{path}: `{key}` is a path, an address or no text that a preset needs: {text[:80]!r}."
        )


def _check_number(path, key, value, dimensions):
    name = re.sub(r"\[\d+\]", "", key).rpartition(".")[2]
    if name in UNBOUNDED and isinstance(value, int) and abs(value) < 2**64:
        return
    if isinstance(value, float) and not math.isfinite(value):
        raise PresetError(f"{path}: `{key}` is {value}, no finite number.")
    most = LARGEST_FLOAT if isinstance(value, float) else LARGEST_NUMBER
    if FACTORS.search(name):
        most = MOST_LAYERS
    elif WIDENING.search(name):
        most = WIDEST
    if abs(value) > most:
        raise PresetError(f"{path}: `{key}` is {_short(value)}, more than {most:,}.")
    if isinstance(value, int) and dimensions is not None and value > SUSPECT:
        if value not in dimensions:
            raise PresetError(
                f"{path}: `{key}` is {value:,}, but no weight that is stored has such an axis."
            )


def _short(value):
    return f"{value:,}" if abs(value) < 1e15 else f"{float(value):.3g}"
