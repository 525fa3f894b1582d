"""What it costs to score every caption for every image, against scoring the pairs one by one.

    taskset -c 1 python -m benchmarks.scoring                   # the paper's widths, random weights
    taskset -c 1 python -m benchmarks.scoring --captions FILE   # sentences of your own, one a line

Scoring pair by pair is the plain forward pass of batches of 64 pairs, padded to their longest, with
a log-softmax over the vocabulary. It is measured on some of the pairs, in turns with the blocks
that `score_matrix` works through; medians. Times are the processor's; run it on one thread
(OMP_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1).
"""

import argparse
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
from keras import ops

import keras_lrcn
from keras_lrcn.preprocessing import WordTokenizer, build_vocabulary, prefix_levels
from keras_lrcn.retrieval import score_matrix

WIDTH, WORDS, IMAGES = 1000, 10_000, 16
PAIRS = 64  # scored in one forward pass


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


def pair_scorer(captioner):
    """Scores pairs as one does at first. Returns a function of features and rows of ids."""
    tokenizer, inputs = captioner.preprocessor.tokenizer, captioner.on_features().input
    targets = keras.Input((None,), dtype="int32", name="targets")
    log_p = ops.log_softmax(captioner.on_features()(inputs), axis=-1)
    log_p = ops.squeeze(ops.take_along_axis(log_p, targets[..., None], axis=-1), -1)
    scores = ops.sum(log_p * ops.cast(inputs["padding_mask"], "float32"), axis=-1)
    model = keras.Model({**inputs, "targets": targets}, scores)

    def score(visual, rows):
        found = []
        for start in range(0, len(rows), PAIRS):
            batch = rows[start : start + PAIRS]
            ids = np.full((len(batch), max(map(len, batch)) + 1), tokenizer.pad_token_id, "int32")
            mask = np.zeros(ids[:, 1:].shape, "int32")
            for target, real, row in zip(ids, mask, batch, strict=True):
                target[: len(row) + 1] = [tokenizer.start_token_id, *row]
                real[: len(row)] = 1
            inputs = {"visual": visual[start : start + PAIRS], "token_ids": ids[:, :-1]}
            inputs |= {"padding_mask": mask, "targets": ids[:, 1:]}
            found.append(np.asarray(model.predict_on_batch(inputs)))
        return np.concatenate(found)

    return score


def measure(captioner, captions, visual, pairs=256, captions_at_once=512):
    """Scores all pairs; after each block, `pairs` of them one by one.

    Returns:
        `(rates, difference)`: dict of pairs a processor's second (`pairs`, `shared beginnings`),
        each the median over blocks; the largest difference of a score in nats.
    """
    tokenizer, rng = captioner.preprocessor.tokenizer, np.random.default_rng(0)
    rows = [[*tokenizer(caption), tokenizer.end_token_id] for caption in captions]
    score_pairs, seconds, checked = pair_scorer(captioner), [], []

    def in_turns(blocks):
        sizes = []
        for pool, group in blocks:
            start = time.process_time()
            yield pool, group
            taken = time.process_time() - start
            sizes.append(len(visual[pool]) * len(group))
            images, chosen = rng.integers(len(visual), size=pairs), rng.choice(len(rows), pairs)
            start = time.process_time()
            scores = score_pairs(visual[images], [rows[c] for c in chosen])
            seconds.append((sizes[-1] / taken, pairs / (time.process_time() - start)))
            checked.append((images, chosen, scores))

    first = rows[:PAIRS]
    score_pairs(visual[np.zeros(len(first), int)], first)  # what is slow once only
    score_matrix(captioner, {"features": visual[:1]}, captions[:2], score_end=True)
    matrix = score_matrix(
        captioner,
        {"features": visual},
        captions,
        score_end=True,
        captions_at_once=captions_at_once,
        progress=in_turns,
    )
    shared, alone = np.median(seconds, axis=0)
    worst = max(np.abs(matrix[i, c] - s).max() for i, c, s in checked)
    return {"pairs": alone, "shared beginnings": shared}, worst


def count_rows(captioner, captions, captions_at_once=512):
    """Rows that are computed for each image, and words (with ends) that are scored."""
    tokenizer = captioner.preprocessor.tokenizer
    rows = sorted([*tokenizer(caption), tokenizer.end_token_id] for caption in captions)
    blocks = [rows[i : i + captions_at_once] for i in range(0, len(rows), captions_at_once)]
    levels = [level for block in blocks for level in prefix_levels(block)]
    return sum(max(1, len(level.words)) for level in levels), sum(map(len, rows))


def gigaflops(captioner, rows, images):
    """Billions of operations: the upper layer's state and the vocabulary, for each row, image."""
    units = captioner.backbone.units
    return 2e-9 * rows * images * units * (4 * units + captioner.backbone.vocabulary_size)


def multiplication_rate(rows=4096, width=WIDTH, words=WORDS):
    """GFLOP/s of the product of hidden states with the vocabulary, in this library."""
    a = ops.ones((rows, width), "float32")
    b = ops.ones((width, words), "float32")
    np.asarray(ops.matmul(a, b)[0, 0])
    start = time.process_time()
    for _ in range(3):
        np.asarray(ops.matmul(a, b)[0, 0])
    return 3 * 2e-9 * rows * width * words / (time.process_time() - start)


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
    rates, difference = measure(captioner, captions, visual)
    for name, rate in rates.items():
        print(f"{name:18} {rate:8.1f} pairs a second  {rate / rates['pairs']:5.2f} x")
    print(f"largest difference {difference:.1e} nats")
    rows, words = count_rows(captioner, captions)
    print(f"{rows} rows an image for {words} words: {rows / words:.3f}")
    rate = gigaflops(captioner, rows, 1) * rates["shared beginnings"] / len(captions)
    limit = multiplication_rate()
    print(f"{rate:.0f} GFLOP/s of {limit:.0f}: {rate / limit:.0%}")


if __name__ == "__main__":
    main()
