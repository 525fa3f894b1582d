"""MSR-VTT (Xu et al. 2016): ten thousand web clips with twenty sentences each."""

import pathlib

from keras_lrcn.data.described_videos import DescribedVideo, check_split
from keras_lrcn.data.text_files import read_json

SPLITS = {"train": "train", "val": "validate", "test": "test"}


def read_msr_vtt(path, split="all", videos=None):
    """Reads the sentences of MSR-VTT.

    Args:
        path: a json of the release, such as `train_val_videodatainfo.json`, with `videos` (of
            `video_id`, `split`) and `sentences` (of `video_id`, `caption`).
        split: `"train"`, `"val"`, `"test"`, or `"all"` videos of the file.
        videos: folder of the clips, `.mp4`, or `None`.

    Returns:
        List of `DescribedVideo` in the order of the file; videos without sentences left out.

    Raises:
        ValueError: `split` is none of these, or the file is no such json.

    Example:
    ```python
    train = read_msr_vtt("train_val_videodatainfo.json", "train", videos="TrainValVideo")
    ```
    """
    check_split(split, (*SPLITS, "all"), "MSR-VTT")
    content = read_json(path)
    if not isinstance(content, dict) or not {"videos", "sentences"} <= set(content):
        raise ValueError(f"{path}: expected an object with `videos` and `sentences`.")
    captions = {}
    for entry in content["sentences"]:
        captions.setdefault(entry["video_id"], []).append(entry["caption"])
    names = [
        entry["video_id"]
        for entry in content["videos"]
        if split == "all" or entry.get("split") == SPLITS[split]
    ]
    folder = videos and pathlib.Path(videos)
    return [
        DescribedVideo(name, folder and str(folder / f"{name}.mp4"), tuple(captions[name]))
        for name in names
        if name in captions
    ]
