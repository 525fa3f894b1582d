"""MSVD (Chen and Dolan 2011): short YouTube clips with some forty sentences each."""

import csv
import io
import pathlib

from keras_lrcn.data.described_videos import DescribedVideo
from keras_lrcn.data.text_files import read_json, read_lines, read_text

COLUMNS = ("VideoID", "Start", "End", "Language", "Description")


def read_msvd(path, videos=None, ids=None, language="English"):
    """Reads the sentences of MSVD, in any of the three forms in which they are passed on.

    - the corpus itself, a csv with `VideoID, Start, End, Language, Description`: the clip
      `VideoID_Start_End`;
    - a text file of lines `clip sentence`, such as `AllVideoDescriptions.txt`; lines that start
      with `#` do not count;
    - a json, a list of objects with `id` and a list `caption`.

    Args:
        path: the file.
        videos: folder of the clips, `.avi`, or `None`.
        ids: optional iterable of the clips to keep, in this order, with or without `.avi`.
        language: which sentences of the csv to keep.

    Returns:
        List of `DescribedVideo`, in the order in which the clips first come.

    Raises:
        ValueError: the file has none of these forms, or `ids` names a clip without sentences.

    Example:
    ```python
    examples = read_msvd("AllVideoDescriptions.txt", videos="YouTubeClips")
    examples[0].video_id  # "mv89psg6zh4_33_46"
    ```
    """
    path, captions = pathlib.Path(path), {}
    reader = {".csv": _corpus, ".json": _json}.get(path.suffix.lower(), _lines)
    for clip, sentence in reader(path, language):
        captions.setdefault(clip.removesuffix(".avi"), []).append(sentence)
    names = list(captions) if ids is None else [str(clip).removesuffix(".avi") for clip in ids]
    silent = [name for name in names if name not in captions]
    if silent:
        raise ValueError(f"{path} has no sentences of {len(silent)} clips, such as {silent[0]!r}.")
    folder = videos and pathlib.Path(videos)
    return [
        DescribedVideo(name, folder and str(folder / f"{name}.avi"), tuple(captions[name]))
        for name in names
    ]


def _corpus(path, language):
    rows = csv.DictReader(io.StringIO(read_text(path), newline=""))
    missing = [column for column in COLUMNS if column not in (rows.fieldnames or ())]
    if missing:
        raise ValueError(f"{path}: has no columns {missing}. Received: {rows.fieldnames}.")
    for row in rows:
        if row["Language"] == language and row["Description"]:
            yield f"{row['VideoID']}_{row['Start']}_{row['End']}", row["Description"]


def _lines(path, language):
    for number, line in enumerate(read_lines(path), start=1):
        clip, blank, sentence = line.strip().partition(" ")
        if clip and not clip.startswith("#"):
            if not blank:
                raise ValueError(f"{path}, line {number}: expected `clip sentence`: {line!r}.")
            yield clip, sentence.strip()


def _json(path, language):
    for number, entry in enumerate(read_json(path), start=1):
        if not isinstance(entry, dict) or not {"id", "caption"} <= set(entry):
            raise ValueError(f"{path}, entry {number}: expected `id` and `caption`.")
        yield from ((entry["id"], sentence) for sentence in entry["caption"])
