"""Semantic tuples of one's own: json lines, json or csv."""

import pathlib
from typing import NamedTuple

from keras_lrcn.data.captions_file import read_entries

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
    is_csv = path.suffix.lower() in (".csv", ".tsv", ".txt")
    for number, entry in read_entries(path, on_error="keep"):
        place = f"{path}:{number}"
        error = str(entry) if isinstance(entry, Exception) else None
        roles = None if error else _csv_roles(entry) if is_csv else entry.get("roles")
        if not error and not isinstance(roles, dict):
            error = f"{place}: expected `roles`, an object from role to words. Received: {entry!r}."
        if error and on_error == "raise":
            raise ValueError(error)
        given = None if isinstance(entry, Exception) else _id(entry)
        name = place if given is None or given in taken else given
        taken.add(name)
        tuples.append(SemanticTuple(name, None if error else roles, error))
    return tuples


def _id(entry):
    values = (entry.get(column) for column in ID_COLUMNS)
    return next((str(value) for value in values if value not in (None, "")), None)


def _csv_roles(entry):
    return {role: words or None for role, words in entry.items() if role not in NOT_ROLES}
