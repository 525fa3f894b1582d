"""A table of the paper beside our numbers: as Markdown, as JSON and as a picture."""

import json
import os

import numpy as np
import pytest
from PIL import Image, ImageColor

from keras_lrcn.paper_table import Measured, Row, markdown_table, measure, write_table
from keras_lrcn.paper_table_picture import COLOURS, INK, WIDTH, draw_table

COLUMNS = ["RGB", "flow"]
ROWS = [
    Row("single frame", {"RGB": Measured(20.52, 16.1, 24.9), "flow": Measured(48.7)}),
    Row("LRCN", {"RGB": Measured(56.5, 51.0, 62.0), "flow": None}, {"RGB": 68.2, "flow": None}),
]
FACTS = {"data": "two films", "scale": "toy", "seeds": "0, 1"}


def written(folder, **options):
    given = {"command": "python -m x --table 1", "data": FACTS, "columns": COLUMNS, "rows": ROWS}
    return write_table(folder, "table1", "Table 1", **(given | options))


def count(picture, colour):
    return int((np.asarray(picture) == ImageColor.getrgb(colour)).all(axis=-1).sum())


def test_ours_and_the_papers_numbers_stand_side_by_side():
    assert markdown_table(COLUMNS, ROWS).splitlines() == [
        "|  | RGB | paper | flow |",
        "|---|---|---|---|",
        "| single frame | 20.5 [16.1, 24.9] |  | 48.7 |",
        "| LRCN | 56.5 [51.0, 62.0] | 68.2 |  |",
    ]


def test_a_bar_in_a_name_does_not_open_a_column():
    assert r"| a\|b | 1.0 |" in markdown_table(["n"], [Row("a|b", {"n": Measured(1.0)})])


def test_the_page_says_how_it_came_about(tmp_path):
    page = written(tmp_path, departures=["another CNN"], notes=["one note"])
    assert page == (tmp_path / "table1.md").read_text()
    for part in ("# Table 1", "python -m x --table 1", "two films", "toy", "0, 1", "another CNN"):
        assert part in page
    assert markdown_table(COLUMNS, ROWS) in page and "one note" in page


def test_the_json_holds_the_same_numbers_unrounded(tmp_path):
    written(tmp_path, departures=["another CNN"])
    record = json.loads((tmp_path / "table1.json").read_text())
    assert record["columns"] == COLUMNS and record["scale"] == "toy"
    assert record["departures"] == ["another CNN"]
    for row, stored in zip(ROWS, record["rows"], strict=True):
        found = {c: m and Measured(**m) for c, m in stored["measured"].items()}
        assert Row(stored["name"], found, stored["paper"]) == row


def test_gains_carry_their_sign(tmp_path):
    rows = [Row("Punch", {"RGB": Measured(2.0, -1.0, 5.0)}, {"RGB": -4.25})]
    assert "| +2.00 [-1.00, +5.00] | -4.25 |" in written(
        tmp_path, rows=rows, columns=["RGB"], signed=True, digits=2
    )


def test_a_killed_writer_leaves_the_old_files_whole(tmp_path, monkeypatch):
    written(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(before) == {"table1.md", "table1.json", "table1.png"}

    def half(picture, part, kind):
        with open(part, "wb") as file:
            file.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(Image.Image, "save", half)
    with pytest.raises(KeyboardInterrupt):
        written(tmp_path)
    assert (tmp_path / "table1.png").read_bytes() == before["table1.png"]
    monkeypatch.setattr(os, "replace", lambda *paths: pytest.fail("nothing may be replaced here"))
    with pytest.raises(ValueError):
        written(tmp_path, rows=[])


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "needs rows"),
        ([Row("LRCN", {"RBG": Measured(1.0)})], 'number for "RBG"'),
        ([Row("LRCN", {}, {"sound": 1.0})], 'number for "sound"'),
        ([Row("LRCN", {"RGB": Measured(float("nan"))})], "not finite"),
    ],
)
def test_what_cannot_be_shown_is_refused(tmp_path, rows, words):
    with pytest.raises(ValueError, match=words):
        written(tmp_path, rows=rows)
    assert not list(tmp_path.iterdir())


def test_an_items_score_is_its_mean_over_the_seeds():
    scores = np.random.default_rng(0).random((3, 50)) < 0.7
    found = measure(scores, scale=100)
    assert found.mean == pytest.approx(100 * scores.mean())
    assert found == measure(scores.mean(axis=0), scale=100)  # seeds are averaged, not resampled
    assert found.low < found.mean < found.high
    # 1.96 standard errors of fifty items; the resamples themselves are random, hence a tenth
    half = 1.96 * 100 * scores.mean(axis=0).std() / np.sqrt(50)
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=0.1)


def test_a_statistic_other_than_the_mean_can_be_measured():
    ranks = np.arange(1, 102)[None]
    found = measure(ranks, np.median)
    assert found.mean == 51 and found.low < 51 < found.high


def test_the_picture_has_a_dot_a_number_and_a_diamond_a_number_of_the_paper():
    few = draw_table("", ["n"], [Row("a", {"n": Measured(1.0)}), Row("b", {"n": Measured(2.0)})])
    more = draw_table(
        "", ["n"], [Row("a", {"n": Measured(1.0)}, {"n": 1.5}), Row("b", {"n": Measured(2.0)})]
    )
    dots = 3  # one in the legend
    assert count(few, COLOURS[0]) == count(more, COLOURS[0])
    assert count(few, COLOURS[0]) > dots * 50
    assert count(more, INK) > count(few, INK) + 20


def test_a_long_table_may_be_drawn_in_part(tmp_path):
    rows = [Row(f"class {i}", {"RGB": Measured(float(i))}) for i in range(101)]
    written(tmp_path, rows=rows, columns=["RGB"], drawn=rows[:2])
    assert len(json.loads((tmp_path / "table1.json").read_text())["rows"]) == 101
    expected = draw_table("Table 1", ["RGB"], rows[:2], "%")
    with Image.open(tmp_path / "table1.png") as picture:
        np.testing.assert_array_equal(picture, expected)


def test_numbers_lie_where_the_axis_says():
    rows = [Row("", {"n": Measured(float(n))}) for n in (0, 50, 100)]
    picture = np.asarray(draw_table("", ["n"], rows))
    _, x = np.nonzero((picture[80:] == ImageColor.getrgb(COLOURS[0])).all(axis=-1))
    left, right = x.min() + 5, x.max() - 5  # the radius of a dot
    middle = x[(x > left + 50) & (x < right - 50)].mean()
    assert middle == pytest.approx((left + right) / 2, abs=1.5)


@pytest.mark.parametrize("num_rows", [1, 2, 20])
@pytest.mark.parametrize("num_columns", [1, 4, 9])
def test_every_shape_of_table_can_be_drawn(num_rows, num_columns):
    columns = [f"column {i}" for i in range(num_columns)]
    rows = [
        Row(f"{'a long name ' * i}{'x' * 8 * i}", {c: Measured(-3.0 * i) for c in columns})
        for i in range(num_rows)
    ]
    picture = draw_table("A title of many words. " * 12, columns, rows, "points")
    assert picture.width == WIDTH and picture.height < 260 + num_rows * (30 + 19 * num_columns)
    edge = np.asarray(picture)[:, [0, -1]]
    assert (edge == 255).all()  # nothing runs off the page


def test_a_table_of_nothing_but_gaps_can_be_drawn():
    assert draw_table("", ["n"], [Row("a", {"n": None})]).width == WIDTH
