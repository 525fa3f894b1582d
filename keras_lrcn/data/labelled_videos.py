"""Videos with a label each: UCF101, HMDB51, a folder for each class, csv files."""

import csv
import dataclasses
import io
import pathlib
import re

from keras_lrcn.data.text_files import read_lines, read_text
from keras_lrcn.data.video_files import VIDEO_SUFFIXES, list_videos

UCF101_NAME = re.compile(r"v_\w+?_(g\d+)_c\d+$")
HMDB51_PARTS = {"train": "1", "test": "2"}  # 0: in neither part of that split
# What follows the film's name: class, body part, camera, people, view, quality, number.
HMDB51_TAGS = r"(_{label})?(_[fhlu]_(cm|nm)_np\d+_(ba|fr|le|ri)_(bad|goo|med))?_\d+\.\w+$"


@dataclasses.dataclass(frozen=True)
class LabelledVideo:
    """One video file (or folder of frames) and what it shows.

    Args:
        video_id: str, unique in its data set.
        path: str. It need not exist until its frames are read.
        label: str, the class.
        group: str, videos of one group (one source, one person) belong on one side of a split;
            `""` stands alone.
    """

    video_id: str
    path: str
    label: str
    group: str = ""


def read_ucf101(folder, split=1, part="train", on_missing="raise"):
    """Reads one of the three official splits of UCF101.

    Args:
        folder: path that holds `ucfTrainTestlist/` (the official lists) and the videos, as
            `videos/CLASS/NAME.avi`, `UCF-101/CLASS/NAME.avi` or `CLASS/NAME.avi`. Videos with
            another suffix (`.mp4`) are taken where they are what is there.
        split: 1, 2 or 3.
        part: `"train"` or `"test"`.
        on_missing: `"raise"`, or `"keep"`: a listed video that is missing has the path that it
            should have.

    Returns:
        list of `LabelledVideo`, in the order of the list; `group` is the `gNN` of its class.

    Raises:
        FileNotFoundError: if a list or a listed video is missing, by name.
        ValueError: for another split or part.

    Reference: Soomro, Zamir and Shah 2012; classes in the order of `classInd.txt`.
    """
    if split not in (1, 2, 3) or part not in ("train", "test"):
        raise ValueError(
            f'`split` must be 1, 2 or 3 and `part` "train" or "test". Received: split={split!r}, '
            f"part={part!r}."
        )
    folder = pathlib.Path(folder)
    lists = folder / "ucfTrainTestlist"
    names = [line.split()[0] for line in _filled(lists / f"{part}list{split:02d}.txt")]
    roots = [folder / name for name in ("videos", "UCF-101")] + [folder]
    root = next((r for r in roots if (r / names[0]).parent.is_dir()), roots[0])
    return [
        LabelledVideo(
            name, _video_file(root / name, on_missing), name.partition("/")[0], _ucf_group(name)
        )
        for name in names
    ]


def ucf101_classes(folder):
    """Class names of UCF101 in the order of `classInd.txt`: the first is class 0."""
    lines = _filled(pathlib.Path(folder) / "ucfTrainTestlist" / "classInd.txt")
    pairs = sorted((int(number), name) for number, name in map(str.split, lines))
    return [name for _, name in pairs]


def read_hmdb51(folder, split=1, part="train", on_missing="raise"):
    """Reads one of the three official splits of HMDB51.

    Args:
        folder: path that holds the lists (`testTrainMulti_7030_splits/CLASS_test_splitN.txt`, or
            the lists themselves) and the videos as `videos/CLASS/NAME.avi` or `CLASS/NAME.avi`.
        split: 1, 2 or 3.
        part: `"train"` or `"test"`.
        on_missing: `"raise"`, or `"keep"`: a listed video that is missing has the path that it
            should have.

    Returns:
        list of `LabelledVideo`; `group` is the film: the name without its class, tags and number.

    Raises:
        FileNotFoundError: if there is no list of that split, or a listed video is missing.
        ValueError: for another split or part.

    Reference: Kuehne et al. 2011.
    """
    if split not in (1, 2, 3) or part not in HMDB51_PARTS:
        raise ValueError(
            f'`split` must be 1, 2 or 3 and `part` "train" or "test". Received: split={split!r}, '
            f"part={part!r}."
        )
    folder = pathlib.Path(folder)
    lists = sorted(folder.rglob(f"*_test_split{split}.txt"))
    if not lists:
        raise FileNotFoundError(f"No `CLASS_test_split{split}.txt` below {folder}.")
    root = folder / "videos" if (folder / "videos").is_dir() else folder
    examples = []
    for path in lists:
        label = path.name.removesuffix(f"_test_split{split}.txt")
        for name, chosen in map(str.split, _filled(path)):
            if chosen == HMDB51_PARTS[part]:
                film = re.sub(HMDB51_TAGS.format(label=re.escape(label)), "", name)
                file = _video_file(root / label / name, on_missing)
                examples.append(LabelledVideo(f"{label}/{name}", file, label, film))
    return examples


