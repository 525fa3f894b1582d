"""Activations of the frozen lower CNN, computed once for several views of every photo.

The lower blocks of a pretrained CNN hold general edges and textures; freezing them and storing
what they put out makes an epoch of fine-tuning the blocks above as cheap as it can be on a CPU.
"""

import json
import os

import numpy as np
from PIL import Image
from tqdm import tqdm

VIEWS = ("plain", "mirror", "crop", "mirrored_crop")


def view_of(image, view, seed):
    """Returns one view of a photo, as large as the photo.

    Args:
        image: uint8 array `(height, width, 3)`.
        view: one of `VIEWS`; a crop keeps a random 70-100 % of each side.
        seed: int, of the crop.
    """
    if "crop" in view:
        rng = np.random.default_rng(seed)
        height, width = image.shape[:2]
        h, w = (int(rng.uniform(0.7, 1) * side) for side in (height, width))
        top, left = rng.integers(height - h + 1), rng.integers(width - w + 1)
        crop = Image.fromarray(image[top : top + h, left : left + w])
        image = np.asarray(crop.resize((width, height), Image.BICUBIC))
    return image[:, ::-1] if "mirror" in view else image


def cache_activations(examples, read, model, path, view="plain", batch_size=32, seed=0):
    """Runs `model` over one view of all photos, once; a killed run continues.

    Args:
        examples: list of `CaptionedImage`.
        read: callable, path -> uint8 `(height, width, 3)` at the model's input size.
        model: `keras.Model` on pixels 0-255.
        path: `.npy` file, float16 `(photos, ...)`; `path + ".done"` counts the finished rows.

    Returns:
        Memory-mapped array.
    """
    progress = path + ".done"
    shape = (len(examples), *model.output.shape[1:])
    done = json.load(open(progress))["rows"] if os.path.exists(progress) else 0
    mode = "r+" if done else "w+"
    array = np.lib.format.open_memmap(path, mode=mode, dtype="float16", shape=shape)
    starts = range(done, len(examples), batch_size)
    for start in tqdm(starts, desc=f"activations {view}", disable=not len(starts)):
        rows = examples[start : start + batch_size]
        seeds = range(seed + start, seed + start + len(rows))
        photos = [view_of(read(e.path), view, s) for e, s in zip(rows, seeds, strict=True)]
        array[start : start + len(rows)] = model.predict_on_batch(np.stack(photos))
        array.flush()
        with open(progress + ".new", "w") as file:
            json.dump({"rows": start + len(rows)}, file)
        os.replace(progress + ".new", progress)
    return np.load(path, mmap_mode="r")
