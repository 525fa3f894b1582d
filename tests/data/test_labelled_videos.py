"""Readers of labelled videos on trees that the tests make, and on the official lists."""

import numpy as np
import pytest

from keras_lrcn.data import (
    LabelledVideo,
    read_hmdb51,
    read_labelled_videos,
    read_ucf101,
    read_video_folders,
    split_videos,
    ucf101_classes,
)


def touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix:
        path.write_bytes(b"")
    else:  # a folder of frames
        path.mkdir()


def make_ucf101(folder, videos="videos", suffix=".avi"):
    lists = folder / "ucfTrainTestlist"
    lists.mkdir(parents=True)
    (lists / "classInd.txt").write_text("1 Archery\n2 Punch\n10 YoYo\n\n")
    train = [f"{c}/v_{c}_g0{g}_c01.avi" for c in ("Archery", "YoYo") for g in (8, 9)]
    test = [f"{c}/v_{c}_g01_c02.avi" for c in ("Archery", "YoYo")]
    (lists / "trainlist01.txt").write_text("".join(f"{name} 1\r\n" for name in train))
    (lists / "testlist01.txt").write_text("\n".join(test) + "\n")
    for name in train + test:
        touch((folder / videos / name).with_suffix(suffix))


@pytest.mark.parametrize("videos", ["videos", "UCF-101", "."])
@pytest.mark.parametrize("suffix", [".avi", ".mp4", ""])
def test_ucf101_is_found_wherever_it_was_unpacked(tmp_path, videos, suffix):
    make_ucf101(tmp_path, videos, suffix)
    first, *others = read_ucf101(tmp_path, split=1, part="train")
    path = str((tmp_path / videos / "Archery" / "v_Archery_g08_c01").with_suffix(suffix))
    assert first == LabelledVideo("Archery/v_Archery_g08_c01.avi", path, "Archery", "Archery g08")
    assert [e.label for e in others] == ["Archery", "YoYo", "YoYo"]
    assert len({e.group for e in read_ucf101(tmp_path)}) == 4  # g08 of a class, not of all
    assert [e.label for e in read_ucf101(tmp_path, part="test")] == ["Archery", "YoYo"]


def test_ucf101_classes_are_in_the_order_of_their_numbers(tmp_path):
    make_ucf101(tmp_path)
    assert ucf101_classes(tmp_path) == ["Archery", "Punch", "YoYo"]


def test_a_listed_video_that_is_missing_is_named(tmp_path):
    make_ucf101(tmp_path)
    (tmp_path / "videos/YoYo/v_YoYo_g09_c01.avi").unlink()
    with pytest.raises(FileNotFoundError, match="v_YoYo_g09_c01.avi"):
        read_ucf101(tmp_path)
    with pytest.raises(FileNotFoundError, match="trainlist02"):
        read_ucf101(tmp_path, split=2)
    with pytest.raises(ValueError, match="split=4"):
        read_ucf101(tmp_path, split=4)


@pytest.mark.shared
@pytest.mark.parametrize("split", [1, 2, 3])
def test_official_lists_have_no_group_on_both_sides(shared_data, split):
    folder = shared_data / "ucf101_3class"
    train, test = (read_ucf101(folder, split, part) for part in ("train", "test"))
    assert not {e.group for e in train} & {e.group for e in test}
    assert {e.label for e in train} == {e.label for e in test} == set(ucf101_classes(folder))
    assert len({e.video_id for e in train + test}) == len(train) + len(test) == 327


def hmdb_names(label):
    films = ["April_09", "Ein_Film_(1)", f"best_of_{label}"]
    tags = ["u_nm_np1_ba_goo", "f_cm_np2_fr_bad"]  # one film from two sides
    return [f"{film}_{label}_{tag}_{i}.avi" for film in films for i, tag in enumerate(tags)]


def make_hmdb51(folder, videos=".", lists="testTrainMulti_7030_splits"):
    (folder / lists).mkdir(parents=True, exist_ok=True)
    for label in ("brush_hair", "wave"):
        chosen = [1, 1, 2, 2, 0, 0]
        pairs = zip(hmdb_names(label), chosen, strict=True)
        text = "".join(f"{name} {part} \n" for name, part in pairs)
        (folder / lists / f"{label}_test_split1.txt").write_text(text)
        for name in hmdb_names(label):
            touch(folder / videos / label / name)


@pytest.mark.parametrize("videos", [".", "videos"])
def test_hmdb51_lists_say_which_part_a_video_is_in(tmp_path, videos):
    make_hmdb51(tmp_path, videos)
    train, test = (read_hmdb51(tmp_path, 1, part) for part in ("train", "test"))
    assert [e.label for e in train] == ["brush_hair"] * 2 + ["wave"] * 2
    assert train[0].video_id == "brush_hair/April_09_brush_hair_u_nm_np1_ba_goo_0.avi"
    assert train[0].path == str(tmp_path / videos / train[0].video_id)
    assert {e.group for e in train} == {"April_09"} and {e.group for e in test} == {"Ein_Film_(1)"}


def test_hmdb51_without_its_lists_is_refused(tmp_path):
    make_hmdb51(tmp_path)
    with pytest.raises(FileNotFoundError, match="CLASS_test_split2.txt"):
        read_hmdb51(tmp_path, split=2)
    with pytest.raises(ValueError, match="part='val'"):
        read_hmdb51(tmp_path, part="val")


