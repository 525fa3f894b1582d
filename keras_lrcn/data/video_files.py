"""Which files and folders are videos."""

import glob
import os

from keras_lrcn.data.frame_folders import frame_files

VIDEO_SUFFIXES = frozenset(
    ".mp4 .m4v .mov .avi .mkv .webm .mpg .mpeg .m2v .ts .mts .m2ts .wmv .asf .flv .f4v .3gp .3g2"
    " .ogv .vob .divx .mxf .y4m .gif".split()
)


def list_videos(paths):
    """Lists the videos that paths, folders and patterns stand for.

    Folders are searched to the bottom for names with a video's suffix (`VIDEO_SUFFIXES`); a
    folder that directly holds images and no videos counts as one video. Hidden files and folders
    are left out. A file that is named outright is taken as it is.

    Args:
        paths: one path or a list of them: files, folders, patterns such as `"clips/**/*.mp4"`.

    Returns:
        Sorted list of str, each video once.

    Raises:
        FileNotFoundError: a path does not exist and a pattern matches nothing.
    """
    if isinstance(paths, (str, os.PathLike)):
        paths = [paths]
    videos = set()
    for path in map(os.fspath, paths):
        matches = [path] if os.path.exists(path) else glob.glob(path, recursive=True)
        if not matches:
            raise FileNotFoundError(f"No file, folder or pattern with a match: {path!r}.")
        for match in matches:
            if os.path.isdir(match):
                videos.update(_videos_below(match))
            elif match == path or _has_video_suffix(match):
                videos.add(os.path.normpath(match))
    return sorted(videos)


def _videos_below(folder):
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        videos = [n for n in names if not n.startswith(".") and _has_video_suffix(n)]
        if not videos and frame_files(parent):
            yield os.path.normpath(parent)
        for name in videos:
            yield os.path.normpath(os.path.join(parent, name))


def _has_video_suffix(name):
    return os.path.splitext(name)[1].lower() in VIDEO_SUFFIXES
