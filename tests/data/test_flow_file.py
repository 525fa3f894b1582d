"""Flow images in one file a video: nothing lost, nothing half, nothing mixed up."""

import zipfile

import numpy as np
import pytest

from keras_lrcn.data import FlowEncoding, FlowFileError, read_flow, write_flow

ENCODING = FlowEncoding(method="dis")


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (5, 12, 17, 3), dtype="uint8")


@pytest.fixture
def file(tmp_path, images):
    write_flow(tmp_path / "flows" / "run.flow.zip", images, ENCODING)
    return tmp_path / "flows" / "run.flow.zip"


def test_images_and_encoding_come_back_unchanged(file, images):
    found = read_flow(file)
    np.testing.assert_array_equal(found.images, images)
    assert found.encoding == ENCODING and found.images.dtype == "uint8"
    assert [path.name for path in file.parent.iterdir()] == ["run.flow.zip"]


def test_a_clip_is_read_alone(file, images):
    np.testing.assert_array_equal(read_flow(file, start=1, num_images=3).images, images[1:4])
    np.testing.assert_array_equal(read_flow(file, ENCODING, start=4).images, images[4:])
    for start, num_images in [(3, 3), (5, None), (-1, 2), (2, 0)]:
        with pytest.raises(IndexError, match="flow images 0 to 4"):
            read_flow(file, start=start, num_images=num_images)


def test_pictures_are_named_after_their_frames_as_the_authors_do(file):
    names = zipfile.ZipFile(file).namelist()
    assert names[0] == "flow_image_0002.webp" and names[4] == "flow_image_0006.webp"


def test_images_may_come_one_at_a_time_and_give_the_same_file(tmp_path, file, images):
    write_flow(tmp_path / "streamed.zip", iter(images), ENCODING)
    assert (tmp_path / "streamed.zip").read_bytes() == file.read_bytes()


def test_a_file_cut_anywhere_is_refused(tmp_path, file):
    whole = file.read_bytes()
    for length in np.linspace(0, len(whole) - 1, 23).astype(int):
        (tmp_path / "cut.zip").write_bytes(whole[:length])
        with pytest.raises(FlowFileError, match="cut.zip.*(cut short|damaged).*again"):
            read_flow(tmp_path / "cut.zip")


def test_damaged_pixels_are_refused(tmp_path, file):
    data = bytearray(file.read_bytes())
    data[len(data) // 3] ^= 0xFF
    (tmp_path / "damaged.zip").write_bytes(data)
    with pytest.raises(FlowFileError, match="damaged"):
        read_flow(tmp_path / "damaged.zip")


def test_a_writer_that_fails_leaves_nothing_and_keeps_what_was_there(tmp_path, file, images):
    def failing():
        yield images[0]
        raise RuntimeError("power cut")

    before = file.read_bytes()
    for path in (file, tmp_path / "new" / "run.flow.zip"):
        with pytest.raises(RuntimeError, match="power cut"):
            write_flow(path, failing(), ENCODING)
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == ["run.flow.zip"]
    assert not list((tmp_path / "new").iterdir())


def test_another_encoding_is_refused_and_the_difference_named(file):
    with pytest.raises(FlowFileError, match="scale 16.0, not 8.0, method dis, not brox.*again"):
        read_flow(file, FlowEncoding(scale=8.0, method="brox"))


def test_other_files_are_refused(tmp_path):
    with pytest.raises(FlowFileError, match="no such file.*`cache_flow`"):
        read_flow(tmp_path / "none.flow.zip")
    for name, text in [("letter.txt", "dear reader"), ("flow.json", "{}")]:
        with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
            archive.writestr(name, text)
        with pytest.raises(FlowFileError, match="no file of flow images"):
            read_flow(tmp_path / "other.zip")


def test_no_images_and_mixed_sizes_are_refused(tmp_path, images):
    with pytest.raises(ValueError, match="at least one image"):
        write_flow(tmp_path / "none.zip", [], ENCODING)
    with pytest.raises(ValueError, match="one size"):
        write_flow(tmp_path / "mixed.zip", [images[0], images[1][:-1]], ENCODING)
    assert not list(tmp_path.iterdir())
