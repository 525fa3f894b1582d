import pytest
from PIL import Image

from keras_lrcn.data import VIDEO_SUFFIXES, list_videos


@pytest.fixture
def tree(tmp_path):
    names = "b.mp4 sub/a.AVI sub/notes.txt sub/.hidden.mp4 .cache/c.mp4 clips/x.mkv clips/still.png"
    for name in (tmp_path / name for name in names.split()):
        name.parent.mkdir(exist_ok=True)
        name.write_bytes(b"")
    (tmp_path / "frames").mkdir()
    for number in range(3):
        Image.new("RGB", (4, 4)).save(tmp_path / "frames" / f"{number}.png")
    return tmp_path


def names(paths, tree):
    return [path.removeprefix(f"{tree}/") for path in paths]


def test_folders_are_searched_to_the_bottom(tree):
    found = list_videos(tree)
    assert names(found, tree) == ["b.mp4", "clips/x.mkv", "frames", "sub/a.AVI"]


def test_files_patterns_and_folders_mix_without_doubles(tree):
    found = list_videos([tree / "b.mp4", f"{tree}/**/*", str(tree / "sub")])
    assert names(found, tree) == ["b.mp4", "clips/x.mkv", "frames", "sub/a.AVI"]
    assert names(list_videos(tree / "sub" / "notes.txt"), tree) == ["sub/notes.txt"]


def test_what_is_not_there_is_an_error(tree):
    with pytest.raises(FileNotFoundError, match="gone"):
        list_videos([tree, tree / "gone.mp4"])


def test_suffixes_are_lower_case_with_a_dot():
    assert {".mp4", ".avi", ".mkv", ".webm", ".mov", ".gif"} <= VIDEO_SUFFIXES
    assert all(suffix[0] == "." and suffix == suffix.lower() for suffix in VIDEO_SUFFIXES)
