import pytest

from keras_lrcn.data.container_size import has_avi_index, missing_bytes
from tests.reference.video_files import moving_squares, write_video

FILES = [
    ("a.avi", "mpeg4", {}),
    ("a.mkv", "mpeg4", {}),
    ("a.webm", "libvpx-vp9", {}),
    ("a.mp4", "mpeg4", {}),
    ("first.mp4", "mpeg4", {"container_options": {"movflags": "faststart"}}),
    ("a.mov", "png", {}),
]


@pytest.mark.parametrize("name, codec, options", FILES)
def test_every_cut_is_seen(tmp_path, name, codec, options):
    path = write_video(tmp_path / name, moving_squares(6), codec, **options)
    content = path.read_bytes()
    assert missing_bytes(path) == 0
    for end in range(len(content) // 2, len(content) - 8, max(len(content) // 50, 1)):
        if 0 <= end - content.find(b"mdat") + 4 < 8 or 0 <= end - content.find(b"moov") + 4 < 8:
            continue  # between two boxes of an MP4
        path.write_bytes(content[:end])
        assert 0 < missing_bytes(path) <= len(content) - end
        if path.suffix not in (".mp4", ".mov"):  # those are boxes in a row
            assert missing_bytes(path) == len(content) - end


def test_a_cut_inside_an_mp4_box_is_seen(tmp_path):
    path = write_video(tmp_path / "a.mp4", moving_squares(20), "mpeg4")
    content = path.read_bytes()
    for box in (b"mdat", b"moov"):
        path.write_bytes(content[: content.index(box) + 50])
        assert missing_bytes(path) > 0


def test_live_recordings_and_foreign_files_promise_nothing(tmp_path):
    live = write_video(
        tmp_path / "live.mkv", moving_squares(6), "mpeg4", container_options={"live": "1"}
    )
    for content in (live.read_bytes()[:-99], b"", b"RIFF", b"text " * 9, bytes(99), b"\x1a\x45"):
        (tmp_path / "file").write_bytes(content)
        assert missing_bytes(tmp_path / "file") == 0


def test_what_follows_an_mp4_is_not_its_own(tmp_path):
    path = write_video(tmp_path / "a.mp4", moving_squares(6))
    path.write_bytes(path.read_bytes() + b"appended by some tool, in text")
    assert missing_bytes(path) == 0


def test_an_avi_of_several_riffs_is_followed_through(tmp_path):
    riffs = b"RIFF\x08\0\0\0AVI xxxx" + b"RIFF\x06\0\0\0AVIXyy"
    (tmp_path / "a.avi").write_bytes(riffs)
    assert missing_bytes(tmp_path / "a.avi") == 0
    (tmp_path / "a.avi").write_bytes(riffs[:16] + b"RIFF\xff\0\0\0AVIXyy")
    assert missing_bytes(tmp_path / "a.avi") == 256 - 6


def test_an_avi_knows_its_index(tmp_path):
    path = write_video(tmp_path / "a.avi", moving_squares(6), "mpeg4")
    assert has_avi_index(path)
    path.write_bytes(path.read_bytes()[: path.read_bytes().index(b"idx1")])
    assert not has_avi_index(path)
