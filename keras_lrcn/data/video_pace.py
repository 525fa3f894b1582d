"""The frames of a video at another rate, chosen by their times."""

import collections

from keras_lrcn.data.video_source import Moment

NOTHING = 1e-6  # seconds: far below a frame, far above rounding


def moments_at(source, fps=None, start=0.0):
    """Yields a source's moments from `start` on, at their own times or at a rate.

    Args:
        source: `VideoSource`.
        fps: optional float. The moments are then those at `start + k / fps`, each with the frame
            that is nearest in time (the earlier of two), `round(rest * fps)` of them where the
            rest of the video is `rest` seconds; at least one.
        start: float, in seconds.
    """
    if fps is None:
        return (moment for moment in source.counted() if moment.second >= start - NOTHING)
    return _resampled(source, fps, start)


def _resampled(source, fps, start):
    """Frames wait until half a period has passed: only then is it sure that `round` counts them."""
    chosen, number, last = collections.deque(), 0, None
    for moment in source.counted():
        while last and start + number / fps <= (last.second + moment.second) / 2 + NOTHING:
            chosen.append(Moment(start + number / fps, last.pixels))
            number += 1
        while chosen and chosen[0].second + 0.5 / fps <= moment.second:
            yield chosen.popleft()
        last = moment
    if last is None or start > last.second + source.step:
        return
    most = max(round((last.second + source.step - start) * fps), 1)
    while number < most:
        chosen.append(Moment(start + number / fps, last.pixels))
        number += 1
    while chosen and number - len(chosen) < most:
        yield chosen.popleft()
