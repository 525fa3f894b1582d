"""Calibrates the captioner's confidence and measures what tells photographs from other pictures.

    python -m applications.captioning.confidence --data DATA --work runs/captioning

The photographs are Flickr8k's dev photos, the others are drawn by `no_photos.py`. The table has
the AUROC of several scores; the confidence is fitted on one half of the pictures and measured on
the other, then the other way round. What is written, `confidence.json` in the folder of the preset
(`--preset`), is fitted on all of them.
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np

import keras_lrcn
from applications.captioning.no_photos import KINDS
from keras_lrcn.data import cache_features, encoder_digest, read_flickr8k
from keras_lrcn.metrics import auroc, normalize_log_p
from keras_lrcn.presets import EMBEDDED
from keras_lrcn.retrieval import score_matrix

PRESET = "lrcn2f_efficientnet_lite0_flickr8k"
EACH, POOL = 250, 200  # pictures of each kind; training photos that a score is normalized by


def draw_pictures(folder, each=EACH):
    """Draws what is no photograph, once: dict from kind to list of files."""
    paths = {}
    for number, (kind, draw) in enumerate(KINDS.items()):
        os.makedirs(os.path.join(folder, kind), exist_ok=True)
        paths[kind] = [os.path.join(folder, kind, f"{i:03}.png") for i in range(each)]
        for i, path in enumerate(paths[kind]):
            if not os.path.exists(path):
                draw(np.random.default_rng([number, i])).save(path + ".part", "PNG")
                os.replace(path + ".part", path)
    return paths


def normalized_scores(captioner, captions, pool):
    """Log p less the logarithm of the mean p over a pool of photos, per word, of each caption.

    Args:
        captioner: `keras_lrcn.LRCNCaptioner`.
        captions: list of `Caption`.
        pool: float array `(photos, width)`, their features.
    """
    texts = sorted({caption.text for caption in captions})
    log_p = score_matrix(captioner, {"features": pool}, texts, score_end=True)
    columns = dict(zip(texts, log_p.T, strict=True))
    rows = []
    for caption in captions:
        among = np.append(columns[caption.text], caption.score)[:, None]
        rows.append(normalize_log_p(among)[-1, 0] / len(caption.word_scores))
    return np.array(rows)


def cross_fitted(captioner, features, is_photo):
    """The confidence of every picture, by a fit on the other half."""
    confidences = np.zeros(len(features))
    halves = np.arange(len(features)) % 2
    for half in (0, 1):
        fitted, held = halves != half, halves == half
        photos, others = features[fitted & is_photo], features[fitted & ~is_photo]
        confidence = keras_lrcn.CaptionConfidence.fit(
            captioner, {"features": photos}, {"features": others}
        )
        captions = captioner.generate({"features": features[held]}, return_details=True)
        confidences[held] = confidence(features[held], [best for best, *_ in captions])
    return confidences


def table(scores, kinds):
    """A markdown table of AUROCs: a row a score, a column a kind of picture."""
    names = [*KINDS, "all"]
    lines = ["| score | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for title, values in scores.items():
        photos = values[kinds == "photo"]
        others = [values[kinds == k] if k in KINDS else values[kinds != "photo"] for k in names]
        lines.append(f"| {title} | " + " | ".join(f"{auroc(photos, o):.3f}" for o in others) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True)
    parser.add_argument("--work", default="runs/captioning")
    parser.add_argument("--preset", default=PRESET)
    args = parser.parse_args()
    work = os.path.join(args.work, "confidence")
    captioner = keras_lrcn.LRCNCaptioner.from_preset(args.preset)
    drawn = draw_pictures(work)
    photos, train = (
        [e.path for e in read_flickr8k(f"{args.data}/flickr8k", split)]
        for split in ("dev", "train")
    )
    pool = [train[i] for i in np.random.default_rng(0).choice(len(train), POOL, replace=False)]
    paths = [*photos, *(path for kind in drawn.values() for path in kind)]
    kinds = np.array(["photo"] * len(photos) + [k for k, files in drawn.items() for _ in files])

    encoder = captioner.backbone.visual_encoder
    blind = keras_lrcn.CaptionConfidence(captioner, np.zeros(encoder.pooled_dim), np.zeros(3))
    cached = cache_features(
        lambda images: blind.features(list(images)),
        paths + pool,
        work,
        captioner.preprocessor.image_converter.image_size,
        views=("plain",),
        digest=encoder_digest(encoder),
        shard_size=128,
    )
    features = cached.gather(paths)
    captions = [c[0] for c in captioner.generate({"features": features}, return_details=True)]
    confidence = keras_lrcn.CaptionConfidence.fit(
        captioner,
        {"features": features[kinds == "photo"]},
        {"features": features[kinds != "photo"]},
    )
    evidence = confidence.evidence(features, captions)
    crossed = cross_fitted(captioner, features, kinds == "photo")
    scores = {
        "log p": np.array([caption.score for caption in captions]),
        "log p per word": evidence[:, 0],
        "log p - log mean p, per word": normalized_scores(captioner, captions, cached.gather(pool)),
        "cosine of the features": evidence[:, 1],
        "confidence": crossed,
    }
    print(table(scores, kinds))
    kept = crossed >= 0.5
    shares = [f"{kind} {kept[kinds == kind].mean():.1%}" for kind in ("photo", *KINDS)]
    print(f"Described at a confidence of 0.5 and more: {', '.join(shares)}")
    error = np.abs(crossed - (kinds == "photo")).mean()
    print(f"Mean distance of the confidence from what the picture is: {error:.4f}")
    preset = args.preset
    folder = preset if os.path.isdir(preset) else EMBEDDED / preset
    confidence.save(folder)
    print(f"Written to {folder}")


if __name__ == "__main__":
    main()
