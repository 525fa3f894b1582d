"""The authors' regime on a folder in the shape of UCF101, with tiny videos and a tiny CNN."""

import dataclasses
import json
import pathlib
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_lrcn
from applications.activity import tables, ucf101
from keras_lrcn.data.motions import _write_video, motion_clip

CLASSES = ("BoxingPunchingBag", "YoYo")
MOTIONS = dict(zip(CLASSES, ("left", "up"), strict=True))


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    """Three groups of two videos a class; one group of each is held out in every split."""
    pytest.importorskip("av")
    folder = tmp_path_factory.mktemp("ucf101")
    lists = folder / "ucfTrainTestlist"
    lists.mkdir()
    (lists / "classInd.txt").write_text("".join(f"{i} {c}\n" for i, c in enumerate(CLASSES, 1)))
    names = {}
    for label in CLASSES:
        (folder / "videos" / label).mkdir(parents=True)
        for group in (1, 2, 3):
            for clip in (1, 2):
                name = f"{label}/v_{label}_g{group:02d}_c{clip:02d}.avi"
                names.setdefault(group, []).append(name)
                frames = motion_clip(MOTIONS[label], 20, seed=[group, clip])
                _write_video(folder / "videos" / name, frames, fps=10)
    for split in (1, 2, 3):
        train = [n for group, some in names.items() if group != split for n in some]
        (lists / f"trainlist{split:02d}.txt").write_text("".join(f"{n} 1\n" for n in train))
        (lists / f"testlist{split:02d}.txt").write_text("".join(f"{n}\n" for n in names[split]))
    return str(folder)


@pytest.fixture(scope="module")
def cnn(tmp_path_factory):
    """A preset with the layers of the authors' single-frame network, conv, fc6 and fc7."""
    keras.utils.set_random_seed(7)
    image = keras.Input((24, 24, 3))
    maps = keras.layers.Conv2D(4, 5, strides=4, activation="relu", name="conv1")(image)
    encoder = keras_lrcn.ImageEncoder(keras.Model(image, maps), "flatten", (6, 6), "relu")
    backbone = keras_lrcn.LRCNActivityBackbone(encoder, num_layers=0)
    converter = keras_lrcn.LRCNFrameConverter((24, 24), scale=1.0, offset=[-123.0, -116.0, -103.0])
    preprocessor = keras_lrcn.LRCNActivityPreprocessor("abcde", converter, frame_size=(28, 32))
    folder = tmp_path_factory.mktemp("preset")
    keras_lrcn.LRCNActivity(backbone, preprocessor).save_to_preset(str(folder))
    return str(folder)


def small(steps=2):
    return {k: dataclasses.replace(r, steps=steps) for k, r in ucf101.REGIMES.items()}


def arguments(videos, cnn, work, table="1"):
    return [
        *("--table", table, "--scale", "full", "--data", videos, "--cnn", cnn, "--work", str(work)),
        *("--splits", "1", "2", "--steps", "2", "--workers", "1"),
    ]


@pytest.fixture(scope="module")
def work(videos, cnn, tmp_path_factory):
    work = tmp_path_factory.mktemp("work")
    tables.main(arguments(videos, cnn, work))
    return work


@pytest.mark.slow
def test_one_command_fills_table_1(work, videos, cnn):
    record = json.loads((work / "tables" / "table1_full.json").read_text())
    assert [row["name"] for row in record["rows"]] == ["single", "LRCN", "difference"]
    assert record["columns"] == ["RGB", "flow", "1/2, 1/2", "1/3, 2/3"]
    for row in record["rows"]:
        assert all(m["low"] <= m["mean"] <= m["high"] for m in row["measured"].values())
    assert "8 held-out videos" in record["data"]
    assert "A TRIAL" in record["departures"][0]
    assert videos not in record["command"] and cnn not in record["command"]


@pytest.mark.slow
def test_tables_2_and_3_train_nothing_more(work, videos, cnn, monkeypatch):
    monkeypatch.setattr(ucf101.Network, "train", lambda self: pytest.fail("trained again"))
    for table in "23":
        tables.main(arguments(videos, cnn, work, table))
        record = json.loads((work / "tables" / f"table{table}_full.json").read_text())
        assert {row["name"] for row in record["rows"]} == set(CLASSES)
    page = (work / "tables" / "table2_full.md").read_text()
    assert "+40.8" in page and "at second hand" in page


@pytest.mark.slow
def test_a_finished_training_is_read_and_its_answers_are_its_own(work, videos, cnn, monkeypatch):
    monkeypatch.setattr(keras.Model, "fit", lambda *_, **__: pytest.fail("trained again"))
    plan = ucf101.Plan(videos, str(work), cnn, small())
    network = ucf101.Network(plan, "lrcn", "flow", 1, 0)
    activity = network.train()
    test = plan.examples(1, "test")
    # A second way: flow computed from the film anew, clips of the authors' demo one by one.
    expected = [activity.classify(e.path, tail="lrcn").probabilities for e in test]
    np.testing.assert_allclose(network.probabilities(), expected, atol=1e-5)


