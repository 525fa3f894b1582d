"""Semantic tuples of one's own: json lines, json or csv."""

import json
import pathlib
from typing import NamedTuple

from keras_lrcn.data.captions_file import entries
from keras_lrcn.data.text_files import read_lines

ID_COLUMNS = ("id", "video_id", "video")
NOT_ROLES = (*ID_COLUMNS, "caption", "captions", "sentence", "description", "path")
TUPLE_SUFFIXES = (".jsonl", ".ndjson", ".json", ".csv", ".tsv")


class SemanticTuple(NamedTuple):
    """A row of a file: its id, and `roles`, or the `error` why there are none."""

    tuple_id: str
    roles: dict | None
    error: str | None = None


def read_tuples(path, on_error="raise"):
    """Reads semantic tuples.

    **Json lines** (and json, a list) hold objects with `roles`, a dict from role to a word, a
    list of words, or a dict from word to probability; and with an `id` (or `video_id`, `video`)
    if there is one. A **csv** has a column for each role, several words apart by semicolons, and
    may have the same id columns.

    Args:
        path: the file, UTF-8.
        on_error: `"raise"`, or `"keep"`: a row that is no tuple has an `error` and no roles.

    Returns:
        List of `SemanticTuple`. The id of a row without one, or with one that came before, is
        the file and the line (in a json list the entry), `tuples.jsonl:3`.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file cannot be read, or a row, with `on_error="raise"`, has no tuple.

    Example:
    ```python
    pathlib.Path("t.jsonl").write_text('{"roles": {"activity": "cut", "object": {"plum": 0.8}}}')
    read_tuples("t.jsonl")[0].roles["activity"]  # "cut"
    ```
    """
    path, tuples, taken = pathlib.Path(path), [], set()
    for number, entry in _rows(path):
        place = f"{path}:{number}"
        roles = _roles(entry, path)
        error = None
        if not isinstance(roles, dict):
            error = f"{place}: expected `roles`, an object from role to words. Received: {entry!r}."
            if on_error == "raise":
                raise ValueError(error)
        name = _id(entry) or place
        name = place if name in taken else name
        taken.add(name)
        tuples.append(SemanticTuple(name, None if error else roles, error))
    return tuples


def _rows(path):
    """Pairs of a row's number and the row; a line that is no json stays text."""
    if path.suffix.lower() not in (".jsonl", ".ndjson"):
        for place, entry in entries(path):
            yield place.rpartition(" ")[2], entry
        return
    for number, line in enumerate(read_lines(path), start=1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except json.JSONDecodeError:
                yield number, line


def _roles(entry, path):
    if not isinstance(entry, dict):
        return None
    if path.suffix.lower() in (".json", ".jsonl", ".ndjson"):
        return entry.get("roles")
    return {role: words or None for role, words in entry.items() if role not in NOT_ROLES}


def _id(entry):
    values = [entry.get(column) for column in ID_COLUMNS] if isinstance(entry, dict) else []
    return next((str(value) for value in values if value not in (None, "")), None)
