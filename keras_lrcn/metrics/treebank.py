"""The rules by which the Penn Treebank tokenizer of coco-caption cuts a caption into tokens.

coco-caption runs Stanford CoreNLP 3.4.1 in Java. These rules were written from what that program
does to some million probes: its list of abbreviations, for example, is what remained of all strings
of up to five letters. `tests/metrics/test_words.py` compares the two.
"""

import re

# Numbers that Python takes for letters. The rest of `\w` but `_` is letters and decimal digits.
_NUMERALS = (
    r"\xb2\xb3\xb9\xbc-\xbe\u09f4-\u09f9\u0b72-\u0b77\u0bf0-\u0bf2\u0c78-\u0c7e\u0d58-\u0d5e"
    r"\u0d70-\u0d78\u0de6-\u0def\u0f2a-\u0f33\u1369-\u137c\u16ee-\u16f0\u17f0-\u17f9\u19da\u2070"
    r"\u2074-\u2079\u2080-\u2089\u2150-\u2182\u2185-\u2189\u2460-\u249b\u24ea-\u24ff\u2776-\u2793"
    r"\u2cfd\u3007\u3021-\u3029\u3038-\u303a\u3192-\u3195\u3220-\u3229\u3248-\u324f\u3251-\u325f"
    r"\u3280-\u3289\u32b1-\u32bf\ua6e6-\ua6ef\ua830-\ua835\ua9f0-\ua9f9\U00010000-\U0010ffff"
)
# Accents and vowel signs, which join letters but not digits.
_MARKS = (
    r"\u02c2-\u0379\u0384\u0385\u03f6\u0483-\u0487\u055a-\u055f\u0591-\u05bd\u05bf\u05c1\u05c2"
    r"\u05c4\u05c5\u05c7\u0615-\u061a\u064b-\u065e\u0670\u06d6-\u06ef\u06fa-\u06fe\u070f-\u07bf\u07ca-\u07f3\u0900-\u0903"
    r"\u093c-\u094e\u0951-\u0955\u0962\u0963\u0981-\u09e3\u0a01-\u0a4f\u0a81-\u0acf\u0b82-\u0bcd"
    r"\u0c01-\u0c03\u0c3e-\u0c56\u0d3e-\u0d48\u0e31-\u0e3a\u0e47-\u0e4e\u0eb1-\u0ecd\u1885\u1886"
)
# Characters that are tokens of their own. Others outside ASCII, emoji among them, vanish.
_SYMBOLS = (
    r"\x80\x91-\x94\x96\x97\xa1-\u037e\u0387\u0589\u05be-\u05c6\u05f3-\u0603\u0606-\u060c\u0614"
    r"-\u061b\u061e\u061f\u066a\u066d-\u07f8\u0964\u0965\u0e3f-\u0e4f\u1fbd\u2013-\u2023\u2026"
    r"\u2030-\u203b\u203e-\u2042\u2044\u2070-\u208e\u20a0\u20a4\u20ac\u2100-\u214f\u2153-\u215e"
    r"\u2190-\u2bff\u3001\u3002\u3012\u30fb\uff01-\uffe1\uffe5\uffe6"
)
# Titles and the like, which may be glued to a name: "Mr.Bean".
_TITLES = """
    adj adm adv alex assoc asst attys? ave brig capt cf cie cmdr col comdr cpl dept det drs? elec
    ens ft gen govs? hon insp invt jos lieut lt maj messrs mlle mme mrs? ms msgr mt natl
    pfc ph pres profs? pvt reps? rev sens? sfc sgt spc st ste supts? treas vs wm
"""
# Months, states and companies, after which a new token starts.
_PLACES = """
    al ala apr ariz assn aug bhd bldg blvd bros calif cos? colo conn corp ct dak dec esq est etc
    ext feb fla fri ga inc ind intl jan jr jul jun kans? ky ltd mar md mich minn mo mon mont neb
    nev nov oct okla penn plc rd rt sep sept seq sq sr sys tel tenn thu
    thurs tues? univ va vt wed wis wisc wyo
"""
# The same, but only with a capital letter: small, they are words.
_CAPITALIZED = "az ark del ill la mass miss ore pa tex wash"
# In these e, f, t and y must be small.
_SMALL_TITLES, _SMALL_PLACES = "m(?-i:[ft])g", "p?pt(?-i:[ey])s?"
_NUMBERED = "art ca figs? nos? op prop pp?"  # only before a number: "no. 5"
# After one letter and a full stop these begin a sentence, so that the stop is not the letter's.
_STARTERS = r"""
    a about according additionally after an as at but earlier he her here however if in it last
    many more mr\. ms\. now once one other our she since so some such that the their then there
    these they this we what when while yet you
"""
_FILES = """
    bat bmp c cgi cpp dll docx? exe gif gz h html? jar java jpe?g mov mp3 pdf php pl png ppt ps py
    sql tar txt wav x xml zip
"""


