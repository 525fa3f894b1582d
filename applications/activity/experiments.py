"""The activity recognisers that this folder trains, and the data they are trained on."""

import dataclasses

from keras_lrcn.data import read_labelled_videos, read_ucf101


@dataclasses.dataclass(frozen=True)
class Experiment:
    """One row of the table: a model and how it is trained on cached features."""

    paper: str  # the row of the paper that it answers
    num_layers: int = 1
    shuffle_frames: bool = False
    units: int = 64
    visual_units: int = 128
    dropout: float = 0.5
    visual_dropout: float = 0.7
    epochs: int = 20
    clips_per_video: int = 2
    batch_size: int = 24
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4


EXPERIMENTS = {
    "single": Experiment(paper="Table 1, single frame", num_layers=0),
    "lrcn": Experiment(paper="Table 1, LRCN"),
    "lrcn_shuffled": Experiment(
        paper="none: a control, frames in random order", shuffle_frames=True
    ),
}


@dataclasses.dataclass(frozen=True)
class VideoSet:
    """One set of labelled videos and its splits."""

    folder: str
    classes: tuple
    num_splits: int
    description: str
    terms: str

    def split(self, data, number):
        """Returns `(train, test)` of split `number`, from 1."""
        raise NotImplementedError


class UCF101Three(VideoSet):
    """BabyCrawling, Punch and PushUps of UCF101, in its three official splits."""

    def split(self, data, number):
        folder = f"{data}/{self.folder}"
        return tuple(read_ucf101(folder, number, part) for part in ("train", "test"))

    def everything(self, data):
        train, test = self.split(data, 1)
        return train + test


class Fight(VideoSet):
    """Fights before surveillance cameras, split by source: no scene is on both sides."""

    def split(self, data, number):
        examples = self.everything(data)
        fold_of = _folds(examples, self.num_splits)
        train = [e for e in examples if fold_of[e.video_id] != number - 1]
        test = [e for e in examples if fold_of[e.video_id] == number - 1]
        return train, test

    def everything(self, data):
        return read_labelled_videos(f"{data}/{self.folder}/clips.csv")


def _folds(examples, num_folds):
    """Deals groups, the largest first, each to the fold with the fewest videos of its class."""
    groups = {}
    for example in examples:
        groups.setdefault(example.group or example.video_id, []).append(example)
    counts, fold_of = {}, {}
    for _, members in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])):
        labels = {e.label for e in members}
        load = [sum(counts.get((fold, label), 0) for label in labels) for fold in range(num_folds)]
        fold = load.index(min(load))
        for example in members:
            fold_of[example.video_id] = fold
            key = (fold, example.label)
            counts[key] = counts.get(key, 0) + 1
    return fold_of


SETS = {
    "ucf101_3class": UCF101Three(
        folder="ucf101_3class",
        classes=("BabyCrawling", "Punch", "PushUps"),
        num_splits=3,
        description="three classes of UCF101",
        terms="Weights trained on UCF101 (Soomro, Zamir and Shah 2012): research use. The ImageNet "
        "weights that the CNN started from: Apache-2.0.",
    ),
    "fight": Fight(
        folder="surv_fight",
        classes=("fight", "noFight"),
        num_splits=3,
        description="fights in front of surveillance cameras",
        terms="Weights trained on Surveillance Camera Fight (Akti et al. 2019): MIT. The ImageNet "
        "weights that the CNN started from: Apache-2.0.",
    ),
}
