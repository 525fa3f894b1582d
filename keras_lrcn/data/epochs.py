"""What each batch of each epoch holds: rows, captions, windows and mirrors, drawn from one seed."""

import dataclasses

import numpy as np

from keras_lrcn.data.image_store import resize_pixels
from keras_lrcn.data.images import ImageError


@dataclasses.dataclass
class CaptionEpochs:
    """Plans epochs over pairs of image and caption, and loads the batches planned.

    Args:
        examples: list of `CaptionedImage`, one a row of `store`; `None` for rows to leave out.
        store: `ImageStore` or what has its rows.
        report: `ErrorReport` for images that turn out broken.
        crop: `None`, `(height, width)` or the smallest share of the area; see
            `pipelines.captioned_images`.
        training: whether to shuffle, crop at random and mirror.
        mirror: `False`, `True` or a function of a caption that says whether its image may be.
        one_caption_per_image: whether an epoch has each image once.
        batch_size: int.
        seed: int.
    """

    examples: list
    store: object
    report: object
    crop: tuple | float | None
    training: bool
    mirror: object
    one_caption_per_image: bool
    batch_size: int
    seed: int

    def __post_init__(self):
        self.out_size = self.crop if isinstance(self.crop, tuple) else self.store.size
        kept = [(row, e.captions) for row, e in enumerate(self.examples) if e and e.captions]
        if not kept:
            raise ValueError("No example has both a caption and an image that can be read.")
        self.counts = np.array([len(captions) for _, captions in kept])
        self.firsts = np.cumsum(self.counts) - self.counts  # of each image, into the two below
        self.captions = np.array([text.encode() for _, texts in kept for text in texts], object)
        self.rows = np.repeat([row for row, _ in kept], self.counts)
        allowed = self.mirror if callable(self.mirror) else lambda _: bool(self.mirror)
        self.may_mirror = np.array([allowed(text) for _, texts in kept for text in texts])

    def __len__(self):
        """Batches an epoch."""
        pairs = len(self.counts) if self.one_caption_per_image else len(self.rows)
        return -(-pairs // self.batch_size)

    def plan(self, epoch):
        """Yields `rows, captions, boxes, mirrored` of each batch of an epoch.

        `boxes` is float32 `(batch, 4)`: left, top, right, bottom in pixels of the stored image.
        """
        random = np.random.default_rng([self.seed, epoch])
        pairs = self._pairs(random)
        boxes = self._boxes(random, len(pairs))
        mirrored = self.may_mirror[pairs] & (random.random(len(pairs)) < 0.5) & self.training
        for start in range(0, len(pairs), self.batch_size):
            batch = slice(start, start + self.batch_size)
            chosen = pairs[batch]
            yield self.rows[chosen], self.captions[chosen], boxes[batch], mirrored[batch]

    def load(self, rows, boxes, mirrored):
        """The images of a planned batch, uint8 `(kept, *out_size, 3)`, and which were kept."""
        images, kept = np.zeros((len(rows), *self.out_size, 3), "uint8"), np.ones(len(rows), bool)
        for i, row in enumerate(rows):
            try:
                image = self._cut(self.store[row], boxes[i])
            except ImageError as error:
                kept[i] = False
                self.report(error)
                continue
            images[i] = image[:, ::-1] if mirrored[i] else image
        return (images if kept.all() else images[kept]), kept

    def _pairs(self, random):
        pairs = np.arange(len(self.rows))
        if self.one_caption_per_image:
            drawn = random.integers(0, self.counts) if self.training else 0
            pairs = self.firsts + drawn
        return random.permutation(pairs) if self.training else pairs

    def _boxes(self, random, num_pairs):
        size = np.array(self.store.size)
        share = np.ones((num_pairs, 1))
        if isinstance(self.crop, float) and self.training:
            share = np.sqrt(random.uniform(self.crop, 1.0, (num_pairs, 1)))
        sides = share * (self.out_size if isinstance(self.crop, tuple) else size)
        place = random.random((num_pairs, 2)) if self.training else 0.5
        corner = (size - sides) * place
        if isinstance(self.crop, tuple):  # whole pixels: a copy, no interpolation
            corner = np.rint(corner)
        top_left_first = np.concatenate([corner, np.minimum(corner + sides, size)], axis=1)
        return top_left_first[:, [1, 0, 3, 2]].astype("float32")

    def _cut(self, pixels, box):
        left, top, right, bottom = box
        if (bottom - top, right - left) == tuple(self.out_size):
            return pixels[int(top) : int(bottom), int(left) : int(right)]
        return resize_pixels(pixels, self.out_size, box=tuple(map(float, box)))
