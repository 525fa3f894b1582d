"""A thousand calls of each task: memory stays where it is.

    python -m benchmarks.memory

Tiny models of random weights describe photos, score sentences, classify videos and describe them;
batches, lengths and samplers change from call to call. Printed is by how much resident memory grew
over the last thousand of 1,400 calls. `--rows M1` of `benchmarks.decoding` does the same for all
samplers, `benchmarks.streaming` for streams.
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

import keras_lrcn
from benchmarks.streaming import resident_bytes, tiny_model
from keras_lrcn.preprocessing import WordTokenizer

WORDS = ("<pad>", "<bos>", "<eos>", "<unk>", "a", "dog", "cat", "runs", "sits")
SENTENCES = ("a dog runs", "a cat sits", "a dog", "a cat runs")


def tiny_captioner(task):
    """A captioner of 16x16 photos, or a describer of videos whose features are averaged."""
    image = keras.Input((16, 16, 3))
    encoder = keras.Model(image, keras.layers.Flatten()(keras.layers.Conv2D(4, 5, 4)(image)))
    tokenizer = WordTokenizer(WORDS)
    converter = keras_lrcn.LRCNImageConverter((16, 16), scale=1 / 64)
    if task == "captioner":
        backbone = keras_lrcn.LRCNCaptionerBackbone(9, encoder, embedding_dim=5, units=8)
        preprocessor = keras_lrcn.LRCNCaptionerPreprocessor(tokenizer, converter)
        return keras_lrcn.LRCNCaptioner(backbone, preprocessor)
    encoder = keras_lrcn.MeanPoolEncoder(encoder, units=6)
    backbone = keras_lrcn.LRCNVideoDescriberBackbone(9, encoder, embedding_dim=5, units=8)
    preprocessor = keras_lrcn.LRCNVideoDescriberPreprocessor(tokenizer, converter)
    return keras_lrcn.LRCNVideoDescriber(backbone, preprocessor)


def calls():
    """Dict of functions of a call's number."""
    random = np.random.default_rng(0)
    photos = list(random.integers(0, 256, (16, 16, 16, 3), "uint8"))
    videos = list(random.integers(0, 256, (4, 8, 16, 16, 3), "uint8"))
    captioner, describer = tiny_captioner("captioner"), tiny_captioner("describer")
    activity = tiny_model()
    samplers = ("beam", "greedy", "best_of_n", "sample")

    def score(number):
        some = 1 + number % 4
        return captioner.score(photos[:some], SENTENCES[:some])

    return {
        "generate": lambda i: captioner.generate(
            photos[: 1 + i % 16], samplers[i // 16 % 4], max_length=6
        ),
        "score": score,
        "classify": lambda i: activity.classify(videos[i % 4][: 4 + i % 5]),
        "describe": lambda i: describer.generate(videos[i % 4], samplers[i // 4 % 2], max_length=6),
    }


def measure(call, number=1000, warm_up=400):
    """Returns by how many bytes resident memory grew over as many calls."""
    for i in range(warm_up + number):
        if i == warm_up:
            before = resident_bytes()
        call(i)
    return resident_bytes() - before


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=1000)
    args = parser.parse_args()
    print(f"{keras.backend.backend()} {keras.__version__}")
    for name, call in calls().items():
        grown = measure(call, args.calls)
        total = resident_bytes() / 1e6
        print(f"{name:10} {args.calls} calls: {grown / 1e6:+.2f} MB of {total:.0f}", flush=True)


if __name__ == "__main__":
    main()
