"""The three output formats, and how a file of each is taken up again after an interruption.

A record is what one image gives. It is written by one call, so that a killed run leaves whole
records and at most one half-written one at the end, which `resume` cuts off and the run redoes.
"""

import csv
import io
import json
import os
import re
from typing import NamedTuple

from keras_lrcn.cli.errors import CommandError


class StoredCaption(NamedTuple):
    """A caption as a file holds it; the fields are those of the model's `Caption`."""

    text: str
    score: float
    finished: bool = True
    words: tuple = ()
    word_scores: tuple = ()


class Record(NamedTuple):
    """One image (video, tuple) and its captions, the best first; one without text is silence."""

    image: str
    captions: tuple
    confidence: float | None = None  # where one was asked for; only json lines keep it


class Jsonl:
    """One JSON object a line: `image, caption, score, finished`; for n-best `captions` too.

    Args:
        num_best: int, captions of each image.
        names: what the first two fields are called.
    """

    def __init__(self, num_best=1, names=("image", "caption")):
        self.num_best = num_best
        self.image, self.caption = names

    header = ""

    def encode(self, record):
        best = record.captions[0]
        row = {self.image: record.image, self.caption: best.text, **self._scores(best)}
        if record.confidence is not None:
            row["confidence"] = round(record.confidence, 4)
        if self.num_best > 1:
            every = [{self.caption: c.text, **self._scores(c)} for c in record.captions]
            row[self.caption + "s"] = every
        return json_line(row)

    def decode(self, text):
        return [self._record(json.loads(line)) for line in text.split("\n")[:-1]]

    def whole(self, text):
        """Length of the part of `text` that is whole records."""
        return text.rfind("\n") + 1

    def _record(self, row):
        captions = row.get(self.caption + "s", [row])
        return Record(row[self.image], tuple(map(self._stored, captions)), row.get("confidence"))

    def _scores(self, caption):
        return {"score": round(float(caption.score), 4), "finished": bool(caption.finished)}

    def _stored(self, row):
        return StoredCaption(row[self.caption], row["score"], row.get("finished", True))


class Csv:
    """One row an image: `image, caption, score, finished`, then `caption_2, score_2, ...`."""

    def __init__(self, num_best=1, names=("image", "caption")):
        fields = (names[1], "score", "finished")
        more = [f"{field}_{rank}" for rank in range(2, num_best + 1) for field in fields]
        self.columns = [names[0], *fields, *more]
        self.header = self._line(self.columns)

    def encode(self, record):
        cells = [
            cell
            for caption in record.captions
            for cell in (caption.text, f"{caption.score:.4f}", int(caption.finished))
        ]
        return self._line([record.image, *cells, *[""] * (len(self.columns) - 1 - len(cells))])

    def decode(self, text):
        header, *rows = csv.reader(io.StringIO(text, newline=""))
        if header != self.columns:
            raise ValueError(f"its columns are {header}, not {self.columns}")
        return [self._record(row) for row in rows]

    def whole(self, text):
        end = position = quotes = 0
        for line in text.split("\n")[:-1]:
            position += len(line) + 1
            quotes += line.count('"')
            if quotes % 2 == 0:  # an odd count: the line break is inside a quoted file name
                end = position
        return end

    def _line(self, cells):
        line = io.StringIO(newline="")
        csv.writer(line, lineterminator="\n").writerow(cells)
        return line.getvalue()

    def _record(self, row):
        return Record(row[0], tuple(self._stored(row[1:])))

    def _stored(self, cells):
        for text, score, finished in zip(cells[::3], cells[1::3], cells[2::3], strict=True):
            if score:
                yield StoredCaption(text, float(score), bool(int(finished)))


class Text:
    """For reading: the image's name, a line `score  caption` for each caption, a blank line."""

    header = ""

    def __init__(self, num_best=1, names=()):
        del num_best, names  # the blank line ends a record, whatever the count

    def encode(self, record):
        lines = [record.image.replace("\n", NEWLINE)]
        lines += [f"{c.score:8.2f}  {c.text}" for c in record.captions]
        return "\n".join(lines) + "\n\n"

    def decode(self, text):
        return [self._record(*block.split("\n")) for block in text.split("\n\n")[:-1]]

    def whole(self, text):
        return text.rfind("\n\n") + 2 if "\n\n" in text else 0

    def _record(self, image, *lines):
        matches = [re.fullmatch(r" *(-?[\d.]+|-?inf|nan)  (.*)", line) for line in lines]
        if not matches or not all(matches):
            raise ValueError(f"no captions with scores follow the line {image!r}")
        stored = [StoredCaption(m[2], float(m[1]), not m[2].endswith(OPEN)) for m in matches]
        return Record(image.replace(NEWLINE, "\n"), tuple(stored))


OPEN = "..."  # at the end of a caption that reached the length limit before its own
NEWLINE = "\u2424"  # stands for a line break in a file name
FORMATS = {"text": Text, "jsonl": Jsonl, "csv": Csv}


def resume(path, record_format):
    """Opens an output file to append to, with the records of an earlier run.

    Args:
        path: string. The file; made where it is missing.
        record_format: a `Text`, `Jsonl` or `Csv`.

    Returns:
        Tuple of the records already there and the file, open for appending bytes.

    Raises:
        CommandError: if the file holds something else than such records. It is left as it is.
    """
    held = open(path, "rb").read() if os.path.exists(path) else b""
    text = held.decode("utf-8", "surrogateescape")
    whole = text[: record_format.whole(text)]
    try:
        if held and not whole:
            raise ValueError("it holds no whole record")
        records = record_format.decode(whole) if whole else []
    except (ValueError, KeyError, TypeError) as error:
        raise CommandError(
            f"--output {path} is there and is not the beginning of this output: {error}. "
            "Name another file, or remove this one."
        ) from error
    file = open(path, "ab", buffering=0)
    file.truncate(len(to_bytes(whole)))
    if not whole:
        file.write(to_bytes(record_format.header))
    return records, file


def to_bytes(text):
    """UTF-8, with file names that are no UTF-8 as the bytes they are."""
    return text.encode("utf-8", "surrogateescape")


def json_line(row):
    """One line of JSON. A file name that is no UTF-8 would make it none: that one is escaped."""
    line = json.dumps(row, ensure_ascii=False)
    return (line if _is_utf8(line) else json.dumps(row)) + "\n"


def _is_utf8(text):
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
