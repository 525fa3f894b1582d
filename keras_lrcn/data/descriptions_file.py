"""Described videos or tuples of one's own: a csv, a json or json lines."""

import pathlib

from keras_lrcn.data.captions_file import entries, sentences_of
from keras_lrcn.data.described_videos import DescribedVideo

VIDEO_COLUMNS = ("video", "video_name", "file_name", "filename", "path")


def read_descriptions(path, videos=None):
    """Reads descriptions of one's own.

    The file is one of those of `read_captions`, with `video` (or `video_name`, `file_name`,
    `filename`, `path`) in place of `image`; or in json with `roles` (see `read_tuples`); or both.
    An optional `video_id` (or `id`) joins entries; it defaults to what `video` says.

    Args:
        path: the file, UTF-8.
        videos: folder that relative paths start from; by default the file's own.

    Returns:
        List of `DescribedVideo`, in the order in which the videos first come.

    Raises:
        ValueError: an entry has neither a video nor roles, or no sentence, or one id has two
            videos; the message has file and line.

    Example:
    ```python
    pathlib.Path("clips.csv").write_text("video,caption\\na.mp4,A cat sleeps.\\n")
    read_descriptions("clips.csv")[0].captions  # ("A cat sleeps.",)
    ```
    """
    path, found, captions = pathlib.Path(path), {}, {}
    folder = path.parent if videos is None else pathlib.Path(videos)
    for place, entry in entries(path):
        video = next((entry[c] for c in VIDEO_COLUMNS if entry.get(c)), None)
        roles = entry.get("roles")
        if not video and not isinstance(roles, dict):
            raise ValueError(
                f"{place}: expected a video, one of {list(VIDEO_COLUMNS)}, or an object `roles`. "
                f"Received: {list(entry)}."
            )
        name = str(entry.get("video_id") or entry.get("id") or video or place)
        seen = found.setdefault(name, (video and str(folder / video), roles))
        if seen != (video and str(folder / video), roles):
            raise ValueError(f"{place}: {name!r} already stands for {seen}.")
        captions.setdefault(name, []).extend(sentences_of(entry, place))
    return [
        DescribedVideo(name, file, tuple(captions[name]), roles)
        for name, (file, roles) in found.items()
    ]
