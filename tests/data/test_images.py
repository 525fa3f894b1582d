"""Images of every kind become upright RGB; broken ones say which file, why, and what to do."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from keras_lrcn.data.images import ImageError, list_images, read_image

RED, GREEN, WHITE = (255, 0, 0), (0, 255, 0), (255, 255, 255)


def red_left_green_right(height=8, width=16):
    pixels = np.zeros((height, width, 3), "uint8")
    pixels[:, : width // 2], pixels[:, width // 2 :] = RED, GREEN
    return pixels


def save(path, pixels, mode=None, **options):
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(path, **options)
    return path


@pytest.mark.parametrize("suffix", ["png", "bmp", "tiff", "ppm"])
def test_lossless_files_come_back_exactly(tmp_path, suffix):
    pixels = np.random.randint(0, 256, (5, 7, 3), "uint8")
    read = read_image(save(tmp_path / f"photo.{suffix}", pixels))
    np.testing.assert_array_equal(read, pixels)
    assert read.dtype == np.uint8 and read.flags.writeable


def test_greyscale_gets_three_equal_channels(tmp_path):
    grey = np.random.randint(0, 256, (5, 7), "uint8")
    read = read_image(save(tmp_path / "grey.png", grey))
    np.testing.assert_array_equal(read, np.repeat(grey[:, :, None], 3, axis=2))


def test_bilevel_is_black_and_white(tmp_path):
    image = Image.fromarray(np.eye(6, dtype="uint8") * 255).convert("1")
    read = read_image(save(tmp_path / "bits.png", image))
    np.testing.assert_array_equal(read[:, :, 0], np.eye(6) * 255)


@pytest.mark.parametrize("suffix", ["jpg", "tiff"])
def test_cmyk_keeps_its_colours(tmp_path, suffix):
    path = save(tmp_path / f"cmyk.{suffix}", red_left_green_right(), mode="CMYK")
    assert Image.open(path).mode == "CMYK"
    read = read_image(path).astype(int)
    # JPEG is lossy: the flat halves, away from the border between them
    np.testing.assert_allclose(read[:, :6], np.broadcast_to(RED, (8, 6, 3)), atol=12)
    np.testing.assert_allclose(read[:, -6:], np.broadcast_to(GREEN, (8, 6, 3)), atol=12)


def test_palette_colours_are_looked_up(tmp_path):
    path = save(tmp_path / "palette.png", red_left_green_right(), mode="P")
    assert Image.open(path).mode == "P"
    np.testing.assert_array_equal(read_image(path), red_left_green_right())


def test_transparent_palette_entry_shows_white(tmp_path):
    image = Image.new("P", (4, 2), 0)
    image.putpalette([*RED, *GREEN])
    image.putpixel((3, 0), 1)
    read = read_image(save(tmp_path / "sprite.png", image, transparency=0))
    assert tuple(read[0, 0]) == WHITE and tuple(read[0, 3]) == GREEN


def test_transparency_is_blended_with_white(tmp_path):
    rgba = np.zeros((1, 3, 4), "uint8")
    rgba[0, :, 3] = 0, 51, 255  # black at 0, 20 and 100 %
    read = read_image(save(tmp_path / "glass.png", rgba))
    np.testing.assert_array_equal(read[0, :, 0], [255, 204, 0])


def test_grey_with_alpha_is_blended_with_white(tmp_path):
    image = Image.new("LA", (2, 2), (10, 0))
    np.testing.assert_array_equal(read_image(save(tmp_path / "la.png", image)), 255)


def test_sixteen_bits_are_scaled_not_clipped(tmp_path):
    deep = np.array([[0, 257, 32896, 65535]], "uint16")
    read = read_image(save(tmp_path / "deep.png", deep))
    np.testing.assert_array_equal(read[0, :, 0], [0, 1, 128, 255])


def test_dark_sixteen_bit_image_stays_dark(tmp_path):
    read = read_image(save(tmp_path / "night.png", np.full((2, 2), 200, "uint16")))
    np.testing.assert_array_equal(read, 1)


@pytest.mark.parametrize("white", [1.0, 255.0, 65535.0, 1e6])
def test_float_tiff_is_scaled_by_the_white_that_holds_it(tmp_path, white):
    grey = np.array([[0.0, 0.2, 1.0, np.nan]], "float32") * white
    read = read_image(save(tmp_path / "float.tiff", grey))
    np.testing.assert_array_equal(read[0, :, 0], [0, 51, 255, 0])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_is_turned_upright(tmp_path, orientation):
    upright = Image.fromarray(red_left_green_right())
    undo = {  # the stored picture that orientation n turns upright: the inverse transposes
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright if orientation == 1 else upright.transpose(undo[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    read = read_image(save(tmp_path / "phone.png", stored, exif=exif))
    np.testing.assert_array_equal(read, red_left_green_right())


def test_damaged_exif_does_not_lose_the_photo(tmp_path):
    path = save(tmp_path / "exif.jpg", red_left_green_right(), exif=b"Exif\0\0II*\0garbage!")
    assert read_image(path).shape == (8, 16, 3)


@pytest.mark.parametrize("suffix", ["gif", "webp"])
def test_first_frame_of_an_animation_counts(tmp_path, suffix):
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, GREEN)]
    path = tmp_path / f"moving.{suffix}"
    options = {"lossless": True} if suffix == "webp" else {}
    frames[0].save(path, save_all=True, append_images=frames[1:], **options)
    np.testing.assert_array_equal(read_image(path), np.broadcast_to(RED, (8, 8, 3)))


def test_names_with_blanks_and_other_alphabets_are_read(tmp_path):
    path = save(tmp_path / "कुत्ता 狗 #1.png", red_left_green_right())
    np.testing.assert_array_equal(read_image(path), red_left_green_right())


def test_a_jpeg_may_be_decoded_smaller_but_not_too_small(tmp_path):
    path = save(tmp_path / "big.jpg", red_left_green_right(800, 1600))
    assert read_image(path, at_least=(100, 90)).shape == (100, 200, 3)
    assert read_image(path, at_least=(101, 90)).shape == (200, 400, 3)
    assert read_image(path).shape == (800, 1600, 3)


def png_of_size(width, height):
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 64)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def photo_bytes(tmp_path, suffix):
    noise = np.random.randint(0, 256, (64, 64, 3), "uint8")
    return save(tmp_path / f"whole.{suffix}", noise).read_bytes()


def flipped(data, start=100, count=400):
    return data[:start] + bytes(255 - byte for byte in data[start : start + count]) + data[-20:]


BROKEN = {  # kind -> (name, bytes made from the folder, part of the cause, part of the remedy)
    "empty": ("a.jpg", lambda _: b"", "empty file", "Fetch"),
    "text": ("b.jpg", lambda _: b"404 not found\n", "text", "Fetch"),
    "web page": ("c.jpg", lambda _: b"<!DOCTYPE html><html>", "web page", "Fetch"),
    "noise": ("d.png", lambda _: b"\x00\x01\x02" * 50, "starts with", "convert"),
    "heic": ("e.heic", lambda _: b"\0\0\0\x18ftypheic\0\0\0\0", "starts with", "pillow-heif"),
    "half a jpeg": ("f.jpg", lambda p: photo_bytes(p, "jpg")[:1500], "truncated", "again"),
    "half a png": ("g.png", lambda p: photo_bytes(p, "png")[:1500], "truncated", "again"),
    "head of a jpeg": ("h.jpg", lambda p: photo_bytes(p, "jpg")[:30], "", "again"),
    "half a gif": ("i.gif", lambda p: photo_bytes(p, "gif")[:900], "truncated", "again"),
    "half a webp": ("j.webp", lambda p: photo_bytes(p, "webp")[:900], "", "again"),
    "damaged png": ("k.png", lambda p: flipped(photo_bytes(p, "png")), "damaged", "again"),
    "no width": ("l.png", lambda _: png_of_size(0, 4), "", "again"),
    "bomb": ("m.png", lambda _: png_of_size(60_000, 60_000), "exceeds limit", "MAX_IMAGE_PIXELS"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_image_names_file_cause_and_remedy(tmp_path, kind):
    name, data, cause, remedy = BROKEN[kind]
    path = tmp_path / name
    path.write_bytes(data(tmp_path))
    with pytest.raises(ImageError) as caught:
        read_image(path)
    assert caught.value.path == str(path)
    assert cause in caught.value.cause and remedy in caught.value.remedy
    assert all(part in str(caught.value) for part in (str(path), caught.value.cause))


def test_a_missing_file_and_a_folder_are_image_errors_too(tmp_path):
    with pytest.raises(ImageError, match="no such file"):
        read_image(tmp_path / "gone.jpg")
    with pytest.raises(ImageError, match="a folder"):
        read_image(tmp_path)


def test_an_image_error_survives_pickling_between_processes():
    import pickle

    error = pickle.loads(pickle.dumps(ImageError("a.jpg", "empty", "Fetch it")))
    assert (error.path, str(error)) == ("a.jpg", "a.jpg: empty. Fetch it.")


def album(folder):
    for name in ("b.JPG", "a.png", "notes.txt", "sub/deep/c.webp", ".hidden.jpg", ".git/d.png"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def names_below(folder, files):
    return [file.removeprefix(f"{folder}/") for file in files]


def test_a_folder_is_searched_to_the_bottom_without_hidden_files(tmp_path):
    files = list_images(album(tmp_path))
    assert names_below(tmp_path, files) == ["a.png", "b.JPG", "sub/deep/c.webp"]


def test_patterns_folders_and_files_mix_and_count_once(tmp_path):
    album(tmp_path)
    files = list_images(
        [f"{tmp_path}/**/*.webp", tmp_path / "sub", f"{tmp_path}/*", tmp_path / "notes.txt"]
    )
    assert names_below(tmp_path, files) == ["a.png", "b.JPG", "notes.txt", "sub/deep/c.webp"]


def test_a_name_with_brackets_is_a_file_before_it_is_a_pattern(tmp_path):
    path = tmp_path / "photo[1].jpg"
    path.touch()
    assert list_images(path) == [str(path)]


@pytest.mark.parametrize("path", ["gone.jpg", "gone/*.jpg"])
def test_a_path_that_matches_nothing_is_named(tmp_path, path):
    with pytest.raises(FileNotFoundError, match="gone"):
        list_images([album(tmp_path), tmp_path / path])
