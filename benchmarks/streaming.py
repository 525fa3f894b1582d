"""Ten thousand frames through one stream: memory stays where it is, a step costs what it did.

    python -m benchmarks.streaming
    python -m benchmarks.streaming --preset lrcn_rgb_small_cnn_motions --frames 10000

Prints by how much resident memory grew behind the first thousand frames, and what a step of the
last thousand took against one of the first; and, as a machine that others use is not always
equally fast, against one of a stream that has just begun, in turns. Without `--preset` a tiny model
of random weights runs.
"""

import argparse
import os
import resource
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np

import keras_lrcn
from keras_lrcn.presets import preset_task

WARM_UP = 100  # frames, with the compilation


def resident_bytes():
    """Memory that this process holds now; where that is not told, the most that it ever held."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def tiny_model():
    """A recogniser of random weights on 16x16 windows."""
    import keras

    image = keras.Input((16, 16, 3))
    features = keras.layers.Flatten()(keras.layers.Conv2D(6, 5, strides=4)(image))
    backbone = keras_lrcn.LRCNActivityBackbone(keras.Model(image, features), units=8)
    preprocessor = keras_lrcn.LRCNActivityPreprocessor(
        ("walk", "run"), keras_lrcn.LRCNFrameConverter((16, 16), scale=1 / 64), (20, 24)
    )
    return keras_lrcn.LRCNActivity(backbone, preprocessor)


def measure(task, num_frames=10_000, size=(48, 64)):
    """Streams random frames, the last thousand in turns with a stream that has just begun.

    Args:
        task: `LRCNActivity` or `TwoStream`.
        num_frames: int, at least 2,000.
        size: `(height, width)` of the frames.

    Returns:
        `(memory, seconds, fresh)`: int array of resident bytes after every thousand frames; float
        arrays of the processor's seconds for each step, `(num_frames,)`, and `(1000,)` of the
        stream that has just begun.
    """
    random = np.random.default_rng(0)
    frames = random.integers(0, 256, (64, *size, 3), "uint8")
    stream, other = task.stream(), task.stream()

    def step(stream, number):
        start = time.process_time()
        stream.step(frames[number % 64])
        return time.process_time() - start

    for number in range(WARM_UP):
        step(stream, number)
    memory, seconds, fresh = [], [], []
    for number in range(num_frames):
        seconds.append(step(stream, number))
        if number >= num_frames - 1000:
            fresh.append(step(other, number))
        if number % 1000 == 999:
            memory.append(resident_bytes())
    return np.array(memory), np.array(seconds), np.array(fresh)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--preset", help="name or folder (default: a tiny random model)")
    parser.add_argument("--frames", type=int, default=10_000)
    args = parser.parse_args()
    task = tiny_model()
    if args.preset:
        task = getattr(keras_lrcn, preset_task(args.preset)).from_preset(args.preset)
    memory, seconds, fresh = measure(task, args.frames)
    grown = (memory[-1] - memory[0]) / 1e6
    print(f"resident memory, frame 1,000 to {args.frames:,}: {grown:+.2f} MB")
    first, last, fresh = (1e3 * np.median(s) for s in (seconds[:1000], seconds[-1000:], fresh))
    print(f"processor time a step: {first:.2f} ms in the first 1,000, {last:.2f} ms in the last")
    print(f"of a stream just begun, in turns with the last 1,000: {fresh:.2f} ms")
    print(f"the last 1,000 against it: {100 * (last / fresh - 1):+.1f} %")


if __name__ == "__main__":
    main()
