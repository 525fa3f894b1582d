"""Tables 4 to 6 from one command: on drawn photos, and on made folders like COCO and Flickr30k."""

import dataclasses
import json
import re

import keras
import numpy as np
import pytest

import keras_lrcn
from applications.captioning import tables
from applications.captioning.cells import TrainedStage
from applications.captioning.end_to_end import MISSING, PixelRun, authors_optimizer
from applications.captioning.experiments import FULL, TOY
from applications.captioning.toy_photos import COLORS, draw_photo, write_encoder, write_photos
from keras_lrcn.data import read_dataset
from tests.hub import networks

TINY = {"units": 8, "embedding_dim": 6, "photo_size": 36, "min_count": 1, "batch_size": 20}


def test_captions_say_what_is_drawn_and_where():
    for seed in range(20):
        pixels, captions = draw_photo(seed)
        _, top, _, _, _, bottom, _ = captions[0].split()
        for half, color in ((pixels[:16], top), (pixels[16:], bottom)):
            distance = np.abs(half.astype(int) - COLORS[color]).sum(axis=-1)
            assert (distance == 0).sum() > 50, (captions[0], color)
        assert len(set(captions)) == 5 and all(top in c and bottom in c for c in captions)


def test_drawn_photos_are_read_as_coco_is(tmp_path):
    path = write_photos(tmp_path, {"train": 3, "test": 2})
    train, test = (read_dataset(path, split=s) for s in ("train", "test"))
    assert [e.image_id for e in train + test] == list("01234")
    pixels, captions = draw_photo([7, 4])
    assert test[1].captions == tuple(captions)
    np.testing.assert_array_equal(keras.utils.load_img(test[1].path), pixels)


def test_cells_are_means_over_seeds_with_the_means_of_the_ends():
    results = [
        {"R@1": 0.2, "median_rank": 3, "intervals": {"R@1": (0.1, 0.3), "median_rank": (2, 4)}},
        {"R@1": 0.4, "median_rank": 5, "intervals": {"R@1": (0.3, 0.6), "median_rank": (5, 7)}},
    ]
    names = {"R@1": "R@1", "R@5": "absent", "median_rank": "Medr"}
    cells = tables.measured(results, names, {"R@1": 100})
    assert list(cells) == ["R@1", "Medr"]
    found = [(c.mean, c.low, c.high) for c in cells.values()]
    np.testing.assert_allclose(found, [(30, 20, 45), (4, 3.5, 5.5)])


def test_a_step_of_the_authors_solver_is_that_of_caffe():
    """In NumPy: the loss counts 20 times, its gradient is clipped to 10, momentum takes rates."""
    rng = np.random.default_rng(0)
    layer = keras.layers.Dense(2, name="predict")
    layer.build((3,))
    cnn = keras.layers.Dense(2, name="dense_1")
    cnn.build((3,))
    weights = [*layer.weights, *cnn.weights]
    optimizer = authors_optimizer(0.01, 10.0)
    optimizer.build(weights)
    expected = [w.numpy() for w in weights]
    velocity = [np.zeros_like(w) for w in expected]
    for _ in range(3):
        gradients = [rng.normal(0, 0.3, w.shape).astype("float32") for w in expected]
        norm = 20 * np.sqrt(sum(np.square(g).sum() for g in gradients))
        assert norm > 10
        for i, lr_mult in enumerate((1, 2, 0.1, 0.2)):  # kernel and bias of both
            velocity[i] = 0.9 * velocity[i] + 0.01 * lr_mult * 20 * gradients[i] * 10 / norm
            expected[i] = expected[i] - velocity[i]
        optimizer.apply([keras.ops.convert_to_tensor(g) for g in gradients])
    for weight, wanted in zip(weights, expected, strict=True):
        np.testing.assert_allclose(weight.numpy(), wanted, rtol=1e-5, atol=1e-6)


def test_what_full_lacks_is_named_with_the_remedy(tmp_path, capsys):
    with pytest.raises(FileNotFoundError, match=r"dataset_coco.json.*\n.*Karpathy") as error:
        tables.open_full("lrcn2f_caffenet_coco", str(tmp_path), str(tmp_path / "work"), 0)
    assert "hub.convert_cnn" in str(error.value)
    with pytest.raises(SystemExit):
        tables.main(["--table", "6", "--scale", "full"])
    assert "needs --data" in capsys.readouterr().err


