"""One HTML file of an evaluation: the scores, then the worst and the best cases with pictures."""

import functools
import html
import os
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from keras_lrcn.cli.errors import CommandError
from keras_lrcn.cli.gallery import STYLE, THUMBNAIL, figure, number, picture

EACH = 24  # cards among the worst, and among the best
MORE_STYLE = """
.tables { display: flex; flex-wrap: wrap; gap: 0 64px; align-items: start; }
header table, details table { border-spacing: 0; margin: 12px 0; }
header td, header th, details td { padding: 2px 24px 2px 0; text-align: left;
                       font-variant-numeric: tabular-nums; }
header th { font-weight: 600; }
header .interval { color: var(--quiet); font-size: 13px; }
code { font-size: 12px; overflow-wrap: anywhere; color: var(--quiet); }
h2 { font-size: 18px; max-width: 1120px; margin: 16px auto 0; padding: 0 24px; }
.rest td:first-child { white-space: nowrap; width: 1px; }
.rest b { color: var(--ink); }
img[src=""] { display: none; }
details, .confusion { max-width: 1120px; margin: 0 auto; padding: 16px 24px; }
summary { cursor: pointer; }
.confusion img { width: auto; max-width: 100%; height: auto; border-radius: 10px; }
"""
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<header>
<h1>{title}</h1>
<p>{note}</p>
<div class="tables">
{tables}
</div>
<code>{signature}</code>
</header>
{body}
</body>
</html>
"""


class Case(NamedTuple):
    """One card, and what it is sorted by: `score`, higher is better.

    Attributes:
        score: float.
        image: string, path of its picture (or video), or `""`.
        sentence, note: strings of HTML, the large and the small line.
        rows: list of pairs of HTML strings, what stands below.
    """

    score: float
    image: str
    sentence: str
    note: str
    rows: list


def check_path(path):
    """Raises `CommandError` for a report that could not be written at the end."""
    if path and not os.path.isdir(os.path.dirname(path) or "."):
        raise CommandError(f"there is no folder {os.path.dirname(path)} for {path}")


def worst_and_best(scores, each=EACH):
    """Which cases to show.

    Args:
        scores: dict from a case to its score.
        each: int, how many of the worst and of the best.

    Returns:
        Dict of a heading to a list of cases, the worst or the best first.
    """
    ranked = sorted(scores, key=scores.get)
    half = min(each, -(-len(ranked) // 2))
    groups = {"Worst first": ranked[:half], "Best first": ranked[half:][::-1][:each]}
    return {heading: cases for heading, cases in groups.items() if cases}


def write_report(path, title, sections, signature, groups, note="", extra="", read=None):
    """Writes a self-contained HTML page.

    Args:
        path: string. The file to write.
        title: string.
        sections: the scores, as `score_formats.show` takes them.
        signature: string.
        groups: dict of a heading to a list of `Case`.
        note: string of HTML, what the reader should know.
        extra: string of HTML above the cards.
        read: function from the path of a case's picture to its pixels; called from several
            threads. Defaults to `read_photo`.
    """
    card = functools.partial(_card, read=read or read_photo)
    with ThreadPoolExecutor(4) as pool:
        cards = [
            f"<h2>{html.escape(heading)}</h2>\n<main>\n"
            + "\n".join(pool.map(card, cases))
            + "\n</main>"
            for heading, cases in groups.items()
        ]
    page = PAGE.format(
        title=html.escape(title),
        style=STYLE + MORE_STYLE,
        note=note,
        tables="\n".join(table(name, numbers) for name, numbers in sections.items()),
        signature=html.escape(signature),
        body=extra + "\n".join(cards),
    )
    with open(path + ".part", "w", encoding="utf-8", errors="replace") as file:
        file.write(page)
    os.replace(path + ".part", path)


def read_photo(path):
    """Pixels of a photo, at least as large as a card shows them."""
    from keras_lrcn.data import read_image

    return read_image(path, at_least=THUMBNAIL)


def read_first_frame(path):
    """Pixels of the first frame of a video."""
    from keras_lrcn.data import read_video

    try:
        return read_video(path, max_frames=1, on_error="partial").frames[0]
    except ImportError as error:  # a page does without pictures where nothing reads videos
        raise ValueError(error) from error


def _card(case, read):
    shown = picture(case.image, read, "") if os.path.exists(case.image) else ""
    return figure(shown, case.sentence, case.note, case.rows)


def table(name, numbers):
    """HTML of the numbers of one section."""
    intervals = numbers.get("intervals", {})
    rows = [f"<tr><th colspan=3>{html.escape(name)}</th></tr>"] * bool(name)
    for key, value in numbers.items():
        if key == "intervals":
            continue
        shown = number(value, 3) if isinstance(value, float) else html.escape(str(value))
        interval = ""
        if key in intervals:
            low, high = intervals[key]
            interval = f"{number(low, 3)} to {number(high, 3)} (95 %)"
        rows.append(
            f"<tr><td>{html.escape(key)}</td><td>{shown}</td>"
            f'<td class="interval">{interval}</td></tr>'
        )
    return f"<table>{''.join(rows)}</table>"
