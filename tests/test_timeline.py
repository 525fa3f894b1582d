"""Timelines as csv, json, srt and png."""

import csv
import json
import os

import numpy as np
import pytest
from PIL import Image, ImageColor

import keras_lrcn
from keras_lrcn import timeline_picture
from keras_lrcn.models.classification import Classification
from keras_lrcn.timeline import FORMATS, timeline_runs, write_timeline

GOLDEN = """\
second,red,blue
0.0000,0.7311,0.2689
0.0400,0.8176,0.1824
"""


def classification(timeline, fps=10.0, names=("run", "walk", "fall"), seconds=None):
    timeline = np.asarray(timeline, "float32")
    seconds = np.arange(len(timeline)) / fps if seconds is None else np.asarray(seconds)
    names = names[: timeline.shape[1]]
    return Classification.of_mean(np.nanmean(timeline, 0), timeline, seconds, names, 3)


def one_hot(labels, probability=0.8, num_classes=3):
    rest = (1 - probability) / (num_classes - 1)
    return np.where(np.arange(num_classes) == np.asarray(labels)[:, None], probability, rest)


def make_colour_model():
    """Tells red from blue frames with an LSTM whose weights are set by hand.

    Its gates are open, but the forget gate is a half: the cell is a sum of `tanh(red - blue)` in
    which the past fades.
    """
    import keras

    image = keras.Input((8, 8, 3))
    encoder = keras.Model(image, keras.layers.GlobalAveragePooling2D()(image))
    backbone = keras_lrcn.LRCNActivityBackbone(encoder, units=2, dropout=0.0, visual_dropout=0.0)
    preprocessor = keras_lrcn.LRCNActivityPreprocessor(
        ("red", "blue"), keras_lrcn.LRCNFrameConverter((8, 8), scale=1 / 128)
    )
    model = keras_lrcn.LRCNActivity(backbone, preprocessor)
    candidate = np.zeros((3, 8), "float32")
    candidate[0, 4:6], candidate[2, 4:6] = (1, -1), (-1, 1)
    bias = np.repeat(np.array([20, 0, 0, 20], "float32"), 2)  # i, f, c, o
    backbone.lstm_stack.set_weights([candidate, np.zeros((2, 8), "float32"), bias])
    model.predict_classes.set_weights([np.eye(2, dtype="float32"), np.zeros(2, "float32")])
    return model


def spliced(switch=40, length=73):
    """Frames that are reddish up to `switch`, then bluish, with noise."""
    random = np.random.default_rng(0)
    frames = random.integers(40, 80, (length, 8, 8, 3))
    frames[:switch, ..., 0] += 128
    frames[switch:, ..., 2] += 128
    return frames.astype("uint8")


def timeline_by_hand(frames):
    """The same LSTM in NumPy, on every clip of 16 frames with stride 8, averaged."""
    reds_minus_blues = (frames[..., 0] / 128.0 - frames[..., 2] / 128.0).mean((1, 2))
    sums, counts = np.zeros((len(frames), 2)), np.zeros((len(frames), 1))
    for start in [*range(0, len(frames) - 15, 8), len(frames) - 16]:
        cell = 0.0
        for k in range(start, start + 16):
            cell = cell / 2 + np.tanh(reds_minus_blues[k])
            odds = np.exp([np.tanh(cell), -np.tanh(cell)])
            sums[k] += odds / odds.sum()
            counts[k] += 1
    return sums / counts


def test_the_csv_of_a_spliced_clip_switches_where_the_clip_does(tmp_path):
    model, frames = make_colour_model(), spliced(switch=40)
    path = tmp_path / "clip.csv"
    write_timeline(model.classify(frames), path)
    header, *rows = csv.reader(path.read_text().splitlines())
    assert header == ["second", "red", "blue"] and len(rows) == len(frames)
    seconds, *classes = np.array(rows, float).T
    np.testing.assert_allclose(seconds, np.arange(len(frames)) / 25, atol=1e-4)
    np.testing.assert_allclose(np.transpose(classes), timeline_by_hand(frames), atol=1e-4)
    [switch] = np.flatnonzero(np.diff(classes[0] > classes[1]))
    assert abs(switch + 1 - 40) <= 8
    [red, blue] = timeline_runs(model.classify(frames))
    assert (red.label, blue.label) == ("red", "blue")
    assert abs(red.end - 40 / 25) <= 8 / 25 and red.end == blue.start


