"""Which data set a folder or file is: labelled and described videos."""

import json

import pytest

from keras_lrcn.data import read_described_dataset, read_labelled_dataset
from tests.data.test_description_readers import CHARADES
from tests.data.test_labelled_videos import make_ucf101, touch


def test_ucf101_is_known_by_its_lists_and_keeps_what_is_missing(tmp_path):
    make_ucf101(tmp_path)
    test = read_labelled_dataset(tmp_path)
    assert [e.video_id for e in test] == [
        "Archery/v_Archery_g01_c02.avi",
        "YoYo/v_YoYo_g01_c02.avi",
    ]
    assert len(read_labelled_dataset(tmp_path, split="train1")) == 4
    (tmp_path / "videos/YoYo/v_YoYo_g01_c02.avi").unlink()
    assert read_labelled_dataset(tmp_path) == test
    with pytest.raises(FileNotFoundError, match="testlist02"):
        read_labelled_dataset(tmp_path, split="test2")
    with pytest.raises(ValueError, match="split='dev'"):
        read_labelled_dataset(tmp_path, split="dev")


def test_hmdb51_is_known_by_its_lists(tmp_path):
    lists = tmp_path / "testTrainMulti_7030_splits"
    lists.mkdir()
    (lists / "run_test_split1.txt").write_text("a_run_1.avi 1\nb_run_1.avi 2\n")
    touch(tmp_path / "run/a_run_1.avi")
    [example] = read_labelled_dataset(tmp_path)
    assert (example.label, example.path) == ("run", str(tmp_path / "run/b_run_1.avi"))


def test_folders_of_classes_have_no_splits(tmp_path):
    for name in ("run/a.mp4", "walk/b.mp4"):
        touch(tmp_path / name)
    assert [(e.video_id, e.label) for e in read_labelled_dataset(tmp_path)] == [
        ("run/a.mp4", "run"),
        ("walk/b.mp4", "walk"),
    ]
    with pytest.raises(ValueError, match="no splits"):
        read_labelled_dataset(tmp_path, split="test1")


def test_files_name_videos_relative_to_themselves_or_to_a_folder(tmp_path):
    rows = [{"video_id": "x", "path": "a.mp4", "label": "run"}, {"video": "b.mp4", "label": "sit"}]
    path = tmp_path / "test.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    first, second = read_labelled_dataset(path)
    assert (first.video_id, first.path) == ("x", str(tmp_path / "a.mp4"))
    assert (second.video_id, second.label) == ("b.mp4", "sit")
    assert read_labelled_dataset(path, videos="clips")[0].path == "clips/a.mp4"


@pytest.mark.parametrize("read", [read_labelled_dataset, read_described_dataset])
def test_what_is_not_there_is_named(read, tmp_path):
    with pytest.raises(FileNotFoundError, match="gone"):
        read(tmp_path / "gone")
    with pytest.raises(FileNotFoundError, match=tmp_path.name):
        read(tmp_path)


def test_descriptions_are_known_by_their_files(tmp_path):
    (tmp_path / "Charades_v1_classes.txt").write_text("c092 Watching food\nc147 Cooking\n")
    (tmp_path / "Charades_v1_train.csv").write_text(CHARADES)
    assert read_described_dataset(tmp_path, split="train")[0].roles["scene"] == "basement"
    with pytest.raises(FileNotFoundError, match="Charades_v1_test.csv"):
        read_described_dataset(tmp_path)
    grid = tmp_path / "s1"
    touch(grid / "mouth/a.mp4")
    touch(grid / "align/a.align")
    (grid / "align/a.align").write_text("0 23750 sil\n23750 29500 bin\n")
    assert read_described_dataset(grid)[0].captions == ("bin",)
    with pytest.raises(ValueError, match="no splits"):
        read_described_dataset(grid, split="test")


def test_msr_vtt_is_told_from_a_list_of_ones_own(tmp_path):
    videos = [{"video_id": "v0", "split": "test"}, {"video_id": "v1", "split": "train"}]
    sentences = [{"video_id": v, "caption": f"about {v}"} for v in ("v0", "v1")]
    path = tmp_path / "info.json"
    path.write_text(json.dumps({"videos": videos, "sentences": sentences}))
    [example] = read_described_dataset(path, videos=tmp_path)
    assert (example.video_id, example.path) == ("v0", str(tmp_path / "v0.mp4"))
    assert len(read_described_dataset(path, split="all")) == 2
    path.write_text(json.dumps([{"video": "a.mp4", "caption": "a cat"}]))
    assert read_described_dataset(path)[0].path == str(tmp_path / "a.mp4")
