"""The picture of a table: a dot and its interval for what was measured, a diamond for the paper."""

import math

# Okabe and Ito: colours that also the colour-blind tell apart; black is for the text.
COLOURS = (
    *("#0072B2", "#E69F00", "#009E73", "#CC79A7"),
    *("#D55E00", "#56B4E9", "#8C8C00", "#7A4B2A"),
)
INK, FAINT, GRID, BAND = "#222222", "#6F6F6F", "#DDDDDD", "#F6F6F4"
WIDTH, MARGIN = 1000, 24  # pixels
LONGEST_NAME = 300  # pixels; longer names take two lines
LANE, ROW_GAP, LINE = 18, 14, 19  # of one number, between rows, of a line of text
FINER = 3  # marks are drawn at this many times the size, then smoothed down
DOT, DIAMOND = 5, 7  # radius


def draw_table(title, columns, rows, unit=""):
    """Draws the rows of a table with Pillow, one lane a column and row.

    Args:
        title: str.
        columns: list of str.
        rows: list of `keras_lrcn.paper_table.Row`.
        unit: str, written below the axis.

    Returns:
        `PIL.Image`, RGB, 1000 pixels wide.
    """
    from PIL import Image, ImageDraw

    columns = [c for c in columns if any(row.measured.get(c) or c in row.paper for row in rows)]
    names = [_lines(row.name, _font(14), LONGEST_NAME, 2) for row in rows]
    left = MARGIN + 12 + max(_font(14).getlength(line) for name in names for line in name)
    titles = _lines(title, _font(17), WIDTH - 2 * MARGIN, 3)
    legend = _legend(columns, any(_paper_numbers([row]) for row in rows))
    top = MARGIN + 24 * len(titles) + LINE * 1.25 * (1 + max(y for *_, y in legend)) + 10
    height = [max(LANE * len(columns), LINE * len(name)) + ROW_GAP for name in names]
    axis = _Axis(_numbers(rows), round(left), round(top), round(top) + sum(height))
    image = Image.new("RGB", (WIDTH, axis.bottom + 58), "white")
    draw = ImageDraw.Draw(image)
    for place, line in enumerate(titles):
        draw.text((MARGIN, MARGIN + 24 * place), line, INK, _font(17))
    _draw_names(draw, axis, names, height)
    _draw_grid(draw, axis, unit)
    fine = image.resize((WIDTH * FINER, image.height * FINER), Image.Resampling.NEAREST)
    marks = _Marks(ImageDraw.Draw(fine))
    _draw_legend_marks(marks, legend, MARGIN + 24 * len(titles) + 12)
    _draw_rows(marks, axis, columns, rows, height)
    image = fine.resize(image.size, Image.Resampling.BOX)
    _draw_legend_text(ImageDraw.Draw(image), legend, MARGIN + 24 * len(titles) + 12)
    return image


class _Axis:
    """Where numbers lie in the picture: round ends, and zero where it is near."""

    def __init__(self, numbers, left, top, bottom):
        self.left, self.right, self.top, self.bottom = left, WIDTH - MARGIN - 10, top, bottom
        low, high = min(numbers), max(numbers)
        if 0 < low < 0.35 * high or high < 0 and high > 0.35 * low:
            low, high = min(low, 0), max(high, 0)
        span = high - low or max(abs(high), 1.0)
        self.step = _round_step(span / 7)
        self.start = math.floor(low / self.step + 1e-9) * self.step
        self.end = max(math.ceil(high / self.step - 1e-9) * self.step, self.start + self.step)

    def x(self, number):
        share = (number - self.start) / (self.end - self.start)
        return self.left + 10 + share * (self.right - self.left - 10)

    def ticks(self):
        count = round((self.end - self.start) / self.step)
        return [self.start + i * self.step for i in range(count + 1)]


class _Marks:
    """Draws in the large picture what is given in pixels of the small one."""

    def __init__(self, draw):
        self.draw = draw

    def dot(self, x, y, colour):
        self.draw.ellipse(
            [FINER * (v - DOT) for v in (x, y)] + [FINER * (v + DOT) for v in (x, y)], colour
        )

    def interval(self, low, high, y, colour):
        self._line((low, y), (high, y), colour)
        for x in (low, high):
            self._line((x, y - 4), (x, y + 4), colour)

    def diamond(self, x, y):
        corners = [(x, y - DIAMOND), (x + DIAMOND, y), (x, y + DIAMOND), (x - DIAMOND, y)]
        for one, next_one in zip(corners, corners[1:] + corners[:1], strict=True):
            self._line(one, next_one, INK)

    def _line(self, one, other, colour):
        self.draw.line([tuple(FINER * v for v in p) for p in (one, other)], colour, 2 * FINER)


