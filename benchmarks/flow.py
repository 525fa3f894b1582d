"""Milliseconds of processor time per pair of frames for each flow method, on one thread.

    python benchmarks/flow.py                # generated frames, 240x320
    python benchmarks/flow.py clip.mp4       # the first frames of a video, resized to that

With OpenCV 5.0 on one core of a server: dis 1.1 ms, brox_fast 25 ms, brox 155 ms.
"""

import argparse
import itertools
import statistics
import time

import cv2
import numpy as np

from keras_lrcn.data import optical_flow, read_video
from keras_lrcn.data.flow_methods import METHODS

SIZE, PAIRS, SHIFT = (240, 320), 10, 3


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("video", nargs="?", help="default: a generated texture that moves")
    frames = frames_of(parser.parse_args().video)
    cv2.setNumThreads(1)
    times = {method: milliseconds(method, frames) for method in METHODS}
    for method, median in times.items():
        print(f"{method:10} {median:7.1f} ms a pair  {median / times['dis']:6.1f} x dis")


def frames_of(video):
    if video:
        return read_video(video, size=SIZE, max_frames=PAIRS + 1).frames
    margin = SHIFT * PAIRS
    noise = np.random.default_rng(0).normal(size=(SIZE[0], SIZE[1] + margin, 3))
    texture = np.clip(128 + 400 * cv2.GaussianBlur(noise, (0, 0), 3), 0, 255).astype("uint8")
    return np.stack([texture[:, k * SHIFT : k * SHIFT + SIZE[1]] for k in range(PAIRS + 1)])


def milliseconds(method, frames):
    """The median over the pairs, after one that does not count."""
    optical_flow(*frames[:2], method)
    times = []
    for pair in itertools.pairwise(frames):
        start = time.process_time()
        optical_flow(*pair, method)
        times.append(1000 * (time.process_time() - start))
    return statistics.median(times)


if __name__ == "__main__":
    main()
