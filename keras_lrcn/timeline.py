"""What a video was taken for from second to second, for people and players: csv, json, srt, png."""

import csv
import io
import json
import os
import warnings
from typing import NamedTuple

import numpy as np

FORMATS = ("csv", "json", "srt", "png")
DEFAULT_STEP = 0.04  # seconds that the only frame of a video is shown


class TimelineRun(NamedTuple):
    """A stretch of a video with one label.

    Args:
        start, end: float, seconds: when its first frame is shown, and when the frame behind its
            last one is.
        label: str, the class.
        probability: float, the mean of the class's probability over the frames.
    """

    start: float
    end: float
    label: str
    probability: float


def timeline_runs(result, smooth=9, min_seconds=0.5):
    """Merges the frames of a timeline to stretches of one label.

    Args:
        result: `keras_lrcn.Classification`.
        smooth: int, how many frames around each are averaged before the likeliest class is taken.
            Defaults to `9`; `1` leaves them as they are.
        min_seconds: float, shorter runs become part of the neighbour whose class is likelier
            there. Defaults to `0.5`.

    Returns:
        List of `TimelineRun` in order. Frames that no clip holds are in none.

    Raises:
        ValueError: for a window below 1 frame or a negative duration.

    Example:
    ```python
    for run in keras_lrcn.timeline_runs(activity.classify("video.mp4")):
        print(f"{run.start:6.2f} - {run.end:6.2f} s  {run.label}")
    ```
    """
    if smooth < 1 or min_seconds < 0:
        raise ValueError(
            "`smooth` must be at least 1 frame, `min_seconds` at least 0. Received: "
            f"smooth={smooth}, min_seconds={min_seconds}."
        )
    starts, ends = frame_times(result.seconds)
    seen = np.flatnonzero(~np.isnan(result.timeline[:, 0]))
    runs = []
    for places in np.split(seen, np.flatnonzero(np.diff(seen) > 1) + 1):
        timeline = result.timeline[places]
        for first, last, label in _merged(
            timeline, starts[places], ends[places], smooth, min_seconds
        ):
            probability = float(timeline[first : last + 1, label].mean())
            start, end = float(starts[places[first]]), float(ends[places[last]])
            runs.append(TimelineRun(start, end, result.class_names[label], probability))
    return runs


def write_timeline(result, path, format=None, smooth=9, min_seconds=0.5, video="", thumbnails=()):
    """Writes the timeline of a video to a file, whole or not at all.

    - csv: a row a frame, `second` and the probability of each class;
    - json: label, probability, runs, and all that csv has, as one object;
    - srt: subtitles, a run each: label and mean probability;
    - png: the likeliest classes over the seconds, above the labels of the runs.

    Args:
        result: `keras_lrcn.Classification`.
        path: the file.
        format: `"csv"`, `"json"`, `"srt"` or `"png"`. Defaults to the suffix of `path`.
        smooth, min_seconds: for runs, see `timeline_runs`.
        video: str, the video's name, for json and png.
        thumbnails: for png, tuples of a second and a frame, uint8 `(height, width, 3)`, to show
            above the plot.

    Raises:
        ValueError: for another format.

    Example:
    ```python
    result = activity.classify("video.mp4")
    keras_lrcn.write_timeline(result, "video.srt")
    ```
    """
    path = os.fspath(path)
    format = format or os.path.splitext(path)[1].lower()[1:]
    if format not in FORMATS:
        raise ValueError(f"`format` must be one of {FORMATS}. Received: {format!r} for {path!r}.")
    runs = timeline_runs(result, smooth, min_seconds)
    part = f"{path}.part{os.getpid()}"
    if format == "png":
        from keras_lrcn.timeline_picture import draw_timeline

        draw_timeline(result, runs, thumbnails, video).save(part, "PNG")
    else:
        text = {"csv": _csv, "json": _json, "srt": _srt}[format](result, runs, video)
        with open(part, "w", encoding="utf-8", newline="") as file:
            file.write(text)
    os.replace(part, path)


