"""Image files of any kind -> RGB pixels, and which files of a folder are images."""

import glob
import os
import pathlib

import numpy as np

IMAGE_SUFFIXES = frozenset(
    ".jpg .jpeg .jpe .jfif .png .gif .bmp .webp .avif .tif .tiff .ppm .pgm".split()
)


class ImageError(ValueError):
    """An image that cannot be read: which file, why, and what to do.

    Args:
        path: the file.
        cause: str, what is wrong with it.
        remedy: str, an imperative sentence without full stop.
    """

    def __init__(self, path, cause, remedy):
        super().__init__(path, cause, remedy)
        self.path, self.cause, self.remedy = str(path), cause, remedy

    def __str__(self):
        return f"{self.path}: {self.cause}. {self.remedy}."


def read_image(path, at_least=None):
    """Reads an image file as RGB, upright, whatever the file holds.

    Greyscale and CMYK become RGB; 16-bit and float pixels are brought to 8 bits; what is
    transparent shows **white** behind it; the EXIF orientation is applied (a damaged EXIF block
    is ignored); of an animation the first frame counts.

    Args:
        path: the image file.
        at_least: optional `(height, width)` in pixels. A JPEG may then be decoded at a half, a
            quarter or an eighth of its size, as long as no side becomes shorter than this:
            much faster for photos that are about to be shrunk anyway.

    Returns:
        uint8 array `(height, width, 3)`.

    Raises:
        ImageError: the file is missing, empty, no image, truncated or damaged, without pixels,
            or of more pixels than `PIL.Image` allows.

    Example:
    ```python
    pixels = read_image("photo.jpg")
    thumbnail_source = read_image("photo.jpg", at_least=(256, 256))
    ```
    """
    from PIL import Image

    _check_file(path)
    try:
        with Image.open(path) as image:
            if at_least is not None:
                image.draft(None, (max(at_least), max(at_least)))
            if not image.width or not image.height:
                raise ImageError(path, f"no pixels, size {image.size}", "Export it again")
            image.load()
            return np.array(to_rgb(_upright(image)))
    except ImageError:
        raise
    except Image.DecompressionBombError as error:
        raise ImageError(
            path, str(error), "Shrink it, or raise `PIL.Image.MAX_IMAGE_PIXELS` if you trust it"
        ) from error
    except Image.UnidentifiedImageError as error:
        raise ImageError(path, _what_instead(path), _how_instead(path)) from error
    except Exception as error:  # Pillow's decoders raise whatever the damage leads to.
        raise ImageError(
            path, f"damaged or truncated ({error})", "Fetch or export the file again"
        ) from error


def as_pixels(image):
    """A photo as tasks take it, a path or an array -> uint8 pixels `(height, width, 3)`.

    Args:
        image: path, or uint8 array `(height, width, 3)` in RGB, or `(height, width)` in grey.

    Raises:
        ValueError: for an array of another shape or dtype; `ImageError` as `read_image`.
    """
    if isinstance(image, (str, os.PathLike)):
        return read_image(image)
    image = np.asarray(image)
    if image.ndim == 2:
        image = np.repeat(image[..., None], 3, axis=-1)
    if image.ndim != 3 or image.shape[-1] != 3 or image.dtype != np.uint8:
        hint = " Pixels are 0-255: for floats in 0-1 pass `(image * 255).astype('uint8')`."
        raise ValueError(
            "An image must be a path or a uint8 array (height, width, 3) in RGB. Received: "
            f"shape {image.shape}, dtype {image.dtype}.{hint if image.dtype.kind == 'f' else ''}"
        )
    return image


def list_images(paths):
    """Lists the image files that paths, folders and patterns stand for.

    Folders are searched to the bottom for names with an image's suffix (`IMAGE_SUFFIXES`);
    hidden files and folders are left out. A file that is named outright is taken as it is.

    Args:
        paths: one path or a list of them: files, folders, patterns such as `"album/**/*.jpg"`.

    Returns:
        Sorted list of str, each file once.

    Raises:
        FileNotFoundError: a path does not exist and a pattern matches nothing.
    """
    if isinstance(paths, (str, os.PathLike)):
        paths = [paths]
    files = set()
    for path in map(os.fspath, paths):
        matches = [path] if os.path.exists(path) else glob.glob(path, recursive=True)
        if not matches:
            raise FileNotFoundError(f"No file, folder or pattern with a match: {path!r}.")
        for match in matches:
            if os.path.isdir(match):
                files.update(_images_below(match))
            elif match == path or _has_image_suffix(match):
                files.add(os.path.normpath(match))
    return sorted(files)


def _images_below(folder):
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if not name.startswith(".") and _has_image_suffix(name):
                yield os.path.normpath(os.path.join(parent, name))


def _has_image_suffix(name):
    return pathlib.PurePath(name).suffix.lower() in IMAGE_SUFFIXES


def _check_file(path):
    if not os.path.exists(path):
        raise ImageError(path, "no such file", "Check the name and the image folder")
    if os.path.isdir(path):
        raise ImageError(path, "a folder, not an image", "Use `list_images` for its files")
    if os.path.getsize(path) == 0:
        raise ImageError(path, "an empty file (0 bytes)", "Fetch the file again")


def _upright(image):
    from PIL import ImageOps

    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # A photo with a damaged EXIF block is still a photo.
        return image


def to_rgb(image):
    from PIL import Image

    if image.mode[0] in "IF":
        image = Image.fromarray(_to_eight_bits(np.asarray(image), image.mode))
    if not image.has_transparency_data:
        return image.convert("RGB")
    image = image.convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")


def _to_eight_bits(pixels, mode):
    """16-bit, 32-bit or float grey -> uint8; white is 65535, or what else holds every value.

    Only 16-bit modes say their white. For the others it is the first of 1 (float), 255, 65535
    and the brightest pixel that no pixel exceeds.
    """
    pixels = np.nan_to_num(pixels.astype("float64"), posinf=0.0, neginf=0.0)
    whites = {"I": (255, 65535), "F": (1, 255, 65535)}.get(mode, (65535,))
    white = next((white for white in whites if pixels.max() <= white), pixels.max())
    return np.rint(np.clip(pixels / white, 0, 1) * 255).astype("uint8")


def _what_instead(path):
    with open(path, "rb") as file:
        start = file.read(256).lstrip()
    if start[:1] == b"<":
        return "no image but markup, as a web page saved under this name"
    if not start.strip(bytes(range(32, 127)) + b"\t\r\n"):
        return "no image but text"
    return f"not an image format that Pillow reads (it starts with {start[:8]!r})"


def _how_instead(path):
    if pathlib.PurePath(path).suffix.lower() in (".heic", ".heif"):
        return "Convert it to JPEG, or `pip install pillow-heif` and register its opener"
    return "Fetch the file again, or convert it to JPEG or PNG"
