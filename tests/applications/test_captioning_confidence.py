"""The recipe of the captioner's confidence, on few pictures."""

import numpy as np
import pytest

from applications.captioning.confidence import (
    cross_fitted,
    draw_pictures,
    normalized_scores,
    table,
)
from applications.captioning.no_photos import KINDS, SIZE
from tests.models.conftest import make_captioner


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_come_from_their_seed_and_differ(kind):
    pictures = [np.asarray(KINDS[kind](np.random.default_rng(seed))) for seed in (1, 1, 2, 3)]
    assert all(picture.shape == (SIZE[1], SIZE[0], 3) for picture in pictures)
    np.testing.assert_array_equal(pictures[0], pictures[1])
    assert not np.array_equal(pictures[0], pictures[2])
    for seed in range(40):  # every branch of a kind draws
        assert KINDS[kind](np.random.default_rng(seed)).mode == "RGB"


def test_pictures_are_drawn_once(tmp_path):
    paths = draw_pictures(str(tmp_path), each=2)
    times = {p: (tmp_path / p).stat().st_mtime_ns for files in paths.values() for p in files}
    assert list(paths) == list(KINDS) and len(times) == 8
    draw_pictures(str(tmp_path), each=2)
    assert times == {p: (tmp_path / p).stat().st_mtime_ns for p in times}


def test_scores_are_normalized_by_the_pool_and_the_image_itself():
    captioner = make_captioner(3)
    rng = np.random.default_rng(0)
    pool, images = rng.normal(0, 1, (2, 5, 3)).astype("float32")
    details = captioner.generate({"features": images}, return_details=True)
    captions = [best for best, *_ in details]
    found = normalized_scores(captioner, captions, pool)
    for score, image, caption in zip(found, images, captions, strict=True):
        if not caption.finished:  # its score has no end
            continue
        probable = np.exp(captioner.score([*pool, image], [caption.text] * 6))
        expected = np.log(probable[-1]) - np.log(probable.mean())
        assert score == pytest.approx(expected / len(caption.word_scores), abs=1e-4)


def test_the_table_has_an_area_for_every_kind():
    kinds = np.array(["photo", "photo", *KINDS])
    rows = table({"good": np.array([2, 2, 1, 1, 3, 1])}, kinds).splitlines()
    assert rows[0] == "| score | noise | blank | text | drawing | all |"
    assert rows[2] == "| good | 1.000 | 1.000 | 0.000 | 1.000 | 0.750 |"


def test_no_picture_is_judged_by_a_fit_that_saw_it(tiny_preset, monkeypatch):
    import keras_lrcn

    captioner = keras_lrcn.LRCNCaptioner.from_preset(tiny_preset)
    features = np.random.default_rng(0).normal(0, 1, (12, captioner.backbone.visual_dim))
    features = features.astype("float32")
    is_photo = np.arange(12) % 4 < 2
    seen = []
    fit = keras_lrcn.CaptionConfidence.fit

    def watched(captioner, photos, others):
        seen.append(np.concatenate([photos["features"], others["features"]]))
        return fit(captioner, photos, others)

    monkeypatch.setattr(keras_lrcn.CaptionConfidence, "fit", watched)
    confidences = cross_fitted(captioner, features, is_photo)
    assert ((0 < confidences) & (confidences < 1)).all()
    assert {tuple(row) for row in seen[0]} == {tuple(row) for row in features[1::2]}
    assert {tuple(row) for row in seen[1]} == {tuple(row) for row in features[::2]}
