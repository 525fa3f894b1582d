"""The activity recognisers that this folder trains, and the data they are trained on."""

import dataclasses
import pathlib

from keras_lrcn.data import LabelledVideo, read_labelled_videos, read_ucf101


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
    description: str
    terms: str
    num_splits: int = 3
    splits: tuple = (1, 2, 3)  # those that the table is filled from
    settings: tuple = ()  # what the experiments have otherwise on this set: (field, value) pairs
    fps: float | None = 12.5  # every second frame of 25: a clip of 16 spans 1.3 seconds
    rgb_size: tuple = (224, 224)
    flow_size: tuple = (160, 160)  # flow images are smooth
    crops: str = "mirror"

    def split(self, data, number):
        """Returns `(train, test)` of split `number`, from 1; by default folds of whole groups."""
        examples = self.everything(data)
        fold_of = _folds(examples, self.num_splits)
        train = [e for e in examples if fold_of[e.video_id] != number - 1]
        test = [e for e in examples if fold_of[e.video_id] == number - 1]
        return train, test

    def everything(self, data):
        """Returns every labelled video."""
        raise NotImplementedError

    def experiment(self, name):
        """Returns an `Experiment` with the settings of this set."""
        return dataclasses.replace(EXPERIMENTS[name], **dict(self.settings))

    def segment(self, data, video_id):
        """Returns the frames that carry the label, a slice; by default all."""
        return slice(None)


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

    def everything(self, data):
        return read_labelled_videos(f"{data}/{self.folder}/clips.csv")


class GridDigits(VideoSet):
    """The spoken digit in a film of a mouth: sixteen frames around the word, ten classes."""

    def everything(self, data):
        videos = sorted(pathlib.Path(data, self.folder, "mouth").glob("*.mp4"))
        return [LabelledVideo(v.stem, str(v), self._word(data, v.stem)[2]) for v in videos]

    def segment(self, data, video_id):
        start, end, _ = self._word(data, video_id)
        first = min(max(round((start + end) / 2 - 8), 0), 59)  # of 75 frames
        return slice(first, first + 16)

    def _word(self, data, video_id):
        """`(start, end, word)` of the digit, in frames: the fifth word of a GRID sentence."""
        lines = pathlib.Path(data, self.folder, "align", f"{video_id}.align").read_text()
        rows = [row for row in map(str.split, lines.splitlines()) if row[2] not in ("sil", "sp")]
        start, end, word = rows[4]
        return int(start) / 1000, int(end) / 1000, word


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
        description="three classes of UCF101",
        terms="Weights trained on UCF101 (Soomro, Zamir and Shah 2012): research use. The ImageNet "
        "weights that the CNN started from: Apache-2.0.",
    ),
    "grid_digits": GridDigits(
        folder="grid_s1",
        classes=("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
        description="the digits that speaker 1 of the GRID corpus says, seen at the mouth",
        terms="Weights trained on the GRID corpus (Cooke et al. 2006): CC BY 4.0. The ImageNet "
        "weights that the CNN started from: Apache-2.0.",
        fps=None,
        rgb_size=(96, 128),
        flow_size=(96, 128),
        crops="centre",
        splits=(1,),
        settings=(
            ("units", 128),
            ("visual_units", 256),
            ("visual_dropout", 0.5),
            ("epochs", 30),
        ),
    ),
    "fight": Fight(
        folder="surv_fight",
        classes=("fight", "noFight"),
        description="fights in front of surveillance cameras",
        terms="Weights trained on Surveillance Camera Fight (Akti et al. 2019): MIT. The ImageNet "
        "weights that the CNN started from: Apache-2.0.",
    ),
}