def _any_of(words):
    """The regular expression for any of some words in either case."""
    return "(?ai:" + "|".join(words.split()) + ")"


_BLANK = r"[ \t\xa0\u2000-\u200a\u3000]"
_WHITE = r"[ \t\x85\xa0\u2000-\u200a\u3000\n]"
_APOSTROPHE = r"(?:['\x92\u2019]|(?ai:&apos;))"
_QUOTE = rf"(?:{_APOSTROPHE}|[`\x91\u2018\u201b])"
_L = rf"[^\W\d_{_NUMERALS}]"  # a letter
_LN = rf"[^\W_{_NUMERALS}]"  # a letter or digit
_LETTER = rf"(?:{_L}|[{_MARKS}\xad]|(?ai:&[aeiou](?:acute|grave|uml);))"
_WORD = rf"{_LETTER}(?:{_LETTER}|\d)*(?:[.!?]{_LETTER}(?:{_LETTER}|\d)*)*"
_PART = rf"(?:[dDoOlL]{_QUOTE}{_LN})?{_LN}+"
_COMPOUND = rf"{_PART}(?:[-_\u058a\u2010\u2011]{_PART})*"
_ACRONYM = r"[A-Za-z](?:\.[A-Za-z])+"
_CHAIN = rf"[A-Za-z0-9][A-Za-z0-9.,\xad]*(?:-(?:{_ACRONYM}\.|[A-Za-z0-9\xad]+))+"
_FIRM = r"[A-Z]+(?:(?:(?ai:&amp;)|[+&])[A-Z]+)+"
_SIDE = r"[A-Za-z0-9]+(?:-[A-Za-z]+){0,2}"
_CLITIC = rf"(?ai:{_APOSTROPHE}(?:[msd]|re|ve|ll)|n{_QUOTE}t)"
_STATE = "|".join(f"{word[0].upper()}(?ai:{word[1:]})" for word in _CAPITALIZED.split())
_NAME = r"[A-Za-z][A-Za-z0-9:._-]*"
_ATTRIBUTE = rf"""{_NAME}(?:[ ]*=[ ]*(?:'[^'\n]*'|"[^"\n]*"))?"""
_TAG = rf"<(?:[!?][A-Za-z-][^>\n]*|/{_NAME}[ ]*|{_NAME}(?:[ ]+{_ATTRIBUTE})*[ ]*/?)>"
_SENTENCE = rf"{_WHITE}+(?:(?=[A-Z]){_any_of(_STARTERS)}|{_TAG}){_WHITE}"
_URL = r""" \t\n\f\r"<>|"""  # what ends an address
_HOST = rf"(?:[^{_URL}.!?(){{}},]+\.)+[a-zA-Z]{{2,4}}"
_DOMAIN = rf"(?:[^{_URL}`'!?(){{}},-_$]+\.)+(?ai:com|net|org|edu)"  # a range from "," to "_"
_PATH_END = rf"[^{_URL}.!?(){{}},-]"
_MAIL = rf"[^{_URL}\xa0(){{}}.]"
_FACE = r"[<>]?[:;=][-o*']?[()DPdpO\\{@|\[\]]"

