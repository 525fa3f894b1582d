"""What every reader of video descriptions returns."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class DescribedVideo:
    """One video, or a part of it, and its reference sentences.

    Args:
        video_id: str, the data set's own id, of a part with its place in the video.
        path: str, the video file, which need not exist until it is decoded; or `None`.
        captions: strings, the references as the data set has them, not tokenized.
        roles: dict, the semantic tuple (see `keras_lrcn.preprocessing.SemanticRoles`), or `None`.
        seconds: `(start, end)` of a part, or `None` for the whole video.
    """

    video_id: str
    path: str | None
    captions: tuple[str, ...]
    roles: dict | None = None
    seconds: tuple[float, float] | None = None


def check_split(split, splits, name):
    """Raises `ValueError` for a split that a data set does not have."""
    if split not in splits:
        raise ValueError(f"`split` must be one of {list(splits)} for {name}. Received: {split!r}.")
