"""Time and memory of converting a Caffe network of full size, and of captioning with it.

    python -m benchmarks.conversion [--folder FOLDER]

Writes an `lrcn2f_vgg_coco` file of the published shapes (704 MB) with random values, converts it in
a process of its own, loads the preset in another and captions an image.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time

import numpy as np

FILTERS, REPEATS = (64, 128, 256, 512, 512), (2, 2, 3, 3, 3)
WORDS, WIDTH = 8801, 1000
CAPTION = """
import sys, numpy as np, keras_lrcn
captioner = keras_lrcn.LRCNCaptioner.from_preset(sys.argv[1])
print(captioner.generate(np.zeros((480, 640, 3), "uint8"), sampler="greedy"))
"""


def published_shapes():
    """Names, types and shapes of `lrcn.vgg.prototxt`, two layers, factored."""
    inputs = 3
    for block, (filters, repeats) in enumerate(zip(FILTERS, REPEATS, strict=True), start=1):
        for i in range(1, repeats + 1):
            yield f"conv{block}_{i}", "Convolution", [(filters, inputs, 3, 3), (filters,)]
            inputs = filters
    for name, outputs, inputs in (("fc6", 4096, 25088), ("fc7", 4096, 4096), ("fc8", 1000, 4096)):
        yield name, "InnerProduct", [(outputs, inputs), (outputs,)]
    gates = 4 * WIDTH
    yield "embedding", "Embed", [(WORDS, WIDTH)]
    yield "lstm1", "LSTM", [(gates, WIDTH), (gates,), (gates, WIDTH)]
    yield "lstm2", "LSTM", [(gates, WIDTH), (gates,), (gates, 1000), (gates, WIDTH)]
    yield "predict", "InnerProduct", [(WORDS, WIDTH), (WORDS,)]


def field(number, content):
    """A field of bytes of a protocol buffer: its head, and the content."""
    return varint(number << 3 | 2) + varint(len(content)), content


def varint(value):
    parts = []
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])


def write_network(path, seed=0):
    """Writes the network, a blob at a time in memory."""
    random = np.random.default_rng(seed)
    with open(path, "wb") as file:
        for name, kind, shapes in published_shapes():
            message = b"".join(field(1, name.encode()) + field(2, kind.encode()))
            for shape in shapes:
                scale = np.float32((2 / max(np.prod(shape[1:]), 1)) ** 0.5)
                values = random.standard_normal(shape, "float32") * scale
                sizes = b"".join(field(1, b"".join(map(varint, shape))))
                message += b"".join(
                    field(7, b"".join(field(5, values.tobytes()) + field(7, sizes)))
                )
            file.writelines(field(100, message))


def run(arguments):
    """Runs a process and returns its seconds and its peak memory in bytes (Linux)."""
    before = time.perf_counter()
    process = subprocess.Popen([sys.executable, *arguments])
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{arguments[:2]} ended with status {status}")
    return time.perf_counter() - before, usage.ru_maxrss * 1024


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", help="for the files; by default a temporary one")
    args = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        network, words = f"{folder}/net.caffemodel", f"{folder}/words.txt"
        write_network(network)
        with open(words, "w", encoding="utf-8") as file:
            file.writelines(f"{word}\n" for word in ["<unk>", *map(str, range(WORDS - 2))])
        print(f"file: {os.path.getsize(network) / 1e6:.0f} MB", flush=True)
        preset = f"{folder}/preset"
        files = ["--caffemodel", network, "--vocabulary", words, "--output", preset]
        for what, command in (
            ("converted", ["-m", "hub.convert", "lrcn2f_vgg_coco", *files]),
            ("loaded, captioned", ["-c", CAPTION, preset]),
        ):
            seconds, peak = run(command)
            print(f"{what}: {seconds:.1f} s, {peak / 1e9:.2f} GB at the most", flush=True)


if __name__ == "__main__":
    main()
