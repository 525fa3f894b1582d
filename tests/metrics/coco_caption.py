"""The scores of the real coco-caption code, pycocoevalcap 1.2; optional, and needs Java."""

import importlib.util
import shutil

LINE_BREAKS = "\n\r\v\f\u2028\u2029"


def is_installed():
    """Whether the real package and Java are here."""
    return bool(importlib.util.find_spec("pycocoevalcap") and shutil.which("java"))


def tokenize(captions):
    """Id -> list of strings to id -> list of token lines.

    The package hands all captions after a line break to the wrong image, so it gets blanks there.
    """
    from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

    blanks = str.maketrans(dict.fromkeys(LINE_BREAKS, " "))
    return PTBTokenizer().tokenize(
        {
            i: [{"caption": text.translate(blanks)} for text in texts]
            for i, texts in captions.items()
        }
    )


def evaluate(references, candidates, meteor=False):
    """Corpus scores and the scores of every image, under coco-caption's names."""
    from pycocoevalcap.bleu.bleu import Bleu
    from pycocoevalcap.cider.cider import Cider
    from pycocoevalcap.meteor.meteor import Meteor
    from pycocoevalcap.rouge.rouge import Rouge

    truth = tokenize(references)
    given = tokenize({i: [text] for i, text in candidates.items()})
    bleu, each_bleu = Bleu(4).compute_score(truth, given, verbose=0)
    corpus = {f"Bleu_{n + 1}": score for n, score in enumerate(bleu)}
    images = {f"Bleu_{n + 1}": scores for n, scores in enumerate(each_bleu)}
    scorers = {"ROUGE_L": Rouge, "CIDEr": Cider} | ({"METEOR": Meteor} if meteor else {})
    for name, scorer in scorers.items():
        corpus[name], images[name] = scorer().compute_score(truth, given)
    rows = zip(truth, zip(*images.values(), strict=True), strict=True)
    each = {i: dict(zip(images, map(float, row), strict=True)) for i, row in rows}
    return {name: float(score) for name, score in corpus.items()}, each
