"""When a captioner should say nothing."""

import json

import numpy as np
import pytest

import keras_lrcn
from keras_lrcn.confidence import CaptionConfidence, _fit_logistic, _logistic
from keras_lrcn.metrics import auroc
from tests.models.conftest import make_captioner


@pytest.fixture(scope="module")
def captioner(tiny_preset):
    return keras_lrcn.LRCNCaptioner.from_preset(tiny_preset)


def pictures(kind, number, seed=0):
    """Bright stripes, or dark noise: as different as photographs and others can be."""
    rng = np.random.default_rng([seed, kind == "photo"])
    noise = rng.integers(0, 60, (number, 16, 16, 3))
    stripes = 190 * (np.arange(16) // 4 % 2)[None, :, None, None] * (kind == "photo")
    return list((noise + stripes).astype("uint8"))


@pytest.fixture(scope="module")
def confidence(captioner):
    return CaptionConfidence.fit(captioner, pictures("photo", 24), pictures("other", 24))


def best(captioner, features):
    details = captioner.generate({"features": features}, return_details=True)
    return [captions[0] for captions in details]


def test_new_pictures_of_either_kind_are_told_apart(captioner, confidence):
    sides = []
    for kind in ("photo", "other"):
        features = confidence.features(pictures(kind, 20, seed=1))
        sides.append(confidence(features, best(captioner, features)))
    assert auroc(*sides) > 0.95
    assert sides[0].mean() > 0.8 and sides[1].mean() < 0.2


def test_features_are_those_that_generate_computes(captioner, confidence):
    images = pictures("photo", 5)
    features = confidence.features(images)
    assert captioner.generate({"features": features}) == captioner.generate(images)
    np.testing.assert_allclose(
        features,
        np.concatenate([confidence.features([image]) for image in images]),
        rtol=1e-5,
        atol=1e-5,
    )


def test_evidence_is_log_p_per_word_and_a_cosine(captioner, confidence):
    features = confidence.features(pictures("photo", 3))
    captions = best(captioner, features)
    evidence = confidence.evidence(features, captions)
    for row, feature, caption in zip(evidence, features, captions, strict=True):
        assert row[0] == pytest.approx(caption.score / len(caption.word_scores), rel=1e-5)
        length = np.linalg.norm(feature) * np.linalg.norm(confidence.direction)
        assert row[1] == pytest.approx(feature @ confidence.direction / length, rel=1e-4)


def test_a_saved_confidence_says_the_same(captioner, confidence, tmp_path):
    confidence.save(tmp_path)
    loaded = CaptionConfidence.from_preset(captioner, str(tmp_path))
    features = confidence.features(pictures("other", 4))
    captions = best(captioner, features)
    expected = confidence(features, captions)
    np.testing.assert_allclose(loaded(features, captions), expected, atol=1e-3)  # 5 digits a weight
    assert set(json.loads((tmp_path / "confidence.json").read_text())) == {"weights", "direction"}


def test_what_is_missing_is_said(captioner, tmp_path):
    with pytest.raises(FileNotFoundError, match="fit.*save"):
        CaptionConfidence.from_preset(captioner, str(tmp_path))
    with pytest.raises(ValueError, match="without a `visual_encoder`"):
        CaptionConfidence(make_captioner(), np.zeros(3), np.zeros(3))
    with pytest.raises(ValueError, match=r"Received: \(2,\)"):
        CaptionConfidence(captioner, np.zeros(2), np.zeros(3))


def test_logistic_weights_make_the_confidence_a_frequency():
    rng = np.random.default_rng(0)
    x = rng.normal(0, [1, 5], (20000, 2)) + [0, 3]
    p = _logistic(0.5 + x @ [1.5, -0.2])
    y = rng.random(20000) < p
    weights = _fit_logistic(x[y], x[~y], ridge=0)
    # both kinds count alike, which only moves the constant
    moved = np.log((~y).sum() / y.sum())
    np.testing.assert_allclose(weights, [0.5 + moved, 1.5, -0.2], atol=0.08)  # three errors


def test_logistic_weights_stay_finite_where_kinds_do_not_overlap():
    x = np.arange(10.0)[:, None]
    weights = _fit_logistic(x[6:], x[:4])
    confidences = _logistic(weights[0] + weights[1] * x[:, 0])
    assert np.isfinite(weights).all() and (np.diff(confidences) > 0).all()
    assert confidences[4:6].mean() == pytest.approx(0.5, abs=0.01)


def test_the_shipped_confidence_knows_a_photo_from_noise_and_blank_walls():
    data = pytest.importorskip("skimage.data")
    preset = "lrcn2f_efficientnet_lite0_flickr8k"
    captioner = keras_lrcn.LRCNCaptioner.from_preset(preset)
    confidence = CaptionConfidence.from_preset(captioner, preset)
    rng = np.random.default_rng(0)
    pictures = [data.astronaut(), rng.integers(0, 256, (300, 400, 3), "uint8")]
    pictures += [np.full((300, 400, 3), grey, "uint8") for grey in (0, 130, 255)]
    features = confidence.features(pictures)
    photo, *others = confidence(features, best(captioner, features))
    assert photo > 0.9 and max(others) < 0.1
