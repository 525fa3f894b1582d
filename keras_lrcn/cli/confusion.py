"""A confusion matrix as a table of counts or as a picture."""

import csv
import os

from keras_lrcn.cli.errors import CommandError

PAPER, INK, GROUND, DEEP = (255, 255, 255), (29, 29, 31), (238, 237, 233), (190, 80, 15)
LARGEST = 4000  # pixels that the cells of a side share


def check_path(path):
    """Raises `CommandError` for a file that `write_confusion` could not write."""
    if os.path.splitext(path)[1].lower() not in (".csv", ".png"):
        raise CommandError(f"--confusion writes a .csv or a .png, not {path}")
    if not os.path.isdir(os.path.dirname(path) or "."):
        raise CommandError(f"there is no folder {os.path.dirname(path)} for {path}")


def write_confusion(path, counts, classes):
    """Writes a confusion matrix.

    Args:
        path: string, a `.csv` of counts or a `.png`, where a full ground is 100 % of a row.
        counts: int array `(classes, classes)`, right classes in rows.
        classes: list of strings.
    """
    part = f"{path}.part"
    if path.lower().endswith(".csv"):
        with open(part, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["right \\ predicted", *classes])
            writer.writerows(
                [name, *row] for name, row in zip(classes, counts.tolist(), strict=True)
            )
    else:
        draw_confusion(counts, classes).save(part, "PNG")
    os.replace(part, path)


def draw_confusion(counts, classes):
    """Draws a confusion matrix: rows are right classes, columns predicted ones.

    Args:
        counts: int array `(classes, classes)`.
        classes: list of strings.

    Returns:
        `PIL.Image.Image`; with few classes the counts are written into the cells.
    """
    from PIL import Image, ImageDraw, ImageFont

    cell = max(6, min(48, LARGEST // len(classes)))
    font = ImageFont.load_default(size=max(7, min(15, cell - 2)))
    margin = 16 + max(round(font.getlength(name)) for name in classes)
    side = margin + cell * len(classes)
    picture = Image.new("RGB", (side + 16, side + 16), PAPER)
    draw = ImageDraw.Draw(picture)
    totals = counts.sum(axis=1, keepdims=True).clip(1)
    for (row, column), share in ((place, s) for place, s in _cells(counts / totals)):
        box = [margin + column * cell, margin + row * cell]
        draw.rectangle([*box, box[0] + cell - 2, box[1] + cell - 2], fill=_shade(share))
        if cell >= 30 and counts[row, column]:
            center = [place + cell / 2 - 1 for place in box]
            colour = PAPER if share > 0.5 else INK
            draw.text(center, str(counts[row, column]), colour, font, anchor="mm")
    for row, name in enumerate(classes):
        draw.text((margin - 8, margin + (row + 0.5) * cell - 1), name, INK, font, anchor="rm")
    _draw_columns(picture, classes, font, margin, cell)
    return picture


def _draw_columns(picture, classes, font, margin, cell):
    """The names above the columns: written in a row each, then turned."""
    from PIL import Image, ImageDraw

    names = Image.new("RGB", (margin, cell * len(classes)), PAPER)
    draw = ImageDraw.Draw(names)
    for place, name in enumerate(classes):
        draw.text((8, (place + 0.5) * cell), name, INK, font, anchor="lm")
    picture.paste(names.transpose(Image.ROTATE_90), (margin, 0))


def _cells(shares):
    for row, values in enumerate(shares):
        for column, share in enumerate(values):
            yield (row, column), float(share)


def _shade(share):
    return tuple(round(g + (d - g) * share) for g, d in zip(GROUND, DEEP, strict=True))
