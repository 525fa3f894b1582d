"""The manifest: what `check_videos` found out about each video, and whether that still holds.

A manifest is a file of JSON lines, one a video: its `path` (relative to the manifest's folder),
frames decoded and promised, rate, length, size in pixels, damage, and what tells whether the file
has changed since. Where a path occurs twice, the later line counts.
"""

import contextlib
import dataclasses
import hashlib
import json
import os
import pathlib

from keras_lrcn.data.frame_folders import frame_files
from keras_lrcn.data.video_report import CheckedVideo
from keras_lrcn.data.video_source import VideoError

BEGINNING = '{"path": "'  # of every line, also of one that a killed run has not finished
ON_DAMAGE = ("drop", "keep", "raise")


def read_manifest(manifest):
    """Reads what `check_videos` has written.

    Args:
        manifest: path of the file.

    Returns:
        list of `CheckedVideo`, sorted by path; paths are joined with the manifest's folder. A last
        line that was not written to its end is left out.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is something else.
    """
    *lines, rest = pathlib.Path(manifest).read_text("utf-8", "surrogateescape").split("\n")
    videos = {}
    if not (rest.startswith(BEGINNING) or BEGINNING.startswith(rest)):
        lines.append(rest)
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
            row |= {"path": _joined(manifest, row["path"]), "errors": tuple(row["errors"])}
            videos[row["path"]] = CheckedVideo(**row)
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(
                f"{manifest}, line {number}: not a line that `check_videos` has written ({error}). "
                "Name another manifest, or remove this one and check again."
            ) from error
    return sorted(videos.values(), key=lambda video: video.path)


def videos_of_manifest(manifest, on_damage="drop", paths=None):
    """Holds training to the videos that were checked and have not changed since.

    Args:
        manifest: path of what `check_videos` wrote.
        on_damage: what becomes of damaged videos. `"drop"`: they are left out. `"keep"`: they stay
            if at least one frame decodes. `"raise"`: the first raises.
        paths: optional list of the videos to use; by default all of the manifest.

    Returns:
        list of str: `paths` as they were given, or those of the manifest, without what is dropped.

    Raises:
        VideoError: a video is not in the manifest, is gone, has changed, or is damaged (`"raise"`).

    Example:
    ```python
    usable = set(videos_of_manifest("manifest.jsonl", paths=[e.path for e in examples]))
    examples = [example for example in examples if example.path in usable]
    ```
    """
    if on_damage not in ON_DAMAGE:
        raise ValueError(f"`on_damage` must be one of {ON_DAMAGE}. Received: {on_damage!r}.")
    known = {manifest_key(video.path): video for video in read_manifest(manifest)}
    remedy = f"Run `keras-lrcn check --manifest {manifest}` on it again"
    usable = []
    for path in [video.path for video in known.values()] if paths is None else paths:
        video = known.get(manifest_key(path))
        if video is None:
            raise VideoError(path, f"not in the manifest {manifest}", remedy)
        if video.damaged and on_damage == "raise":
            raise VideoError(path, "; ".join(video.errors), "Fetch it again, or leave it out")
        if video.damaged and (on_damage == "drop" or not video.frames):
            continue
        if not unchanged(video):
            cause = "changed" if os.path.exists(path) else "gone"
            raise VideoError(path, f"{cause} since the manifest {manifest} was written", remedy)
        usable.append(os.fspath(path))
    return usable


def unchanged(video):
    """The video as it is now known if its content is the same, else `None`."""
    size, modified = _size_and_time(video.path)
    if size != video.bytes:
        return None
    if modified == video.modified:
        return video
    same = _digest(video.path) == video.sha256
    return dataclasses.replace(video, modified=modified) if same else None


def stamped(video):
    """The video with the size, time and digest that its file has now."""
    size, modified = _size_and_time(video.path)
    return dataclasses.replace(video, bytes=size, modified=modified, sha256=_digest(video.path))


def _files(path):
    return frame_files(path) if os.path.isdir(path) else [path]


def _size_and_time(path):
    try:
        stats = [os.stat(file) for file in _files(path)]
    except OSError:
        return -1, -1
    return sum(s.st_size for s in stats), max((s.st_mtime_ns for s in stats), default=0)


def _digest(path):
    """SHA-256 of a file; of a folder, that of its images' names and digests, a line each."""
    try:
        if os.path.isdir(path):
            lines = (f"{_digest(file)}  {os.path.basename(file)}\n" for file in _files(path))
            return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
        if not os.path.isfile(path):  # a pipe would wait for ever
            return ""
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


@contextlib.contextmanager
def appending(manifest):
    """Gives a function that adds a video's line with one write, after the last whole line."""
    if manifest is None:
        yield lambda video: None
        return
    pathlib.Path(manifest).parent.mkdir(parents=True, exist_ok=True)
    with open(manifest, "ab+", buffering=0) as file:
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)
        yield lambda video: file.write(_line(manifest, video))


def rewrite_manifest(manifest, videos):
    """Writes one line a video, sorted, in place of all; those that are gone are left out.

    Args:
        videos: dict of `CheckedVideo` by `manifest_key`.
    """
    lines = [_line(manifest, v) for _, v in sorted(videos.items()) if os.path.lexists(v.path)]
    part = pathlib.Path(f"{manifest}.part{os.getpid()}")
    part.write_bytes(b"".join(lines))
    os.replace(part, manifest)


def known_videos(manifest):
    """dict of what a manifest holds by `manifest_key`; empty where there is no such file."""
    if not os.path.exists(manifest):
        return {}
    return {manifest_key(video.path): video for video in read_manifest(manifest)}


def _line(manifest, video):
    path = os.path.relpath(video.path, os.path.dirname(os.path.abspath(manifest)))
    row = dataclasses.asdict(video) | {"path": pathlib.Path(path).as_posix()}
    return (json.dumps(row, ensure_ascii=True) + "\n").encode()


def _joined(manifest, path):
    return os.path.normpath(os.path.join(os.path.dirname(manifest), path))


def manifest_key(path):
    """What two names of one video have in common."""
    return os.path.abspath(path)
