"""Which of the known sets of labelled videos a folder or file is, and its reader."""

import pathlib
import re

from keras_lrcn.data.captions_file import entries
from keras_lrcn.data.label_results import read_labels, video_of
from keras_lrcn.data.labelled_videos import (
    LabelledVideo,
    read_hmdb51,
    read_ucf101,
    read_video_folders,
)

FILE_COLUMNS = ("path", "file_path", "video", "clip")
OFFICIAL = re.compile("(train|test)([123])")


def read_labelled_dataset(path, videos=None, split=None):
    """Reads labelled videos of any known format.

    Args:
        path: folder of UCF101 (with `ucfTrainTestlist/`) or HMDB51 (with
            `CLASS_test_splitN.txt`), any other folder with a folder for each class, or a csv,
            json or json lines with `video` (or `path`) and `label`.
        videos: folder that relative paths of a file start from; by default the file's own.
        split: of UCF101 and HMDB51, such as `"test1"` (the default) or `"train3"`. Other formats
            have no splits.

    Returns:
        List of `LabelledVideo`. Those that are listed and not there are kept: reading their frames
        fails then.

    Raises:
        FileNotFoundError: there is nothing at `path`, or no video in it, or no list of the split.
        ValueError: a split that the format does not have, or what its reader says.

    Example:
    ```python
    examples = read_labelled_dataset("UCF101", split="test1")
    ```
    """
    path = pathlib.Path(path)
    if not path.exists():
        raise FileNotFoundError(f"No file or folder {str(path)!r}.")
    reader = path.is_dir() and _reader_of_lists(path)
    if reader:
        match = OFFICIAL.fullmatch(split or "test1")
        if not match:
            raise ValueError(
                f'{path} has the official splits "train1" to "train3" and "test1" to "test3". '
                f"Received: split={split!r}."
            )
        return reader(path, int(match[2]), match[1], on_missing="keep")
    if split is not None:
        raise ValueError(
            f"{path} has no splits: it is neither UCF101 (`ucfTrainTestlist/`) nor HMDB51 "
            f"(`CLASS_test_split1.txt`). Received: split={split!r}."
        )
    return read_video_folders(path) if path.is_dir() else _read_file(path, videos)


def _reader_of_lists(folder):
    if (folder / "ucfTrainTestlist").is_dir():
        return read_ucf101
    return read_hmdb51 if any(folder.rglob("*_test_split[123].txt")) else None


def _read_file(path, videos):
    folder, files = pathlib.Path(videos or path.parent), {}
    labels = read_labels(path)
    for place, entry in entries(path):
        name = video_of(entry, place)
        file = next((entry[c] for c in FILE_COLUMNS if entry.get(c)), name)
        files.setdefault(name, str(folder / file))
    return [LabelledVideo(name, files[name], label) for name, label in labels.items()]
