"""Readers of described videos, on files that the tests write as the releases have them."""

import json

import pytest

from keras_lrcn.data import (
    SpokenWord,
    read_charades,
    read_descriptions,
    read_grid,
    read_grid_alignment,
    read_msr_vtt,
    read_msvd,
    read_tacos,
    read_tuples,
)

CHARADES = """id,subject,scene,quality,relevance,verified,script,objects,descriptions,actions,length
46GP8,HR43,Basement (A room below),6,7,Yes,"A person, cooking.",Food;stove,"A person cooks, then \
looks.;Somebody cooks.",c092 11.90 21.20;c147 0.00 12.60;c092 30.0 31.0,24.83
N11GT,0KZ7,Stairs,6,7,Yes,One.,,Person shakes a blanket.,,18.33
XXXXX,0KZ7,Stairs,6,7,Yes,One.,,,,18.33
"""


@pytest.fixture
def charades(tmp_path):
    (tmp_path / "Charades_v1_classes.txt").write_text("c092 Watching food\r\nc147 Cooking\r\n")
    (tmp_path / "Charades_v1_train.csv").write_text(CHARADES.replace("\n", "\r\n"))
    return tmp_path


def test_charades_become_roles_and_references(charades):
    first, second = read_charades(charades, videos="clips")
    assert first.roles == {
        "scene": "basement",
        "objects": ["food", "stove"],
        "actions": ["cooking", "watching food"],
    }
    assert first.captions == ("A person cooks, then looks.", "Somebody cooks.")
    assert first.path.endswith("46GP8.mp4") and second.video_id == "N11GT"
    assert second.roles == {"scene": "stairs", "objects": [], "actions": []}


def test_faults_of_charades_are_named(charades):
    with pytest.raises(ValueError, match="dev"):
        read_charades(charades, "dev")
    path = charades / "Charades_v1_train.csv"
    path.write_text(CHARADES.replace("c147", "c999"))
    with pytest.raises(ValueError, match="line 2.*c999"):
        read_charades(charades)
    path.write_text(CHARADES.replace("scene", "place"))
    with pytest.raises(ValueError, match="scene"):
        read_charades(charades)


def test_grid_pairs_videos_with_alignments(tmp_path):
    (tmp_path / "mouth").mkdir()
    (tmp_path / "align").mkdir()
    for name in ("b", "a", "unaligned"):
        (tmp_path / "mouth" / f"{name}.mp4").write_bytes(b"")
    text = "0 23750 sil\n23750 29500 bin\n29500 30000 sp\n30000 34000 blue\n34000 74500 sil\n"
    for name in ("a", "b"):
        (tmp_path / "align" / f"{name}.align").write_text(text)
    examples = read_grid(tmp_path)
    assert [e.video_id for e in examples] == ["a", "b"]
    assert examples[0].captions == ("bin blue",) and examples[0].path.endswith("mouth/a.mp4")
    words = read_grid_alignment(tmp_path / "align" / "a.align")
    assert words == [SpokenWord("bin", 23.75, 29.5), SpokenWord("blue", 30.0, 34.0)]
    (tmp_path / "align" / "a.align").write_text("0 1 sil\n1 x bin\n")
    with pytest.raises(ValueError, match="a.align, line 2"):
        read_grid(tmp_path)
    with pytest.raises(FileNotFoundError, match="2 videos|3 videos"):
        read_grid(tmp_path, alignments=tmp_path / "elsewhere")


def test_tacos_joins_sentences_of_one_part(tmp_path):
    video = {"timestamps": [[20, 40], [50, 90], [20, 40]], "sentences": ["A.", "B.", "C."]}
    video |= {"fps": 20.0, "num_frames": 100}
    (tmp_path / "val.json").write_text(json.dumps({"s1.avi": video}))
    first, second = read_tacos(tmp_path, "val")
    assert (first.video_id, first.captions, first.seconds) == (
        "s1.avi:20-40",
        ("A.", "C."),
        (1.0, 2.0),
    )
    tuples = tmp_path / "crf.jsonl"
    tuples.write_text('{"id": "s1.avi:20-40", "roles": {"activity": {"cut": 0.8}}}\n')
    with pytest.raises(ValueError, match="s1.avi:50-90"):
        read_tacos(tmp_path, "val", tuples=tuples)
    with tuples.open("a") as file:
        file.write('{"id": "s1.avi:50-90", "roles": {"activity": "wash"}}\n')
    assert read_tacos(tmp_path / "val.json", tuples=tuples)[1].roles == {"activity": "wash"}
    del video["fps"]
    (tmp_path / "val.json").write_text(json.dumps({"s1.avi": video}))
    with pytest.raises(ValueError, match="'s1.avi'"):
        read_tacos(tmp_path, "val")


