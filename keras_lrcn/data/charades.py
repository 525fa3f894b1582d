"""Charades (Sigurdsson et al. 2016): acted scenes of daily life, with objects and actions."""

import csv
import io
import pathlib
import re

from keras_lrcn.data.described_videos import DescribedVideo, check_split
from keras_lrcn.data.text_files import read_lines, read_text

SPLITS = ("train", "test")
CLASSES_FILE = "Charades_v1_classes.txt"
REMARK = re.compile(r"\s*\([^()]*\)")  # "Basement (A room below the ground floor)"
COLUMNS = ("id", "scene", "script", "objects", "descriptions", "actions")


def read_charades(folder, split="train", videos=None, scripts=False):
    """Reads the annotations of Charades as semantic tuples with descriptions.

    A tuple has the roles `scene` (one word), `objects` and `actions` (any number): the actions
    by their names, in lower case, each once, in the order in which they begin.

    Args:
        folder: path with `Charades_v1_train.csv`, `Charades_v1_test.csv` and
            `Charades_v1_classes.txt`.
        split: `"train"` or `"test"`.
        videos: folder of the video files, or `None`.
        scripts: bool, whether the script that was to be acted follows the descriptions as one
            more caption. Defaults to `False`.

    Returns:
        List of `DescribedVideo`, videos without any description left out.

    Raises:
        FileNotFoundError: a file is missing.
        ValueError: `split` is neither, or a row lacks a column or has an unknown action; the
            message has file and line.

    Example:
    ```python
    example = read_charades("charades")[0]
    example.roles  # {"scene": "kitchen", "objects": ["food", ...], "actions": ["cooking ...
    ```

    Reference: `README.txt` of the release, version 1.
    """
    check_split(split, SPLITS, "Charades")
    folder = pathlib.Path(folder)
    names = read_charades_classes(folder / CLASSES_FILE)
    path = folder / f"Charades_v1_{split}.csv"
    rows = csv.DictReader(io.StringIO(read_text(path), newline=""))
    missing = [column for column in COLUMNS if column not in (rows.fieldnames or ())]
    if missing:
        raise ValueError(f"{path}: has no columns {missing}. Received: {rows.fieldnames}.")
    examples = []
    for row in rows:
        place = f"{path}, line {rows.line_num}"
        captions = _parts(row["descriptions"])
        captions += [row["script"].strip()] if captions and scripts else []
        video = videos and str(pathlib.Path(videos) / f"{row['id']}.mp4")
        if captions:
            examples.append(
                DescribedVideo(row["id"], video, tuple(captions), _roles(row, names, place))
            )
    return examples


def read_charades_classes(path):
    """Reads the names of the actions: dict from code, such as `"c092"`, to lower-case name."""
    pairs = [line.split(maxsplit=1) for line in read_lines(path) if line.strip()]
    if not all(len(pair) == 2 for pair in pairs):
        raise ValueError(f"{path}: expected lines of a code and a name, as `c000 Holding a bag`.")
    return {code: name.strip().lower() for code, name in pairs}


def _roles(row, names, place):
    actions = []
    for part in _parts(row["actions"]):
        code, *times = part.split()
        if code not in names:
            raise ValueError(f"{place}: unknown action {code!r}; expected one of {CLASSES_FILE}.")
        actions.append((float(times[0]) if times else 0.0, names[code]))
    return {
        "scene": REMARK.sub("", row["scene"]).strip().lower(),
        "objects": [word.lower() for word in _parts(row["objects"])],
        "actions": list(dict.fromkeys(name for _, name in sorted(actions))),
    }


def _parts(cell):
    return [part.strip() for part in (cell or "").split(";") if part.strip()]
