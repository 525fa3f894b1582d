import json

import numpy as np
import pytest

from keras_lrcn.data import read_label_results, read_labels

LABELS = {"v_Run_1.avi": "Run", "v_Sit_1.avi": "Sit"}


def write(path, rows):
    text = rows if isinstance(rows, str) else "".join(json.dumps(row) + "\n" for row in rows)
    path.write_text(text, "utf-8")
    return path


def test_labels_come_in_the_order_of_the_file(tmp_path):
    path = write(tmp_path / "test.csv", "video,label\nb.mp4,Sit\na.mp4,Run\nb.mp4,Sit\n")
    assert list(read_labels(path).items()) == [("b.mp4", "Sit"), ("a.mp4", "Run")]


@pytest.mark.parametrize(
    "text, message",
    [
        ("video,label\na,Run\na,Sit\n", "'a' is 'Run' already"),
        ("video,label\na,\n", "line 2: expected one of .*label"),
        ("name,label\na,Run\n", "line 2: expected one of .*video"),
        ("video,label\n", "names no videos"),
    ],
)
def test_faulty_labels_are_named(text, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        read_labels(write(tmp_path / "test.csv", text))


def test_every_form_of_probabilities_is_read(tmp_path):
    top = [{"label": "Sit", "probability": 0.7}, {"label": "Run", "probability": 0.2}]
    rows = [
        {"video": "/data/v_Sit_1.mp4", "label": "Sit", "probability": 0.7, "top": top},
        {"video": "v_Run_1.avi", "probabilities": {"Run": 0.9, "Jump": 0.1}},
        {"video": "v_Run_1", "label": "Jump"},
    ]
    results = read_label_results(write(tmp_path / "results.jsonl", rows), LABELS)
    assert results.classes == ["Jump", "Run", "Sit"] and results.num_listed == 1
    assert results.videos == ["v_Sit_1.avi", "v_Run_1.avi", "v_Run_1.avi"]
    assert results.labels.tolist() == [2, 1, 1]
    np.testing.assert_allclose(results.probabilities, [[0, 0.2, 0.7], [0.1, 0.9, 0], [1, 0, 0]])


def test_csv_cells_hold_json_or_a_label(tmp_path):
    cell = '"{""Run"": 0.75, ""Sit"": 0.25}"'
    text = f"video,probabilities,label\nv_Run_1.avi,{cell},\nv_Sit_1.avi,,Run\n"
    results = read_label_results(write(tmp_path / "results.csv", text), LABELS)
    np.testing.assert_allclose(results.probabilities, [[0.75, 0.25], [1, 0]])


def test_what_classify_writes_is_read(tmp_path):
    from keras_lrcn.cli.class_records import FORMATS, ClassRecord

    top = (("Sit", 0.7), ("Run", 0.2), ("Jump", 0.1))
    records = [ClassRecord(f"clips/{name}", top, 0.0, 3.5) for name in LABELS]
    for suffix in ("jsonl", "csv"):
        record_format = FORMATS[suffix](3)
        text = record_format.header + "".join(map(record_format.encode, records))
        results = read_label_results(write(tmp_path / f"results.{suffix}", text), LABELS)
        assert results.num_listed == 3
        np.testing.assert_allclose(results.probabilities, [[0.1, 0.2, 0.7]] * 2)


@pytest.mark.parametrize(
    "rows, message",
    [
        ([{"video": "v_Run_1.avi", "label": "Run"}], "Missing: 'v_Sit_1.avi'. Extra: none"),
        ([{"video": v, "label": "Run"} for v in [*LABELS, "x.avi"]], "Extra: 'x.avi'"),
        ([{"video": "v_Run_1.avi", "top": [{"name": "Run"}]}], "line 1: not class probabilities"),
        ([{"video": "v_Run_1.avi", "top": "{"}], "line 1: not class probabilities"),
        ([{"video": "v_Run_1.avi", "top": 3}], "line 1: not class probabilities"),
        ([{"video": "v_Run_1.avi"}], "line 1: expected one of .*label"),
    ],
)
def test_faulty_results_are_named(rows, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        read_label_results(write(tmp_path / "results.jsonl", rows), LABELS)


def test_a_stem_that_two_videos_share_is_not_guessed(tmp_path):
    labels = {"run/1.avi": "Run", "sit/1.avi": "Sit"}
    rows = [{"video": f"/data/{name}", "label": "Run"} for name in labels]
    with pytest.raises(ValueError, match="Extra: '/data/run/1.avi', '/data/sit/1.avi'"):
        read_label_results(write(tmp_path / "results.jsonl", rows), labels)
