"""All caption scores of a set of images at once, equal to those of coco-caption."""

import importlib.metadata

import numpy as np

from keras_lrcn.metrics.bleu import bleu_from_statistics, bleu_statistics
from keras_lrcn.metrics.bootstrap import bootstrap_interval
from keras_lrcn.metrics.cider import CiderD
from keras_lrcn.metrics.ids import check_ids
from keras_lrcn.metrics.meteor import meteor_obstacle, meteor_scores
from keras_lrcn.metrics.rouge import rouge_l
from keras_lrcn.metrics.words import tokenize_captions

BLEUS = ("Bleu_1", "Bleu_2", "Bleu_3", "Bleu_4")


def evaluate_captions(
    references,
    candidates,
    per_image=False,
    meteor=None,
    brevity_penalty=True,
    document_frequencies=None,
    num_bootstrap=0,
    seed=0,
):
    """Scores one caption an image against references, with coco-caption's numbers in Python.

    Captions are raw text; they are tokenized here, the way coco-caption does. The number of
    references may differ between images. Scores are 0..1, CIDEr (which is CIDEr-D) 0..10.

    Args:
        references: dict from image id to a list of strings.
        candidates: dict from the same image ids to a string.
        per_image: bool, whether to add the scores of every image.
        meteor: bool, whether to compute METEOR, which takes Java and some 20 seconds. `None`
            does where Java and pycocoevalcap are found; `True` fails where they are not.
        brevity_penalty: bool. `False` gives the higher BLEU that many papers of 2014 and 2015
            print.
        document_frequencies: `DocumentFrequencies` for CIDEr-D. `None` counts in `references`.
        num_bootstrap: int, number of resamples for 95 % intervals; 0 gives none.
        seed: int, of the resampling.

    Returns:
        Dict with floats `Bleu_1` .. `Bleu_4`, `ROUGE_L`, `CIDEr`, where computed `METEOR`, and a
        string `signature`, which says how they came about. With `per_image` also `per_image`, a
        dict from image id to such floats; with `num_bootstrap` also `intervals`, a dict from
        score (all but METEOR) to a pair of floats.

    Raises:
        ValueError: if ids differ or an image has no references, naming them.
        ImportError: if `meteor=True` and it cannot be computed, with the remedy.

    Example:
        >>> references = {1: ["A dog runs.", "The dog is running."], 2: ["Two men talk."]}
        >>> scores = evaluate_captions(references, {1: "a dog runs", 2: "two men"}, meteor=False)
        >>> round(scores["Bleu_1"], 4)
        0.8187

    Reference: Chen et al. 2015, "Microsoft COCO Captions"; pycocoevalcap 1.2.
    """
    ids = check_ids(references, candidates)
    tokens = tokenize_captions([candidates[i] for i in ids])
    reference_tokens = _tokenize_references([references[i] for i in ids])
    words = [_split(line) for line in tokens]
    reference_words = [[_split(line) for line in lines] for lines in reference_tokens]

    statistics = np.array(list(map(bleu_statistics, words, reference_words)))
    cider = CiderD(dict(zip(ids, reference_words, strict=True)), document_frequencies)
    rows = {
        **dict(zip(BLEUS, bleu_from_statistics(statistics, brevity_penalty).T, strict=True)),
        "ROUGE_L": np.array(list(map(rouge_l, tokens, reference_tokens))),
        "CIDEr": cider.scores(ids, words),
    }
    corpus = _corpus_scores(brevity_penalty)
    columns = np.column_stack([statistics, rows["ROUGE_L"], rows["CIDEr"]])
    scores = {name: float(score(columns)) for name, score in corpus.items()}
    if meteor or (meteor is None and meteor_obstacle() is None):
        joined = [list(map(" ".join, lines)) for lines in reference_tokens]
        scores["METEOR"], rows["METEOR"] = meteor_scores(list(map(" ".join, tokens)), joined)
    scores["signature"] = _signature(references, brevity_penalty, document_frequencies, scores)
    if per_image:
        values = zip(*rows.values(), strict=True)
        named = [dict(zip(rows, map(float, row), strict=True)) for row in values]
        scores["per_image"] = dict(zip(ids, named, strict=True))
    if num_bootstrap:
        scores["intervals"] = {
            name: bootstrap_interval(columns, score, num_bootstrap, seed=seed)
            for name, score in corpus.items()
        }
    return scores


def _corpus_scores(brevity_penalty):
    """Score -> function of rows of (BLEU statistics, ROUGE-L, CIDEr), one an image."""

    def bleu(order):
        return lambda rows: bleu_from_statistics(rows[:, :-2].sum(axis=0), brevity_penalty)[order]

    scores = {name: bleu(order) for order, name in enumerate(BLEUS)}
    return scores | {"ROUGE_L": lambda rows: rows[:, -2].mean(), "CIDEr": lambda r: r[:, -1].mean()}


def _tokenize_references(texts):
    """List of lists of strings to the same of tokens, in one pass as coco-caption does."""
    tokens = iter(tokenize_captions([text for group in texts for text in group]))
    return [[next(tokens) for _ in group] for group in texts]


def _split(tokens):
    """Words for n-grams: coco-caption splits there at no-break spaces too."""
    return " ".join(tokens).split()


def _signature(references, brevity_penalty, document_frequencies, scores):
    counts = [len(texts) for texts in references.values()]
    num_references = f"{min(counts)}-{max(counts)}" if len(set(counts)) > 1 else counts[0]
    frequencies = document_frequencies and f"given({document_frequencies.num_images})"
    parts = {
        "images": len(counts),
        "references": num_references,
        "tokens": "ptb-3.4.1,lower,no-punctuation",
        "bleu": f"closest,{'' if brevity_penalty else 'no-'}brevity-penalty",
        "rouge": "l,beta1.2",
        "cider": f"d,sigma6,df-{frequencies or 'references'}",
        **({"meteor": "1.5,en,norm"} if "METEOR" in scores else {}),
        "sacrebleu": importlib.metadata.version("sacrebleu"),
        "keras_lrcn": _version(),
    }
    return "|".join(f"{name}:{value}" for name, value in parts.items())


def _version():
    try:
        return importlib.metadata.version("keras-lrcn")
    except importlib.metadata.PackageNotFoundError:  # run from a checkout
        return "checkout"
