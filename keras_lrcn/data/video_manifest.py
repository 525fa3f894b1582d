"""Videos decoded once, fully, before training; a manifest keeps what came of it.

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
from keras_lrcn.data.processes import ProcessDied, in_processes
from keras_lrcn.data.video import open_source
from keras_lrcn.data.video_files import list_videos
from keras_lrcn.data.video_report import CheckedVideo, VideoReport
from keras_lrcn.data.video_source import VideoError

BEGINNING = '{"path": "'  # of every line, also of one that a killed run has not finished
ON_DAMAGE = ("drop", "keep", "raise")


def check_videos(paths, manifest=None, workers=None, time_limit=900.0):
    """Decodes videos from the first frame to the last and says which are damaged.

    Each video is decoded in another process, so that a decoder may crash or hang. What comes of it
    is added to the manifest at once: a run that was interrupted goes on where it stopped, and a
    second run decodes nothing that has not changed (size and time of writing, or else the
    SHA-256 digest). Lines of videos that are gone are left out in the end. A script that calls
    this needs the usual `if __name__ == "__main__":`.

    Args:
        paths: files, folders and patterns; see `list_videos`.
        manifest: optional path of the JSON lines file to write and go on with.
        workers: int, processes; by default one a core.
        time_limit: float, seconds for one video, after which it counts as damaged.

    Returns:
        `VideoReport` about the videos of `paths`.

    Raises:
        FileNotFoundError: there is no such path, or no video in it.
        ValueError: `manifest` is there and is something else.

    Example:
    ```python
    report = check_videos("clips/", "clips/manifest.jsonl")
    print(report.text())
    ```
    """
    videos = list_videos(paths)
    if not videos:
        raise FileNotFoundError(f"No videos in {paths}; see `VIDEO_SUFFIXES`.")
    known = {}
    if manifest is not None and os.path.exists(manifest):
        known = {_key(video.path): video for video in read_manifest(manifest)}
    with _appending(manifest) as append:
        jobs = []
        for path in videos:
            old = known.get(_key(path))
            current = old and _unchanged(old)
            if not current:
                jobs.append(path)
            elif current != old:
                append(current)
            known[_key(path)] = current
        for path, video in _decoded(jobs, workers or os.cpu_count(), time_limit):
            append(video)
            known[_key(path)] = video
    found = [dataclasses.replace(known[_key(path)], path=path) for path in videos]
    if manifest is not None:
        _rewrite(manifest, [video for video in known.values() if os.path.lexists(video.path)])
    return VideoReport(found)


def check_video(path):
    """Decodes one video from the first frame to the last.

    Args:
        path: file or folder.

    Returns:
        `CheckedVideo`; damage is in it, and nothing raises.
    """
    source = open_source(path)
    count = width = height = end = last = 0
    try:
        for count, moment in enumerate(source.counted(), 1):
            if count == 1:
                height, width = moment.pixels().shape[:2]
            last, end = moment.second, moment.second + source.step
        errors = source.damage.texts()
        errors = errors if count else (*errors, "not one frame decodes")
    except VideoError as error:
        errors = (error.cause,)
    except Exception as error:  # whatever it is, it is this file's
        errors = (*source.damage.texts(), f"{type(error).__name__}: {error}")
    fps = round((count - 1) / last, 4) if last else None
    decoded = CheckedVideo(
        path, count, source.expected, fps, round(end, 6), width, height, tuple(errors)
    )
    return _stamped(decoded)


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
    known = {_key(video.path): video for video in read_manifest(manifest)}
    remedy = f"Run `keras-lrcn check --manifest {manifest}` on it again"
    usable = []
    for path in [video.path for video in known.values()] if paths is None else paths:
        video = known.get(_key(path))
        if video is None:
            raise VideoError(path, f"not in the manifest {manifest}", remedy)
        if video.damaged and on_damage == "raise":
            raise VideoError(path, "; ".join(video.errors), "Fetch it again, or leave it out")
        if video.damaged and (on_damage == "drop" or not video.frames):
            continue
        if not _unchanged(video):
            cause = "changed" if os.path.exists(path) else "gone"
            raise VideoError(path, f"{cause} since the manifest {manifest} was written", remedy)
        usable.append(os.fspath(path))
    return usable


def _decoded(paths, workers, time_limit):
    import tqdm

    done = in_processes(check_video, paths, max(1, min(workers, len(paths))), time_limit)
    for path, video in tqdm.tqdm(done, "check", len(paths), unit="video", disable=None):
        if isinstance(video, ProcessDied):
            error = f"its decoder crashed, or took longer than {time_limit:g} seconds"
            video = _stamped(CheckedVideo(path, errors=(error,)))
        yield path, video


def _unchanged(video):
    """The video as it is now known if its content is the same, else `None`."""
    size, modified = _size_and_time(video.path)
    if size != video.bytes:
        return None
    if modified == video.modified:
        return video
    return (
        dataclasses.replace(video, modified=modified)
        if _digest(video.path) == video.sha256
        else None
    )


def _stamped(video):
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
def _appending(manifest):
    """Gives a function that adds a video's line with one write, after the last whole line."""
    if manifest is None:
        yield lambda video: None
        return
    pathlib.Path(manifest).parent.mkdir(parents=True, exist_ok=True)
    with open(manifest, "ab+", buffering=0) as file:
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)
        yield lambda video: file.write(_line(manifest, video))


def _rewrite(manifest, videos):
    part = f"{manifest}.part{os.getpid()}"
    with open(part, "wb") as file:
        for video in sorted(videos, key=lambda video: video.path):
            file.write(_line(manifest, video))
    os.replace(part, manifest)


def _line(manifest, video):
    path = os.path.relpath(video.path, os.path.dirname(os.path.abspath(manifest)))
    row = dataclasses.asdict(video) | {"path": pathlib.Path(path).as_posix()}
    return (json.dumps(row, ensure_ascii=True) + "\n").encode()


def _joined(manifest, path):
    return os.path.normpath(os.path.join(os.path.dirname(manifest), path))


def _key(path):
    return os.path.abspath(path)
