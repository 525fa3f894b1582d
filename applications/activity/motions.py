"""What the LSTM is for: motions that no single frame tells (`keras_lrcn.data.motion_clips`).

    python -m applications.activity.motions
    python -m applications.activity.motions --preset

Trains a small CNN and an LSTM end to end, and the same network without the LSTM, on generated
clips; prints the share of held-out clips that are named right, over seeds. With their frames
shuffled, clips still show along which axis the square moves, but not which way: 50 % is chance
there. A network takes some twenty seconds on two cores, the table some five minutes. `--preset`
instead trains and writes the preset that `keras-lrcn demo` shows.
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
from tqdm import tqdm

import keras_lrcn
from keras_lrcn.data import motion_clips
from keras_lrcn.data.motions import DIRECTIONS, ORDERS, SIDE, SPEEDS
from keras_lrcn.publishing import save_preset, score_table

TASKS = {"directions": DIRECTIONS, "with turns": DIRECTIONS + ORDERS, "speeds": SPEEDS}
MODELS = {"single frame": 0, "LRCN": 1}  # layers of LSTM
CLIPS, EPOCHS, BATCH = 2400, 8, 32  # clips of all classes
PRESET = "lrcn_rgb_small_cnn_motions"
SEEDS = (0, 1, 2)


def build(classes, num_layers=1, middle=32):
    """A small CNN that keeps where things are, then the LSTM: 143,000 parameters.

    Pixels of the level `middle` become 0: the background of frames, or the 128 of no motion.
    """
    image = keras.Input((SIDE, SIDE, 3))
    x = keras.layers.Conv2D(16, 8, strides=4, padding="same", activation="relu")(image)
    x = keras.layers.Dense(96)(keras.layers.Flatten()(x))
    # The LSTM's weights start small: from large features it learns what changes, and in a tenth
    # of the time.
    x = keras.layers.LayerNormalization(gamma_initializer=keras.initializers.Constant(3.0))(x)
    x = keras.layers.Activation("relu")(x)
    backbone = keras_lrcn.LRCNActivityBackbone(
        keras.Model(image, x), units=64, num_layers=num_layers, dropout=0.0, visual_dropout=0.0
    )
    converter = keras_lrcn.LRCNFrameConverter((SIDE, SIDE), scale=1 / 128, offset=-middle / 128)
    preprocessor = keras_lrcn.LRCNActivityPreprocessor(classes, converter)
    return keras_lrcn.LRCNActivity(backbone, preprocessor)


def train(classes, num_layers=1, seed=0, num_clips=CLIPS, epochs=EPOCHS, clips=None, middle=32):
    """Trains on the `(clips, labels)` given, or on some that belong to `seed`.

    Returns the `LRCNActivity`.
    """
    import tensorflow as tf

    keras.utils.set_random_seed(seed)
    activity = build(classes, num_layers, middle)
    clips = clips or motion_clips(classes, num_clips // len(classes), seed=2 * seed)
    num_clips = len(clips[1])
    data = tf.data.Dataset.from_tensor_slices(clips).shuffle(num_clips, seed=seed).batch(BATCH)
    steps = epochs * len(data)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps - steps // 10, alpha=0.02, warmup_target=5e-3, warmup_steps=steps // 10
    )
    activity.compile(keras.optimizers.Adam(rate, global_clipnorm=1.0))
    activity.fit(data, epochs=epochs, shuffle=False, verbose=0)
    return activity


def held_out_accuracy(activity, seed=0, per_class=50, shuffle_frames=False):
    """Share of clips named right that no training has seen."""
    clips, labels = motion_clips(activity.class_names, per_class, seed=2 * seed + 1)
    if shuffle_frames:
        random = np.random.default_rng(seed)
        clips = [clip[random.permutation(len(clip))] for clip in clips]
    named = [result.label for result in activity.classify(list(clips))]
    return float(np.mean(np.array(activity.class_names)[labels] == named))


def table(seeds):
    """Markdown: mean and spread over seeds, in percent."""
    rows = {name: {} for name in (*MODELS, "LRCN, frames shuffled", "chance")}
    for task, classes in TASKS.items():
        found = {name: [] for name in rows}
        found["chance"] = [1 / len(classes)]
        for seed in tqdm(seeds, desc=task, unit="seed", disable=None):
            for name, num_layers in MODELS.items():
                activity = train(classes, num_layers, seed)
                found[name].append(held_out_accuracy(activity, seed))
            shuffled = held_out_accuracy(activity, seed, shuffle_frames=True)
            found["LRCN, frames shuffled"].append(shuffled)
        for name, shares in found.items():
            spread = f" ± {100 * np.std(shares):.1f}" if len(shares) > 1 else ""
            rows[name][task] = f"{100 * np.mean(shares):.1f}{spread}"
    lines = ["| | " + " | ".join(TASKS) + " |", "|---" * (len(TASKS) + 1) + "|"]
    lines += [f"| {name} | " + " | ".join(cells.values()) + " |" for name, cells in rows.items()]
    return "\n".join(lines)


def write_preset(folder, seed=0):
    """Trains the recogniser of directions and writes it with its card."""
    activity = train(DIRECTIONS, seed=seed)
    facts = {
        "description": "Tells in which direction a textured square moves: a small CNN and an LSTM, "
        "for first steps and the demo.",
        "architecture": "one convolution and one dense layer of 96 units on 32x32 pixels; one "
        "LSTM layer of 64; 4 classes; clips of 16 frames",
        "data": f"{CLIPS} generated clips (`keras_lrcn.data.motion_clips`).",
        "licence": "Apache-2.0.",
        "origin": "trained by this project",
        "command": "python -m applications.activity.motions --preset",
        "limits": "it knows one square before noise, and nothing of the world.",
        "scores_note": "Share of 200 held-out generated clips named right, from the preset as it "
        "lies here. Chance is 0.25; with shuffled frames 0.5, for places tell the axis.",
        "paper": "Sec. 4",
    }
    save_preset(activity, folder, facts, {})
    activity = keras_lrcn.LRCNActivity.from_preset(folder)
    scores = {
        "held-out clips": {"accuracy": held_out_accuracy(activity, seed)},
        "frames shuffled": {"accuracy": held_out_accuracy(activity, seed, shuffle_frames=True)},
    }
    save_preset(activity, folder, facts, scores)
    print(score_table(scores))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--preset", action="store_true", help="write the preset instead")
    parser.add_argument("--output", default=f"keras_lrcn/pretrained/{PRESET}")
    args = parser.parse_args()
    if args.preset:
        write_preset(args.output)
    else:
        print(table(args.seeds))


if __name__ == "__main__":
    main()