def test_csv_is_the_golden_text(tmp_path):
    odds = np.exp([[1, 0], [1.5, 0]])
    result = classification(odds / odds.sum(1, keepdims=True), fps=25, names=("red", "blue"))
    write_timeline(result, tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_bytes() == GOLDEN.encode()


@pytest.mark.parametrize("seed", range(20))
def test_runs_tile_the_video_and_none_is_too_short(seed):
    random = np.random.default_rng(seed)
    logits = np.cumsum(random.normal(0, 0.6, (random.integers(1, 200), 3)), axis=0)
    timeline = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    seconds = np.cumsum(random.uniform(0.02, 0.1, len(timeline)))  # a variable rate
    smooth, least = int(random.integers(1, 20)), float(random.uniform(0, 1))
    result = classification(timeline, seconds=seconds)
    runs = timeline_runs(result, smooth, least)
    assert runs[0].start == seconds[0] and runs[-1].end > seconds[-1]
    for a, b in zip(runs, runs[1:], strict=False):
        assert a.end == b.start and a.label != b.label
    assert len(runs) == 1 or min(run.end - run.start for run in runs) >= least
    for run in runs:
        inside = (seconds >= run.start) & (seconds < run.end)
        column = result.class_names.index(run.label)
        assert run.probability == pytest.approx(result.timeline[inside, column].mean(), abs=1e-6)


def test_without_smoothing_runs_are_the_likeliest_class_of_each_frame():
    labels = [0, 0, 1, 2, 2, 2, 0]
    runs = timeline_runs(classification(one_hot(labels)), smooth=1, min_seconds=0)
    assert [run.label for run in runs] == ["run", "walk", "fall", "run"]
    np.testing.assert_allclose([run.start for run in runs], [0.0, 0.2, 0.3, 0.6])
    np.testing.assert_allclose([run.end for run in runs], [0.2, 0.3, 0.6, 0.7])
    np.testing.assert_allclose([run.probability for run in runs], 0.8, atol=1e-6)


def test_smoothing_outvotes_a_flicker_and_a_short_run_joins_the_likelier_neighbour():
    flicker = one_hot([0] * 10 + [1] + [0] * 10)
    [run] = timeline_runs(classification(flicker), smooth=5, min_seconds=0)
    assert run.label == "run" and run.probability < 0.8
    timeline = one_hot([0] * 9 + [2] * 2 + [1] * 9)
    timeline[9:11] = [0.05, 0.35, 0.6]  # walk is the likelier neighbour there
    runs = timeline_runs(classification(timeline), smooth=1, min_seconds=0.5)
    assert [(run.label, round(run.start, 3)) for run in runs] == [("run", 0.0), ("walk", 0.9)]


def test_frames_that_no_clip_holds_are_in_no_run(tmp_path):
    timeline = one_hot([0] * 8 + [1] * 8).astype("float32")
    timeline[12:] = np.nan
    result = classification(timeline)
    assert timeline_runs(result, min_seconds=0.2)[-1].end == pytest.approx(1.2)
    for name in FORMATS:
        write_timeline(result, tmp_path / f"a.{name}")
    assert (tmp_path / "a.csv").read_text().splitlines()[-1] == "1.5000,,,"
    assert json.loads((tmp_path / "a.json").read_text())["probabilities"][-1] == [None] * 3


def test_subtitles_are_one_cue_a_run(tmp_path):
    labels = [0] * 36_000 + [1] * 26_015  # an hour, then 43 minutes
    write_timeline(classification(one_hot(labels)), tmp_path / "a.srt", smooth=1)
    assert (tmp_path / "a.srt").read_text() == (
        "1\n00:00:00,000 --> 01:00:00,000\nrun 0.80\n\n"
        "2\n01:00:00,000 --> 01:43:21,500\nwalk 0.80\n"
    )


def test_json_holds_runs_and_every_frame(tmp_path):
    result = classification(one_hot([0] * 10 + [1] * 20))
    write_timeline(result, tmp_path / "a.json", video="ü.mp4")
    held = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert held["video"] == "ü.mp4" and held["label"] == "walk"
    assert held["class_names"] == ["run", "walk", "fall"]
    assert [run["label"] for run in held["runs"]] == ["run", "walk"]
    np.testing.assert_allclose(held["probabilities"], result.timeline, atol=1e-4)
    np.testing.assert_allclose(held["seconds"], result.seconds, atol=1e-4)


def draw(result, **options):
    return np.asarray(timeline_picture.draw_timeline(result, timeline_runs(result), **options))


def test_the_picture_shows_each_run_and_each_curve_in_the_colour_of_its_class():
    picture = draw(classification(one_hot([0] * 30 + [1] * 70)))
    first, second = (ImageColor.getrgb(c) for c in timeline_picture.COLOURS[:2])
    strip = picture[-50]  # across the labels
    left, right = 52, 980
    switch = left + 0.3 * (right - left)
    runs = [(int(left + 3), int(switch - 3), first), (int(switch + 3), right - 3, second)]
    for start, end, colour in runs:
        share = (strip[start:end] == colour).all(-1).mean()
        assert share > 0.7  # the rest is the label's text
    top = picture.shape[0] - 260 - 2 * 12 - 26 - 30
    y = round(top + 0.2 * 260)  # the likeliest class has 0.8
    for x, colour in ((200, first), (700, second)):
        assert (picture[y - 2 : y + 3, x] == colour).all(-1).any()


def test_the_picture_has_a_film_strip_where_there_are_frames():
    result = classification(one_hot([0] * 50))
    colours = np.array([[250, 0, 0], [0, 250, 0], [0, 0, 250]], "uint8")
    frames = [(1.0 + 1.5 * i, np.tile(colours[i], (60, 300, 1))) for i in range(3)]
    plain, picture = draw(result), draw(result, thumbnails=frames)
    assert picture.shape[0] == plain.shape[0] + 96
    found = [tuple(p) for p in picture[12 + 40, ::5] if tuple(p) != (255, 255, 255)]
    assert found[0] == (250, 0, 0) and found[-1] == (0, 0, 250)


@pytest.mark.parametrize("num_frames, num_classes", [(1, 2), (2, 3), (500, 40)])
def test_pictures_of_any_size_can_be_drawn(num_frames, num_classes):
    names = tuple(f"a class with a long name {i}" for i in range(num_classes))
    labels = np.arange(num_frames) // 20 % num_classes
    result = classification(one_hot(labels, 0.9, num_classes), names=names)
    assert draw(result, title="a.mp4").shape[1] == 1000


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    result = classification(one_hot([0] * 5))
    (tmp_path / "a.csv").write_text("as it was")

    def die(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", die)
    with pytest.raises(KeyboardInterrupt):
        write_timeline(result, tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == "as it was"


def test_other_formats_and_windows_are_refused(tmp_path):
    result = classification(one_hot([0] * 5))
    with pytest.raises(ValueError, match="pdf"):
        write_timeline(result, tmp_path / "a.pdf")
    with pytest.raises(ValueError, match="smooth=0"):
        timeline_runs(result, smooth=0)
    write_timeline(result, tmp_path / "a.text", format="srt")
    assert "-->" in (tmp_path / "a.text").read_text()


def test_png_files_are_pictures(tmp_path):
    write_timeline(classification(one_hot([0] * 5)), tmp_path / "a.png", video="a.mp4")
    with Image.open(tmp_path / "a.png") as image:
        assert image.format == "PNG" and image.width == 1000
