import numpy as np
import pytest
from PIL import Image

from keras_lrcn.data import VideoError, iter_video, read_video
from tests.reference.video_files import moving_squares


@pytest.fixture(scope="module")
def squares():
    return moving_squares(12, 24, 32)


def write_animation(path, frames, **options):
    images = [Image.fromarray(pixels) for pixels in frames]
    images[0].save(path, save_all=True, append_images=images[1:], **options)
    return path


def write_folder(folder, frames, name="frame{}.png"):
    folder.mkdir()
    for number, pixels in enumerate(frames, 1):
        Image.fromarray(pixels).save(folder / name.format(number))
    return folder


def test_a_folder_is_read_in_natural_order(tmp_path, squares):
    folder = write_folder(tmp_path / "frames", squares)  # frame10 before frame2 as plain text
    (folder / "notes.txt").write_text("not a frame")
    (folder / ".hidden.png").write_text("not a frame either")
    video = read_video(folder)
    np.testing.assert_array_equal(video.frames, squares)
    assert video.expected == 12 and not video.damaged


@pytest.mark.parametrize(
    "names",
    [
        ["a2b10.png", "a10b2.png", "a10b10.png", "b1.png"],
        ["1.png", "01.png", "2.png", "a.png"],
        ["x9.png", "x10.png", "X11.png", "x12.png"],
    ],
)
def test_numbers_in_names_count_as_numbers(names):
    from keras_lrcn.data.frame_folders import natural_order

    assert sorted(sorted(names), key=natural_order) in (names, [names[1], names[0], *names[2:]])
    assert sorted(names[::-1], key=natural_order) == sorted(names, key=natural_order)


def test_folders_and_arrays_take_their_rate_from_fps(tmp_path, squares):
    folder = write_folder(tmp_path / "frames", squares)
    for source in (folder, squares):
        np.testing.assert_allclose(read_video(source).seconds, np.arange(12) / 25)
        video = read_video(source, fps=4, start=1, max_frames=3)
        np.testing.assert_allclose(video.seconds, [1, 1.25, 1.5])
        np.testing.assert_array_equal(video.frames, squares[4:7])
        assert len(list(iter_video(source, fps=4))) == 12


def test_a_broken_image_costs_its_own_frame(tmp_path, squares):
    folder = write_folder(tmp_path / "frames", squares)
    (folder / "frame5.png").write_bytes((folder / "frame5.png").read_bytes()[:100])
    video = read_video(folder, on_error="partial")
    np.testing.assert_array_equal(video.frames, np.delete(squares, 4, 0))
    assert video.seconds[4] == 5 / 25 and "frame5.png" in "".join(video.errors)
    assert read_video(folder, on_error="skip") is None
    with pytest.raises(VideoError, match=r"broken images: 1, first at frame 4 .*frame5.png"):
        read_video(folder)


def test_a_folder_without_images_is_an_error(tmp_path):
    with pytest.raises(VideoError, match="a folder without images"):
        read_video(tmp_path, on_error="partial")


def test_frames_of_other_sizes_take_that_of_the_first(tmp_path, squares):
    folder = write_folder(tmp_path / "frames", [*squares[:2], squares[2, :12, :16]])
    assert read_video(folder).frames.shape == (3, 24, 32, 3)


@pytest.mark.parametrize("suffix, options", [("webp", {"lossless": True}), ("png", {})])
def test_animations_are_read_with_their_times(tmp_path, squares, suffix, options):
    duration = [40] * 6 + [200] * 6
    path = write_animation(tmp_path / f"a.{suffix}", squares, duration=duration, **options)
    video = read_video(path)
    np.testing.assert_array_equal(video.frames, squares)
    np.testing.assert_allclose(video.seconds, np.cumsum([0, *duration[:-1]]) / 1000)
    assert video.expected == 12
    even = read_video(path, fps=5)
    np.testing.assert_array_equal(even.frames, squares[[0, 5, 7, 8, 9, 10, 11]])


def test_a_gif_is_read_with_its_times_and_white_behind(tmp_path):
    frames = np.zeros((5, 8, 8, 4), "uint8")
    for number in range(5):
        frames[number, number, :, :] = 255, 0, 0, 255  # a red line; the rest is transparent
    path = write_animation(tmp_path / "a.gif", frames, duration=70, disposal=2, loop=0)
    video = read_video(path)
    expected = np.full((5, 8, 8, 3), 255, "uint8")
    expected[np.arange(5), np.arange(5)] = 255, 0, 0
    np.testing.assert_array_equal(video.frames, expected)
    np.testing.assert_allclose(video.seconds, np.arange(5) * 0.07)
    assert video.expected is None and not video.damaged


def test_still_pictures_are_videos_of_one_frame(tmp_path, squares):
    for name in ("one.gif", "one.webp", "one.png"):
        Image.fromarray(squares[0]).save(tmp_path / name)
        assert read_video(tmp_path / name).frames.shape == (1, 24, 32, 3)


def test_a_gif_that_names_no_time_gets_a_tenth_of_a_second(tmp_path, squares):
    path = write_animation(tmp_path / "a.gif", squares, duration=0)
    np.testing.assert_allclose(read_video(path).seconds, np.arange(12) / 10)


@pytest.mark.parametrize("suffix, at_least", [("gif", 1), ("webp", 0), ("png", 1)])
def test_a_cut_animation_is_damaged(tmp_path, squares, suffix, at_least):
    whole = write_animation(tmp_path / f"a.{suffix}", squares, duration=40)
    cut = tmp_path / f"cut.{suffix}"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    with pytest.raises(VideoError, match="cut"):
        read_video(cut)
    assert read_video(cut, on_error="skip") is None
    if at_least:
        video = read_video(cut, on_error="partial")
        assert at_least <= len(video.frames) < 12 and video.damaged
        np.testing.assert_array_equal(video.frames, read_video(whole).frames[: len(video.frames)])


@pytest.mark.parametrize("wrong", [np.zeros((2, 4, 4, 3)), np.zeros((4, 4, 3), "uint8"), 1])
def test_other_arrays_are_refused(wrong):
    wrong = np.zeros((0, 4, 4, 3), "uint8") if isinstance(wrong, int) else wrong
    with pytest.raises(ValueError, match="uint8 of shape"):
        read_video(wrong)
