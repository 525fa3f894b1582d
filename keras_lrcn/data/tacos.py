"""TACoS (Regneri et al. 2013) and TACoS Multilevel (Rohrbach et al. 2014): cooking, described."""

import pathlib

from keras_lrcn.data.described_videos import DescribedVideo, check_split
from keras_lrcn.data.text_files import read_json
from keras_lrcn.data.tuples_file import read_tuples

SPLITS = ("train", "val", "test")
FIELDS = ("timestamps", "sentences", "fps")


def read_tacos(folder, split="train", videos=None, tuples=None):
    """Reads the sentences of TACoS, each with the part of the video that it describes.

    The layout is the one in which the corpus is passed on today: a json for each split, from
    the video's name to its `timestamps` (pairs of frames), `sentences`, `fps`. Sentences of the
    same part are references of one example. What a CRF predicts for the parts comes from a file
    of one's own.

    Args:
        folder: path with `train.json`, `val.json` and `test.json`; or the path of such a file.
        split: `"train"`, `"val"` or `"test"`.
        videos: folder of the video files, or `None`.
        tuples: file of semantic tuples (see `read_tuples`) whose ids are those of the examples,
            `video:first-last` with the part's frames; or `None`.

    Returns:
        List of `DescribedVideo`.

    Raises:
        FileNotFoundError: the file is missing.
        ValueError: a video lacks a field, or as many sentences as timestamps; an example has no
            tuple.

    Example:
    ```python
    example = read_tacos("tacos", "val")[0]
    example.video_id, example.seconds  # "s34-d28.avi:201-487", (6.8, 16.6)
    ```
    """
    path = pathlib.Path(folder)
    if path.is_dir():
        check_split(split, SPLITS, "TACoS")
        path = path / f"{split}.json"
    roles = None if tuples is None else {t.tuple_id: t.roles for t in read_tuples(tuples)}
    examples = []
    for name, video in read_json(path).items():
        for (first, last), captions in _parts(video, f"{path}, video {name!r}").items():
            seconds = (first / video["fps"], last / video["fps"])
            part = f"{name}:{first}-{last}"
            file = videos and str(pathlib.Path(videos) / name)
            own = None if roles is None else _own(roles, part, tuples)
            examples.append(DescribedVideo(part, file, tuple(captions), own, seconds))
    return examples


def _parts(video, place):
    """Pairs of first and last frame -> sentences."""
    missing = [field for field in FIELDS if field not in video]
    if missing or len(video["timestamps"]) != len(video["sentences"]):
        raise ValueError(f"{place}: expected as many `timestamps` as `sentences`, and `fps`.")
    parts = {}
    for times, sentence in zip(video["timestamps"], video["sentences"], strict=True):
        parts.setdefault(tuple(times), []).append(sentence)
    return parts


def _own(roles, part, path):
    if part not in roles:
        raise ValueError(f"{path} has no tuple with the id {part!r}.")
    return roles[part]