def read_video_folders(folder):
    """Reads one's own videos from a folder for each class.

    Args:
        folder: path; `folder/CLASS/...` holds the videos of a class, at any depth. A folder of
            frame images counts as one video.

    Returns:
        list of `LabelledVideo`, sorted by path, each a group of its own.

    Raises:
        FileNotFoundError: if there is no such folder, or no video in it.

    Example:
    ```python
    examples = read_video_folders("clips")   # clips/run/a.mp4, clips/walk/b.mp4, ...
    train, held_out = split_videos(examples, held_out=0.2)
    ```
    """
    folder = pathlib.Path(folder)
    classes = sorted(p for p in folder.iterdir() if p.is_dir() and p.name[:1] != ".")
    examples = [
        LabelledVideo(pathlib.Path(path).relative_to(folder).as_posix(), path, one.name)
        for one in classes
        for path in list_videos(one)
    ]
    if not examples:
        raise FileNotFoundError(
            f"No videos in the folders of {folder}. It must hold a folder for each class: "
            f"CLASS/VIDEO with one of the suffixes {', '.join(sorted(VIDEO_SUFFIXES))}."
        )
    return examples


def read_labelled_videos(path, video_folder=None):
    """Reads a csv with the columns `path` (or `video`), `label` and perhaps `source` or `group`.

    Args:
        path: the file, UTF-8, with a header.
        video_folder: folder that relative paths start from; by default the file's own.

    Returns:
        list of `LabelledVideo`. A source of `-1` or nothing means unknown: a group of its own.

    Raises:
        ValueError: if a column is missing or a row is incomplete, with its line.
    """
    path = pathlib.Path(path)
    folder = path.parent if video_folder is None else pathlib.Path(video_folder)
    reader = csv.DictReader(io.StringIO(read_text(path), newline=""))
    columns = reader.fieldnames or []
    video = next((c for c in ("path", "video", "video_name", "file") if c in columns), None)
    group = next((c for c in ("group", "source") if c in columns), None)
    if video is None or "label" not in columns:
        raise ValueError(
            f"{path}: must have the columns `path` (or `video`) and `label`. Received: {columns}."
        )
    examples = []
    for row in reader:
        if not row[video] or not row["label"]:
            raise ValueError(f"{path}, line {reader.line_num}: no path or no label.")
        source = row[group] if group and row[group] not in (None, "-1") else ""
        file = str(folder / row[video])
        examples.append(LabelledVideo(row[video], file, row["label"], source))
    return examples


def _filled(path):
    return [line for line in read_lines(path) if line.strip()]


def _video_file(path, on_missing):
    """The listed file, or the one beside it with another suffix."""
    if path.exists():
        return str(path)
    for suffix in sorted(VIDEO_SUFFIXES):
        if path.with_suffix(suffix).exists():
            return str(path.with_suffix(suffix))
    if path.with_suffix("").is_dir():  # frames, as the authors extract them
        return str(path.with_suffix(""))
    if on_missing == "keep":
        return str(path)
    raise FileNotFoundError(f"No video {path} (nor with another suffix), though it is listed.")


def _ucf_group(name):
    match = UCF101_NAME.match(pathlib.PurePosixPath(name).stem)
    if not match:
        raise ValueError(f"{name!r} is no name of UCF101, `v_CLASS_gNN_cNN.avi`.")
    return f"{name.partition('/')[0]} {match[1]}"