def _numbers(rows):
    ours = [n for row in rows for m in row.measured.values() if m for n in m if n is not None]
    return ours + _paper_numbers(rows) or [0.0]


def _paper_numbers(rows):
    return [n for row in rows for n in row.paper.values() if n is not None]


def _draw_rows(marks, axis, columns, rows, heights):
    top = axis.top
    for row, height in zip(rows, heights, strict=True):
        first = top + height / 2 - LANE * (len(columns) - 1) / 2
        for place, column in enumerate(columns):
            y, colour = first + place * LANE, COLOURS[place % len(COLOURS)]
            measured, paper = row.measured.get(column), row.paper.get(column)
            if measured is not None:
                mean, low, high = measured
                if low is not None and high is not None:
                    marks.interval(axis.x(low), axis.x(high), y, colour)
                marks.dot(axis.x(mean), y, colour)
            if paper is not None:
                marks.diamond(axis.x(paper), y)
        top += height


def _draw_names(draw, axis, names, heights):
    top = axis.top
    for number, (lines, height) in enumerate(zip(names, heights, strict=True)):
        if number % 2 == 0:
            draw.rectangle([MARGIN - 8, top, axis.right + 10, top + height - 1], BAND)
        first = top + height / 2 - LINE * (len(lines) - 1) / 2
        for place, line in enumerate(lines):
            draw.text((axis.left - 12, first + LINE * place), line, INK, _font(14), anchor="rm")
        top += height


def _draw_grid(draw, axis, unit):
    for tick in axis.ticks():
        x, is_zero = axis.x(tick), abs(tick) < axis.step / 2
        draw.line([(x, axis.top), (x, axis.bottom)], FAINT if is_zero else GRID)
        text = f"{0 if is_zero else tick:.10g}"
        draw.text((x, axis.bottom + 6), text, FAINT, _font(13), anchor="ma")
    middle = (axis.x(axis.start) + axis.x(axis.end)) / 2
    draw.text((middle, axis.bottom + 28), unit, FAINT, _font(13), anchor="ma")


def _legend(columns, has_paper):
    """`(text, colour or "interval" or "diamond", x, line)` of every entry."""
    entries = [(c, COLOURS[i % len(COLOURS)]) for i, c in enumerate(columns)]
    entries.append(("measured here, 95 % interval", "interval"))
    entries += [("the paper", "diamond")] if has_paper else []
    placed, x, line = [], MARGIN, 0
    for text, mark in entries:
        width = (46 if mark == "interval" else 22) + _font(14).getlength(text) + 24
        if x > MARGIN and x + width > WIDTH - MARGIN + 24:
            x, line = MARGIN, line + 1
        placed.append((text, mark, x, line))
        x += width
    return placed


def _draw_legend_marks(marks, legend, top):
    for _, mark, x, line in legend:
        y = top + LINE * 1.25 * line
        if mark == "diamond":
            marks.diamond(x + 8, y)
        elif mark == "interval":
            marks.interval(x + 2, x + 34, y, FAINT)
            marks.dot(x + 18, y, FAINT)
        else:
            marks.dot(x + 8, y, mark)


def _draw_legend_text(draw, legend, top):
    for text, mark, x, line in legend:
        start = x + (42 if mark == "interval" else 20)
        draw.text((start, top + LINE * 1.25 * line), text, INK, _font(14), anchor="lm")


def _lines(text, font, width, most):
    """Wraps text at blanks; what does not fit into `most` lines ends in dots."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    rest = " ".join(lines[most - 1 :])
    lines = lines[: most - 1] + ([rest] if rest else [])
    return [_cut(line, font, width) for line in lines] or [""]


def _cut(line, font, width):
    if font.getlength(line) <= width:
        return line
    while line and font.getlength(line + "…") > width:
        line = line[:-1]
    return line.rstrip() + "…"


def _round_step(step):
    """The next of 1, 2, 5, 10, 20, 50, ... and of their tenths."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(f * power for f in (1, 2, 5, 10) if f * power >= step - 1e-12)


def _font(size):
    from PIL import ImageFont

    return ImageFont.load_default(size)