def film_strip(source, end, count=24):
    """Reads a few frames of a video, evenly in time, as `thumbnails` of a picture.

    Args:
        source: path of a file or folder of frames, or a uint8 array; see `read_video`.
        end: float, the second of the last frame.
        count: int, how many at most. Defaults to `24`.

    Returns:
        List of tuples of a second and a frame, uint8 `(height, width, 3)`.
    """
    from keras_lrcn.data import iter_video

    frames, due = [], 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of damage, which was told when it was classified
        for frame, second in iter_video(source):
            if second >= due:
                frames.append((second, frame))
                due += end / count
    return frames


def frame_times(seconds):
    """When each frame is first shown, and when the one behind it is.

    Args:
        seconds: float array `(time,)`.

    Returns:
        `(starts, ends)`, float64 arrays `(time,)`. The last frame stays as long as most do.
    """
    seconds = np.asarray(seconds, "float64")
    steps = np.diff(seconds)
    step = float(np.median(steps)) if len(steps) else DEFAULT_STEP
    return seconds, np.append(seconds[1:], seconds[-1] + step)


def _merged(timeline, starts, ends, smooth, min_seconds):
    """Yields `[first, last, class]` of each run of frames that follow one another."""
    labels = _smoothed(timeline, smooth).argmax(axis=1)
    bounds = [0, *(np.flatnonzero(np.diff(labels)) + 1), len(labels)]
    runs = [[a, b - 1, labels[a]] for a, b in zip(bounds, bounds[1:], strict=False)]

    def seconds(run):
        return ends[run[1]] - starts[run[0]]

    while len(runs) > 1 and seconds(shortest := min(runs, key=seconds)) < min_seconds:
        at = runs.index(shortest)
        means = timeline[shortest[0] : shortest[1] + 1].mean(axis=0)
        neighbours = [runs[i] for i in (at - 1, at + 1) if 0 <= i < len(runs)]
        shortest[2] = max(neighbours, key=lambda run: means[run[2]])[2]
        runs = _joined(runs)
    return runs


def _smoothed(timeline, window):
    """The mean over `window` frames around each; at both ends over those that are there."""
    sums = np.concatenate([np.zeros((1, timeline.shape[1])), np.cumsum(timeline, 0, "float64")])
    places = np.arange(len(timeline))
    first = np.maximum(places - window // 2, 0)
    last = np.minimum(places + (window + 1) // 2, len(timeline))
    return (sums[last] - sums[first]) / (last - first)[:, None]


def _joined(runs):
    joined = runs[:1]
    for run in runs[1:]:
        if run[2] == joined[-1][2]:
            joined[-1][1] = run[1]
        else:
            joined.append(run)
    return joined


def _csv(result, runs, video):
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["second", *result.class_names])
    for second, row in zip(result.seconds, result.timeline, strict=True):
        cells = ["" if np.isnan(value) else f"{value:.4f}" for value in row]
        writer.writerow([f"{second:.4f}", *cells])
    return text.getvalue()


def _json(result, runs, video):
    rows = [[None if np.isnan(v) else round(float(v), 4) for v in row] for row in result.timeline]
    facts = {
        "video": video,
        "label": result.label,
        "probability": round(result.probability, 4),
        "start": round(result.start, 4),
        "end": round(result.end, 4),
        "class_names": list(result.class_names),
        "runs": [_rounded(run) for run in runs],
        "seconds": [round(float(second), 4) for second in result.seconds],
        "probabilities": rows,
    }
    return json.dumps(facts, ensure_ascii=False) + "\n"


def _rounded(run):
    return {k: v if isinstance(v, str) else round(v, 4) for k, v in run._asdict().items()}


def _srt(result, runs, video):
    cues = [
        f"{number}\n{_clock(run.start)} --> {_clock(run.end)}\n{run.label} {run.probability:.2f}\n"
        for number, run in enumerate(runs, 1)
    ]
    return "\n".join(cues)


def _clock(seconds):
    """`hours:minutes:seconds,thousandths`"""
    thousandths = round(seconds * 1000)
    minutes, rest = divmod(thousandths, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d},{rest % 1000:03d}"