def test_the_remedy_makes_the_preset(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    networks.write(
        "bvlc_reference_caffenet.caffemodel", networks.cnn(networks.Random(), "caffenet")
    )
    exec(re.search(r'python -c "(.*?)"', MISSING, re.DOTALL)[1].replace("\\\n", ""))
    encoder = keras_lrcn.ImageEncoder.from_preset(str(tmp_path / "caffenet"))
    assert encoder.output.shape == (None, networks.CNN_WIDTHS["fc8"])


@pytest.fixture
def published(tmp_path):
    """A folder like that of the paper's data: two data sets, two CNNs."""
    for name in ("coco", "flickr30k"):
        write_photos(tmp_path / name, {"train": 8, "val": 2, "test": 6}, name)
    for seed, name in enumerate(("caffenet", "vgg16")):
        write_encoder(tmp_path / "encoders" / name, seed)
    return tmp_path


@pytest.mark.slow
def test_the_first_stage_teaches_the_cnn_its_last_layer_only(published, tmp_path):
    experiment = dataclasses.replace(
        FULL["lrcn2f_caffenet_coco"], **TINY, frozen_epochs=1, finetune_epochs=1
    )
    run = PixelRun("run", experiment, published, str(tmp_path / "work"))
    before = [w.numpy() for w in run.encoder.weights]
    run.reach("frozen")
    frozen = [w.numpy() for w in run.encoder.weights]
    changed = [np.any(a != b) for a, b in zip(before, frozen, strict=True)]
    assert changed == [False] * 6 + [True] * 2  # two convolutions, fc7; fc8
    run.reach("finetune")
    tuned = [w.numpy() for w in run.encoder.weights]
    assert all(np.any(a != b) for a, b in zip(frozen, tuned, strict=True))
    run.reach("frozen")
    for a, b in zip(frozen, run.encoder.weights, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.slow
def test_full_fills_its_tables_from_a_folder_like_the_published(published, tmp_path, monkeypatch):
    tiny = {
        name: dataclasses.replace(
            e, **TINY, frozen_epochs=1, finetune_epochs=min(e.finetune_epochs, 1)
        )
        for name, e in FULL.items()
    }
    scale = tables.SCALES["full"]
    coco = {name: scale.rows[6][name] for name in ("CaffeNet, RNN-2f", "VGG-16, LRCN-2f")}
    rows = {4: scale.rows[4], 5: coco, 6: coco}
    scale = dataclasses.replace(scale, rows=rows, strategies=("beam 2",))
    monkeypatch.setitem(tables.SCALES, "full", scale)
    monkeypatch.setattr(tables, "FULL", tiny)
    work = tmp_path / "work"
    for table in (4, 5, 6):
        tables.main(
            f"--table {table} --scale full --data {published} --work {work} --images 5".split()
        )
    table_4, table_5, table_6 = (
        (work / "tables" / f"table_{n}_full.md").read_text() for n in (4, 5, 6)
    )
    assert "CaffeNet, LRCN-2f, frozen" in table_4 and "VGG-16, LRCN-2f, frozen" in table_4
    assert "17.5" in table_4  # the paper's
    assert "VGG-16, LRCN-2f, fine-tuned" in table_5
    assert "VGG-16, LRCN-2f, fine-tuned, beam 2" in table_6
    assert "CaffeNet, RNN-2f, frozen, beam 2" not in table_6
    assert "has not been run" in table_6
    held = json.loads(next(work.glob("rnn2f_*/frozen_*/beam_5.json")).read_text())
    assert list(held) == [str(number) for number in range(10, 16)]  # the test photos, all of them


def numbers(folder, table, row, column):
    content = json.loads((folder / f"table_{table}_toy.json").read_text())
    [found] = [r for r in content["rows"] if r["name"] == row]
    return found["measured"][column]


@pytest.mark.slow
def test_toy_tables_show_what_was_learnt_and_are_filled_once(tmp_path, monkeypatch):
    experiments = {
        name: dataclasses.replace(e, frozen_epochs=5, finetune_epochs=3) for name, e in TOY.items()
    }
    monkeypatch.setattr(tables, "TOY", experiments)
    for table in (4, 5, 6):
        tables.main(["--table", str(table), "--scale", "toy", "--work", str(tmp_path)])
    folder = tmp_path / "tables"
    frozen, tuned = (
        numbers(folder, 6, f"LRCN-2f, {stage}, greedy", "CIDEr-D")
        for stage in ("frozen", "fine-tuned")
    )
    assert tuned["mean"] > frozen["mean"] > 1
    assert frozen["low"] < frozen["mean"] < frozen["high"]
    for variant in ("RNN-2f", "LRCN-1u", "LRCN-2u", "LRCN-2f"):
        r5 = numbers(folder, 5, f"{variant}, frozen", "caption to image R@5")
        assert r5["mean"] > 4 * 100 * 5 / 60  # four times chance
    assert numbers(folder, 4, "LRCN-2f, frozen", "caption to image R@5") == numbers(
        folder, 5, "LRCN-2f, frozen", "caption to image R@5"
    )
    first = (folder / "table_6_toy.md").read_text()
    monkeypatch.setattr(TrainedStage, "_captioner", lambda self: pytest.fail("describes again"))
    tables.main(["--table", "6", "--scale", "toy", "--work", str(tmp_path)])
    assert (folder / "table_6_toy.md").read_text() == first
