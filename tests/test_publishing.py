"""What a preset says about itself."""

import keras_lrcn
from keras_lrcn import publishing


def test_every_task_of_a_shipped_preset_has_a_card():
    for name, entry in keras_lrcn.list_presets("embedded").items():
        text = publishing.card(name, {"scores_note": "Measured.", "limits": "Some.", **entry})
        assert f'from_preset("{name}")' in text
        assert f"{entry['params']:,} parameters" in text and entry["licence"] in text


def test_score_tables_leave_gaps_where_a_row_lacks_a_score():
    table = publishing.score_table({"greedy": {"CIDEr": 0.5}, "beam": {"CIDEr": 0.6, "WER": 0.1}})
    assert table.splitlines()[0] == "| | CIDEr | WER |"
    assert table.splitlines()[2:] == ["| greedy | 0.500 |  |", "| beam | 0.600 | 0.100 |"]
