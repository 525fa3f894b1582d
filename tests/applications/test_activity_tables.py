"""Tables 1, 2 and 3, each by one command."""

import json
import re

import numpy as np
import pytest

from applications.activity import tables, toy, train
from applications.activity.answers import FUSIONS, MODALITIES, Answers, kept
from keras_lrcn.data import LabelledVideo

CLASSES = ("HighJump", "Punch", "YoYo")


def random_answers(seed=0, videos=60, seeds=3):
    random = np.random.default_rng(seed)
    labels = random.integers(2, size=videos)  # nothing shows YoYo
    shape = (seeds, videos, len(CLASSES))
    names = [(name, m) for name in ("single", "lrcn", "lrcn_shuffled") for m in MODALITIES]
    found = {name: random.dirichlet(np.ones(3), size=shape[:2]) for name in names}
    return Answers(CLASSES, labels, random.integers(1, 4, size=videos), found)


def accuracy(answers, model, weights, chosen=None):
    """Percent, one video of one seed after another."""
    shares = []
    for split in (1, 2, 3):
        right = [
            np.argmax(
                sum(w * answers.probabilities[model, m][seed, video] for m, w in weights.items())
            )
            == label
            for seed in range(3)
            for video, label in enumerate(answers.labels)
            if answers.splits[video] == split and chosen in (None, CLASSES[label])
        ]
        shares.append(np.mean(right))
    return 100 * np.mean(shares)


@pytest.mark.parametrize("seed", range(3))
def test_table_1_is_the_mean_over_splits_and_seeds(seed):
    answers = random_answers(seed)
    columns, rows = tables.table1(answers)
    assert columns == ["RGB", "flow", "1/2, 1/2", "1/3, 2/3"]
    assert [row.name for row in rows] == [
        "single",
        "LRCN",
        "difference",
        "LRCN, shuffled",
    ]
    weights = [{"rgb": 1}, {"flow": 1}] + [
        dict(zip(MODALITIES, pair, strict=True)) for pair in FUSIONS.values()
    ]
    for column, weight in zip(columns, weights, strict=True):
        single, lrcn = (accuracy(answers, name, weight) for name in ("single", "lrcn"))
        found = [row.measured[column] for row in rows]
        assert found[0].mean == pytest.approx(single) and found[1].mean == pytest.approx(lrcn)
        assert found[2].mean == pytest.approx(lrcn - single)
        assert all(m.low < m.mean < m.high for m in found)
    assert rows[1].paper["RGB"] == 68.20 and rows[2].paper["flow"] == pytest.approx(2.91)
    assert not any(rows[3].paper.values())  # a control that the paper has not


@pytest.mark.parametrize("seed", range(3))
def test_tables_2_and_3_are_differences_class_by_class(seed):
    answers = random_answers(seed)
    for table, first, pair in (
        (2, "RGB", [("lrcn", {"rgb": 1}), ("single", {"rgb": 1})]),
        (3, "LRCN", [("lrcn", {"flow": 1}), ("lrcn", {"rgb": 1})]),
    ):
        columns, rows = tables.class_gains(answers, table)
        assert columns[0] == first and {row.name for row in rows} == {"HighJump", "Punch"}
        for row in rows:
            ours, theirs = (accuracy(answers, *one, row.name) for one in pair)
            assert row.measured[first].mean == pytest.approx(ours - theirs)
            known = table == 2 and row.name == "HighJump"
            assert row.paper == ({first: 29.73} if known else {})
        assert rows[0].measured[first].mean >= rows[1].measured[first].mean


def test_the_spread_is_over_the_seeds_alone():
    labels = np.zeros(4, int)
    shares = np.zeros((2, 4, 3))
    shares[0, :, 0] = 1  # the first seed is right about everything,
    shares[1, :2, 0] = shares[1, 2:, 1] = 1  # the second about half of either split
    answers = Answers(CLASSES, labels, np.array([1, 2, 1, 2]), {("lrcn", "rgb"): shares})
    assert tables.spread_over_seeds(answers) == (
        "One standard deviation over seeds, by column: LRCN 25.0."
    )


def test_answers_of_a_set_stand_with_their_labels_and_splits(monkeypatch):
    held_out = {1: "ba", 2: "abb"}  # labels of the videos of either split

    class Videos:
        classes, splits = ("a", "b"), (1, 2)

        def split(self, data, number):
            examples = [
                LabelledVideo(f"{number} {i}", "", c) for i, c in enumerate(held_out[number])
            ]
            return [], examples

    class Oracle:
        def __init__(self, data, work, set_name, modality, name):
            self.classes = Videos.classes

        def probabilities(self, split, seed):  # right with seed 0, wrong with seed 1
            right = np.eye(2)[[self.classes.index(c) for c in held_out[split]]]
            return right if seed == 0 else 1 - right

    monkeypatch.setitem(train.SETS, "mine", Videos())
    monkeypatch.setattr(train, "Cell", Oracle)
    answers = train.answers("", "", "mine", seeds=(0, 1))
    assert answers.labels.tolist() == [1, 0, 0, 1, 1] and answers.splits.tolist() == [1, 1, 2, 2, 2]
    assert answers.right("lrcn", "1/3, 2/3").tolist() == [[True] * 5, [False] * 5]
    shares = train.accuracies("", "", "mine", seeds=(0, 1))
    assert shares["single", "flow"].tolist() == [[1, 1], [0, 0]]


