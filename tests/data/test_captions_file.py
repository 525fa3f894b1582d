"""Captions of one's own: flexible in form, exact about what is wrong."""

import json

import pytest

from keras_lrcn.data.captions_file import read_captions


def written(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_rows_of_one_image_are_joined_in_order(tmp_path):
    path = written(tmp_path / "a.csv", "image,caption\nb.jpg,one\na.jpg,two\nb.jpg,three\n")
    assert [(e.image_id, e.captions) for e in read_captions(path)] == [
        ("b.jpg", ("one", "three")),
        ("a.jpg", ("two",)),
    ]


def test_relative_paths_start_from_the_file_and_absolute_ones_stay(tmp_path):
    path = written(tmp_path / "a.csv", "image,caption\nsub/b.jpg,one\n/photos/c.jpg,two\n")
    near, far = read_captions(path)
    assert (near.path, far.path) == (str(tmp_path / "sub" / "b.jpg"), "/photos/c.jpg")
    assert read_captions(path, "other")[0].path == "other/sub/b.jpg"


def test_a_csv_cell_may_hold_a_json_list_or_line_breaks(tmp_path):
    text = 'image,captions\na.jpg,"[""one"", ""two""]"\nb.jpg,"first\nsecond line"\n'
    captions = [e.captions for e in read_captions(written(tmp_path / "a.csv", text))]
    assert captions == [("one", "two"), ("first\nsecond line",)]


def test_kaggles_flickr30k_header_is_understood(tmp_path):
    text = "image_name| comment_number| comment\n1.jpg| 0| Two men , one dog .\n"
    (example,) = read_captions(written(tmp_path / "results.csv", text))
    assert (example.image_id, example.captions) == ("1.jpg", (" Two men , one dog .",))


def test_image_ids_are_optional(tmp_path):
    lines = [{"image": "a.jpg", "image_id": 7, "captions": ["x"]}, {"image": "b.jpg", "text": "y"}]
    path = written(tmp_path / "a.jsonl", "\n".join(map(json.dumps, lines)))
    assert [e.image_id for e in read_captions(path)] == ["7", "b.jpg"]


def test_one_id_for_two_images_is_refused_by_line(tmp_path):
    text = "image_id,image,caption\n7,a.jpg,x\n7,b.jpg,y\n"
    with pytest.raises(ValueError, match="line 3: `image_id` '7' already stands for .*a.jpg"):
        read_captions(written(tmp_path / "a.csv", text))


BROKEN = {  # name, text, part of the message
    "no caption column": ("a.csv", "image,words\na.jpg,x\n", r"line 2: .*'captions'.*'words'"),
    "no image column": ("a.csv", "picture,caption\na.jpg,x\n", r"line 2: .*'image'.*'picture'"),
    "short row": ("a.csv", "image,caption\na.jpg,x\nb.jpg\n", r"line 3: .*'caption'"),
    "comma without quotes": ("a.csv", "image,caption\na.jpg,x, y\n", r"line 2: .*double quotes"),
    "no image": ("a.csv", "image,caption\n,x\n", r"line 2: the image must be a file name"),
    "number as caption": ("a.jsonl", '{"image": "a", "caption": 3}', r"line 1: .*strings.* 3"),
    "nested list": ("a.jsonl", '{"image": "a", "captions": [["x"]]}', r"line 1: .*strings"),
    "half a line": ("a.jsonl", '{"image": "a", "caption": "x"}\n{"ima', r"line 2: not JSON"),
    "no object": ("a.jsonl", '["a", "x"]', r"line 1: expected an object"),
    "other json": ("a.json", '{"images": []}', r"a list of objects.*read_coco_captions"),
    "entry of a list": ("a.json", '[{"image": "a"}]', r"entry 1: .*'captions'"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_what_is_wrong_is_said_with_file_and_line(tmp_path, kind):
    name, text, message = BROKEN[kind]
    with pytest.raises(ValueError, match=rf"{name}.*{message}"):
        read_captions(written(tmp_path / name, text))


def test_an_empty_csv_has_no_examples(tmp_path):
    assert read_captions(written(tmp_path / "a.csv", "image,caption\n")) == []


def test_n_best_lines_of_the_command_line_are_captions(tmp_path):
    path = tmp_path / "captions.jsonl"
    n_best = [{"caption": "A dog.", "score": -3.0}, {"caption": "A cat.", "score": -4.0}]
    path.write_text(json.dumps({"image": "a.jpg", "caption": "A dog.", "captions": n_best}))
    assert read_captions(path)[0].captions == ("A dog.", "A cat.")
