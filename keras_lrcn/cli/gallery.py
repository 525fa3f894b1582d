"""One HTML file that shows pictures with their captions, without a network or other files."""

import base64
import html
import io
import math
import os
from concurrent.futures import ThreadPoolExecutor

THUMBNAIL = (640, 420)  # pixels; cards show half of it, so it stays sharp on dense screens
SURE, UNSURE = 0.5, 0.02  # word probabilities between which the shade grows

STYLE = """
:root { --paper: #f6f5f2; --card: #fff; --ink: #1d1d1f; --quiet: #6b6b70; --line: #e3e1dc;
        --doubt: 214, 110, 30; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #17171a; --card: #222226; --ink: #ececee; --quiet: #9c9ca3; --line: #35353b;
          --doubt: 240, 140, 60; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
       font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
header, main { max-width: 1120px; margin: 0 auto; padding: 24px; }
header { padding-bottom: 0; }
h1 { font-size: 24px; margin: 0 0 4px; overflow-wrap: anywhere; }
header p { margin: 0; color: var(--quiet); max-width: 75ch; }
main { display: grid; gap: 20px; grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); }
figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 10px;
         overflow: hidden; display: flex; flex-direction: column; }
img { display: block; width: 100%; height: 210px; object-fit: contain;
      background: var(--line); }
figcaption { padding: 12px 16px 16px; }
.best { font-size: 18px; line-height: 1.6; margin: 0 0 2px; }
.best span { border-radius: 4px; padding: 1px 2px; margin: 0 -2px; }
.name, .rest { color: var(--quiet); font-size: 13px; }
.name { margin: 0; overflow-wrap: anywhere; }
.rest { width: 100%; margin-top: 10px; border-top: 1px solid var(--line); border-spacing: 0;
        padding-top: 8px; }
.rest td { padding: 2px 0; vertical-align: top; }
.rest td:first-child { text-align: right; padding-right: 10px; width: 4em;
                       font-variant-numeric: tabular-nums; }
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
<p>{count}. Numbers are log-probabilities in nats: the closer to 0, the surer. A word on an
<span style="{shade}">orange ground</span> is one the model gave little probability.</p>
</header>
<main>
{figures}
</main>
</body>
</html>
"""


def write_gallery(path, records, title, read_image):
    """Writes a self-contained HTML page of captioned pictures.

    Args:
        path: string. The file to write.
        records: list of `Record`; words are shaded where the captions carry `word_scores`.
        title: string. The page's heading.
        read_image: function, path to uint8 `(height, width, 3)`; called from several threads.
    """
    with ThreadPoolExecutor(4) as pool:
        figures = pool.map(lambda record: _figure(record, read_image), records)
        page = PAGE.format(
            title=html.escape(title),
            style=STYLE,
            count=f"{len(records)} picture{'' if len(records) == 1 else 's'}",
            shade=shade(math.log(UNSURE)),
            figures="\n".join(figures),
        )
    with open(path, "w", encoding="utf-8", errors="replace") as file:
        file.write(page)


def _figure(record, read_image):
    best, *rest = record.captions
    name = html.escape(os.path.basename(record.image))
    return figure(
        picture(record.image, read_image, best.text),
        shaded_words(best.text, best.text.split(), best.word_scores)
        or "<i>nothing to describe</i>",
        f'<span title="{html.escape(record.image)}">{number(best.score)} · {name}</span>',
        [(number(caption.score), html.escape(caption.text)) for caption in rest],
    )


def figure(picture, sentence, note, rows):
    """One card.

    Args:
        picture: string, HTML of the picture, or `""`.
        sentence, note: strings, HTML of the large and of the small line.
        rows: list of pairs of HTML strings, what stands below.

    Returns:
        String of HTML.
    """
    cells = "".join(f"<tr><td>{left}</td><td>{right}</td></tr>" for left, right in rows)
    table = f'<table class="rest">{cells}</table>' if rows else ""
    return (
        f'<figure>{picture}<figcaption><p class="best">{sentence}</p>'
        f'<p class="name">{note}</p>{table}</figcaption></figure>'
    )


def number(value, digits=2):
    """A number with a minus sign that is as wide as a digit."""
    return f"{value:.{digits}f}".replace("-", "−")


def shaded_words(text, words, scores):
    """HTML of a sentence, its words shaded by their log-probabilities where there are any."""
    scores = list(scores)
    if len(scores) not in (len(words), len(words) + 1):  # one more where the end counts too
        return html.escape(text)
    return " ".join(
        f'<span style="{shade(score)}" title="{math.exp(score):.1%}">{html.escape(word)}</span>'
        for word, score in zip(words, scores, strict=False)
    )


def shade(score):
    """CSS ground of a word: none from probability `SURE` up, full from `UNSURE` down."""
    steepness = (math.log(SURE) - score) / (math.log(SURE) - math.log(UNSURE))
    return f"background: rgba(var(--doubt), {0.5 * min(max(steepness, 0.0), 1.0):.2f})"


def picture(path, read_image, text):
    """HTML of a picture, which is inside the page.

    Args:
        path: string.
        read_image: function, path to uint8 `(height, width, 3)`.
        text: string, what is read out in its place.
    """
    from PIL import Image

    try:
        thumbnail = Image.fromarray(read_image(path))
    except ValueError:  # gone since it was captioned: the page shows the sentence in its place
        return f'<img src="" alt="{html.escape(text)}">'
    thumbnail.thumbnail(THUMBNAIL)
    return f'<img src="{image_source(thumbnail, "JPEG")}" alt="{html.escape(text)}">'


def image_source(image, format):
    """A `PIL.Image.Image` as the address of itself: `data:image/jpeg;base64,...`."""
    data = io.BytesIO()
    image.save(data, format, quality=82)
    return f"data:image/{format.lower()};base64," + base64.b64encode(data.getvalue()).decode()
