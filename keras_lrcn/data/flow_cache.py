"""The flow of many videos, computed once and kept on disk."""

import os

from keras_lrcn.data.flow_encoding import FlowEncoding
from keras_lrcn.data.flow_file import read_flow_header, write_flow
from keras_lrcn.data.flow_jobs import FlowRecipe, compute_flow
from keras_lrcn.data.image_store import ErrorReport


def cache_flow(
    paths, folder, encoding=None, workers=1, size=None, fps=None, method=None, on_error="skip"
):
    """Computes the flow images of videos, or goes on where an earlier run was stopped.

    Each video has a file of its own (see `write_flow`), which is there whole or not at all. A
    video whose file in `folder` is there already, and whose size in bytes has not changed, costs
    nothing. With several workers, scripts need the usual `if __name__ == "__main__":`.

    Args:
        paths: list of videos, see `read_video`; or a dict from each to its name in the cache,
            without suffix, such as `"Punch/v_Punch_g01_c01"`. By default that is the name of the
            file.
        folder: path of the cache.
        encoding: `FlowEncoding`; by default the authors'.
        workers: int, processes, each on a video of its own.
        size: optional `(height, width)` in pixels that frames are resized to first. Motion is in
            pixels of this size.
        fps: optional frames a second to take. Motion is between two of them.
        method: a function in place of a method of `optical_flow`; `encoding.method` is then its
            name. With several workers it must be a function of a module.
        on_error: what happens to videos that are broken, once the others are done: `"skip"`
            warns of each; `"raise"`; or a function that gets the error of each.

    Returns:
        dict from video to its file, of those that have one.

    Raises:
        ValueError: two videos have one name, or `folder` has flow of one of them that was computed
            in another way.

    Example:
    ```python
    files = cache_flow(list_videos("ucf101"), "flow", workers=os.cpu_count())
    images, encoding = read_flow(files["ucf101/v_YoYo_g01_c01.avi"], start=8, num_images=16)
    ```
    """
    report = ErrorReport(on_error)
    names = paths if isinstance(paths, dict) else {os.fspath(p): video_name(p) for p in paths}
    files = flow_files(names, folder, ".flow.zip")
    recipe = FlowRecipe(encoding or FlowEncoding(), size, fps, method)
    errors = compute_flow(files, recipe, write_flow, read_flow_header, workers)
    for error in errors.values():
        report(error)
    return {path: file for path, file in files.items() if path not in errors}


def video_name(path):
    """The name of a video's file without its suffix; of a folder of frames, its name."""
    name = os.path.basename(os.path.normpath(path))
    return name if os.path.isdir(path) else os.path.splitext(name)[0]


def flow_files(names, folder, suffix):
    """Where the flow of each video goes.

    Args:
        names: dict from video to its name below `folder`.
        folder: path.
        suffix: str, behind each name.

    Returns:
        dict from video to path.

    Raises:
        ValueError: two videos have one name.
    """
    owners = {}
    for video, name in names.items():
        if owners.setdefault(name, video) != video:
            raise ValueError(
                f"{owners[name]} and {video} would share the name {name}. Rename one, or hand in "
                "a dict from each video to a name of its own."
            )
    return {video: os.path.join(folder, name + suffix) for video, name in names.items()}
