"""Decoded images of one size, by row: read anew each time, or once into memory or a file."""

import concurrent.futures
import contextlib
import hashlib
import json
import os
import pathlib
import warnings

import numpy as np

from keras_lrcn.data.images import ImageError, read_image


def resize_pixels(pixels, size, crop_to_aspect_ratio=False, box=None):
    """Resizes an image, bicubic, smoothed when it shrinks.

    Args:
        pixels: uint8 array `(height, width, 3)`.
        size: `(height, width)` of the result in pixels.
        crop_to_aspect_ratio: whether what is too wide or too high for `size` is cut off evenly on
            both sides; by default the image is squashed, as the authors' tools do.
        box: optional part of the image to use, `(left, top, right, bottom)` in pixels, fractions
            allowed.

    Returns:
        uint8 array `(*size, 3)`.
    """
    from PIL import Image, ImageOps

    if box is None and pixels.shape[:2] == tuple(size):
        return pixels
    image = Image.fromarray(pixels)
    width_first = (size[1], size[0])
    if crop_to_aspect_ratio:
        return np.asarray(ImageOps.fit(image, width_first, Image.Resampling.BICUBIC))
    return np.asarray(image.resize(width_first, Image.Resampling.BICUBIC, box))


class ErrorReport:
    """What happens to broken images: the first raises, or each is reported once and left out.

    Args:
        on_error: `"raise"`; `"skip"`, a warning for each; or a function that gets the `ImageError`.
    """

    def __init__(self, on_error):
        if on_error not in ("raise", "skip") and not callable(on_error):
            raise ValueError(
                f'`on_error` must be "raise", "skip" or a function. Received: {on_error!r}.'
            )
        self.on_error, self.reported = on_error, set()

    def __call__(self, error):
        if self.on_error == "raise":
            raise error
        if error.path in self.reported:
            return
        self.reported.add(error.path)
        if self.on_error == "skip":
            warnings.warn(f"Left out: {error}", stacklevel=3)
        else:
            self.on_error(error)


class ImageStore:
    """Images of one size, by row number. This one decodes at each call; see `cached`.

    Args:
        paths: list of image files, one a row.
        size: `(height, width)` in pixels that every image is resized to.
        crop_to_aspect_ratio: see `resize_pixels`.
    """

    def __init__(self, paths, size, crop_to_aspect_ratio=False):
        self.paths, self.size = list(paths), tuple(size)
        self.crop_to_aspect_ratio = crop_to_aspect_ratio
        self.errors = {}  # row -> ImageError, as far as known

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, row):
        """uint8 `(*size, 3)` of one row; raises `ImageError`."""
        if row in self.errors:
            raise self.errors[row]
        try:
            pixels = read_image(self.paths[row], at_least=self.size)
        except ImageError as error:
            self.errors[row] = error
            raise
        return resize_pixels(pixels, self.size, self.crop_to_aspect_ratio)

    def cached(self, cache, workers=None):
        """Decodes all images once, with a progress bar, and keeps their pixels.

        Args:
            cache: `"memory"`, or a folder. There, one `.npy` file per set of images and size is
                found again by the next run, as long as no image file has changed.
            workers: int, threads; by default one a core.

        Returns:
            `CachedImageStore` with the same rows. Broken images are in its `errors`.
        """
        if cache == "memory":
            pixels = np.zeros((len(self), *self.size, 3), "uint8")
            return CachedImageStore(self, pixels, self._decode_into(pixels, workers))
        file = pathlib.Path(cache) / f"images-{self._digest()}.npy"
        if not file.is_file():
            self._write(file, workers)
        causes = json.loads(file.with_suffix(".json").read_text("utf-8"))
        errors = {int(row): ImageError(*cause) for row, cause in causes.items()}
        return CachedImageStore(self, np.load(file, mmap_mode="r"), errors)

    def _write(self, file, workers):
        """Writes under another name first, so that a killed run leaves no half cache behind."""
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(f".part{os.getpid()}")
        shape = (len(self), *self.size, 3)
        try:
            pixels = np.lib.format.open_memmap(part, mode="w+", dtype="uint8", shape=shape)
            errors = self._decode_into(pixels, workers)
            pixels.flush()
            causes = {row: [e.path, e.cause, e.remedy] for row, e in errors.items()}
            file.with_suffix(".json").write_text(json.dumps(causes), "utf-8")
            os.replace(part, file)
        finally:
            with contextlib.suppress(FileNotFoundError):
                part.unlink()

    def _decode_into(self, pixels, workers):
        import tqdm

        def decode(row):
            with contextlib.suppress(ImageError):
                pixels[row] = self[row]

        with concurrent.futures.ThreadPoolExecutor(workers or os.cpu_count()) as pool:
            rows = range(len(self))
            for _ in tqdm.tqdm(pool.map(decode, rows), "decode", len(rows), disable=None):
                pass
        return self.errors

    def _digest(self):
        """Changes when a file, the order of the files or the resizing does."""
        state = hashlib.sha256(repr((self.size, self.crop_to_aspect_ratio)).encode())
        for path in self.paths:
            stat = os.stat(path) if os.path.exists(path) else None
            mark = stat and (stat.st_size, stat.st_mtime_ns)
            state.update(repr((os.path.abspath(path), mark)).encode())
        return state.hexdigest()[:16]


class CachedImageStore(ImageStore):
    """Images decoded before: rows of one uint8 array `(images, height, width, 3)`."""

    def __init__(self, store, pixels, errors):
        super().__init__(store.paths, store.size, store.crop_to_aspect_ratio)
        self.pixels, self.errors = pixels, errors

    def __getitem__(self, row):
        if row in self.errors:
            raise self.errors[row]
        return self.pixels[row]
