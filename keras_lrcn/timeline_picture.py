"""The picture of a timeline: probabilities over seconds, labels below, frames above."""

import numpy as np

# Okabe and Ito: eight colours that also the colour-blind tell apart; black is for the text.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#8C8C00")
INK, FAINT, GRID, OTHER = "#222222", "#6F6F6F", "#E3E3E3", "#B5B5B5"
WIDTH, PLOT_HEIGHT, THUMBNAIL_HEIGHT, STRIP_HEIGHT = 1000, 260, 84, 26
LEFT, RIGHT, GAP = 52, 20, 12  # margins in pixels
FINER = 3  # lines are drawn at this many times the size, then smoothed down
STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)


def draw_timeline(result, runs, thumbnails=(), title="", num_classes=5):
    """Draws a timeline with Pillow.

    Args:
        result: `keras_lrcn.Classification`.
        runs: list of `TimelineRun`.
        thumbnails: tuples of a second and a frame, uint8 `(height, width, 3)`, in order; as many
            as fit are shown, each at about its second.
        title: str, written above the plot on the right, such as the file's name.
        num_classes: int, how many classes to draw: every class that has a run, and those with
            the highest peaks. Defaults to `5`.

    Returns:
        `PIL.Image`, RGB, 1000 pixels wide.
    """
    from PIL import Image, ImageDraw

    colours = _colours(result, runs, num_classes)
    top = GAP + (THUMBNAIL_HEIGHT + GAP if len(thumbnails) else 0) + 24
    image = Image.new("RGB", (WIDTH, top + PLOT_HEIGHT + 2 * GAP + STRIP_HEIGHT + 30), "white")
    axis = _Axis(result.seconds, runs, top)
    _draw_thumbnails(image, axis, thumbnails)
    _draw_grid(ImageDraw.Draw(image), axis)
    image.paste(_lines(image, axis, result, colours))
    draw = ImageDraw.Draw(image)
    _draw_legend(draw, colours, title, top - 22)
    _draw_strip(draw, axis, runs, colours)
    return image


class _Axis:
    """Where seconds and probabilities lie in the picture."""

    def __init__(self, seconds, runs, top):
        self.start = float(seconds[0])
        ends = [float(seconds[-1]), *(run.end for run in runs)]
        self.end = max(*ends, self.start + 1e-3)
        self.top, self.bottom = top, top + PLOT_HEIGHT
        self.right = WIDTH - RIGHT

    def x(self, second):
        share = (np.asarray(second) - self.start) / (self.end - self.start)
        return LEFT + share * (self.right - LEFT)

    def y(self, probability):
        return self.bottom - np.asarray(probability) * PLOT_HEIGHT

    def ticks(self):
        """Round seconds, at most a dozen."""
        length = self.end - self.start
        step = next((s for s in STEPS if length / s <= 12), 3600 * np.ceil(length / 43200))
        first = np.ceil(self.start / step - 1e-9)
        return (first + np.arange(1 + np.floor(self.end / step + 1e-9) - first)) * step + 0.0


def _colours(result, runs, num_classes):
    """Colour by class name: those of runs in the order of the runs, then the highest peaks."""
    seen = result.timeline[~np.isnan(result.timeline[:, 0])]
    peaks = [result.class_names[i] for i in np.argsort(-seen.max(axis=0), kind="stable")]
    with_run = list(dict.fromkeys(run.label for run in runs))
    others = [name for name in peaks if name not in with_run]
    chosen = with_run + others[: max(num_classes - len(with_run), 0)]
    return {name: COLOURS[i] if i < len(COLOURS) else OTHER for i, name in enumerate(chosen)}


def _draw_grid(draw, axis):
    font = _font(13)
    for share in (0, 0.25, 0.5, 0.75, 1):
        y = float(axis.y(share))
        draw.line([(LEFT, y), (axis.right, y)], FAINT if share == 0 else GRID)
        draw.text((LEFT - 8, y), f"{share:g}", FAINT, font, anchor="rm")
    for second in axis.ticks():
        x = float(axis.x(second))
        draw.line([(x, axis.bottom), (x, axis.bottom + 5)], FAINT)
        below = axis.bottom + 2 * GAP + STRIP_HEIGHT
        draw.text((x, below), _moment(second), FAINT, font, anchor="ma")


def _lines(image, axis, result, colours):
    """A copy of the picture with the curves, smoothed."""
    from PIL import Image, ImageDraw

    fine = image.resize((image.width * FINER, image.height * FINER), Image.Resampling.NEAREST)
    draw = ImageDraw.Draw(fine)
    seen = ~np.isnan(result.timeline[:, 0])
    x = axis.x(result.seconds[seen]) * FINER
    for name in reversed(colours):
        values = result.timeline[seen, result.class_names.index(name)]
        points = list(zip(x.tolist(), (axis.y(values) * FINER).tolist(), strict=True))
        draw.line(points if len(points) > 1 else points * 2, colours[name], 2 * FINER, "curve")
    return fine.resize(image.size, Image.Resampling.BOX)


def _draw_legend(draw, colours, title, y):
    font, x, end = _font(14), LEFT, WIDTH - RIGHT
    if title and draw.textlength(title, font) < (end - x) / 2:
        draw.text((end, y + 9), title, FAINT, font, anchor="rm")
        end -= draw.textlength(title, font) + 22
    for name, colour in colours.items():
        width = 18 + draw.textlength(name, font) + 22
        if x + width > end:
            break
        draw.rectangle([x, y + 3, x + 11, y + 14], colour)
        draw.text((x + 18, y + 9), name, INK, font, anchor="lm")
        x += width


def _draw_strip(draw, axis, runs, colours):
    font, top = _font(14), axis.bottom + GAP
    for run in runs:
        left, right = float(axis.x(run.start)), float(axis.x(run.end))
        colour = colours[run.label]
        draw.rectangle([left, top, max(right - 1, left), top + STRIP_HEIGHT], colour)
        for text in (f"{run.label} {run.probability:.2f}", run.label):
            if draw.textlength(text, font) + 8 <= right - left:
                middle = ((left + right) / 2, top + STRIP_HEIGHT / 2)
                draw.text(middle, text, _readable_on(colour), font, anchor="mm")
                break


def _draw_thumbnails(image, axis, thumbnails):
    """A film strip: as many frames side by side as fit, each the nearest to its place."""
    from PIL import Image

    if not len(thumbnails):
        return
    seconds = np.array([second for second, _ in thumbnails])
    height, width = thumbnails[0][1].shape[:2]
    size = (max(round(THUMBNAIL_HEIGHT * width / height), 1), THUMBNAIL_HEIGHT)
    count = max(int((axis.right - LEFT + 4) // (size[0] + 4)), 1)
    slot = (axis.right - LEFT) / count
    for place in range(count):
        middle = axis.start + (place + 0.5) / count * (axis.end - axis.start)
        frame = thumbnails[int(np.argmin(np.abs(seconds - middle)))][1]
        small = Image.fromarray(frame).resize(size, Image.Resampling.LANCZOS)
        image.paste(small, (round(LEFT + (place + 0.5) * slot - size[0] / 2), GAP))


def _readable_on(colour):
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "white" if 0.3 * red + 0.59 * green + 0.11 * blue < 140 else INK


def _moment(second):
    """`7.5 s`, or `1:05` from a minute on."""
    if second < 60:
        return f"{second:g} s"
    return f"{int(second) // 60}:{int(second) % 60:02d}"


def _font(size):
    from PIL import ImageFont

    return ImageFont.load_default(size)
