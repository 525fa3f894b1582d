"""Image files in, captions out: decoded ahead of the model, captioned in batches, in order."""

import collections
import itertools
import zlib
from concurrent.futures import ThreadPoolExecutor

from keras_lrcn.cli import strategies
from keras_lrcn.cli.errors import CommandError
from keras_lrcn.cli.records import Record

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

    model = None  # loaded for the first image that there is to caption
    with tqdm(total=len(paths), unit="image", disable=None) as bar:
        for batch in _batches(_decoded(paths, 2 * args.batch_size), args.batch_size, broken, bar):
            model = model or Model(args)
            names, images = zip(*batch, strict=True)
            for name, captions in zip(names, model(list(images)), strict=True):
                yield Record(name, tuple(captions))
                bar.update()


class Model:
    """A captioner with its decoding options: a list of uint8 images to a list of n-best lists."""

    def __init__(self, args):
        import keras_lrcn

        name = args.preset or keras_lrcn.DEFAULT_PRESET
        try:
            self.captioner = keras_lrcn.LRCNCaptioner.from_preset(name)
        except (ValueError, OSError) as error:
            raise CommandError(f"no model from --preset {name}: {error}") from error
        self.args = args
        self.options = {"sampler": strategies.make_sampler(args), "num_captions": args.n_best}
        if args.max_length:
            self.options["max_length"] = args.max_length

    def __call__(self, images):
        if self.args.strategy not in strategies.DRAWN:
            return self._generate(images)
        return [self._generate([image], seed=self._seed(image))[0] for image in images]

    def _generate(self, images, **options):
        return self.captioner.generate(images, return_details=True, **self.options, **options)

    def _seed(self, image):
        # Of the pixels, so that what is drawn does not hang on the batch or on what came before.
        return zlib.crc32(image.tobytes(), self.args.seed or 0) & 0x7FFFFFFF


def _decoded(paths, ahead):
    """Yields each path with its pixels or `ImageError`; threads decode up to `ahead` files."""
    rest = iter(paths)
    with ThreadPoolExecutor(DECODERS) as pool:
        started = collections.deque(
            (p, pool.submit(_read, p)) for p in itertools.islice(rest, ahead)
        )
        while started:
            path, image = started.popleft()
            started.extend((p, pool.submit(_read, p)) for p in itertools.islice(rest, 1))
            yield path, image.result()


def _read(path):
    from keras_lrcn.data import ImageError, read_image

    try:
        return read_image(path)
    except ImageError as error:
        return error


def _batches(decoded, size, broken, bar):
    """Yields lists of `size` (path, image), the last one shorter; sets broken ones aside."""
    batch = []
    for path, image in decoded:
        if isinstance(image, Exception):
            broken[path] = image
            bar.update()
            continue
        batch.append((path, image))
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
