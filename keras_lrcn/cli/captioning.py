"""Image files in, captions out: decoded ahead of the model, captioned in batches, in order."""

import collections
import functools
import itertools
import sys
from concurrent.futures import ThreadPoolExecutor

from keras_lrcn.cli import engines, strategies
from keras_lrcn.cli.errors import CommandError
from keras_lrcn.cli.quiet import without_greetings
from keras_lrcn.cli.records import Record, StoredCaption

DEFAULT_PRESET = "lrcn2f_efficientnet_lite0_flickr8k"
DECODERS = 4  # threads


class Images:
    """What `keras-lrcn caption` captions: image files, each under its path."""

    task, unit, names = "LRCNCaptioner", "image", ("image", "caption")
    model_first = False

    def default_preset(self):
        return DEFAULT_PRESET

    def listed(self, paths):
        """Lists the names of what the command's paths stand for, in order."""
        from keras_lrcn.data import list_images

        return list_images(paths)

    def read(self, path, model):
        """Reads one image as the model takes it; `ValueError` if that cannot be."""
        from keras_lrcn.data import read_image

        return model.shrink(read_image(path))


def captioned(source, names, args, broken):
    """Captions images one batch after another.

    Args:
        source: `Images`, or what stands for another kind of input.
        names: list of strings that `source` listed.
        args: the parsed options of the command.
        broken: dict that takes name to `ValueError` of every input that cannot be read.

    Yields:
        `Record` of each readable input, in the order of `names`.
    """
    model = Model(source, args)
    if names and source.model_first:
        model.load()
    with progress(len(names), source.unit, args) as bar:
        for batch in _batches(_decoded(source, names, model), model, broken, bar):
            for record in model.records(*zip(*batch, strict=True)):
                yield record
                bar.update()


def progress(total, unit, args):
    """A bar, but where the results themselves run over the screen: they are progress enough."""
    from tqdm import tqdm

    shown = hasattr(args, "format") and not args.output and sys.__stdout__.isatty()
    return tqdm(total=total, unit=unit, disable=True if shown else None)


def load_model(task, name):
    """Loads a model by the name of its task and the name or folder of its preset."""
    with without_greetings():
        import keras_lrcn

        try:
            return getattr(keras_lrcn, task).from_preset(name)
        except (ValueError, OSError) as error:
            raise CommandError(
                f"no model {name!r}: --preset takes a folder, or a name that `keras-lrcn "
                f"presets` lists. {error}"
            ) from error


class Model:
    """A captioner with its decoding options, loaded when the first readable image is there."""

    def __init__(self, source, args):
        self.source, self.args = source, args
        self.captioner = self.confidence = None
        self.min_score = getattr(args, "min_score", None)
        self.min_confidence = getattr(args, "min_confidence", None)

    def load(self):
        if self.captioner is not None:
            return
        name = self.args.preset or self.source.default_preset()
        if engines.is_served(self.args):
            self._load_served(name)
            return
        self.captioner = load_model(self.source.task, name)
        self.options = strategies.generate_options(self.args)
        if self.min_confidence is not None:
            self.confidence = _load_confidence(self.captioner, name)

    def _load_served(self, name):
        from keras_lrcn import serving

        if self.min_confidence is not None:
            raise CommandError("--min-confidence needs --engine keras")
        load = functools.partial(load_model, self.source.task)
        self.captioner = engines.load_served(name, self.args.engine, load)
        self.options = strategies.generate_options(self.args, serving)

    @property
    def batch_size(self):
        return min(self.args.batch_size, self.captioner.preprocessor.most_at_once)

    @property
    def ahead(self):
        """How many files to decode ahead: few as long as they stay as large as they are."""
        return DECODERS + (2 * self.batch_size if self.captioner else 0)

    def shrink(self, image):
        """Resizes pixels as the model would, so that a window of large photos fits in memory."""
        return self.captioner.preprocessor.resize(image) if self.captioner else image

    def records(self, names, inputs):
        """Captions inputs, and keeps silent where the best caption is not good enough."""
        if self.confidence is None:
            captions, confidences = self(list(inputs)), [None] * len(inputs)
        else:
            features = self.confidence.features(list(inputs))
            captions = self({"features": features})
            confidences = self.confidence(features, [best for best, *_ in captions]).tolist()
        rows = zip(names, map(tuple, captions), confidences, strict=True)
        return [self._judged(Record(*row)) for row in rows]

    def _judged(self, record):
        best, confidence = record.captions[0], record.confidence
        unlikely = self.min_score is not None and best.score < self.min_score
        unsure = confidence is not None and confidence < self.min_confidence
        if not (unlikely or unsure):
            return record
        return record._replace(captions=(StoredCaption("", best.score, best.finished),))

    def __call__(self, images):
        """Captions a list of uint8 images: a list of `Caption`, best first, for each."""
        try:
            return self.captioner.generate(images, return_details=True, **self.options)
        except ValueError as error:  # a word to forbid that the model does not know, ...
            raise CommandError(error) from error


def _load_confidence(captioner, preset):
    from keras_lrcn import CaptionConfidence

    try:
        return CaptionConfidence.from_preset(captioner, preset)
    except (FileNotFoundError, ValueError) as error:
        raise CommandError(f"--min-confidence: {error}") from error


def _decoded(source, names, model):
    """Yields each name with its pixels or `ValueError`, decoded ahead in threads."""
    rest, started = iter(names), collections.deque()
    with ThreadPoolExecutor(DECODERS) as pool:
        while True:
            for name in itertools.islice(rest, max(model.ahead - len(started), 0)):
                started.append((name, pool.submit(_read, source, name, model)))
            if not started:
                return
            name, value = started.popleft()
            yield name, value.result()


def _read(source, name, model):
    try:
        return source.read(name, model)
    except ValueError as error:
        return error


def _batches(decoded, model, broken, bar):
    """Yields lists of (name, input), the last one shorter; sets broken ones aside."""
    batch = []
    for name, value in decoded:
        if isinstance(value, Exception):
            broken[name] = value
            bar.update()
            continue
        model.load()
        batch.append((name, value))
        if len(batch) >= model.batch_size:
            yield batch
            batch = []
    if batch:
        yield batch
