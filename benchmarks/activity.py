"""What a training step of activity recognition costs: the CNN over time, frozen, and cached.

    KERAS_BACKEND=torch taskset -c 1 python -m benchmarks.activity

A1: the frames of all clips as one batch, against `keras.layers.TimeDistributed` around the CNN
(MobileNet, a quarter as wide, 64 x 64), all of it learning. A2: the features of a frozen CNN kept
(CaffeNet up to fc6, 227 x 227), against the CNN in the graph; an epoch takes as many of either.
Then a step of the authors' batch of 24 clips on kept features. Clips have 16 frames, the LSTM 256
units, weights are random. What is compared shares its weights and takes turns, in one process;
times are the processor's, medians; set threads to one (OMP_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1).
"""

import argparse
import os
import statistics
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
from keras import layers

import keras_lrcn

FRAMES, CLASSES = 16, 101


def make_activity(encoder):
    """LRCN as published, on any CNN."""
    backbone = keras_lrcn.LRCNActivityBackbone(encoder)
    activity = keras_lrcn.LRCNActivity(backbone, num_classes=CLASSES)
    activity.compile()
    return activity


def mobilenet(size=64):
    """A small CNN whose cost is in many small products."""
    return keras.applications.MobileNet(
        (size, size, 3), alpha=0.25, include_top=False, weights=None, pooling="avg"
    )


def caffenet():
    """The authors' CNN up to fc6."""
    backbone = keras_lrcn.CaffeNetBackbone("hybrid")
    return keras_lrcn.ImageEncoder(backbone, "flatten", units=(4096,), activation="relu")


def time_distributed(activity):
    """The same network with Keras' own layer around the CNN; shares every weight."""
    frames = keras.Input((FRAMES, *activity.backbone.visual_encoder.input.shape[1:]))
    features = layers.TimeDistributed(activity.backbone.visual_encoder)(frames)
    logits = activity.predict_classes(activity.backbone.recur(features))
    return _compiled(keras.Model(frames, logits))


def plain_stack(activity):
    """On features: the Keras layers that one writes first."""
    features = keras.Input((FRAMES, activity.backbone.visual_dim))
    x = layers.LSTM(256, return_sequences=True)(layers.Dropout(0.9)(features))
    return _compiled(keras.Model(features, layers.Dense(CLASSES)(layers.Dropout(0.5)(x))))


def _compiled(model):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-3), loss, jit_compile=keras.backend.backend() == "jax")
    return model


def make_clips(number, *shape):
    """Random clips, and a label for each frame."""
    random = np.random.default_rng(0)
    frames = random.normal(size=(number, FRAMES, *shape)).astype("float32")
    return frames, random.integers(0, CLASSES, (number, FRAMES))


def fold_ways(clips, size=64):
    """Of A1, from the same weights: their outputs are compared first."""
    activity = make_activity(mobilenet(size))
    other, (frames, labels) = time_distributed(activity), make_clips(clips, size, size, 3)
    ours, theirs = (np.asarray(m.predict_on_batch(frames)) for m in (activity, other))
    np.testing.assert_allclose(ours, theirs, atol=1e-4)
    return {
        "frames as one batch": lambda: train(activity, frames, labels),
        "TimeDistributed": lambda: train(other, frames, labels),
    }


def cache_ways(clips, encoder):
    """Of A2."""
    encoder.trainable = False
    activity = make_activity(encoder)
    on_features = _compiled(activity.on_features(projected=True))
    frames, labels = make_clips(clips, *encoder.input.shape[1:])
    features = np.asarray(encoder.predict(frames.reshape(-1, *frames.shape[2:]), verbose=0))
    features = features.reshape(clips, FRAMES, -1)
    return {
        "CNN in the graph": lambda: train(activity, frames, labels),
        "features kept": lambda: train(on_features, features, labels),
    }


def head_ways(clips, width=4096):
    """Of a step on kept features."""
    activity = keras_lrcn.LRCNActivity(
        keras_lrcn.LRCNActivityBackbone(visual_dim=width), num_classes=CLASSES
    )
    activity.compile()
    other, (features, labels) = plain_stack(activity), make_clips(clips, width)
    return {
        "keras_lrcn": lambda: train(activity, features, labels),
        "Keras layers": lambda: train(other, features, labels),
    }


def train(model, frames, labels):
    loss = model.train_on_batch(frames, labels)
    return float(loss[0] if isinstance(loss, list) else loss)


def measure(ways, rounds=7):
    """Seconds of the processor, medians; ways take turns, after one round that compiles."""
    seconds = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            start = time.process_time()
            assert np.isfinite(way())
            if number:
                seconds[name].append(time.process_time() - start)
    found = {name: statistics.median(times) for name, times in seconds.items()}
    for name, median in found.items():
        print(f"    {name:20} {1e3 * median:9.1f} ms a step")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clips", type=int, default=2, help="in A1 and A2, default: %(default)s")
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    backend = keras.backend.backend()
    print(f"{backend} {keras.__version__}, cores {sorted(os.sched_getaffinity(0))}")
    found = measure(fold_ways(args.clips), args.rounds)
    ratio = found["TimeDistributed"] / found["frames as one batch"]
    print(f"A1 {ratio:.2f} x faster (bar {3.5 if backend == 'torch' else 0.95})")
    found = measure(cache_ways(args.clips, caffenet()), args.rounds)
    print(f"A2 {found['CNN in the graph'] / found['features kept']:.1f} x faster (bar 8)")
    found = measure(head_ways(24), args.rounds)
    ratio = found["Keras layers"] / found["keras_lrcn"]
    print(f"24 clips on kept features: {ratio:.2f} x faster than Keras layers")


if __name__ == "__main__":
    main()
