"""The GRID corpus (Cooke et al. 2006): spoken commands of six words, with their times."""

import pathlib
from typing import NamedTuple

from keras_lrcn.data.described_videos import DescribedVideo
from keras_lrcn.data.text_files import read_lines

SILENCE = ("sil", "sp")
TICKS = 1000  # of the alignments' unit in a frame
FRAME_RATE = 25.0
VIDEO_SUFFIXES = (".mp4", ".mpg", ".avi")


class SpokenWord(NamedTuple):
    """A word and the frames (of 1/25 second, floats) from which to which it is spoken."""

    word: str
    start: float
    end: float


def read_grid(folder, videos=None, alignments=None):
    """Reads the videos of one speaker with their sentences.

    Args:
        folder: path with a folder of videos and one of alignments.
        videos: folder of the videos; by default `mouth`, `video` or `folder` itself.
        alignments: folder of the `.align` files; by default `align` in `folder`.

    Returns:
        List of `DescribedVideo` in order of their names, each with one caption; videos without
        an alignment are left out.

    Raises:
        FileNotFoundError: there are no videos, or no alignments.
        ValueError: an alignment is no such file; the message has file and line.

    Example:
    ```python
    example = read_grid("grid_s1")[0]
    example.captions  # ("bin blue at f two now",)
    read_grid_alignment("grid_s1/align/bbaf2n.align")[1]  # SpokenWord("blue", 29.5, 34.0)
    ```

    Reference: Cooke et al., JASA 2006.
    """
    folder = pathlib.Path(folder)
    alignments = folder / "align" if alignments is None else pathlib.Path(alignments)
    if videos is None:
        found = [folder / name for name in ("mouth", "video") if (folder / name).is_dir()]
        videos = found[0] if found else folder
    paths = [p for p in pathlib.Path(videos).glob("*") if p.suffix.lower() in VIDEO_SUFFIXES]
    pairs = [(p, alignments / f"{p.stem}.align") for p in sorted(paths)]
    pairs = [(path, alignment) for path, alignment in pairs if alignment.is_file()]
    if not pairs:
        raise FileNotFoundError(
            f"GRID needs videos and their alignments: {len(paths)} videos in {videos}, and none "
            f"of them has its `.align` file in {alignments}."
        )
    return [DescribedVideo(path.stem, str(path), (_sentence(words),)) for path, words in pairs]


def read_grid_alignment(path):
    """Reads when each word is spoken.

    Args:
        path: file of lines `start end word` in 1/1000 of a frame (of 25 a second).

    Returns:
        List of `SpokenWord` without the silence.
    """
    words = []
    for number, line in enumerate(read_lines(path), start=1):
        try:
            start, end, word = line.split()
            spoken = SpokenWord(word, int(start) / TICKS, int(end) / TICKS)
        except ValueError as error:
            raise ValueError(
                f"{path}, line {number}: expected `start end word`. Received: {line!r}."
            ) from error
        if word not in SILENCE:
            words.append(spoken)
    return words


def _sentence(alignment):
    return " ".join(spoken.word for spoken in read_grid_alignment(alignment))
