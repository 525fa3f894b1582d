"""Captions to words as coco-caption does: Penn Treebank tokens, lower case, no punctuation."""

import re

# The tokens that coco-caption drops after tokenization.
DROPPED = frozenset("'' ' `` ` -LRB- -RRB- -LCB- -RCB- . ? ! , : - -- ... ;".split())
_BRACKETS = {"(": "-lrb-", ")": "-rrb-", "[": "-lsb-", "]": "-rsb-", "{": "-lcb-", "}": "-rcb-"}
_TOKEN = re.compile(
    r"""
      can(?=not\b) | gon(?=na\b)
    | [a-z]+(?=n['’]t\b) | n['’]t\b
    | ['’](?:s|m|d|re|ve|ll)\b
    | (?:mr|mrs|ms|dr|st|jr)\.
    | (?:[a-z]\.){2,}
    | [0-9]+(?:[.,:/-][0-9]+)*
    | \w+(?:[-/&]\w+)*
    | [!?]+ | \.\.\.
    | \S
    """,
    re.VERBOSE,
)


def tokenize_ptb(text):
    """Splits a caption into the words that coco-caption scores.

    Args:
        text: string, one caption.

    Returns:
        List of strings.
    """
    tokens = (_BRACKETS.get(token, token) for token in _TOKEN.findall(text.lower()))
    return [token for token in tokens if token not in DROPPED]


def as_words(caption):
    """The words of a caption that may already be a list of them.

    Args:
        caption: string, or list of words.

    Returns:
        List of strings, without white space in any.
    """
    if isinstance(caption, str):
        return " ".join(tokenize_ptb(caption)).split()
    return list(caption)
