import json
import pathlib
import random
import subprocess
import sys

import coco_caption
import pytest
from awkward import make_awkward_set

from keras_lrcn.metrics import tokenize_captions, tokenize_ptb

GOLDEN = pathlib.Path(__file__).parent / "golden"
needs_coco_caption = pytest.mark.skipif(
    not coco_caption.is_installed(), reason="needs pycocoevalcap and Java"
)


def golden_rows():
    """Text and its words by CoreNLP 3.4.1; how they were made is in `golden/make.py`."""
    texts = json.loads((GOLDEN / "lines.json").read_text())
    return list(zip(texts, json.loads((GOLDEN / "tokens.json").read_text()), strict=True))


def test_words_equal_those_of_the_java_tokenizer_on_all_probes():
    wrong = [(t, w) for t, w in golden_rows() if " ".join(tokenize_ptb(t)) != w]
    assert len(golden_rows()) > 1000
    assert not wrong


TRAPS = [
    ("The man's dog can't jump", "the man 's dog ca n't jump"),
    ("a (small) [red] {old} box", "a -lrb- small -rrb- -lsb- red -rsb- -lcb- old -rcb- box"),
    ("cannot, gonna and don’t", "can not gon na and do n't"),
    ("T-shirt, 20-year-old, black/white", "t-shirt 20-year-old black/white"),
    ("at 5 p.m. in the U.S. with Mr. X etc.", "at 5 p.m. in the u.s. with mr. x etc."),
    ("no. 5 but no", "no. 5 but no"),
    ("$5, £5, €5, 5¢ and 50%", "$ 5 # 5 $ 5 5 cents and 50 %"),
    ("½ or 3⁄4 of 1,000.5", "1/2 or 3⁄4 of 1,000.5"),
    ("what?! wow!! yes! really?", "what ?! wow !! yes really"),
    ("wait... – — … 'quoted' “text” ``so''", "wait quoted text so"),
    ("see http://a.b/c?d=1. or a@b.com, #tag @me", "see http://a.b/c?d=1 or a@b.com, #tag @me"),
    ("smile :) 😀 ♥", "smile :-rrb- ♥"),
    ("café à la carte, 日本語", "café à la carte 日本語"),
    ("colour and O'Neil's 1960's '60s", "colour and o'neil 's 1960 's '60s"),
    ("", ""),
    (" .,;:'\"`-- ? ! ", ""),
]


@pytest.mark.parametrize("text, words", TRAPS)
def test_traps_of_coco_caption(text, words):
    assert " ".join(tokenize_ptb(text)) == words  # agreed below with the real package


@pytest.mark.parametrize("line_break", list(coco_caption.LINE_BREAKS) + ["\r\n"])
def test_line_break_inside_a_caption_is_a_blank(line_break):
    texts = [f"a man{line_break}runs", "a dog"]
    assert tokenize_captions(texts) == [["a", "man", "runs"], ["a", "dog"]]
    assert tokenize_ptb(texts[0]) == ["a", "man", "runs"]


def test_control_and_invisible_characters_vanish():
    assert tokenize_ptb("\ufeffa\u200b man\x00 \x7fis\u00adn't \ud83dout\ue000") == [
        "a",
        "man",
        "is",
        "n't",
        "out",
    ]


def test_letter_before_a_stop_depends_on_the_next_caption():
    letter = [tokenize_captions(["on plate P.", text])[0][-1] for text in ("The end", "the end")]
    assert letter == ["p", "p."]  # as in coco-caption's file of all captions


def test_last_caption_ends_without_a_line_break():
    assert tokenize_captions(["he'll", "he'll"]) == [["he", "'ll"], ["he", "ll"]]


def test_any_text_gives_words_without_blanks_or_capitals():
    generator = random.Random(0)
    for _ in range(2000):
        points = (generator.randrange(0x3000) for _ in range(generator.randrange(12)))
        text = "".join(map(chr, points))
        for word in tokenize_ptb(text):
            assert word and " " not in word and "\n" not in word
            assert word == word.lower()


def test_plain_words_come_back_as_they_are():
    text = "two men ride brown horses along the sandy beach"
    assert tokenize_ptb(text) == text.split()


@pytest.mark.parametrize("piece", ["a", ".", "-", "'", "&", "<a ", "a'", "a.b-", "http://", "a@"])
def test_long_text_of_one_piece_comes_back(piece):
    # A pattern that tried every split of a run would take years for this one.
    words = tokenize_ptb(piece * 2000)
    assert len("".join(words)) <= 2000 * len(piece) + 1000


def test_metrics_import_neither_keras_nor_tensorflow():
    code = "import keras_lrcn.metrics, sys; print({'keras', 'tensorflow'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


@needs_coco_caption
def test_words_equal_the_real_package_on_the_fly():
    references, candidates = make_awkward_set(240, seed=9)
    texts = [text for lines in references.values() for text in lines] + list(candidates.values())
    texts += [line for line, _ in golden_rows()] + [text for text, _ in TRAPS]
    random.Random(1).shuffle(texts)
    expected = coco_caption.tokenize({0: texts})[0]
    assert [" ".join(words) for words in tokenize_captions(texts)] == expected


@needs_coco_caption
@pytest.mark.shared
@pytest.mark.slow
def test_words_equal_the_real_package_on_real_captions(shared_data):
    import gzip

    files = sorted((shared_data / "flickr30k_captions").glob("*.en.gz"))
    texts = [line for f in files for line in gzip.open(f, "rt", encoding="utf8", newline="\n")]
    texts = [text.rstrip("\n") for text in texts]
    expected = coco_caption.tokenize({0: texts})[0]
    assert len(texts) > 140_000
    assert [" ".join(words) for words in tokenize_captions(texts)] == expected