def test_folders_are_classes(tmp_path):
    for name in ("walk/b.mp4", "run/deep/a.avi", "run/notes.txt", ".hidden/c.mp4", "d.mp4"):
        touch(tmp_path / name)
    examples = read_video_folders(tmp_path)
    assert [(e.video_id, e.label) for e in examples] == [
        ("run/deep/a.avi", "run"),
        ("walk/b.mp4", "walk"),
    ]
    assert [e.path for e in examples] == [str(tmp_path / e.video_id) for e in examples]


def test_a_folder_without_videos_says_what_it_must_hold(tmp_path):
    touch(tmp_path / "run" / "notes.txt")
    with pytest.raises(FileNotFoundError, match="a folder for each class"):
        read_video_folders(tmp_path)


def test_a_csv_names_videos_labels_and_sources(tmp_path):
    path = tmp_path / "clips.csv"
    path.write_text("video,label,source\na.mp4,run,3\n/else/b.mp4,walk,-1\nc.mp4,walk,\n")
    a, b, c = read_labelled_videos(path)
    assert a == LabelledVideo("a.mp4", str(tmp_path / "a.mp4"), "run", "3")
    assert (b.path, b.group, c.group) == ("/else/b.mp4", "", "")
    assert read_labelled_videos(path, "/videos")[0].path == "/videos/a.mp4"


@pytest.mark.parametrize(
    "text, message",
    [
        ("file,class\na.mp4,run\n", "`path`.*`label`.*class"),
        ("path,label\na.mp4,run\nb.mp4,\n", "line 3"),
        ("path,label\na.mp4,run\nb.mp4\n", "line 3"),
    ],
)
def test_a_csv_with_gaps_is_refused_by_line(tmp_path, text, message):
    (tmp_path / "clips.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_labelled_videos(tmp_path / "clips.csv")


@pytest.mark.shared
def test_the_fight_clips_are_read_and_split_by_source(shared_data):
    examples = read_labelled_videos(shared_data / "surv_fight" / "clips.csv")
    assert {e.label for e in examples} == {"fight", "noFight"}
    train, held_out = split_videos(examples)
    sources = [{e.group for e in side if e.group} for side in (train, held_out)]
    assert not sources[0] & sources[1] and 0.15 < len(held_out) / len(examples) < 0.25


def random_videos(seed):
    """Up to 60 videos of 2 to 4 classes; a group may hold videos of several classes."""
    random = np.random.default_rng(seed)
    labels = [f"class {i}" for i in range(random.integers(2, 5))]
    num_groups = random.integers(4, 30)
    return [
        LabelledVideo(
            f"v{i}",
            f"v{i}.mp4",
            str(random.choice(labels)),
            f"g{random.integers(num_groups)}" if random.random() < 0.8 else "",
        )
        for i in range(random.integers(20, 61))
    ]


def own_group(example):
    return example.group or example.video_id


@pytest.mark.parametrize("seed", range(60))
def test_a_split_keeps_groups_whole_and_is_near_its_share(seed):
    examples = random_videos(seed)
    train, held_out = split_videos(examples, held_out=0.3, seed=seed)
    assert sorted(train + held_out, key=examples.index) == examples
    for side in (train, held_out):
        assert side == sorted(side, key=examples.index)
    assert not set(map(own_group, train)) & set(map(own_group, held_out))
    for label in {e.label for e in examples}:
        groups = [own_group(e) for e in examples if e.label == label]
        if len(set(groups)) > 1:
            assert any(e.label == label for e in train)
    assert 0.2 < len(held_out) / len(examples) < 0.4
    assert split_videos(examples, 0.3, seed) == (train, held_out)


@pytest.mark.parametrize("seed", range(20))
def test_without_shared_groups_every_class_is_within_a_group_of_its_share(seed):
    examples = [
        LabelledVideo(e.video_id, e.path, e.label, e.group and f"{e.label} {e.group}")
        for e in random_videos(seed)
    ]
    train, held_out = split_videos(examples, held_out=0.3, seed=seed)
    for label in {e.label for e in examples}:
        groups = [own_group(e) for e in examples if e.label == label]
        sizes = [groups.count(g) for g in set(groups)]
        count = sum(e.label == label for e in held_out)
        if len(sizes) > 1:
            assert 0 < count < len(groups)
            assert abs(count - 0.3 * len(groups)) <= max(sizes)


def test_a_class_never_loses_its_last_group_to_another():
    videos = [("a", "1"), ("a", "2"), ("b", "2"), ("b", "3")]
    examples = [LabelledVideo(f"{x} {g}", "", x, g) for x, g in videos]
    for seed in range(20):
        train, _ = split_videos(examples, held_out=0.5, seed=seed)
        assert {e.label for e in train} == {"a", "b"}


def test_a_group_far_above_the_share_stays_in_training():
    examples = [LabelledVideo(f"v{i}", "", "a", "big" if i else "small") for i in range(10)]
    for seed in range(5):
        assert [e.group for e in split_videos(examples, 0.2, seed)[1]] == ["small"]


@pytest.mark.parametrize("share", [0, 1, 1.5])
def test_shares_outside_0_to_1_are_refused(share):
    with pytest.raises(ValueError, match="held_out"):
        split_videos([], share)
