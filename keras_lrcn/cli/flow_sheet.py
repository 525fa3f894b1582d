"""A picture to judge optical flow by: frames, their flow in colours, and what the network sees."""

from typing import NamedTuple

import numpy as np

from keras_lrcn.data.flow_color import flow_to_color

TILE, GAP, MARGIN = 220, 8, 24  # pixels
INK, QUIET, LINE, PAPER = (24, 24, 27), (113, 113, 122), (218, 218, 222), (255, 255, 255)
ROWS = ("frame", "flow", "flow image")


class SheetRow(NamedTuple):
    """A video on the sheet: a few of its frames, each with the motion that led to it.

    Args:
        name: str.
        seconds: floats, when the frames are shown.
        frames: uint8 `(time, height, width, 3)`.
        flows: float32 `(time, height, width, 2)`, pixels.
        images: uint8 `(time, height, width, 3)`, the flow encoded.
    """

    name: str
    seconds: tuple
    frames: np.ndarray
    flows: np.ndarray
    images: np.ndarray


def write_sheet(path, rows):
    """Writes a picture of some videos.

    Args:
        path: the file, of any type that Pillow writes.
        rows: list of `SheetRow`.
    """
    from PIL import Image

    blocks = [_block(row) for row in rows]
    width = max(block.width for block in blocks)
    sheet = Image.new("RGB", (width, sum(block.height for block in blocks)), PAPER)
    top = 0
    for block in blocks:
        sheet.paste(block, (0, top))
        top += block.height
    sheet.save(path)


def _block(row):
    from PIL import Image, ImageDraw, ImageFont

    height, width = row.frames.shape[1:3]
    tile = (TILE, round(TILE * height / width))
    left, top = MARGIN + 96, MARGIN + 84
    size = (
        left + len(row.frames) * (TILE + GAP) - GAP + MARGIN,
        top + 3 * (tile[1] + GAP) - GAP + MARGIN,
    )
    block = Image.new("RGB", size, PAPER)
    draw, font = ImageDraw.Draw(block), ImageFont.load_default(15)
    largest = max(np.percentile(np.hypot(*np.moveaxis(row.flows, -1, 0)), 99.5), 1.0)
    draw.text((MARGIN, MARGIN), row.name, INK, ImageFont.load_default(20))
    note = f"{height}x{width} pixels; full colour from {largest:.1f} pixels a frame"
    draw.text((MARGIN, MARGIN + 30), note, QUIET, font)
    block.paste(Image.fromarray(_wheel(64)), (size[0] - MARGIN - 64, MARGIN - 8))
    kinds = (row.frames, flow_to_color(row.flows, largest), row.images)
    for line, (label, pictures) in enumerate(zip(ROWS, kinds, strict=True)):
        y = top + line * (tile[1] + GAP)
        draw.text((MARGIN, y), label, QUIET, font)
        for column, pixels in enumerate(pictures):
            x = left + column * (TILE + GAP)
            block.paste(Image.fromarray(pixels).resize(tile, Image.Resampling.LANCZOS), (x, y))
            draw.rectangle((x - 1, y - 1, x + tile[0], y + tile[1]), outline=LINE)
            if not line:
                draw.text((x, top - 22), f"{row.seconds[column]:.2f} s", QUIET, font)
    return block


def _wheel(size):
    """The colours of all directions, the middle being no motion."""
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    colors = flow_to_color(np.stack([x, y], -1), largest=1.0)
    colors[np.hypot(x, y) > 1] = PAPER
    return colors
