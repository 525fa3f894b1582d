"""What is wrong with captioned images, before a training finds out the slow way."""

import collections
import concurrent.futures
import hashlib
import re
import unicodedata

from keras_lrcn.data.caption_report import CaptionReport, Finding
from keras_lrcn.data.formats import read_dataset, read_splits
from keras_lrcn.data.images import ImageError, read_image
from keras_lrcn.data.pipelines import SIDES

LINE_BREAKS = re.compile("[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")


def check_dataset(path, *, images=None, format="auto", split="all", workers=2):
    """Checks a data set on disk; see `check_captions`.

    With `split="all"`, each split but `train` (and COCO's `restval`) is also held against these:
    words that training lacks, images that are in both. So is a single split.

    Args:
        path, images, format, split: see `read_dataset`.
        workers: int, threads that decode images.

    Returns:
        `CaptionReport`.

    Raises:
        FileNotFoundError, ValueError: the captions cannot be read; see `read_dataset`.

    Example:
    ```python
    report = check_dataset("flickr8k")
    print(report.text())
    ```
    """
    examples = read_dataset(path, images, format, split)
    splits = read_splits(path, images, format)
    train = splits.pop("train", []) + splits.pop("restval", [])
    held_out = splits if split == "all" else {split: examples}
    if set(split.split("+")) <= {"train", "restval"} or "all" in splits or not train:
        train, held_out = [], {}
    digests = _digests([*examples, *train], workers)
    findings = [*_image_findings(examples, digests), *_caption_findings(examples)]
    for name, held_out_examples in held_out.items():
        findings += _held_out_findings(held_out_examples, train, digests, name)
    return CaptionReport(_facts(examples), findings)


def check_captions(examples, train=None, vocabulary=None, workers=2):
    """Says what is wrong with captioned images.

    Errors are images that are missing or broken, ids that occur twice, images without captions,
    empty captions, images that are in training too, and vocabulary words that training lacks.
    Warnings are identical images under different ids, line breaks inside captions (CR, U+2028
    and the like included), and words that training lacks.

    Args:
        examples: list of `CaptionedImage`; a held-out split if `train` is given.
        train: optional list of `CaptionedImage` that training uses.
        vocabulary: optional iterable of the words a model knows. Words that are in `examples`
            but not in `train` do not belong there. Needs `train`.
        workers: int, threads that decode images.

    Returns:
        `CaptionReport`.
    """
    if vocabulary is not None and train is None:
        raise ValueError("`vocabulary` is held against `train`. Received: train=None.")
    digests = _digests([*examples, *(train or [])], workers)
    findings = [*_image_findings(examples, digests), *_caption_findings(examples)]
    if train is not None:
        findings += _held_out_findings(examples, train, digests, "these", vocabulary)
    return CaptionReport(_facts(examples), findings)


def caption_words(caption):
    """Lower-case words between blanks, without the punctuation around them; any alphabet."""
    words = (word.strip(_punctuation(word)) for word in caption.lower().split())
    return [word for word in words if word]


def _punctuation(word):
    return "".join(letter for letter in word if unicodedata.category(letter)[0] in "PS")


def _digests(examples, workers):
    """Image path -> digest of its pixels, or the `ImageError`. Shows a progress bar."""
    import tqdm

    def digest(path):
        try:
            pixels = read_image(path)
        except ImageError as error:
            return error
        return hashlib.blake2b(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest()

    paths = list(dict.fromkeys(example.path for example in examples))
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        results = tqdm.tqdm(pool.map(digest, paths), "read images", len(paths), disable=None)
        return dict(zip(paths, results, strict=True))


def _image_findings(examples, digests):
    paths = dict.fromkeys(example.path for example in examples)
    broken = [str(digests[path]) for path in paths if isinstance(digests[path], ImageError)]
    yield from _found("error", "broken_images", "images are missing or broken", broken)
    ids = collections.Counter(example.image_id for example in examples)
    twice = [f"{image_id} ({count} times)" for image_id, count in ids.items() if count > 1]
    yield from _found("error", "duplicate_ids", "image ids occur more than once", twice)
    same = collections.defaultdict(dict)
    for example in examples:
        if isinstance(digests[example.path], str):
            same[digests[example.path]][example.image_id] = None
    groups = [" = ".join(group) for group in same.values() if len(group) > 1]
    text = "sets of identical images under different ids"
    yield from _found("warning", "identical_images", text, groups)


def _caption_findings(examples):
    silent = [example.image_id for example in examples if not example.captions]
    yield from _found("error", "images_without_captions", "images have no caption", silent)
    captions = [(e.image_id, caption) for e in examples for caption in e.captions]
    empty = [image_id for image_id, caption in captions if not caption_words(caption)]
    yield from _found("error", "empty_captions", "captions have no word, of the images", empty)
    broken = [f"{i}: {caption!r}" for i, caption in captions if LINE_BREAKS.search(caption)]
    yield from _found("warning", "line_breaks", "captions have a line break inside", broken)


def _held_out_findings(examples, train, digests, name, vocabulary=None):
    train_ids = {example.image_id for example in train}
    train_pixels = {digests[example.path] for example in train}
    shared = [
        example.image_id
        for example in examples
        if example.image_id in train_ids or digests[example.path] in train_pixels
    ]
    text = f"images of {name} are in training too"
    yield from _found("error", "images_in_training", text, shared)
    known = _word_counts(train)
    lacking = [(word, n) for word, n in _word_counts(examples).most_common() if word not in known]
    text = f"words of {name} are not in training (such words cannot be learnt)"
    spelt = [f"{word} ({n} times)" for word, n in lacking]
    yield from _found("warning", "words_not_in_training", text, spelt)
    leaked = sorted({word for word, _ in lacking} & set(vocabulary or ()))
    text = f"words of the vocabulary are in {name} but not in training"
    yield from _found("error", "vocabulary_leak", text, leaked)


def _found(level, kind, text, examples):
    if examples:
        yield Finding(level, kind, len(examples), f"{len(examples)} {text}", examples)


def _word_counts(examples):
    return collections.Counter(
        word for example in examples for text in example.captions for word in caption_words(text)
    )


def _facts(examples):
    words = [tuple(caption_words(text)) for example in examples for text in example.captions]
    counts = collections.Counter(words)
    repeated = sum(count for count in counts.values() if count > 1)
    sided = sum(bool(SIDES.search(text)) for example in examples for text in example.captions)
    return {
        "num_images": len({example.image_id for example in examples}),
        "num_captions": len(words),
        "captions_per_image": _histogram(len(example.captions) for example in examples),
        "words_per_caption": _histogram(map(len, words)),
        "identical_captions": repeated / max(len(words), 1),
        "num_words": len({word for caption in words for word in caption}),
        "left_or_right": sided,
    }


def _histogram(numbers):
    return dict(sorted(collections.Counter(numbers).items()))
