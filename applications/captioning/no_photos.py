"""Images that are no photographs, drawn from a seed: what a captioner should say nothing about."""

import colorsys
import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

SIZE = (480, 360)
WORDS = """
    file edit view window help error warning the update could not be installed because there is no
    space left on device please try again later continue cancel settings account invoice total due
    date amount name street city country phone mail subject meeting monday agenda notes import
    return def class for in range print none true false value index list result data table column
""".split()


def noise(rng):
    """Pixels without any order: fine or coarse, grey or coloured, even or normal."""
    cell = rng.choice([1, 2, 4, 8, 16, 48])
    shape = (SIZE[1] // cell, SIZE[0] // cell, rng.choice([1, 3]))
    pixels = rng.integers(0, 256, shape) if rng.random() < 0.5 else rng.normal(128, 50, shape)
    pixels = np.repeat(pixels, 4 - shape[2] if shape[2] == 1 else 1, axis=2)
    image = Image.fromarray(pixels.clip(0, 255).astype("uint8"))
    return image.resize(SIZE, Image.BICUBIC if rng.random() < 0.5 else Image.NEAREST)


def blank(rng):
    """One colour, black and white among them, or a slope from one to another."""
    colours = np.array([_colour(rng), _colour(rng)], float)
    if rng.random() < 0.3:
        colours[:] = rng.choice([0, 255, 128])
    angle = rng.uniform(0, 2 * math.pi)
    y, x = np.mgrid[0 : SIZE[1], 0 : SIZE[0]]
    slope = x / SIZE[0] * math.cos(angle) + y / SIZE[1] * math.sin(angle)
    slope = (slope - slope.min()) / np.ptp(slope) * rng.choice([0, 1])
    pixels = colours[0] + slope[..., None] * (colours[1] - colours[0])
    return Image.fromarray(pixels.astype("uint8"))


def text(rng):
    """A screenshot: lines of words in a window, on a light or on a dark ground."""
    dark = rng.random() < 0.35
    ground, ink = ((30, 31, 34), (212, 212, 212)) if dark else ((255, 255, 255), (20, 20, 20))
    image = Image.new("RGB", SIZE, ground)
    draw = ImageDraw.Draw(image)
    size = int(rng.integers(9, 26))
    font = ImageFont.load_default(size)
    top = int(rng.choice([8, 34]))
    if top > 8:
        draw.rectangle([0, 0, SIZE[0], 26], fill=_colour(rng))
        for place in range(3):
            draw.ellipse([8 + 18 * place, 8, 18 + 18 * place, 18], fill=_colour(rng))
    left, tint = int(rng.integers(6, 60)), rng.random() < 0.3
    for y in range(top, SIZE[1] - size, int(size * rng.uniform(1.2, 1.8))):
        line = " ".join(rng.choice(WORDS, rng.integers(0, 14)))
        draw.text((left, y), line, _colour(rng) if tint else ink, font)
    return image


def drawing(rng):
    """A chart, a stick figure or some shapes."""
    image = Image.new("RGB", SIZE, (255, 255, 255) if rng.random() < 0.7 else _colour(rng))
    draw = ImageDraw.Draw(image)
    kind = rng.choice([_chart, _figure, _shapes])
    kind(draw, rng)
    return image.filter(ImageFilter.GaussianBlur(0.6))


KINDS = {"noise": noise, "blank": blank, "text": text, "drawing": drawing}


def _chart(draw, rng):
    left, bottom, number = 50, SIZE[1] - 40, int(rng.integers(3, 12))
    draw.line([left, 20, left, bottom], (0, 0, 0), 2)
    draw.line([left, bottom, SIZE[0] - 20, bottom], (0, 0, 0), 2)
    step, heights = (SIZE[0] - 90) / number, rng.uniform(20, bottom - 30, number)
    colour = _colour(rng)
    if rng.random() < 0.5:
        for place, height in enumerate(heights):
            x = left + 10 + place * step
            draw.rectangle([x, bottom - height, x + 0.7 * step, bottom], fill=colour)
    else:
        points = [(left + 10 + i * step, bottom - h) for i, h in enumerate(heights)]
        draw.line(points, colour, 3)


def _figure(draw, rng):
    x, y, r = rng.uniform(120, 360), rng.uniform(60, 120), rng.uniform(18, 40)
    ink, width = (0, 0, 0), int(rng.integers(2, 6))
    draw.ellipse([x - r, y - r, x + r, y + r], outline=ink, width=width)
    neck, hip = (x, y + r), (x, y + 4 * r)
    draw.line([neck, hip], ink, width)
    for start, length in ((neck, 2.2), (neck, 2.2), (hip, 3), (hip, 3)):
        angle = rng.uniform(0, math.pi)
        draw.line(
            [
                *start,
                start[0] + length * r * math.cos(angle),
                start[1] + length * r * math.sin(angle),
            ],
            ink,
            width,
        )


def _shapes(draw, rng):
    for _ in range(rng.integers(2, 15)):
        x, y = rng.uniform(0, SIZE[0]), rng.uniform(0, SIZE[1])
        w, h = rng.uniform(20, 160, 2)
        fill = _colour(rng) if rng.random() < 0.6 else None
        shape = rng.choice(["rectangle", "ellipse", "line", "polygon"])
        if shape == "line":
            draw.line([x, y, x + w, y + h], _colour(rng), int(rng.integers(1, 8)))
        elif shape == "polygon":
            points = [tuple(p) for p in rng.uniform(0, 1, (3, 2)) * (w, h) + (x, y)]
            draw.polygon(points, fill, (0, 0, 0))
        else:
            getattr(draw, shape)([x, y, x + w, y + h], fill, (0, 0, 0), 2)


def _colour(rng):
    """A random colour of any lightness, as a tuple of ints."""
    return tuple(round(255 * c) for c in colorsys.hls_to_rgb(*rng.uniform(0, 1, 3)))
