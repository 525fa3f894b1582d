"""Flow of many videos at a time: what is there already, what is to do, what is broken."""

import dataclasses
import os
from collections.abc import Callable

from keras_lrcn.data.flow import FlowStream
from keras_lrcn.data.flow_encoding import FlowEncoding
from keras_lrcn.data.flow_file import FlowFileError, differences
from keras_lrcn.data.flow_methods import METHODS
from keras_lrcn.data.image_store import resize_pixels
from keras_lrcn.data.processes import ProcessDied, in_processes
from keras_lrcn.data.video import iter_video
from keras_lrcn.data.video_source import VideoError


@dataclasses.dataclass(frozen=True)
class FlowRecipe:
    """What decides the flow images of a video; see `cache_flow`."""

    encoding: FlowEncoding
    size: tuple | None = None
    fps: float | None = None
    method: Callable | None = None

    def __post_init__(self):
        if self.method is not None and self.encoding.method in METHODS:
            raise ValueError(
                "A `method` of your own needs a name for the files to carry: "
                '`encoding=FlowEncoding(method="my name")`. '
                f"Received: encoding.method={self.encoding.method!r}."
            )
        FlowStream(self.encoding, self.method)  # raises now if the method cannot be had

    def settings(self):
        """dict of JSON values that the files are marked with, beside those of the encoding."""
        return {"size": None if self.size is None else list(self.size), "fps": self.fps}


def compute_flow(files, recipe, write, read_header, workers=1):
    """Writes the flow of every video that has none yet, with a progress bar.

    Args:
        files: dict from video to the file, or folder, to write.
        recipe: `FlowRecipe`.
        write: function like `write_flow`, of a module.
        read_header: function of a file to what is in its `flow.json`, like `read_flow_header`.
        workers: int, processes.

    Returns:
        dict from video to the `VideoError` or `FlowFileError` that it has in place of a file.

    Raises:
        ValueError: there is flow of a video that was computed in another way.
    """
    errors, jobs = {}, []
    for video, file in files.items():
        try:
            if not _is_done(video, file, recipe, read_header):
                jobs.append((video, file, recipe, write))
        except FlowFileError as error:
            errors[video] = error
    for (video, *_), error in _run(jobs, workers):
        if isinstance(error, ProcessDied):
            error = VideoError(video, f"its process ended ({error})", "Convert the video")
        if error is not None:
            errors[video] = error
    return {video: errors[video] for video in files if video in errors}


def flow_images(video, recipe):
    """Yields tuples of a flow image of a video and the seconds of the frame it belongs to."""
    stream, size, count = FlowStream(recipe.encoding, recipe.method), recipe.size, 0
    for frame, second in iter_video(video, size, recipe.fps, on_error="raise"):
        size = size or frame.shape[:2]  # some videos change theirs on the way
        image = stream.step(resize_pixels(frame, size))
        if image is not None:
            count += 1
            yield image, second
    if not count:
        raise VideoError(video, "a single frame, which has no flow", "Leave it out")


def _is_done(video, file, recipe, read_header):
    if not os.path.lexists(file):
        return False
    header, wanted = read_header(file), recipe.encoding.to_config() | recipe.settings()
    found = header["encoding"] | {name: header.get(name) for name in ("size", "fps")}
    if differing := differences(found, wanted):
        raise ValueError(
            f"{file} is there already, computed otherwise ({differing}). Choose another folder, "
            "or delete it."
        )
    return not os.path.exists(video) or header.get("bytes") == _num_bytes(video)


def _run(jobs, workers):
    import tqdm

    if len(jobs) == 1:  # perhaps a long one: the bar counts its images
        return [(job, _attempt(job, progress=True)) for job in jobs]
    done = in_processes(_attempt, jobs, max(1, min(workers, len(jobs))))
    return tqdm.tqdm(done, "flow", len(jobs), unit="video", disable=None)


def _attempt(job, progress=False):
    """Writes one file. Returns the error if the video is at fault, or `None`."""
    import tqdm

    video, file, recipe, write = job
    pairs = flow_images(video, recipe)
    seconds = []  # of the images, as they are written; the details are written last

    def images():
        for image, second in tqdm.tqdm(
            pairs, "flow", unit="image", disable=None if progress else True
        ):
            seconds.append(second)
            yield image

    details = recipe.settings() | {"bytes": _num_bytes(video), "seconds": seconds}
    try:
        write(file, images(), recipe.encoding, **details)
    except (VideoError, FlowFileError) as error:
        return error
    return None


def _num_bytes(video):
    if os.path.isdir(video):
        return sum(entry.stat().st_size for entry in os.scandir(video))
    return os.path.getsize(video) if os.path.exists(video) else None
