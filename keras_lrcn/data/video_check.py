"""Videos decoded once, fully, before a training finds out the slow way what is wrong."""

import dataclasses
import os

from keras_lrcn.data.processes import ProcessDied, in_processes
from keras_lrcn.data.video import open_source
from keras_lrcn.data.video_files import list_videos
from keras_lrcn.data.video_manifest import (
    appending,
    known_videos,
    manifest_key,
    rewrite_manifest,
    stamped,
    unchanged,
)
from keras_lrcn.data.video_report import CheckedVideo, VideoReport
from keras_lrcn.data.video_source import VideoError


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
    known = {} if manifest is None else known_videos(manifest)
    checked = {}
    with appending(manifest) as add:
        for path in videos:
            old = known.get(manifest_key(path))
            checked[path] = old and unchanged(dataclasses.replace(old, path=path))
            if checked[path] and checked[path].modified != old.modified:
                add(checked[path])
        jobs = [path for path, video in checked.items() if video is None]
        for path, video in _decoded(jobs, workers or os.cpu_count(), time_limit):
            add(video)
            checked[path] = video
    if manifest is not None:
        rewrite_manifest(manifest, known | {manifest_key(p): v for p, v in checked.items()})
    return VideoReport(list(checked.values()))


def check_video(path):
    """Decodes one video from the first frame to the last.

    Args:
        path: file or folder.

    Returns:
        `CheckedVideo`; damage is in it, and nothing raises.
    """
    video = stamped(CheckedVideo(path))  # first: what is written meanwhile counts as a change
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
    return dataclasses.replace(
        video,
        frames=count,
        expected=source.expected,
        fps=round((count - 1) / last, 4) if last else None,
        seconds=round(end, 6),
        width=width,
        height=height,
        errors=tuple(errors),
    )


def _decoded(paths, workers, time_limit):
    import tqdm

    done = in_processes(check_video, paths, max(1, min(workers, len(paths))), time_limit)
    for path, video in tqdm.tqdm(done, "check", len(paths), unit="video", disable=None):
        if isinstance(video, ProcessDied):
            error = f"its decoder crashed, or took longer than {time_limit:g} seconds"
            video = stamped(CheckedVideo(path, errors=(error,)))
        yield path, video
