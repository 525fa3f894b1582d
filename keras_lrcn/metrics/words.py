"""Captions to words as coco-caption does: Penn Treebank tokens, lower case, punctuation dropped."""

import re

from keras_lrcn.metrics.treebank import ABBREVIATIONS, IS_CLITIC, IS_UNKNOWN, RULES

# coco-caption drops these tokens. Its list has the brackets in capitals, so "-lrb-" stays a word.
_DROPPED = frozenset("'' ' `` ` . ? ! , : - -- ... ;".split())
_LINE_BREAKS = str.maketrans(dict.fromkeys("\n\r\v\f\u2028\u2029", " "))
_VANISHING = "\ue000"  # no token has it, so it parts what stands around it
_PLAIN = re.compile(r"([A-Za-z]+)(?:,|(\.))?(?= |\n|\Z)")
_BLANKS = re.compile(r"(?:[ \t][ \t\xa0\u2000-\u200a\u3000]*)?")
_JOINED = frozenset("cannot gimme gonna gotta lemme wanna".split())
_REWRITTEN = {
    **{"(": "-lrb-", ")": "-rrb-", "[": "-lsb-", "]": "-rsb-", "{": "-lcb-", "}": "-rcb-"},
    **{"\xa3": "#", "\xa2": "cents", **dict.fromkeys("\x80\xa4\u20a0\u20ac", "$"), "\xad": "-"},
    **{"\xbc": "1/4", "\xbd": "1/2", "\xbe": "3/4", "\u2153": "1/3", "\u2154": "2/3"},
    **{"&amp;": "&", "&lt;": "<", "&gt;": ">"},
    **dict.fromkeys(("\u2026", "&nbsp;", "&mdash;", "&ndash;", "&md;", "&apos;"), "--"),
    **dict.fromkeys("\x96\x97\u2013\u2014\u2015", "--"),
}
_QUOTES = {
    **dict.fromkeys("\x91\u2018\u201b\u2039", "`"),
    **dict.fromkeys("\x92\u2019\u203a", "'"),
    **dict.fromkeys("\x93\u201c\xab", "``"),
    **dict.fromkeys("\x94\u201d\xbb", "''"),
    **{quote: quote for quote in "`\u201a\u201e\u201f"},
}
_STRAIGHT = str.maketrans({"\x92": "'", "\u2019": "'", "\x91": "`", "\u2018": "`", "\u201b": "`"})


def tokenize_ptb(text):
    """Splits a caption into the words that coco-caption scores.

    Line breaks of any kind in the caption count as blanks: coco-caption itself hands every caption
    after one to the wrong image.

    Args:
        text: string, one caption.

    Returns:
        List of strings. One may hold a no-break space ("1 1/2", a telephone number).

    Example:
        >>> tokenize_ptb("Mr. Smith's dog can't jump (high), it seems.")
        ['mr.', 'smith', "'s", 'dog', 'ca', "n't", 'jump', '-lrb-', 'high', '-rrb-', 'it', 'seems']
    """
    return _tokenize(text.translate(_LINE_BREAKS), "\n")


def tokenize_captions(texts):
    """Splits captions into words exactly as coco-caption does with all of them in one file.

    Its tokenizer reads across lines: "sign P." keeps its stop unless the next caption begins with
    "The ", and an ending like "he'll" is cut differently at the very end of the file.

    Args:
        texts: list of strings in the order in which coco-caption writes them.

    Returns:
        List of lists of strings.
    """
    following, tokens = "", []
    for text in reversed([text.translate(_LINE_BREAKS) for text in texts]):
        tokens.append(_tokenize(text, following))
        following = f"\n{_readable(text[:40])}{following}"[:40]
    return tokens[::-1]


def as_words(caption):
    """The words of a caption that may already be a list of them.

    Args:
        caption: string, or list of words.

    Returns:
        List of strings without white space.
    """
    if isinstance(caption, str):
        return " ".join(tokenize_ptb(caption)).split()
    return list(caption)


def _readable(text):
    """What the rules read: as long as `text`, but without what CoreNLP does not know."""
    return text if text.isascii() else IS_UNKNOWN.sub(_VANISHING, text)


def _tokenize(text, following):
    end, read, place, tokens = len(text), _readable(text) + following, 0, []
    while place < end:
        place = _BLANKS.match(read, place).end()
        plain = _PLAIN.match(read, place)
        if plain and _is_plain(word := plain[1].lower(), stop=plain[2]):
            tokens.append(word)
            place = plain.end()
            continue
        stop, as_written = _longest_match(read, place)
        if stop > place:
            tokens.append(_rewrite(text[place:stop], as_written))
        place = max(stop, place + 1)
    if tokens:
        tokens[-1] = tokens[-1].rstrip()  # coco-caption strips its lines
    return [token for token in tokens if token and token not in _DROPPED]


def _is_plain(word, stop):
    """Whether a word of ASCII letters is one token, without looking at the rules."""
    return word not in _JOINED and not (stop and (len(word) == 1 or word in ABBREVIATIONS))


def _longest_match(text, place):
    """Where the token that starts at `place` ends, `place` itself where none starts; and whether
    it stays as it is written."""
    stop = reach = place
    kept = False
    for rule, as_written in RULES:
        match = rule.match(text, place)
        if match and match.end() > reach:
            reach, kept = match.end(), as_written
            stop = match.end(match.lastindex) if match.lastindex else reach
    return stop, kept


def _rewrite(token, as_written):
    """A token in the spelling of the Penn Treebank."""
    if token in ('"', "&quot;"):  # but "&QUOT;" is a word
        return "''"
    if "&apos;" in (small := token.lower()) and "&apos;" not in token:
        return small  # "&APOS;" is read, not rewritten
    token = small
    if token in _REWRITTEN:
        return _REWRITTEN[token]
    if len(token) <= 2 and all(character in _QUOTES for character in token):
        return "".join(_QUOTES[character] for character in token)
    if token[0] == "#" or "@" in token:
        return token
    if IS_CLITIC(token):
        return token.translate(_STRAIGHT).replace("&apos;", "'")
    if token[0] != "<" or token[-1] != ">":
        token = token.replace("(", "-lrb-").replace(")", "-rrb-")
    if not token.strip(". \xa0"):
        return "..."
    if not token.strip("-") and len(token) < 5:
        return "--"
    token = token.replace(" ", "\xa0")
    return token if as_written else token.replace("&amp;", "&").replace("\xad", "")
