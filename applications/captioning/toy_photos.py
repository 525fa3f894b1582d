"""Photos of coloured shapes with sentences from a grammar, in the layout of COCO and Karpathy.

For tests and first steps: drawn in a second, owned by nobody, and whether a caption fits is seen in
the photo alone. One shape is above the other, so that a mirrored photo keeps its captions.
"""

import json
import os
import pathlib

import numpy as np
from PIL import Image, ImageDraw

SIDE = 32  # pixels
COLORS = {"red": (220, 40, 40), "green": (40, 190, 60), "blue": (50, 80, 230), "white": (240,) * 3}
SHAPES = ("circle", "square", "triangle")
FORMS = (
    "a {0} {1} above a {2} {3}",
    "a {2} {3} below a {0} {1}",
    "there is a {0} {1} and a {2} {3} under it",
    "the {0} {1} is over the {2} {3}",
    "a {0} {1} on top of a {2} {3}",
)


def draw_photo(seed):
    """Draws one photo.

    Args:
        seed: int, or a list of ints.

    Returns:
        uint8 array `(32, 32, 3)`, and the list of its five captions.
    """
    rng = np.random.default_rng(seed)
    words = [str(rng.choice(kind)) for kind in (list(COLORS), SHAPES) * 2]
    photo = Image.fromarray(rng.integers(0, 50, (SIDE, SIDE, 3), "uint8"))
    for middle, color, shape in zip((8, 24), words[::2], words[1::2], strict=True):
        _draw_shape(ImageDraw.Draw(photo), shape, COLORS[color], rng.integers(10, 23), middle)
    return np.asarray(photo), [form.format(*words) for form in FORMS]


def _draw_shape(draw, shape, color, x, y):
    box = (x - 6, y - 6, x + 6, y + 6)
    if shape == "circle":
        draw.ellipse(box, color)
    elif shape == "square":
        draw.rectangle(box, color)
    else:
        draw.polygon([(x - 6, y + 6), (x, y - 6), (x + 6, y + 6)], color)


def write_photos(folder, counts, name="coco"):
    """Writes photos and Karpathy's `dataset_NAME.json`, whole or not at all.

    Args:
        folder: path, made if missing.
        counts: dict from a split to how many photos it has.
        name: str, of the data set.

    Returns:
        Path of the json.
    """
    folder = pathlib.Path(folder)
    (folder / "val2014").mkdir(parents=True, exist_ok=True)
    entries = []
    for number, split in enumerate(split for split, n in counts.items() for _ in range(n)):
        pixels, captions = draw_photo([7, number])
        file = f"{name.upper()}_val2014_{number:012d}.png"
        Image.fromarray(pixels).save(folder / "val2014" / file)
        sentences = [{"raw": caption} for caption in captions]
        entry = {"filepath": "val2014", "filename": file, "cocoid": number, "split": split}
        entries.append({**entry, "sentences": sentences})
    path = folder / f"dataset_{name}.json"
    part = path.with_suffix(".part")
    part.write_text(json.dumps({"images": entries, "dataset": name}), "utf-8")
    os.replace(part, path)
    return path


def write_encoder(folder, seed=0):
    """Writes the preset of a small CNN of random weights, in the place of CaffeNet or VGG-16."""
    import keras

    import keras_lrcn

    keras.utils.set_random_seed(seed)
    pixels = keras.Input((SIDE, SIDE, 3))
    x = keras.layers.Rescaling(1 / 64)(pixels)
    for number, filters in enumerate((12, 24), start=1):
        x = keras.layers.Conv2D(filters, 5, 2, "same", activation="relu", name=f"conv{number}")(x)
    cnn = keras.Model(pixels, x, name="small_cnn")
    keras_lrcn.ImageEncoder(cnn, "flatten", units=(48, 32), dropout=0.1).save_to_preset(str(folder))
