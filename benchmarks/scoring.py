"""What it costs to score every caption for every image, against one call of `score` a pair.

    python -m benchmarks.scoring                     # the paper's widths, random weights
    python -m benchmarks.scoring --captions FILE     # sentences of your own, one a line

Times are the processor's; run it on one thread (OMP_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1). The
last line has beside it how fast NumPy multiplies large matrices on this machine. On one core of an
AMD EPYC (2026-11-25): 259 pairs a second against 597, 2.3 times as many.
"""

import argparse
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np

import keras_lrcn
from keras_lrcn.preprocessing import WordTokenizer, build_vocabulary, prefix_levels
from keras_lrcn.retrieval import score_matrix

WIDTH, WORDS, IMAGES = 1000, 10_000, 8


def make_captioner(captions, width=WIDTH, num_words=WORDS):
    """LRCN-2f of random weights, with as many words as asked for."""
    words = build_vocabulary(captions, min_count=1)
    words += [f"word{i}" for i in range(num_words - len(words))]
    tokenizer = WordTokenizer(words)
    backbone = keras_lrcn.LRCNCaptionerBackbone(
        len(words), visual_dim=width, embedding_dim=width, units=width
    )
    preprocessor = keras_lrcn.LRCNCaptionerPreprocessor(tokenizer)
    return keras_lrcn.LRCNCaptioner(backbone, preprocessor)


def make_captions(number=100, seed=0):
    """Sentences whose words are as unevenly frequent as those of a language."""
    rng = np.random.default_rng(seed)
    words = [f"w{i}" for i in range(400)]
    frequency = 1 / np.arange(1, 401) ** 1.2
    draw = rng.choice(words, (number, 12), p=frequency / frequency.sum())
    return [" ".join(row[: rng.integers(8, 13)]) for row in draw]


def measure(captioner, captions, visual):
    """Seconds of the processor to score all pairs in both ways, and the largest difference.

    Returns:
        Dict of seconds (`pairs`, `shared beginnings`), and a float in nats.
    """
    images = [image for image in visual for _ in captions]
    ways = {
        "pairs": lambda: captioner.score(images, list(captions) * len(visual)),
        "shared beginnings": lambda: score_matrix(
            captioner, {"features": visual}, captions, score_end=True
        ),
    }
    seconds, results = {}, []
    for name, way in ways.items():
        way()  # compiles
        start = time.process_time()
        results.append(np.reshape(way(), (len(visual), len(captions))))
        seconds[name] = time.process_time() - start
    return seconds, max(np.abs(result - results[0]).max() for result in results)


def gigaflops(captioner, captions, visual):
    """Billions of operations of the shared way: upper state and vocabulary for each node, image."""
    tokenizer, units = captioner.preprocessor.tokenizer, captioner.backbone.units
    rows = [[*tokenizer(caption), tokenizer.end_token_id] for caption in captions]
    nodes = sum(len(np.unique(level.edge_nodes)) for level in prefix_levels(rows))
    return 2e-9 * nodes * len(visual) * units * (4 * units + captioner.backbone.vocabulary_size)


def multiplication_rate(size=2048):
    """GFLOP/s of one large product of matrices in NumPy."""
    a = np.random.default_rng(0).normal(size=(size, size)).astype("float32")
    a @ a
    start = time.process_time()
    for _ in range(5):
        a @ a
    return 5 * 2e-9 * size**3 / (time.process_time() - start)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--captions", metavar="FILE", help="default: made ones")
    parser.add_argument("--images", type=int, default=IMAGES)
    args = parser.parse_args()
    captions = make_captions()
    if args.captions:
        with open(args.captions, encoding="utf-8") as file:
            captions = [line.strip() for line in file if line.strip()]
    captioner = make_captioner(captions)
    visual = np.random.default_rng(0).normal(size=(args.images, WIDTH)).astype("float32")
    seconds, difference = measure(captioner, captions, visual)
    for name, value in seconds.items():
        rate = len(captions) * args.images / value
        print(f"{name:18} {rate:8.0f} pairs a second  {seconds['pairs'] / value:5.2f} x")
    print(f"largest difference {difference:.1e} nats")
    rate = gigaflops(captioner, captions, visual) / seconds["shared beginnings"]
    print(f"{rate:.0f} GFLOP/s of {multiplication_rate():.0f}")


if __name__ == "__main__":
    main()
