"""What a caption costs by Keras, and by ONNX Runtime with 32- and with 8-bit weights.

    flock FILE taskset -c 1 python -m benchmarks.serving [--photos FOLDER]

One image at a time, on one thread; the three take turns in one process. `shipped` goes from the
pixels to the sentence, `full size` from the CNN's features (1,000 units, 10,000 words, random
weights, 12 words without an end). With `--photos` the share of captions that are the same is
that of these photos.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

os.environ |= {"OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

PRESET = "lrcn2f_efficientnet_lite0_flickr8k"
WIDTH, NUM_WORDS, LENGTH, ROUNDS = 1000, 10_000, 12, 9
TIMED = 5  # of the images
END = 2
ENGINES = {"Keras": "keras", "ONNX": None, "ONNX int8": "int8"}


def full_size(width=WIDTH, num_words=NUM_WORDS):
    """LRCN-2f of the paper's widths over features, its weights random."""
    import keras

    import keras_lrcn
    from keras_lrcn.preprocessing import WordTokenizer

    keras.utils.set_random_seed(0)
    words = ["<pad>", "<bos>", "<eos>", "<unk>", *(f"w{i}" for i in range(num_words - 4))]
    backbone = keras_lrcn.LRCNCaptionerBackbone(
        num_words, visual_dim=width, embedding_dim=width, units=width
    )
    preprocessor = keras_lrcn.LRCNCaptionerPreprocessor(
        WordTokenizer(words), sequence_length=LENGTH
    )
    captioner = keras_lrcn.LRCNCaptioner(backbone, preprocessor)
    kernel = captioner.predict_words.kernel
    kernel.assign(kernel * 5)  # as unevenly probable as words are, not all alike
    return captioner


def engines_of(captioner, folder):
    """The captioner by each engine: dict of `generate` functions, and of bytes on disk."""
    from keras_lrcn import serving

    generates, sizes = {"Keras": captioner.generate}, {}
    captioner.save_to_preset(str(folder / "Keras"))
    for name, quantize in list(ENGINES.items())[1:]:
        captioner.export(folder / name, format="onnx", quantize=quantize)
        generates[name] = serving.load(folder / name, num_threads=1).generate
    for name in ENGINES:
        files = [path for path in (folder / name).rglob("*") if path.is_file()]
        sizes[name] = sum(path.stat().st_size for path in files)
    return generates, sizes


def take_turns(calls, rounds=ROUNDS):
    """Median seconds of each call, of the processor and of the clock, in turns.

    Args:
        calls: dict of functions without arguments.

    Returns:
        Dict from name to `(cpu, wall)`.
    """
    for call in calls.values():
        for _ in range(3):
            call()  # compiles
    seconds = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            cpu, wall = time.process_time(), time.perf_counter()
            call()
            seconds[name].append((time.process_time() - cpu, time.perf_counter() - wall))
    return {
        name: tuple(map(statistics.median, zip(*s, strict=True))) for name, s in seconds.items()
    }


def compare(title, generates, inputs, samplers):
    """Prints rows for each sampler, after a check that float captions are Keras' own."""
    for label, sampler in samplers.items():
        _compare(f"{title}, {label}", generates, inputs, sampler)


def _compare(title, generates, inputs, sampler):
    def calls(inputs):
        return {
            name: lambda generate=generate: [generate(x, sampler=sampler) for x in inputs]
            for name, generate in generates.items()
        }

    says = {name: np.array(call()) for name, call in calls(inputs).items()}
    same = {name: np.mean(said == says["Keras"]) for name, said in says.items()}
    if same["ONNX"] < 1:
        raise SystemExit(f"{title}: float captions differ, {same}")
    seconds = take_turns(calls(inputs[:TIMED]))
    for name, (cpu, wall) in seconds.items():
        times = f"{1e3 * cpu / TIMED:.1f} | {1e3 * wall / TIMED:.1f}"
        gains = [first / own for first, own in zip(seconds["Keras"], (cpu, wall), strict=True)]
        row = f"{times} | {gains[0]:.2f} | {gains[1]:.2f} | {100 * same[name]:.1f} %"
        print(f"| {title} | {name} | {row} |", flush=True)


START = {
    "Keras": "import keras_lrcn as k; k.LRCNCaptioner.from_preset({0!r}).generate({1!r})",
    "ONNX": "import keras_lrcn.serving as s; s.load({0!r}).generate({1!r})",
}


def start_up(folder, photo, rounds=5):
    """Median wall seconds of a process that loads an engine and captions one photo."""
    for name in ENGINES:
        code = START[name.split()[0]].format(str(folder / name), photo)
        seconds = []
        for _ in range(rounds):
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
            seconds.append(time.perf_counter() - start)
        print(f"{name}: {statistics.median(seconds):.2f} s from start to the first caption")


def print_sizes(title, sizes):
    for name, size in sizes.items():
        print(f"{title}, {name}: {size / 1e6:.1f} MB, 1 / {sizes['ONNX'] / size:.2f} of ONNX")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--photos", help="folder; default: scikit-image's and scikit-learn's")
    parser.add_argument("--limit", type=int, default=100)
    args = parser.parse_args()
    import keras_lrcn
    from keras_lrcn.data import list_images, read_image
    from keras_lrcn.samplers import BeamSearch

    if args.photos:
        photos = [read_image(path) for path in list_images(args.photos)[: args.limit]]
    else:
        from skimage import data
        from sklearn.datasets import load_sample_images

        photos = [data.chelsea(), data.coffee(), data.rocket(), data.astronaut()]
        photos += load_sample_images().images
    print("| | engine | CPU (ms) | wall (ms) | x CPU | x wall | same |\n" + "|---" * 7 + "|")
    with tempfile.TemporaryDirectory() as folder:
        shipped, full = pathlib.Path(folder) / "shipped", pathlib.Path(folder) / "full"
        generates, sizes = engines_of(keras_lrcn.LRCNCaptioner.from_preset(PRESET), shipped)
        samplers = {"greedy": BeamSearch(1), "beam 5": BeamSearch(5)}
        compare("shipped", generates, photos, samplers)
        random = np.random.default_rng(0).normal(size=(20, 1, WIDTH)).astype("float32")
        features = [{"features": row} for row in random]
        generates, full_sizes = engines_of(full_size(), full)
        samplers = {
            name: BeamSearch(beams, forbidden_words=(END,))
            for name, beams in (("greedy", 1), ("beam 5", 5))
        }
        compare("full size", generates, features, samplers)
        print_sizes("shipped", sizes)
        print_sizes("full size", full_sizes)
        photo = pathlib.Path(folder) / "photo.png"
        from PIL import Image

        Image.fromarray(photos[0]).save(photo)
        start_up(shipped, str(photo))


if __name__ == "__main__":
    main()
