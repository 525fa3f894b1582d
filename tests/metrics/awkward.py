"""Captions that are hard to tokenize, made from a seed, for the tests of the scores."""

import random


def items(text):
    return [item for line in text.split("\n") for item in line.strip().split("|") if item]


SUBJECTS = items("""
    a man|the man's dog|two dogs|Mr. Smith|a T-shirt|O'Neil|the boys'|a 20-year-old woman|she
    a U.S. flag|someone who can't see|a cat & a dog|the "BEST" cook|a (small) child|an e-mail
    No. 5|it's 5 p.m. and a bus|John's and Mary's kids|the café owner|a naïve tourist|the cow-boy
    Dr. No|people|a rock'n'roll band
""")
VERBS = items("""
    is running|isn't sitting|cannot jump|rides|is gonna eat|won't hold|looks at|don’t like|has
    wanna see|'s holding|jumps over|is well-known for|was taken @ 7:30|drives 1,000.50 km/h on
    stands in front of
""")
OBJECTS = items("""
    a red frisbee|1/2 of a pizza|3½ cakes|$5|£20.00 notes|50% of it|a 10' x 12' room|AT&T
    the 1960's car|the '60s|St. Paul's|the beach at 5 a.m.|http://www.example.com/a?b=1|#nofilter
    @home|a@b.com|Jan. 5|10-12 apples|the A/C unit|C++ and C#|a 4x4|20°C|café au lait|24/7
    a ‘quoted’ word|“smart quotes”|wood...|snow — ice|a–b|the year 2014|a 7-11 store|{a} [b] (c)
    555-1234|a 5\u00a01/2 inch pipe|ice cream!!|hats?!|km² of land|the plate B.|the sign P.
    letters etc.|a sign that says <b>stop</b>|x &amp; y|a box of 12
""")
ENDINGS = [
    ".",
    "",
    "",
    ".",
    " .",
    "!",
    "!!",
    "?",
    "...",
    "…",
    ";",
    ",",
    " 😀",
    " :)",
    " :-)",
    ".\r",
]
ENDINGS += [
    " \r\n",
    "\u2028",
    "\t",
    " — really",
    ".”",
    ".)",
    " (left)",
    "'",
    '"',
    " he'll",
    " that's",
]
ENDINGS += [" \u200b", "\ufeff", " ♥", "™", ".,", "..", " no.", " vs.", " etc.", " p.m.", " S."]
SINGLES = [
    "",
    " ",
    ".",
    "!!",
    "😀",
    "\n",
    "\u2028",
    "a",
    "-",
    "a man",
    "日本語 の 写真",
    "(",
    "()",
    "'",
]


def make_awkward_set(num_images=240, seed=5):
    """References and candidates, alike enough to score, of which every fifth is a lone oddity.

    Args:
        num_images: int.
        seed: int.

    Returns:
        Pair of dicts, image id -> list of 1 to 6 strings, and image id -> string.
    """
    generator = random.Random(seed)

    def choose(items):
        return items[int(generator.random() * len(items))]  # the same in every Python

    def caption(subject, thing):
        text = f"{subject} {choose(VERBS)} {thing}{choose(ENDINGS)}"
        return text.capitalize() if choose([False, False, True]) else text

    references, candidates = {}, {}
    for image in range(num_images):
        subjects = [choose(SUBJECTS) for _ in range(2)]
        things = [choose(OBJECTS) for _ in range(2)]
        lines = [caption(choose(subjects), choose(things)) for _ in range(1 + image % 6)]
        references[image] = lines
        candidates[image] = caption(choose(subjects), choose(things))
        if image % 5 == 0:
            candidates[image] = choose([*SINGLES, choose(lines)])
        if image % 7 == 0:
            lines.append(choose(SINGLES))
    return references, candidates