def test_three_forms_of_msvd_are_one(tmp_path):
    (tmp_path / "a.csv").write_text(
        "VideoID,Start,End,WorkerID,Source,AnnotationTime,Language,Description\n"
        "x-1,3,9,1,clean,5,English,A cat.\nx-1,3,9,1,clean,5,German,Katze.\n"
        'x-1,3,9,1,clean,5,English,"A cat, asleep."\ny,0,4,1,clean,5,English,A dog.\n'
    )
    (tmp_path / "a.txt").write_text("# MSVD\nx-1_3_9 A cat.\nx-1_3_9 A cat, asleep.\ny_0_4 A dog.")
    entries = [{"id": "x-1_3_9.avi", "caption": ["A cat.", "A cat, asleep."]}]
    entries.append({"id": "y_0_4.avi", "caption": ["A dog."]})
    (tmp_path / "a.json").write_text(json.dumps(entries))
    forms = [read_msvd(tmp_path / f"a.{suffix}", videos="v") for suffix in ("csv", "txt", "json")]
    assert forms[0] == forms[1] == forms[2]
    assert forms[0][0].captions == ("A cat.", "A cat, asleep.")
    assert [e.path for e in read_msvd(tmp_path / "a.txt", "v", ["y_0_4.avi"])] == ["v/y_0_4.avi"]
    with pytest.raises(ValueError, match="'z'"):
        read_msvd(tmp_path / "a.txt", ids=["z"])


def test_msr_vtt_splits(tmp_path):
    content = {
        "videos": [
            {"video_id": "video0", "split": "train"},
            {"video_id": "video1", "split": "validate"},
            {"video_id": "video2", "split": "train"},
        ],
        "sentences": [
            {"video_id": "video1", "caption": "b"},
            {"video_id": "video0", "caption": "a"},
            {"video_id": "video0", "caption": "c"},
        ],
    }
    path = tmp_path / "info.json"
    path.write_text(json.dumps(content))
    assert [e.captions for e in read_msr_vtt(path)] == [("a", "c"), ("b",)]
    assert [e.path for e in read_msr_vtt(path, "val", "v")] == ["v/video1.mp4"]
    path.write_text("[]")
    with pytest.raises(ValueError, match="sentences"):
        read_msr_vtt(path)


def test_descriptions_of_ones_own(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("video,caption\na.mp4,A cat sleeps.\nb.mp4,A dog.\na.mp4,A cat.\n")
    first, second = read_descriptions(path)
    assert (first.path, first.captions) == (str(tmp_path / "a.mp4"), ("A cat sleeps.", "A cat."))
    path = tmp_path / "own.jsonl"
    path.write_text('{"id": "x", "roles": {"activity": "cut"}, "captions": ["He cuts."]}\n')
    [example] = read_descriptions(path)
    assert (example.video_id, example.path, example.roles) == ("x", None, {"activity": "cut"})
    path.write_text('{"captions": ["He cuts."]}\n')
    with pytest.raises(ValueError, match="own.jsonl, line 1"):
        read_descriptions(path)


def test_tuples_of_any_format(tmp_path):
    rows = [{"id": "x", "roles": {"scene": "hall", "objects": ["cup", "bag"]}}]
    rows.append({"id": "x", "roles": {"scene": {"hall": 0.5}}})  # an id that came before
    lines = tmp_path / "t.jsonl"
    lines.write_text("\n\n".join(map(json.dumps, rows)))
    assert [(t.tuple_id, t.roles) for t in read_tuples(lines)] == [
        ("x", rows[0]["roles"]),
        (f"{lines}:3", rows[1]["roles"]),
    ]
    table = tmp_path / "t.csv"
    table.write_text("id,scene,objects,caption\nx,hall,cup;bag,he goes\n,hall,,\n")
    assert [(t.tuple_id, t.roles) for t in read_tuples(table)] == [
        ("x", {"scene": "hall", "objects": "cup;bag"}),
        (f"{table}:3", {"scene": "hall", "objects": None}),
    ]
    listed = tmp_path / "t.json"
    listed.write_text(json.dumps(rows[:1]))
    assert read_tuples(listed)[0].roles == rows[0]["roles"]


def test_rows_that_are_no_tuples_are_named(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_text('{"roles": {"scene": "hall"}}\nnonsense\n[]\n{"roles": "hall"}\n{"scene": 1}\n')
    with pytest.raises(ValueError, match="t.jsonl:2"):
        read_tuples(path)
    kept = read_tuples(path, on_error="keep")
    assert [bool(t.error) for t in kept] == [False, True, True, True, True]
    assert [t.tuple_id.rpartition(":")[2] for t in kept] == list("12345")
    assert all(t.roles is None for t in kept[1:])


@pytest.mark.shared
def test_the_real_files_are_read(shared_data):
    charades = read_charades(shared_data / "charades")
    assert len(charades) == 7985 and sum(len(e.captions) for e in charades) == 11593
    grid = read_grid(shared_data / "grid_s1")
    assert len(grid) == 900
    assert all(len(e.captions[0].split()) == 6 for e in grid)
    tacos = read_tacos(shared_data / "tacos", "val")
    assert len({e.video_id.split(":")[0] for e in tacos}) == 27
    sample = shared_data / "msvd_sample" / "data" / "training_data" / "training_label.json"
    assert len(read_msvd(sample)) == 1450