_ADDRESSES = [
    rf"(?ai:https?)://[^{_URL}(){{}}]+{_PATH_END}",
    rf"(?ai:www)\.{_HOST}|{_DOMAIN}",
    rf"(?:(?ai:www)\.{_HOST}|{_DOMAIN})/[^{_URL}()]+{_PATH_END}",
]
_FILE = rf"((?:{_LETTER}|\d)+(?:\.(?:{_LETTER}|\d)+)*\.{_any_of(_FILES)})(?:{_WHITE}|[.?!,])"
# The longest match wins, the first of equals. Where a rule has a group, the group is the token and
# the rest of the match was only looked at. Written for `re.VERBOSE`.
_RULES = [
    # two words written as one
    r"(?ai:(can)not|(gim)me|(lem)me|(gon)na|(got)ta|(wan)na|('t)(?:is|was))|((?ai:more))'n",
    rf"((?ai:[a-z\xad]*[a-mo-z]\xad*))(?ai:n{_QUOTE}t)",
    rf"({_WORD})(?ai:{_APOSTROPHE}(?:[msd]|re|ve|ll))",
    # mark-up, addresses, names
    _TAG,
    r"(?ai:&(?:amp|lt|gt|quot|nbsp|mdash|ndash|md|ht|tl|ur|lr|qc|ql|qr|odq|cdq|\#\d+);)",
    rf"(?:&lt;|<)?[a-zA-Z0-9](?:{_MAIL}|\.)*@(?:{_MAIL}+\.)*{_MAIL}+(?:&gt;|>)?",
    rf"@[a-zA-Z_][a-zA-Z_0-9]*|\#{_LETTER}+",
    # words
    _WORD,
    *_ADDRESSES,
    rf"((?:{_any_of(_PLACES)}|(?ai:{_SMALL_PLACES}|ph\.d)|{_STATE})\.)(?s:..)?",
    rf"((?ai:pt[ey])\.){_BLANK}(?ai:ltd)",
    rf"(?:{_any_of(_TITLES)}|(?ai:{_SMALL_TITLES}))\.",
    rf"({_APOSTROPHE}[0-9][0-9]){_WHITE}",
    rf"(?ai:{_APOSTROPHE}n{_APOSTROPHE}?|{_APOSTROPHE}em|(?:[ldj]|dunkin|somethin|ol){_APOSTROPHE})",
    rf"[A-HJ-XZn]{_QUOTE}{_L}{{2,}}|{_APOSTROPHE}[2-9]0[sS]|{_APOSTROPHE}(?ai:till?)",
    rf"{_L}+[aeiouyAEIOUY]{_QUOTE}[aeiouA-Z]{_L}*",
    rf"(?ai:{_APOSTROPHE}cause|cont'd\.|nor'easter|c'mon|[en]'er|s'mores|ev'ry|li'l|nat'l)",
    rf"(?ai:o{_QUOTE}o)",
    rf"({_CLITIC})[^A-Za-z]",
    r"(')[A-Za-z][^ \t\n\r\xa0]",
    _CLITIC,
    rf"([yY]{_APOSTROPHE}){_LETTER}",
    _COMPOUND,
    r"(?ai:anti|pro)-",
    rf"{_FIRM}|[cC]\+\+|[cCfF]\#",
    rf"{_SIDE}(?:\\?/{_SIDE}){{1,2}}",
    _CHAIN,
    # words that keep their full stop
    rf"({_any_of(_NUMBERED)}\.){_BLANK}?\d|({_any_of(_NUMBERED)}\.)[\n\x85]\d",
    rf"{_ACRONYM}\.|[A-Za-z]\.",
    rf"([A-Za-z])\.{_SENTENCE}",
    *(rf"((?:{word})\.)[,;:\u3001]" for word in (_WORD, _COMPOUND, _CHAIN, _FIRM)),
    _FILE,
    # numbers: plain, dates, fractions, telephones, raised, prices
    r"[-+]?(?:\d*(?:[.:,\xad\u066b\u066c]\d+)+|\d+)",
    r"\d{1,2}[-/]\d{1,2}[-/]\d{2,4}",
    r"(?:\d{1,4}[-\ \xa0])?\d{1,4}(?:\\?/|\u2044)\d{1,4}",
    r"(?:\([0-9]{2,3}\)[\ \xa0]?|(?:\+\+?)?(?:[0-9]{2,4}[-\ \xa0])?[0-9]{2,4}[-\ \xa0])"
    r"[0-9]{3,4}[-\ \xa0]?[0-9]{3,5}",
    r"(?:(?:\+\+?)?[0-9]{2,4}\.)?[0-9]{2,4}\.[0-9]{3,4}\.[0-9]{3,5}",
    r"[\u207a\u207b\u208a\u208b]?(?:[\u2070\xb9\xb2\xb3\u2074-\u2079]+|[\u2080-\u2089]+)",
    r"[A-Z]*\$",
    # faces and runs of punctuation
    rf"({_FACE})[^A-Za-z0-9]|[-^x=~<>']_[-^x=~<>']|\([\^x=~<>']-[\^x=~<>'`]\)",
    r"\([-^x=~<>'][_.]?[-^x=~<>']\)",
    r"-(?ai:[lr][rcs]b)-|(?ai:&apos;)",
    r"[!?]+|\.{3,5}|\.(?:[\ \xa0]\.){2,4}|--+|\*+|_+|\#+|@+|<<|>>|''|(?:\\\*)+",
    r"[`\x91-\x94\xab\xbb\u2018-\u201f\u2039\u203a]{1,2}",
    rf"[!-/:-@\[-`{{-~{_SYMBOLS}]",
]
# Letters, vowel signs and digits that came into Unicode after the program: they vanish.
_UNKNOWN = (
    r"\u037f\u0528-\u052f\u0560\u0588\u05ef\u05f5-\u05ff\u070e\u07b2-\u07bf\u0860-\u086a"
    r"\u0870-\u0887\u0889-\u088e\u08a1\u08ad-\u08c9\u0978\u0980\u0984\u098d-\u098e\u0991-\u0992"
    r"\u09a9\u09b1\u09b3-\u09b5\u09ba-\u09bb\u09c5-\u09c6\u09c9-\u09ca\u09cf-\u09d6\u09d8-\u09db"
    r"\u09de\u09fc\u0a04\u0a0b-\u0a0e\u0a11-\u0a12\u0a29\u0a31\u0a34\u0a37\u0a3a-\u0a3b\u0a3d"
    r"\u0a84\u0a8e\u0a92\u0aa9\u0ab1\u0ab4\u0aba-\u0abb\u0af9\u0b84\u0b8b-\u0b8d\u0b91"
    r"\u0b96-\u0b98\u0b9b\u0b9d\u0ba0-\u0ba2\u0ba5-\u0ba7\u0bab-\u0bad\u0bba-\u0bbd\u0bc3-\u0bc5"
    r"\u0bc9\u0c34\u0c5a\u0c5d\u0c80\u0cdd\u0d04\u0d45\u0d54-\u0d56\u0d5f\u0de6-\u0def\u0e86"
    r"\u0e89\u0e8c\u0e8e-\u0e93\u0e98\u0ea0\u0ea8-\u0ea9\u0eac\u0ebe-\u0ebf\u0ec5\u0ec7\u13f5"
    r"\u13f8-\u13fd\u16f1-\u16f8\u170d\u171f\u1878\u191d-\u191e\u19b0-\u19c0"
    r"\u19c8-\u19c9\u1b4c\u1c80-\u1c8f\u1c90-\u1cba\u1cbd-\u1cbf\u1cf2-\u1cf3\u1cfa\u2072-\u2073"
    r"\u2c2f\u2c5f\u312e-\u312f\u31bb-\u31bf\u4db6-\u4dbf\u9fcd-\u9fff\ua698-\ua69d\ua78f"
    r"\ua794-\ua79f\ua7ab-\ua7f7\ua8fd-\ua8fe\ua9e0-\ua9e4\ua9e6-\ua9fe\uaa7e-\uaa7f"
    r"\uab30-\uab5a\uab5c-\uab69\uab70-\uabbf\uffbf-\uffc1\uffc8-\uffc9\uffd0-\uffd1"
    r"\uffd8-\uffd9\uffdd-\uffdf"
)
IS_UNKNOWN = re.compile(f"[{_UNKNOWN}]")
_AS_WRITTEN = {_TAG, *_ADDRESSES, _FILE}  # these keep "&amp;" and soft hyphens
RULES = [(re.compile(rule, re.VERBOSE), rule in _AS_WRITTEN) for rule in _RULES]
_SMALL = "mfg mtg ptes? ptys? pptes? pptys?"
ABBREVIATIONS = frozenset(
    spelling
    for word in f"{_TITLES} {_PLACES} {_CAPITALIZED} {_NUMBERED} {_SMALL}".split()
    for spelling in (word.replace("?", ""), word.replace("s?", ""))
)
IS_CLITIC = re.compile(_CLITIC).fullmatch
