"""The cards of a report on captions: a sentence, its scores, and what people wrote."""

import html
import math
import os

from keras_lrcn.cli.captioning import DEFAULT_PRESET, load_model
from keras_lrcn.cli.gallery import UNSURE, number, shade, shaded_words
from keras_lrcn.cli.report import Case

SHOWN = {"CIDEr": "CIDEr-D", "Bleu_4": "BLEU-4", "ROUGE_L": "ROUGE-L", "METEOR": "METEOR"}


def word_scores(preset, ids, examples, candidates):
    """How probable a model finds each word of some captions.

    Args:
        preset: name or folder of the model, or `None`, which gives none.
        ids: list of image ids.
        examples: dict from image id to `CaptionedImage`.
        candidates: dict from image id to caption.

    Returns:
        Dict from image id to a pair of its words and their log-probabilities.
    """
    if preset is None:
        return {}
    captioner = load_model("LRCNCaptioner", preset or DEFAULT_PRESET)
    from keras_lrcn.preprocessing import split_words

    texts = [candidates[i] for i in ids]
    scores = captioner.score([examples[i].path for i in ids], texts, per_word=True)
    splitter = captioner.preprocessor.tokenizer.splitter
    return {i: (split_words(t, splitter), s) for i, t, s in zip(ids, texts, scores, strict=True)}


def case(example, caption, scores, words=None):
    """One card.

    Args:
        example: `CaptionedImage`.
        caption: string.
        scores: dict from score to float, of this image.
        words: pair as from `word_scores`, or `None` for a sentence without shades.

    Returns:
        `Case`, sorted by CIDEr-D.
    """
    sentence = shaded_words(caption, *words) if words else html.escape(caption) or "(no words)"
    name = html.escape(os.path.basename(example.path) or example.image_id)
    shown = " · ".join(f"{SHOWN[n]} {number(scores[n])}" for n in SHOWN if n in scores)
    references = [("–", html.escape(text)) for text in example.captions]
    return Case(scores["CIDEr"], example.path, sentence, f"{shown} · {name}", references)


def note(number_of_images, preset):
    """HTML of what the reader should know."""
    text = f"{number_of_images:,} images, sorted by CIDEr-D; below each caption the references."
    if preset is None:
        return text
    ground = shade(math.log(UNSURE))
    return (
        f'{text} A word on an <span style="{ground}">orange ground</span> is one the model gave '
        "little probability."
    )
