"""Image files in, captions out: decoded ahead of the model, captioned in batches, in order."""

import collections
import itertools
import sys
from concurrent.futures import ThreadPoolExecutor

from keras_lrcn.cli import strategies
from keras_lrcn.cli.errors import CommandError
from keras_lrcn.cli.quiet import without_greetings
from keras_lrcn.cli.records import Record

DEFAULT_PRESET = "lrcn2f_efficientnet_lite0_flickr8k"
DECODERS = 4  # threads


def captioned(paths, args, broken):
    """Captions images one batch after another.

    Args:
        paths: list of strings.
        args: the parsed options of `keras-lrcn caption`.
        broken: dict that takes path to `ImageError` of every image that cannot be read.

    Yields:
        `Record` of each readable image, in the order of `paths`.
    """
    from tqdm import tqdm

    model = Model(args)
    shown = not args.output and sys.__stdout__.isatty()  # captions on a screen are progress enough
    with tqdm(total=len(paths), unit="image", disable=True if shown else None) as bar:
        for batch in _batches(_decoded(paths, model), model, broken, bar):
            names, images = zip(*batch, strict=True)
            for name, captions in zip(names, model(list(images)), strict=True):
                yield Record(name, tuple(captions))
                bar.update()


def load_captioner(preset=None):
    """Loads a captioner by name or folder, `None` being the shipped one."""
    name = preset or DEFAULT_PRESET
    with without_greetings():
        from keras_lrcn import LRCNCaptioner

        try:
            return LRCNCaptioner.from_preset(name)
        except (ValueError, OSError) as error:
            raise CommandError(
                f"no model {name!r}: --preset takes a folder, or a name that `keras-lrcn "
                f"presets` lists. {error}"
            ) from error


class Model:
    """A captioner with its decoding options, loaded when the first readable image is there."""

    def __init__(self, args):
        self.args = args
        self.captioner = None

    def load(self):
        if self.captioner is not None:
            return
        self.captioner = load_captioner(self.args.preset)
        self.options = strategies.generate_options(self.args)

    @property
    def ahead(self):
        """How many files to decode ahead: few as long as they stay as large as they are."""
        return DECODERS + (2 * self.args.batch_size if self.captioner else 0)

    def shrink(self, image):
        """Resizes pixels as the model would, so that a window of large photos fits in memory."""
        return self.captioner.preprocessor.resize(image) if self.captioner else image

    def __call__(self, images):
        """Captions a list of uint8 images: a list of `Caption`, best first, for each."""
        try:
            return self.captioner.generate(images, return_details=True, **self.options)
        except ValueError as error:  # a word to forbid that the model does not know, ...
            raise CommandError(error) from error


def _decoded(paths, model):
    """Yields each path with its pixels or `ImageError`, decoded ahead in threads."""
    rest, started = iter(paths), collections.deque()
    with ThreadPoolExecutor(DECODERS) as pool:
        while True:
            for path in itertools.islice(rest, model.ahead - len(started)):
                started.append((path, pool.submit(_read, path, model)))
            if not started:
                return
            path, image = started.popleft()
            yield path, image.result()


def _read(path, model):
    from keras_lrcn.data import ImageError, read_image

    try:
        return model.shrink(read_image(path))
    except ImageError as error:
        return error


def _batches(decoded, model, broken, bar):
    """Yields lists of (path, image), the last one shorter; sets broken ones aside."""
    batch = []
    for path, image in decoded:
        if isinstance(image, Exception):
            broken[path] = image
            bar.update()
            continue
        model.load()
        batch.append((path, image))
        if len(batch) == model.args.batch_size:
            yield batch
            batch = []
    if batch:
        yield batch
