"""The reader of Flickr8k, on a folder that the test writes and on the real one."""

import pytest

from keras_lrcn.data.flickr8k import read_flickr8k

TOKENS = (
    "dog.jpg#0\tA dog runs .\n"
    "dog.jpg#1\tएक कुत्ता दौड़ रहा है।\n"
    "stray.jpg.1#0\tpeople waiting for the subway\n"
    "cat.jpg#0\t一只猫在睡觉。\n"
    "cat.jpg#1\tA cat\u2028sleeps , #1 of two\twith a tab\r\n"
    "unlisted.jpg#0\tNobody put me in a list .\n"
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "Flickr8k.token.txt").write_bytes(TOKENS.encode())
    (tmp_path / "Flickr_8k.trainImages.txt").write_text("cat.jpg\n\n")
    (tmp_path / "Flickr_8k.devImages.txt").write_bytes(b"\xef\xbb\xbfdog.jpg\r\n")
    return tmp_path


def test_each_split_has_its_listed_images(folder):
    assert [example.image_id for example in read_flickr8k(folder, "train")] == ["cat.jpg"]
    (dog,) = read_flickr8k(folder, "dev")
    assert dog.path == str(folder / "images" / "dog.jpg")
    assert dog.captions == ("A dog runs .", "एक कुत्ता दौड़ रहा है।")


def test_a_caption_keeps_what_is_no_line_feed(folder):
    (cat,) = read_flickr8k(folder, "train")
    assert cat.captions == ("一只猫在睡觉。", "A cat\u2028sleeps , #1 of two\twith a tab")


def test_all_has_the_unlisted_but_not_the_stray_id(folder):
    names = [example.image_id for example in read_flickr8k(folder, "all")]
    assert names == ["dog.jpg", "cat.jpg", "unlisted.jpg"]


def test_both_archives_side_by_side_are_found(folder, tmp_path):
    unpacked = tmp_path / "unpacked"
    (unpacked / "Flicker8k_Dataset").mkdir(parents=True)
    (unpacked / "Flickr8k_text").mkdir()
    for file in folder.glob("*.txt"):
        file.rename(unpacked / "Flickr8k_text" / file.name)
    (dog,) = read_flickr8k(unpacked, "dev")
    assert dog.path == str(unpacked / "Flicker8k_Dataset" / "dog.jpg")


def test_a_missing_split_list_is_named_with_the_remedy(folder):
    with pytest.raises(FileNotFoundError) as caught:
        read_flickr8k(folder, "test")
    for part in ("Flickr_8k.testImages.txt", "['train', 'dev']", "Flickr8k_text.zip"):
        assert part in str(caught.value)


def test_a_missing_token_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="Flickr8k.token.txt"):
        read_flickr8k(tmp_path)


def test_an_unknown_split_lists_the_known(folder):
    with pytest.raises(ValueError, match=r"'all'.*Received: 'val'"):
        read_flickr8k(folder, "val")


def test_a_listed_image_without_captions_is_named(folder):
    (folder / "Flickr_8k.testImages.txt").write_text("silent.jpg\n")
    with pytest.raises(ValueError, match="1 of 1 images .* 'silent.jpg'"):
        read_flickr8k(folder, "test")


def test_a_malformed_line_is_named_by_its_number(folder):
    (folder / "Flickr8k.token.txt").write_text("dog.jpg#0\tA dog .\ndog.jpg A dog .\n")
    with pytest.raises(ValueError, match="line 2"):
        read_flickr8k(folder, "all")


@pytest.mark.shared
def test_the_real_flickr8k_has_its_published_counts(shared_data):
    train = read_flickr8k(shared_data / "flickr8k", "train")
    dev = read_flickr8k(shared_data / "flickr8k", "dev")
    assert (len(train), len(dev)) == (6000, 1000)
    assert {len(example.captions) for example in train + dev} == {5}
    assert not {example.image_id for example in train} & {example.image_id for example in dev}
