"""The second part of `keras-lrcn demo`: a drawn clip, and its timeline."""

import json

import numpy as np
import pytest
from PIL import Image

import keras_lrcn
from keras_lrcn.cli import demo, main
from keras_lrcn.data import write_motion_videos
from tests.models.test_activity import CLASSES, make_activity


def test_the_shipped_preset_sees_each_motion_of_the_clip(tmp_path, capsys):
    path = demo.classify_clip(str(tmp_path))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in lines[-4:]] == demo.CLIP["motions"]
    assert len(lines) == 1 + 1 + 3 + 4
    with Image.open(path) as picture:
        assert picture.width == 1000 and picture.height > 400  # with a film strip


def test_any_activity_preset_may_be_shown(tmp_path, capsys):
    make_activity().save_to_preset(str(tmp_path / "tiny"))
    demo.classify_clip(str(tmp_path), preset=str(tmp_path / "tiny"))
    said = capsys.readouterr().out.split()
    assert set(CLASSES) <= set(said) and (tmp_path / "timeline.png").exists()


@pytest.mark.parametrize("suffix", [".mp4", ".gif"])
def test_the_shipped_preset_names_motions_in_files(tmp_path, suffix, capsys):
    pytest.importorskip("av")
    write_motion_videos(tmp_path, per_class=5, seed=77, suffix=suffix)
    options = ["--preset", demo.ACTIVITY_PRESET, "--format", "jsonl"]
    assert main(["classify", str(tmp_path), *options]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    right = [row["label"] in row["video"] for row in rows]
    assert len(rows) == 20 and np.mean(right) >= 0.9
    assert keras_lrcn.list_presets()[demo.ACTIVITY_PRESET]["task"] == "LRCNActivity"
