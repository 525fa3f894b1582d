"""The output formats of `keras-lrcn classify`; how they are resumed is that of captions."""

import re
from typing import NamedTuple

from keras_lrcn.cli.records import NEWLINE, Csv, Jsonl, Text, json_line


class ClassRecord(NamedTuple):
    """One video, or one second of a stream, and its likeliest classes.

    Args:
        video: str, path or address.
        top: tuple of `(label, probability)` pairs, the likeliest first.
        start, end: float, the seconds covered; `None` where a format does not hold them.
    """

    video: str
    top: tuple
    start: float | None = None
    end: float | None = None


class ClassJsonl(Jsonl):
    """One JSON object a line: `video, label, probability, top, start, end`."""

    digits = 4

    def encode(self, record):
        top = [{"label": label, "probability": round(p, self.digits)} for label, p in record.top]
        seconds = {"start": round(record.start, 3), "end": round(record.end, 3)}
        return json_line({"video": record.video, **top[0], "top": top, **seconds})

    def _record(self, row):
        top = tuple((entry["label"], entry["probability"]) for entry in row["top"])
        return ClassRecord(row["video"], top, row["start"], row["end"])


class KeptAnswers(ClassJsonl):
    """Answers that are scored later: exact enough that near classes keep their order."""

    digits = 7


class ClassCsv(Csv):
    """One row a video: `video, label, probability, start, end, label_2, probability_2, ...`."""

    def __init__(self, top=1):
        more = [f"{name}_{rank}" for rank in range(2, top + 1) for name in ("label", "probability")]
        self.columns = ["video", "label", "probability", "start", "end", *more]
        self.header = self._line(self.columns)

    def encode(self, record):
        first, *others = [(label, f"{p:.4f}") for label, p in record.top]
        cells = [record.video, *first, f"{record.start:.3f}", f"{record.end:.3f}"]
        cells += [cell for pair in others for cell in pair]
        return self._line([*cells, *[""] * (len(self.columns) - len(cells))])

    def _record(self, row):
        video, label, probability, start, end, *more = row
        pairs = zip([label, *more[::2]], [probability, *more[1::2]], strict=True)
        top = tuple((label, float(p)) for label, p in pairs if p)
        return ClassRecord(video, top, float(start), float(end))


class ClassText(Text):
    """For reading: the video's name, a line `probability  label` for each class, a blank line."""

    def encode(self, record):
        lines = [record.video.replace("\n", NEWLINE)]
        lines += [f"{probability:8.2f}  {label}" for label, probability in record.top]
        return "\n".join(lines) + "\n\n"

    def _record(self, video, *lines):
        matches = [re.fullmatch(r" *([\d.]+)  (.*)", line) for line in lines]
        if not matches or not all(matches):
            raise ValueError(f"no classes with probabilities follow the line {video!r}")
        top = tuple((match[2], float(match[1])) for match in matches)
        return ClassRecord(video.replace(NEWLINE, "\n"), top)


FORMATS = {"text": ClassText, "jsonl": ClassJsonl, "csv": ClassCsv}
