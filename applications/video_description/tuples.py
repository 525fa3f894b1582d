"""Charades as arrays: tuples, captions, and the batches of each epoch."""

import collections

import numpy as np
import tensorflow as tf

from applications.video_description.noise import observe, priors_of
from keras_lrcn.data import read_charades, read_charades_classes
from keras_lrcn.preprocessing import SemanticRoles, WordTokenizer, build_vocabulary

SPLIT_SEED, HELD_OUT = 2016, 800  # videos that nothing learns from
LENGTH = 30  # words of a caption with <eos> while training
MIN_COUNT = 5  # of words and of objects
NAMES = {  # other names of roles and words
    **dict.fromkeys(("location", "place", "room", "setting"), "scene"),
    **dict.fromkeys(("activity", "activities", "verb"), "actions"),
    **{"tv": "television", "couch": "sofa", "cellphone": "phone", "cell phone": "phone"},
    **{"fridge": "refrigerator", "closet": "closet/cabinet", "shoes": "shoe"},
    **{"home office": "home office / study", "study": "home office / study"},
    **{"recreation room": "recreation room / man cave", "man cave": "recreation room / man cave"},
    **{"walk-in closet": "closet / walk-in closet / spear closet"},
}


def split_charades(data):
    """Returns the training and the held-out videos, the same for every experiment."""
    plain, scripted = (read_charades(f"{data}/charades", scripts=s) for s in (False, True))
    order = np.random.default_rng(SPLIT_SEED).permutation(len(plain))
    held_out = set(order[:HELD_OUT].tolist())
    return {
        "train": [e for i, e in enumerate(plain) if i not in held_out],
        "train and scripts": [e for i, e in enumerate(scripted) if i not in held_out],
        "held out": [plain[i] for i in sorted(held_out)],
    }


def roles_of(examples, data):
    """The vocabularies of the three roles, from the training tuples and the list of actions."""
    classes = read_charades_classes(f"{data}/charades/Charades_v1_classes.txt")
    scenes = sorted({e.roles["scene"] for e in examples})
    counts = collections.Counter(word for e in examples for word in e.roles["objects"])
    objects = sorted(word for word, count in counts.items() if count >= MIN_COUNT)
    words = {"scene": scenes, "objects": objects, "actions": list(classes.values())}
    known = {word for role in words.values() for word in role}
    aliases = {k: v for k, v in NAMES.items() if k not in known and v in known | set(words)}
    return SemanticRoles(words, ("objects", "actions"), {**classes, **aliases})


class Captions:
    """The captions of some videos, as rows for training.

    Args:
        examples: list of `DescribedVideo`.
        roles: `SemanticRoles`.
        tokenizer: `WordTokenizer`.
    """

    def __init__(self, examples, roles, tokenizer):
        self.vectors = roles([e.roles for e in examples])
        self.video = np.repeat(np.arange(len(examples)), [len(e.captions) for e in examples])
        self.ids = np.full((len(self.video), LENGTH + 1), tokenizer.pad_token_id, "int32")
        texts = [caption for e in examples for caption in e.captions]
        for row, words in zip(self.ids, tokenizer(texts), strict=True):
            words = [tokenizer.start_token_id, *words, tokenizer.end_token_id][: LENGTH + 1]
            row[: len(words)] = words

    def batches(self, visual, batch_size, seed):
        """One epoch: each caption once, with the tuple of its video."""
        order = np.random.default_rng(seed).permutation(len(self.video))
        table, rows = tf.constant(visual), (self.video[order], self.ids[order])

        def batch(video, ids):
            inputs = {"visual": tf.gather(table, video), "token_ids": ids[:, :-1]}
            inputs["padding_mask"] = tf.cast(ids[:, :-1] != 0, "int32")
            return inputs, ids[:, 1:], tf.cast(ids[:, 1:] != 0, "float32")

        dataset = tf.data.Dataset.from_tensor_slices(rows).batch(batch_size, drop_remainder=True)
        return dataset.map(batch).prefetch(4)


def training_vectors(vectors, roles, experiment, seed):
    """What an epoch sees of the tuples: some as they are, the others through noise."""
    rng = np.random.default_rng(seed)
    distance = experiment.distance * rng.uniform(0.8, 1.4, (len(vectors), 1))
    noisy = observe(vectors, roles, priors_of(vectors), distance, [*np.atleast_1d(seed), 1])
    clean = rng.random((len(vectors), 1)) < experiment.clean_share
    return np.where(clean, vectors, noisy).astype("float32")


def tokenizer_of(examples):
    captions = [caption for e in examples for caption in e.captions]
    return WordTokenizer(build_vocabulary(captions, min_count=MIN_COUNT))
