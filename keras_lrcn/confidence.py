"""When to say nothing: is a picture of the kind that a captioner has learnt to describe?"""

import json
import os
import pathlib

import keras
import numpy as np

from keras_lrcn.loading import fetch
from keras_lrcn.presets import resolve

FILE = "confidence.json"
BATCH = 32


class CaptionConfidence:
    """A calibrated confidence for captions, to abstain where there is nothing to describe.

    Two things tell photographs of the domain from blank, noisy or drawn pictures: how probable
    the model finds the caption that it wrote, per word, and how alike the picture's features are
    to those of such photographs. The confidence is a logistic function of both, fitted so that it
    is the probability of a photograph where one half of the pictures are photographs. It is not
    the probability that the sentence is true.

    Args:
        captioner: `keras_lrcn.LRCNCaptioner` with a visual encoder and a preprocessor.
        direction: float array `(pooled_dim,)`, the mean of the photographs' features, each of
            length 1.
        weights: floats, of a constant, of the log-probability per word in nats, and of the cosine
            between a picture's features and `direction`.

    Raises:
        ValueError: if the captioner has no visual encoder, or `direction` another width than its
            features.

    Example:
    ```python
    confidence = keras_lrcn.CaptionConfidence.from_preset(captioner, preset)
    features = confidence.features(["photo.jpg", "screenshot.png"])
    captions = captioner.generate({"features": features}, return_details=True)
    confidence(features, [best for [best] in captions])  # array([0.99, 0.01])
    ```
    """

    def __init__(self, captioner, direction, weights):
        encoder = captioner.backbone.visual_encoder
        if encoder is None:
            raise ValueError(
                "A confidence needs a captioner that sees pictures. Received one without a "
                "`visual_encoder`, which is given vectors."
            )
        self.captioner = captioner
        self.model = keras.Model(encoder.inputs, getattr(encoder, "pooled", encoder.output))
        self.direction = np.asarray(direction, "float32")
        self.weights = np.asarray(weights, "float64")
        if self.direction.shape != self.model.output.shape[1:]:
            raise ValueError(
                f"`direction` must be of shape {self.model.output.shape[1:]} for this captioner. "
                f"Received: {self.direction.shape}."
            )

    def features(self, images):
        """Runs the CNN alone, for this and for `captioner.generate`.

        Args:
            images: list of photos as for `captioner.generate`.

        Returns:
            float32 array `(images, pooled_dim)`.
        """
        load = self.captioner.preprocessor.load_images
        batches = [images[i : i + BATCH] for i in range(0, len(images), BATCH)]
        return np.concatenate([self.model.predict_on_batch(load(batch)) for batch in batches])

    def evidence(self, features, captions):
        """What the confidence is made of.

        Args:
            features: float array `(images, pooled_dim)`.
            captions: list of the `Caption` that the captioner wrote for each.

        Returns:
            Float64 array `(images, 2)`: log-probability per word, and cosine.
        """
        features = np.asarray(features, "float64")
        length = np.linalg.norm(features, axis=1) * np.linalg.norm(self.direction)
        cosine = features @ self.direction / np.maximum(length, 1e-12)
        per_word = [np.mean(caption.word_scores) for caption in captions]
        return np.stack([per_word, cosine], axis=1)

    def __call__(self, features, captions):
        """Float64 array `(images,)`, 0..1; arguments as of `evidence`."""
        return _logistic(_with_constant(self.evidence(features, captions)) @ self.weights)

    @classmethod
    def fit(cls, captioner, photos, others, **options):
        """Calibrates on pictures of which it is known what they are.

        Args:
            captioner: `keras_lrcn.LRCNCaptioner`.
            photos: list of photographs of the domain, hundreds of them; best none that the
                captioner was trained on. Or a dict of their `features`.
            others: the same of pictures that it should say nothing about.
            **options: of `captioner.generate`.

        Returns:
            `CaptionConfidence`.
        """
        encoder = captioner.backbone.visual_encoder
        width = getattr(encoder, "pooled_dim", captioner.backbone.visual_dim)
        confidence = cls(captioner, np.zeros(width), np.zeros(3))
        features = [
            p["features"] if isinstance(p, dict) else confidence.features(list(p))
            for p in (photos, others)
        ]
        lengths = np.linalg.norm(features[0], axis=1, keepdims=True)
        confidence.direction = np.mean(features[0] / np.maximum(lengths, 1e-12), axis=0)
        rows = []
        for pictures in features:
            captions = captioner.generate({"features": pictures}, return_details=True, **options)
            rows.append(confidence.evidence(pictures, [best for best, *_ in captions]))
        confidence.weights = _fit_logistic(*rows)
        return confidence

    def save(self, folder):
        """Writes `confidence.json` into the folder of a preset."""
        path = pathlib.Path(folder) / FILE
        content = {
            "weights": {
                name: round(float(weight), 5)
                for name, weight in zip(
                    ("constant", "per_word", "cosine"), self.weights, strict=True
                )
            },
            "direction": [round(float(x), 5) for x in self.direction],
        }
        part = path.with_suffix(".part")
        part.write_text(json.dumps(content) + "\n", "utf-8")
        os.replace(part, path)

    @classmethod
    def from_preset(cls, captioner, preset):
        """Loads the confidence that lies beside a captioner's weights.

        Args:
            captioner: `keras_lrcn.LRCNCaptioner`, loaded from the same preset.
            preset: name, folder or `hf://owner/name` of the preset.

        Raises:
            FileNotFoundError: if the preset has none.
        """
        handle = resolve(str(preset))
        folder = fetch(handle) if handle.startswith("hf://") else pathlib.Path(handle)
        if not (folder / FILE).is_file():
            raise FileNotFoundError(
                f"Preset {str(preset)!r} has no {FILE}. `CaptionConfidence.fit(captioner, photos, "
                f"others).save({str(folder)!r})` makes one."
            )
        content = json.loads((folder / FILE).read_text("utf-8"))
        return cls(captioner, content["direction"], list(content["weights"].values()))


def _fit_logistic(positive, negative, ridge=1e-3, steps=100):
    """Weights of a logistic regression, both kinds counting alike, by Newton's method.

    The ridge, on standardized rows, keeps them finite where the kinds do not overlap.
    """
    rows = np.concatenate([positive, negative])
    mean, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    x = _with_constant((rows - mean) / spread)
    y = np.repeat([1.0, 0.0], [len(positive), len(negative)])
    share = np.where(y == 1, 0.5 / len(positive), 0.5 / len(negative))
    penalty = ridge * np.diag([1e-6, *[1.0] * rows.shape[1]])
    weights = np.zeros(x.shape[1])
    for _ in range(steps):
        p = _logistic(x @ weights)
        gradient = x.T @ (share * (p - y)) + penalty @ weights
        step = np.linalg.solve((x.T * (share * p * (1 - p))) @ x + penalty, gradient)
        weights = weights - step / max(1.0, np.abs(step).max())
    weights[1:] /= spread
    weights[0] -= weights[1:] @ mean
    return weights


def _with_constant(rows):
    return np.concatenate([np.ones((len(rows), 1)), rows], axis=1)


def _logistic(x):
    return 1 / (1 + np.exp(-np.clip(x, -500, 500)))
