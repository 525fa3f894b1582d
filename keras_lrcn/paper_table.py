"""A table of the paper filled with numbers measured here: as Markdown, as JSON and as a picture."""

import dataclasses
import datetime
import json
import math
import os
from typing import NamedTuple

import numpy as np

from keras_lrcn.metrics import bootstrap_interval
from keras_lrcn.paper_table_picture import draw_table

SEEDS_NOTE = (
    "Brackets: 95 % bootstrap interval over the test items. An item's score is its mean over the "
    "seeds; items are resampled, seeds are not."
)


class Measured(NamedTuple):
    """A number measured here, and its 95 % interval; `None` where it is not known."""

    mean: float
    low: float | None = None
    high: float | None = None


@dataclasses.dataclass(frozen=True)
class Row:
    """One row of a table.

    Args:
        name: str, what the first column says.
        measured: dict from a column to `Measured`, or to `None` where nothing was measured.
        paper: dict from a column to the paper's number, or to `None` where it is not known.
    """

    name: str
    measured: dict
    paper: dict = dataclasses.field(default_factory=dict)


def measure(scores, statistic=None, scale=1.0):
    """Mean over seeds and test items, and the bootstrap interval over the items.

    An item's score is its mean over the seeds. Items are drawn anew for the interval and seeds
    are not: it says how far the number would move with other videos or photos.

    Args:
        scores: array `(seeds, items, ...)`, or `(items,)` for a single seed.
        statistic: function from rows of items `(items, ...)` to a number. Defaults to the mean.
        scale: float, what the results are multiplied by: `100` for percent of shares. Defaults
            to `1`.

    Returns:
        `Measured`.

    Example:
        >>> measure(right_by_seed_and_video, scale=100)
        Measured(mean=70.0, low=61.7, high=78.3)
    """
    items = np.atleast_2d(np.asarray(scores, float)).mean(axis=0)
    low, high = bootstrap_interval(items, statistic)
    return Measured(*(scale * float(v) for v in ((statistic or np.mean)(items), low, high)))


def write_table(
    folder,
    name,
    title,
    columns,
    rows,
    command,
    data,
    departures=(),
    notes=(),
    unit="%",
    digits=1,
    signed=False,
    drawn=None,
):
    """Writes `name.md`, `name.json` and `name.png`: our numbers beside the paper's.

    Each file is written under another name first and put in its place in one step.

    Args:
        folder: path; made where it is missing.
        name: str, what the files are called, such as `"table1_toy"`.
        title: str.
        columns: list of str, in the order to be shown.
        rows: list of `Row`.
        command: str, what fills this table.
        data: dict of str, what was measured on what: `data`, `scale`, `seeds`. Today's date is
            added as `date`.
        departures: strings, where what was run departs from the paper.
        notes: strings, what else a reader must know, such as what the interval is over.
        unit: str, of every number. Defaults to `"%"`.
        digits: int, decimals shown; the JSON has all. Defaults to `1`.
        signed: bool, whether gains are shown with their sign. Defaults to `False`.
        drawn: list of `Row`, those in the picture, where all would be too many. Defaults to all.

    Returns:
        str, the Markdown.

    Raises:
        ValueError: without rows, or if a row has a column that `columns` does not name, or a
            number that is not finite.

    Example:
    ```python
    rows = [Row("LRCN", {"RGB": measure(right, scale=100)}, {"RGB": 68.2})]
    write_table("runs", "table1", "Table 1", ["RGB"], rows, "make table1", {"scale": "toy"})
    ```
    """
    columns, rows = list(columns), list(rows)
    _check(columns, rows)
    os.makedirs(folder, exist_ok=True)
    data = {**data, "date": datetime.date.today().isoformat()}
    style = f"{{:{'+' * signed}z.{digits}f}}"
    table = markdown_table(columns, rows, style)
    text = _page(title, command, data, table, departures, notes, unit)
    record = {"name": name, "title": title, "command": command, **data, "unit": unit}
    record |= {"columns": columns, "rows": [_row_record(row) for row in rows]}
    record |= {"departures": list(departures), "notes": list(notes)}
    path = os.path.join(folder, name)
    _replace(f"{path}.md", lambda part: _write(part, text))
    _replace(f"{path}.json", lambda part: _write(part, json.dumps(record, indent=1) + "\n"))
    picture = draw_table(title, columns, drawn or rows, unit)
    _replace(f"{path}.png", lambda part: picture.save(part, "PNG"))
    return text


def markdown_table(columns, rows, style="{:z.1f}"):
    """Our numbers with their intervals; beside a column the paper's, if it has any.

    Args:
        columns: list of str.
        rows: list of `Row`.
        style: format of a number.

    Returns:
        str.
    """
    in_paper = [c for c in columns if any(row.paper.get(c) is not None for row in rows)]
    heads = [""]
    for column in columns:
        heads += [column, "paper"] if column in in_paper else [column]
    lines = [_table_line(heads), "|" + "---|" * len(heads)]
    for row in rows:
        cells = [row.name]
        for column in columns:
            cells.append(_cell(row.measured.get(column), style))
            if column in in_paper:
                number = row.paper.get(column)
                cells.append("" if number is None else style.format(number))
        lines.append(_table_line(cells))
    return "\n".join(lines)


def _table_line(cells):
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _cell(measured, style):
    if measured is None:
        return ""
    mean, low, high = measured
    if low is None or high is None:
        return style.format(mean)
    return f"{style.format(mean)} [{style.format(low)}, {style.format(high)}]"


def _page(title, command, data, table, departures, notes, unit):
    lines = [f"# {title}", "", "```bash", command, "```", ""]
    lines += [f"- **{key}**: {value}" for key, value in data.items()]
    beside = "; the columns `paper` hold the paper's numbers" * ("| paper |" in table)
    lines += [f"- **unit**: {unit}{beside}", "", table, ""]
    lines += [f"{note}\n" for note in notes]
    if departures:
        lines += ["Departures from the paper:", "", *(f"- {text}" for text in departures), ""]
    return "\n".join(lines)


def _row_record(row):
    measured = {c: m and Measured(*m)._asdict() for c, m in row.measured.items()}
    return {"name": row.name, "measured": measured, "paper": dict(row.paper)}


def _check(columns, rows):
    if not rows or not columns:
        raise ValueError(f"A table needs rows and columns. Received: {rows}, {columns}.")
    for row in rows:
        for column in (*row.measured, *row.paper):
            if column not in columns:
                raise ValueError(
                    f'Row "{row.name}" has a number for "{column}", which `columns` does not '
                    f"name. Received: columns={columns}."
                )
        numbers = [n for m in row.measured.values() if m for n in m] + list(row.paper.values())
        if not all(math.isfinite(n) for n in numbers if n is not None):
            raise ValueError(
                f'Row "{row.name}" has a number that is not finite; what is not known is `None`. '
                f"Received: {row}."
            )


def _replace(path, write):
    """No reader ever finds half a file."""
    write(path + ".part")
    os.replace(path + ".part", path)


def _write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