@pytest.mark.slow
def test_a_killed_training_goes_on_with_the_next_epoch(videos, cnn, tmp_path, monkeypatch):
    plan = ucf101.Plan(videos, str(tmp_path / "whole"), cnn, small(3))
    whole = ucf101.Network(plan, "single", "rgb", 1, 0).train()
    fit, done = keras.Model.fit, []

    def fit_once(*args, **kwargs):
        if done:
            raise KeyboardInterrupt
        done.append(1)
        return fit(*args, **kwargs)

    plan = dataclasses.replace(plan, work=str(tmp_path / "killed"))
    network = ucf101.Network(plan, "single", "rgb", 1, 0)
    monkeypatch.setattr(keras.Model, "fit", fit_once)
    with pytest.raises(KeyboardInterrupt):
        network.train()
    monkeypatch.setattr(keras.Model, "fit", fit)
    resumed = network.train()
    assert whole.optimizer.iterations == resumed.optimizer.iterations == 3
    for one, other in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("modality", ["rgb", "flow"])
@pytest.mark.filterwarnings("ignore")  # the broken files, by name
def test_broken_videos_cost_their_own_answers_only(videos, cnn, tmp_path, modality):
    copy = tmp_path / "ucf101"
    shutil.copytree(videos, copy)
    plan = ucf101.Plan(str(copy), str(tmp_path), cnn, small())
    test = plan.examples(1, "test")
    for example in (plan.examples(1, "train")[0], test[1]):
        pathlib.Path(example.path).write_bytes(b"no film")
    network = ucf101.Network(plan, "lrcn", modality, 1, 0)
    answered = np.isfinite(network.probabilities()).all(axis=1)
    assert answered.tolist() == [True, False, True, True]
    assert network.train().optimizer.iterations == 2


@pytest.mark.parametrize("batches", [1, 3, 5])
def test_an_epoch_has_exactly_its_steps(batches):
    clips = tf.data.Dataset.range(batches).filter(lambda _: True)  # of a number nobody knows
    data = ucf101.exactly(3, clips)
    assert len(data) == 3
    assert [int(x) for x in data] == ([0, 0, 0] if batches == 1 else [0, 1, 2])


def test_lrcn_starts_from_the_cnn_of_single_frames(cnn, videos):
    plan = ucf101.Plan(videos, "unused", cnn)
    single, lrcn = (ucf101.Network(plan, m, "rgb", 1, 0).build() for m in ("single", "lrcn"))
    for weight in single.backbone.visual_encoder.weights:
        weight.assign(weight + 1)
    ucf101.take_over(single.backbone.visual_encoder, lrcn.backbone.visual_encoder)
    ours, theirs = (model.backbone.visual_encoder.get_weights() for model in (lrcn, single))
    assert len(ours) == 4 and len(theirs) == 6  # conv1 and fc6; and fc7
    for one, other in zip(ours, theirs, strict=False):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("modality", ["rgb", "flow"])
def test_the_networks_are_those_of_the_authors(cnn, videos, modality):
    plan = ucf101.Plan(videos, "unused", cnn)
    single, lrcn = (ucf101.Network(plan, m, modality, 1, 0).build() for m in ("single", "lrcn"))
    preset = keras_lrcn.LRCNActivity.from_preset(cnn).backbone.visual_encoder.get_weights()
    for one, other in zip(single.backbone.visual_encoder.get_weights(), preset, strict=True):
        np.testing.assert_array_equal(one, other)
    assert single.backbone.num_layers == 0 and single.preprocessor.clip_length == 1
    assert single.backbone.visual_dropout == 0.5 and lrcn.backbone.visual_dropout == 0.9
    assert lrcn.backbone.units == {"rgb": 256, "flow": 1024}[modality]
    assert lrcn.backbone.dropout == 0.5 and lrcn.preprocessor.clip_length == 16
    assert lrcn.preprocessor.stride == 8 and lrcn.preprocessor.frame_size == (28, 32)
    assert lrcn.class_names == CLASSES
    grey = np.full((1, 16, 24, 24, 3), 128, "uint8")
    means = {"rgb": (5, 12, 25), "flow": (0, 0, 0)}[modality]
    np.testing.assert_allclose(lrcn.preprocessor(grey)[0, 0, 0, 0], means, atol=1e-4)


def test_a_cnn_without_fc6_is_refused(videos, tmp_path):
    image = keras.Input((24, 24, 3))
    encoder = keras_lrcn.ImageEncoder(keras.Model(image, keras.layers.Conv2D(2, 9)(image)))
    converter = keras_lrcn.LRCNFrameConverter((24, 24))
    preprocessor = keras_lrcn.LRCNActivityPreprocessor("ab", converter)
    backbone = keras_lrcn.LRCNActivityBackbone(encoder, num_layers=0)
    keras_lrcn.LRCNActivity(backbone, preprocessor).save_to_preset(str(tmp_path / "bare"))
    plan = ucf101.Plan(videos, "unused", str(tmp_path / "bare"))
    with pytest.raises(ValueError, match="bare must have an `ImageEncoder` with .* fc6"):
        ucf101.Network(plan, "single", "rgb", 1, 0).build()


def test_the_full_scale_asks_for_its_cnn(capsys):
    with pytest.raises(SystemExit):
        tables.main(["--table", "1", "--scale", "full", "--data", "DATA"])
    assert "--scale full needs --cnn" in capsys.readouterr().err
