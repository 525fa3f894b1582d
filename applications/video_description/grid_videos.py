"""GRID's mouth videos as arrays, and the varied batches that a describer learns from."""

import os
import pathlib

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from keras_lrcn.data import read_grid, read_grid_alignment, read_video

SPLIT_SEED, HELD_OUT = 2006, 100  # videos that nothing learns from
FRAMES = 60  # of a training example; the sentence itself takes up to 55
SHIFT = 6  # pixels that the window moves at the most
GREY = np.array([0.299, 0.587, 0.114], "float32")


def split_grid(data):
    """Returns the training and the held-out videos, the same for every experiment."""
    examples = read_grid(f"{data}/grid_s1")
    order = np.random.default_rng(SPLIT_SEED).permutation(len(examples))
    held_out = set(order[:HELD_OUT].tolist())
    train = [e for i, e in enumerate(examples) if i not in held_out]
    return train, [examples[i] for i in sorted(held_out)]


def decode(examples, path):
    """All frames in grey, uint8 `(videos, time, height, width)`, decoded once and kept at `path`.

    A video that is short of frames repeats its last one.
    """
    if not os.path.exists(path):
        videos = []
        for example in tqdm(examples, desc="decoding"):
            frames = read_video(example.path).frames @ GREY
            videos.append(np.rint(frames).astype("uint8"))
        longest = max(map(len, videos))
        videos = [np.concatenate([v, v[-1:].repeat(longest - len(v), 0)]) for v in videos]
        np.save(path + ".new.npy", np.stack(videos))
        os.replace(path + ".new.npy", path)
    return np.load(path)


def sentence_ids(examples, tokenizer):
    """int32 `(examples, 8)`: `<bos>`, the six words of each sentence, `<eos>`."""
    start, end = tokenizer.start_token_id, tokenizer.end_token_id
    return np.array([[start, *tokenizer(e.captions[0]), end] for e in examples], "int32")


def blind_batches(ids, batch_size, seed):
    """One epoch of sentences without their videos: each shows one frame that says nothing."""

    def batch(rows):
        inputs = {"visual": tf.zeros((batch_size, 1, 1)), "token_ids": rows[:, :-1]}
        inputs["padding_mask"] = tf.ones_like(rows[:, :-1])
        return inputs, {"words": rows[:, 1:]}

    rows = ids[np.random.default_rng(seed).permutation(len(ids))]
    return (
        tf.data.Dataset.from_tensor_slices(rows).batch(batch_size, drop_remainder=True).map(batch)
    )


class Spoken:
    """Training videos with their sentences, and which word is spoken in each frame.

    Args:
        examples: list of `DescribedVideo` of GRID.
        frames: what `decode` made of them.
        tokenizer: `WordTokenizer`.
        preprocessor: `LRCNVideoDescriberPreprocessor`, for the window and the range of pixels.
    """

    def __init__(self, examples, frames, tokenizer, preprocessor):
        self.frames = frames
        self.window = preprocessor.window
        self.converter = preprocessor.image_converter
        self.ids = sentence_ids(examples, tokenizer)
        self.labels = np.zeros(frames.shape[:2], "int32")  # 0, <pad>, is silence
        self.span = np.zeros((len(examples), 2), int)
        for row, example in enumerate(examples):
            folder = pathlib.Path(example.path).parent.parent / "align"
            spoken = read_grid_alignment(folder / f"{example.video_id}.align")
            for word in spoken:
                token_id = tokenizer.token_to_id(word.word)
                self.labels[row, round(word.start) : round(word.end)] = token_id
            self.span[row] = round(spoken[0].start), round(spoken[-1].end)

    def batches(self, batch_size, seed, shuffled=False):
        """One epoch of varied videos.

        Args:
            batch_size: int.
            seed: int, or a sequence of ints.
            shuffled: bool, whether the frames come in random order: a control.
        """
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(self.frames))
        order = order[: len(order) // batch_size * batch_size].reshape(-1, batch_size)

        def generate():
            for rows in order:
                pairs = [self.vary(row, rng) for row in rows]
                visual, labels = map(np.stack, zip(*pairs, strict=True))
                if shuffled:
                    places = rng.permutation(FRAMES)
                    visual, labels = visual[:, places], labels[:, places]
                ids = self.ids[rows]
                inputs = {"visual": visual, "token_ids": ids[:, :-1]}
                inputs["padding_mask"] = np.ones_like(ids[:, :-1])
                yield inputs, {"words": ids[:, 1:], "frames": labels}

        height, width = self.window[2:]
        length = self.ids.shape[1] - 1
        text = tf.TensorSpec((batch_size, length), "int32")
        visual = tf.TensorSpec((batch_size, FRAMES, height, width, 1), "float32")
        spec = (
            {"visual": visual, "token_ids": text, "padding_mask": text},
            {"words": text, "frames": tf.TensorSpec((batch_size, FRAMES), "int32")},
        )
        dataset = tf.data.Dataset.from_generator(generate, output_signature=spec)
        return dataset.apply(tf.data.experimental.assert_cardinality(len(order))).prefetch(4)

    def vary(self, row, rng):
        """One video at another pace, place, light, and now and then without some frames.

        Returns:
            float32 `(FRAMES, height, width, 1)` in the model's range, int32 `(FRAMES,)`.
        """
        times = self._times(row, rng)
        top, left, height, width = self.window
        top, left = np.clip([top, left] + rng.integers(-SHIFT, SHIFT + 1, 2), 0, None)
        pixels = self.frames[row, times][:, top : top + height, left : left + width]
        pixels = pixels[:, :, ::-1] if rng.random() < 0.5 else pixels
        visual = pixels.astype("float32") * self.converter.scale + self.converter.offset
        visual = visual * rng.uniform(0.8, 1.2) + rng.uniform(-0.2, 0.2)
        for _ in range(rng.integers(3)):
            first = rng.integers(FRAMES)
            visual[first : first + rng.integers(1, 5)] = 0
        return visual[..., None].astype("float32"), self.labels[row, times]

    def _times(self, row, rng):
        """Frame numbers that hold the sentence, at 0.9 to 1.15 times its pace."""
        first, last = self.span[row]
        pace = rng.uniform(0.9, 1.15)
        length = FRAMES * pace
        lowest = max(min(last + 2 - length, first), 0)
        start = rng.uniform(lowest, max(first - 1, lowest))
        times = start + np.arange(FRAMES) * pace + rng.uniform(-0.4, 0.4, FRAMES)
        return np.clip(np.round(times), 0, self.frames.shape[1] - 1).astype(int)
