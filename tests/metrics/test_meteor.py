import json
import pathlib
import shutil

import coco_caption
import pytest
from awkward import make_awkward_set

from keras_lrcn import metrics

REFERENCES, CANDIDATES = {1: ["a dog runs"]}, {1: "a dog"}
needs_coco_caption = pytest.mark.skipif(
    not coco_caption.is_installed(), reason="needs pycocoevalcap and Java"
)


@needs_coco_caption
@pytest.mark.slow
def test_meteor_equals_coco_caption_on_awkward_captions():
    # 240 images by pycocoevalcap 1.2; how it was made is in `golden/make.py`
    golden = pathlib.Path(__file__).with_name("golden") / "scores.json"
    corpus, *rows = json.loads(golden.read_text())
    scores = metrics.evaluate_captions(*make_awkward_set(), per_image=True, meteor=True)
    assert scores["METEOR"] == pytest.approx(corpus["METEOR"], abs=1e-9)
    each = [image["METEOR"] for image in scores["per_image"].values()]
    assert each == pytest.approx([row[-1] for row in rows], abs=1e-9)
    assert "meteor:1.5" in scores["signature"]


def test_without_java_everything_else_is_scored(monkeypatch):
    monkeypatch.setenv("PATH", "")
    scores = metrics.evaluate_captions(REFERENCES, CANDIDATES)
    assert "METEOR" not in scores and "CIDEr" in scores


def test_missing_java_is_explained_when_meteor_is_asked_for(monkeypatch):
    monkeypatch.setattr("keras_lrcn.metrics.meteor._jar", lambda: pathlib.Path("meteor-1.5.jar"))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(ImportError, match="no `java` on the PATH: install a Java runtime"):
        metrics.evaluate_captions(REFERENCES, CANDIDATES, meteor=True)


def test_missing_package_is_explained_when_meteor_is_asked_for(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r'pip install "keras-lrcn\[meteor\]"'):
        metrics.meteor_scores(["a"], [["a"]])


def test_failing_program_is_reported(monkeypatch, tmp_path):
    java = tmp_path / "java"
    java.write_text("#!/bin/sh\necho no memory left >&2\nexit 1\n")
    java.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setattr("keras_lrcn.metrics.meteor._jar", lambda: tmp_path / "meteor-1.5.jar")
    with pytest.raises(RuntimeError, match="no memory left"):
        metrics.meteor_scores(["a dog"], [["a dog"]])
