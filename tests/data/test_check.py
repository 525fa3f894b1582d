"""`check_captions` and `check_dataset` find what was planted, and nothing in clean data."""

import json
import zlib

import numpy as np
import pytest
from PIL import Image

from keras_lrcn.data.check import caption_words, check_captions, check_dataset
from keras_lrcn.data.examples import CaptionedImage


@pytest.fixture
def made(tmp_path):
    """Makes examples with an image of noise each: `made("a", "caption", ...)`."""

    def make(image_id, *captions, seed=None):
        path = tmp_path / f"{image_id}.png"
        random = np.random.default_rng(zlib.crc32(image_id.encode()) if seed is None else seed)
        Image.fromarray(random.integers(0, 256, (4, 4, 3), "uint8")).save(path)
        return CaptionedImage(image_id, str(path), captions)

    return make


def findings(report):
    return {finding.kind: finding for finding in report.findings}


def test_clean_data_has_no_findings(made):
    report = check_captions([made("a", "A dog runs .", "एक कुत्ता"), made("b", "一只猫")])
    assert (report.findings, report.ok, report.exit_code) == ([], True, 0)
    assert report.text().endswith("0 errors, 0 warnings.")


def test_missing_and_broken_images_are_named_once(made, tmp_path):
    examples = [made("a", "x"), made("b", "y"), made("c", "z"), made("c", "again")]
    (tmp_path / "a.png").unlink()
    (tmp_path / "c.png").write_text("404")
    found = findings(report := check_captions(examples))["broken_images"]
    assert found.count == 2 and not report.ok and report.exit_code == 1
    assert "a.png: no such file" in found.examples[0]
    assert "c.png: no image but text" in found.examples[1]


def test_ids_that_occur_twice_are_counted(made):
    report = check_captions([made("a", "x"), made("b", "y"), made("a", "z")])
    assert findings(report)["duplicate_ids"].examples == ["a (2 times)"]
    assert "identical_images" not in findings(report)


def test_identical_pixels_under_other_ids_are_found_in_other_files(made, tmp_path):
    first = made("a", "x", seed=1)
    same = tmp_path / "same.bmp"  # other bytes, equal pixels
    Image.open(first.path).save(same)
    report = check_captions([first, made("b", "y"), CaptionedImage("c", str(same), ("z",))])
    assert findings(report)["identical_images"].examples == ["a = c"]
    assert report.ok  # a warning


def test_images_without_captions_and_captions_without_words_are_errors(made):
    report = check_captions([made("a"), made("b", "fine", " . ", "")])
    assert findings(report)["images_without_captions"].examples == ["a"]
    assert findings(report)["empty_captions"].examples == ["b", "b"]
    assert not report.ok


@pytest.mark.parametrize("mark", ["\n", "\r", "\u2028", "\u2029", "\x85", "\x0b", "\x0c"])
def test_every_line_break_that_python_knows_is_found(made, mark):
    assert len(f"a{mark}b".splitlines()) == 2
    report = check_captions([made("a", f"one{mark}two", "one two")])
    assert findings(report)["line_breaks"].examples == [f"a: {f'one{mark}two'!r}"]


def test_images_of_training_are_found_by_id_and_by_pixels(made):
    train = [made("a", "x"), made("b", "y", seed=5)]
    other_photo = made("other", "x").path
    held_out = [CaptionedImage("a", other_photo, ("x",)), made("c", "y", seed=5), made("d", "x")]
    report = check_captions(held_out, train=train)
    assert findings(report)["images_in_training"].examples == ["a", "c"]
    assert not report.ok


def test_words_that_training_lacks_are_listed_by_frequency(made):
    train = [made("a", "A dog, running.")]
    held_out = [made("b", "a Cat running", "(the cat)")]
    report = check_captions(held_out, train=train)
    found = findings(report)["words_not_in_training"]
    assert found.examples == ["cat (2 times)", "the (1 times)"] and report.ok


def test_a_vocabulary_with_words_of_the_test_set_is_an_error(made):
    train, held_out = [made("a", "a dog")], [made("b", "a cat sits")]
    clean = check_captions(held_out, train=train, vocabulary=["a", "dog", "<unk>"])
    leaking = check_captions(held_out, train=train, vocabulary=["a", "dog", "cat", "<unk>"])
    assert clean.ok and not leaking.ok
    assert findings(leaking)["vocabulary_leak"].examples == ["cat"]
    with pytest.raises(ValueError, match="train=None"):
        check_captions(held_out, vocabulary=["cat"])


def test_facts_count_what_the_captions_are_like(made):
    examples = [
        made("a", "A man on the left .", "a MAN on the left", "bright dog"),
        made("b", "Right !"),
        made("c", "a leftover dog"),
    ]
    facts = check_captions(examples).facts
    assert facts == {
        "num_images": 3,
        "num_captions": 5,
        "captions_per_image": {1: 2, 3: 1},
        "words_per_caption": {1: 1, 2: 1, 3: 1, 5: 2},
        "identical_captions": 2 / 5,
        "num_words": 9,
        "left_or_right": 3,
    }


