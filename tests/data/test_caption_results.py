import json

import pytest

from keras_lrcn.data import CaptionedImage, read_references, read_results

ANNOTATIONS = {
    "images": [{"id": 7}, {"id": 3, "file_name": "three.jpg"}],
    "annotations": [
        {"image_id": 3, "caption": "a cat"},
        {"image_id": 7, "caption": "a dog"},
        {"image_id": 3, "caption": "the cat"},
    ],
}


def write(path, content):
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


def test_references_come_in_the_order_of_the_images_and_need_no_files(tmp_path):
    path = write(tmp_path / "references.json", ANNOTATIONS)
    assert read_references(path) == [
        CaptionedImage("7", "", ("a dog",)),
        CaptionedImage("3", "three.jpg", ("a cat", "the cat")),
    ]
    assert read_references(path, images="photos")[1].path.startswith("photos")


def test_references_of_another_format_are_read_too(tmp_path):
    path = write(tmp_path / "captions.csv", "image,caption\na.jpg,a dog\n")
    assert read_references(path)[0].captions == ("a dog",)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"images": [{"id": 7}, {"id": 3}, {"id": 9}]}, "no caption to compare with.*'9'"),
        ({"images": [{"id": 7}]}, "image '3' has captions but is not in `images`"),
        ({"images": [{"name": 7}]}, "an object with `id`"),
        ({"annotations": [{"image_id": 7, "caption": None}]}, "a string as `caption`"),
        ({"annotations": [{"caption": "a dog"}]}, "an object with `image_id`"),
    ],
)
def test_faulty_references_are_named(changes, message, tmp_path):
    path = write(tmp_path / "references.json", ANNOTATIONS | changes)
    with pytest.raises(ValueError, match=message):
        read_references(path)


@pytest.mark.parametrize("caption", ["", '["BEST"] dog', "a\r\u2028b", "\ud83d", "[a]", "null"])
def test_captions_stay_as_they_were_written(caption, tmp_path):
    path = write(tmp_path / "results.json", [{"image_id": 7, "caption": caption}])
    assert read_results(path) == {"7": caption}


def test_results_with_file_names_go_to_the_image_of_that_name(tmp_path):
    references = [CaptionedImage("42", "val2014/COCO_42.jpg", ("a dog",))]
    lines = '{"image": "/photos/COCO_42.jpg", "caption": "a dog", "captions": []}\n'
    assert read_results(write(tmp_path / "r.jsonl", lines), references) == {"42": "a dog"}
    csv = "image,caption\n42,a dog\nother.jpg,a cat\n"
    expected = {"42": "a dog", "other.jpg": "a cat"}
    assert read_results(write(tmp_path / "r.csv", csv), references) == expected


def test_videos_are_named_by_an_id_or_their_file(tmp_path):
    lines = (
        '{"video": "clips/a.mp4", "sentence": "a man"}\n{"video": "clips/a.mp4", "text": "he"}\n'
    )
    references = read_references(write(tmp_path / "references.jsonl", lines))
    assert references == [
        CaptionedImage("clips/a.mp4", str(tmp_path / "clips/a.mp4"), ("a man", "he"))
    ]
    results = write(tmp_path / "results.csv", "video,description\n/tmp/a.mp4,a man\n")
    assert read_results(results, references) == {"clips/a.mp4": "a man"}
    described = write(tmp_path / "d.jsonl", '{"input": "/x/a.mp4", "sentence": "a man"}\n')
    assert read_results(described, references) == {"clips/a.mp4": "a man"}
    by_id = write(tmp_path / "ids.jsonl", '{"video_id": 3, "captions": ["a", "b"]}\n')
    assert read_references(by_id) == [CaptionedImage("3", "", ("a", "b"))]


@pytest.mark.parametrize(
    "content, message",
    [
        ([{"image_id": 1, "caption": "a"}, {"image_id": "1", "caption": "b"}], "'1' comes twice"),
        ([{"image_id": 1, "caption": None}], "entry 1: expected a string as `caption`"),
        ([{"image_id": 1}], "entry 1: expected a string as `caption`"),
        ([{"caption": "a"}], "expected one of .*'image_id'"),
        ({"1": "a"}, "must hold a list"),
        ("{", "not a JSON file"),
    ],
)
def test_faulty_results_are_named(content, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        read_results(write(tmp_path / "results.json", content))
