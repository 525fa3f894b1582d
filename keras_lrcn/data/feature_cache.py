"""Features of a frozen visual encoder, computed once and kept in half precision on disk."""

import hashlib
import json
import os
import pathlib

import numpy as np

from keras_lrcn.data.examples import CaptionedImage
from keras_lrcn.data.image_store import ErrorReport, ImageStore
from keras_lrcn.data.images import ImageError

VIEWS = {"plain": lambda images: images, "mirror": lambda images: images[:, :, ::-1]}


def cache_features(
    encoder,
    examples,
    folder,
    image_size,
    batch_size=32,
    views=("plain", "mirror"),
    digest=None,
    crop_to_aspect_ratio=False,
    shard_size=512,
    on_error="raise",
):
    """Runs a frozen encoder once over images, or goes on where an earlier run was stopped.

    Features are found again by image id, and by a digest of the encoder, the image size and the
    view. An image whose file changes under the same id is not noticed. More images may be added
    by a later call; what a killed run has finished is kept, up to its last whole shard.

    Args:
        encoder: function of a uint8 array `(batch, height, width, 3)`, RGB, to features
            `(batch, ...)`. For a Keras model that takes other pixels, wrap its preprocessing
            in and give the `digest`.
        examples: list of `CaptionedImage`, or of image files, whose ids are their paths.
        folder: path of the cache; several encoders, sizes and data sets may share it.
        image_size: `(height, width)` in pixels that images are resized to.
        batch_size: int.
        views: some of `"plain"` and `"mirror"`, the image as it is and mirrored.
        digest: str that stands for the encoder's weights and configuration; by default
            `encoder_digest(encoder)`.
        crop_to_aspect_ratio: see `captioned_images`.
        shard_size: int, images a file.
        on_error: as in `captioned_images`; broken images have no features.

    Returns:
        `CachedFeatures`.

    Raises:
        ImageError: an image is broken, with `on_error="raise"`.
        ValueError: an unknown view, or features too large for half precision.

    Example:
    ```python
    features = cache_features(encoder, train, "cache", (224, 224), views=["plain"])
    features.gather([train[0].image_id])  # float32 (1, features)
    ```
    """
    unknown = [view for view in views if view not in VIEWS]
    if unknown:
        raise ValueError(f"`views` must be among {list(VIEWS)}. Received: {unknown[0]!r}.")
    paths = dict(map(_id_and_path, examples))
    key = (digest or encoder_digest(encoder), tuple(image_size), crop_to_aspect_ratio)
    report = ErrorReport(on_error)
    shards = {}
    for view in views:
        shards[view] = _Shards(pathlib.Path(folder) / _short_digest(*key, view))
        missing = [image_id for image_id in paths if image_id not in shards[view].places]
        store = ImageStore([paths[i] for i in missing], image_size, crop_to_aspect_ratio)
        encode = _view_encoder(encoder, VIEWS[view], batch_size)
        _fill(shards[view], missing, store, encode, shard_size, report, f"encode ({view})")
    return CachedFeatures(shards)


def encoder_digest(encoder):
    """A digest of a Keras model's or layer's configuration and weights.

    Layer names are part of it, so a model that is made twice in one process needs names for its
    layers to have the same digest twice.

    Returns:
        str of 64 hexadecimal digits.

    Raises:
        ValueError: `encoder` has no weights to look at.
    """
    if not hasattr(encoder, "get_weights"):
        raise ValueError(
            "`digest` is needed for an encoder that is no Keras model: a string that changes "
            f"with its weights. Received: encoder={encoder!r}."
        )
    state = hashlib.sha256(json.dumps(encoder.get_config(), default=str, sort_keys=True).encode())
    for weights in encoder.get_weights():
        state.update(np.ascontiguousarray(weights).tobytes())
    return state.hexdigest()


class CachedFeatures:
    """Features by image id; nothing is in memory but what is asked for.

    Args:
        shards: dict of the view's name to the files of that view.
    """

    def __init__(self, shards):
        self._shards = shards

    def __contains__(self, image_id):
        """Whether an image has features in every view; broken ones have not."""
        return all(image_id in shards.places for shards in self._shards.values())

    def gather(self, ids, view="plain"):
        """float32 `(len(ids), ...)`, the features of some images in this order."""
        shards = self._shards[view]
        return np.stack([shards.read(image_id) for image_id in ids]).astype("float32")


class _Shards:
    """One folder of `.npy` files, and an index that names the ids of each whole file."""

    def __init__(self, folder):
        self.folder, self.open_files = folder, {}
        self.index = folder / "index.json"
        self.files = json.loads(self.index.read_text("utf-8")) if self.index.is_file() else {}
        self.places = {i: (f, row) for f, ids in self.files.items() for row, i in enumerate(ids)}

    def read(self, image_id):
        if image_id not in self.places:
            raise KeyError(f"No features of image {image_id!r} in {self.folder}.")
        name, row = self.places[image_id]
        if name not in self.open_files:
            self.open_files[name] = np.load(self.folder / name, mmap_mode="r")
        return self.open_files[name][row]

    def add(self, ids, features):
        """Writes a file, then the index: each under another name until it is whole."""
        name = f"{_short_digest(*ids)}.npy"
        self.folder.mkdir(parents=True, exist_ok=True)
        part = self.folder / f".part{os.getpid()}"
        with open(part, "wb") as file:
            np.save(file, features)
        os.replace(part, self.folder / name)
        self.files[name] = ids
        part.write_text(json.dumps(self.files), "utf-8")
        os.replace(part, self.index)
        self.places |= {image_id: (name, row) for row, image_id in enumerate(ids)}


def _fill(shards, ids, store, encode, shard_size, report, title):
    import tqdm

    progress = tqdm.tqdm(total=len(ids), desc=title, disable=None)
    for start in range(0, len(ids), shard_size):
        rows = range(start, min(start + shard_size, len(ids)))
        kept, images = [], []
        for row in rows:
            try:
                images.append(store[row])
                kept.append(ids[row])
            except ImageError as error:
                report(error)
        if kept:
            shards.add(kept, encode(images))
        progress.update(len(rows))
    progress.close()


def _view_encoder(encoder, view, batch_size):
    def encode(images):
        batches = [images[i : i + batch_size] for i in range(0, len(images), batch_size)]
        features = np.concatenate([np.asarray(encoder(view(np.stack(b)))) for b in batches])
        if not (largest := np.abs(features).max()) <= np.finfo("float16").max:
            raise ValueError(
                "Features must be finite and fit half precision, 65,504 at most. "
                f"Received: {largest:.4g}. Scale the encoder's output."
            )
        return features.astype("float16")

    return encode


def _id_and_path(example):
    if isinstance(example, CaptionedImage):
        return example.image_id, example.path
    return os.fspath(example), os.fspath(example)


def _short_digest(*parts):
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