def test_a_network_that_gained_everything_gains_hundred_points():
    answers = random_answers()
    perfect = np.broadcast_to(np.eye(3)[answers.labels], (3, 60, 3))
    wrong = 1 - perfect
    found = {("single", "rgb"): wrong, ("lrcn", "rgb"): perfect}
    answers = Answers(CLASSES, answers.labels, answers.splits, found)
    columns, rows = tables.table1(answers)
    assert columns == ["RGB"]  # no flow, so nothing to fuse
    assert rows[2].measured["RGB"] == (100.0, 100.0, 100.0)
    assert all(row.measured["RGB"].mean == 100 for row in tables.class_gains(answers, 2)[1])


def test_the_picture_of_many_classes_has_the_largest_gains_and_losses():
    assert tables.ends(list(range(24))) == list(range(24))
    assert tables.ends(list(range(101))) == [*range(12), *range(89, 101)]


def test_a_video_without_an_answer_is_wrong():
    found = {("lrcn", "rgb"): np.full((1, 2, 3), np.nan)}
    answers = Answers(CLASSES, np.array([0, 1]), np.ones(2, int), found)
    assert answers.right("lrcn", "rgb").tolist() == [[False, False]]


def test_what_is_kept_is_not_computed_again(tmp_path):
    path = str(tmp_path / "cells" / "one.npy")
    with pytest.raises(KeyboardInterrupt):
        kept(path, lambda: (_ for _ in ()).throw(KeyboardInterrupt))
    assert kept(path, lambda: np.arange(3)).tolist() == [0, 1, 2]
    assert kept(path, lambda: pytest.fail("computed again")).tolist() == [0, 1, 2]


def test_scales_with_data_ask_for_it(capsys):
    with pytest.raises(SystemExit):
        tables.main(["--table", "1", "--scale", "shared"])
    assert "--scale shared needs --data" in capsys.readouterr().err


@pytest.fixture(scope="module")
def small_toy(tmp_path_factory):
    """Work of a toy of eight clips a class; the networks learn next to nothing."""
    work = tmp_path_factory.mktemp("work")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(toy, "CLIPS", 48)
        patch.setattr(toy, "EPOCHS", 1)
        patch.setattr(toy, "HELD_OUT", 4)
        arguments = ["--scale", "toy", "--seeds", "0", "--work", str(work)]
        tables.main(["--table", "1", *arguments])
        patch.setattr(toy, "probabilities", lambda *_: pytest.fail("trained again"))
        for table in ("2", "3"):
            tables.main(["--table", table, *arguments])
    return work / "tables"


@pytest.mark.slow
def test_the_toy_fills_all_three_tables_from_the_same_networks(small_toy):
    for table in (1, 2, 3):
        record = json.loads((small_toy / f"table{table}_toy.json").read_text())
        page = (small_toy / f"table{table}_toy.md").read_text()
        assert (small_toy / f"table{table}_toy.png").exists()
        assert f"--table {table} --scale toy --seeds 0" in record["command"] in page
        assert all(departure in page for departure in record["departures"])
        assert len(record["rows"]) == (3 if table == 1 else len(toy.CLASSES))
        assert all(m["low"] <= m["mean"] <= m["high"] for m in numbers(record))
    assert not re.search(r"/(home|work|tmp|root)/", page)


def numbers(record):
    return [m for row in record["rows"] for m in row["measured"].values()]


@pytest.mark.slow
def test_on_the_toy_only_memory_tells_where_the_square_came_from():
    rows = toy.probabilities("lrcn", "flow", 0, per_class=60, epochs=6, held_out=10)
    labels = np.tile(np.arange(6), 10)
    assert (rows.argmax(1) == labels).mean() > 0.7
    rows = toy.probabilities("single", "rgb", 0, per_class=60, epochs=6, held_out=10)
    assert (rows.argmax(1) == labels).mean() < 0.4  # chance: 0.17


def test_the_streams_of_the_toy_are_of_one_length_and_flow_names_the_way():
    frames, labels = toy.seen("rgb", 2, seed=5)
    flow, _ = toy.seen("flow", 2, seed=5)
    assert frames.shape == flow.shape == (12, 16, 32, 32, 3) and labels.tolist() == [*range(6)] * 2
    for clip, seen, label in zip(flow, frames, labels, strict=True):
        moving = seen.max(-1) > 100  # the square, behind where the flow began by a pixel or two
        x, y = np.median(toy.FLOW.decode(clip)[moving], axis=0)
        way = toy.CLASSES[label]
        if way in ("left", "right"):
            assert abs(y) < 0.5 and (x > 0.3 if way == "right" else x < -0.3)
        if way in ("up", "down"):
            assert abs(x) < 0.5 and (y > 0.3 if way == "down" else y < -0.3)