def test_words_of_any_alphabet_keep_their_marks():
    assert caption_words("एक कुत्ता, दौड़ रहा है।") == ["एक", "कुत्ता", "दौड़", "रहा", "है"]
    assert caption_words('The man\'s "T-shirt" -- blue .') == ["the", "man's", "t-shirt", "blue"]


def test_the_printed_form_shows_some_and_the_json_all(made):
    examples = [made(f"{n}", f"word{n}\r") for n in range(9)]
    report = check_captions([*examples, CaptionedImage("gone", "gone.png", ("नहीं",))])
    text = report.text()
    assert "ERROR: 1 images are missing or broken\n    gone.png: no such file" in text
    assert text.index("ERROR") < text.index("WARNING: 9 captions have a line break")
    assert "    ... and 4 more\n" in text and text.endswith("1 errors, 1 warnings.")
    stored = json.loads(report.json())
    assert stored["ok"] is False
    assert len(stored["findings"][1]["examples"]) == 9


def test_lengths_are_drawn_as_bars(made):
    report = check_captions([made("a", *["w " * 7] * 4, "w " * 12, *["w " * n for n in (41, 99)])])
    text = report.text()
    assert f"5-9        4 {'#' * 40}\n" in text
    assert f"40 or more        2 {'#' * 20}\n" in text


# Data sets on disk


@pytest.fixture
def flickr8k(made, tmp_path):
    (tmp_path / "images").mkdir()
    lists = {"train": ["a.jpg", "b.jpg"], "dev": ["c.jpg"], "test": ["a.jpg"]}
    for split, names in lists.items():
        (tmp_path / f"Flickr_8k.{split}Images.txt").write_text("\n".join(names))
    captions = {"a.jpg": "a dog", "b.jpg": "a cat", "c.jpg": "two dogs"}
    for n, name in enumerate(captions):
        Image.new("RGB", (4, 4), (90 * n, 0, 0)).save(tmp_path / "images" / name)
    lines = "".join(f"{name}#0\t{caption}\n" for name, caption in captions.items())
    (tmp_path / "Flickr8k.token.txt").write_text(lines)
    return tmp_path


def test_all_splits_are_held_against_training(flickr8k):
    report = check_dataset(flickr8k)
    (shared,) = [f for f in report.findings if f.kind == "images_in_training"]
    assert shared.text == "1 images of test are in training too" and shared.examples == ["a.jpg"]
    (words,) = [f for f in report.findings if f.kind == "words_not_in_training"]
    assert "of dev" in words.text and words.examples == ["two (1 times)", "dogs (1 times)"]
    assert report.facts["num_images"] == 3


def test_one_split_is_checked_alone_but_for_training(flickr8k):
    (flickr8k / "images" / "a.jpg").unlink()
    assert check_dataset(flickr8k, split="dev").ok
    assert not check_dataset(flickr8k, split="train").ok
    assert [f.kind for f in check_dataset(flickr8k, split="train").findings] == ["broken_images"]


def test_a_missing_image_folder_can_be_said(flickr8k, tmp_path):
    (flickr8k / "images").rename(tmp_path / "moved")
    assert findings(check_dataset(flickr8k))["broken_images"].count == 3
    assert "broken_images" not in findings(check_dataset(flickr8k, images=tmp_path / "moved"))


def test_captions_of_ones_own_are_checked_without_splits(made, tmp_path):
    made("a", "")
    (tmp_path / "my.csv").write_text("image,caption\na.png,A dog .\nb.png,A cat .\n")
    report = check_dataset(tmp_path / "my.csv")
    assert [finding.kind for finding in report.findings] == ["broken_images"]
    assert report.facts["num_captions"] == 2


def test_each_karpathy_split_is_held_against_training(made, tmp_path):
    entries = [
        {"filename": f"{name}.png", "split": split, "sentences": [{"raw": caption}]}
        for name, split, caption in [
            ("a", "train", "a dog"),
            ("b", "val", "a cat"),
            ("c", "test", "a whale"),
            ("d", "restval", "a cat"),  # the rest of COCO's validation images is trained on
        ]
    ]
    for entry in entries:
        made(entry["filename"][0])
    (tmp_path / "dataset.json").write_text(json.dumps({"images": entries}))
    report = check_dataset(tmp_path / "dataset.json")
    assert [f.text.partition(" (")[0] for f in report.findings] == [
        "1 words of test are not in training"
    ]
    assert not check_dataset(tmp_path / "dataset.json", split="train+restval").findings


@pytest.mark.shared
@pytest.mark.slow
def test_the_real_flickr8k_has_no_errors_but_one_photo_twice(shared_data):
    report = check_dataset(shared_data / "flickr8k")
    assert report.ok and report.facts["num_captions"] == 35_000
    twice = findings(report)["identical_images"].examples
    assert twice == ["2851198725_37b6027625.jpg = 3050606344_af711c726c.jpg"]
