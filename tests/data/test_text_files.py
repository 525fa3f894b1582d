"""Texts are read as UTF-8 and cut into lines at line feeds only."""

import pytest

from keras_lrcn.data.text_files import read_json, read_lines, read_names


def test_only_line_feeds_end_lines(tmp_path):
    path = tmp_path / "lines.txt"
    path.write_bytes("a\x0bb\x85c\u2028d\r\ne\rf\n\ng".encode())
    assert read_lines(path) == ["a\x0bb\x85c\u2028d", "e\rf", "", "g"]


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path):
    path = tmp_path / "marked.txt"
    path.write_text("कुत्ता.jpg\n", encoding="utf-8-sig")
    assert read_names(path) == ["कुत्ता.jpg"]


def test_an_empty_file_has_no_lines(tmp_path):
    path = tmp_path / "empty.txt"
    path.touch()
    assert read_lines(path) == []


def test_other_encodings_are_refused_by_line(tmp_path):
    path = tmp_path / "old.csv"
    path.write_bytes("image,caption\ncafé.jpg,A café.\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"old.csv, line 2: .*UTF-8.*0xe9"):
        read_lines(path)


def test_half_a_json_is_named(tmp_path):
    path = tmp_path / "half.json"
    path.write_text('{"images": [')
    with pytest.raises(ValueError, match="half.json: not a JSON file, or not a whole one"):
        read_json(path)
