"""The shipped captioner in 8 bits: the captions of float on photos that it has not seen."""

import numpy as np
import pytest

import keras_lrcn
from keras_lrcn.serving import load

REASON = 'needs `pip install "keras-lrcn[serving]"`'
for package in ("onnx", "onnxruntime", "tf2onnx"):
    pytest.importorskip(package, reason=REASON)

CAPTIONER = "lrcn2f_efficientnet_lite0_flickr8k"


@pytest.fixture(scope="module")
def captioner():
    return keras_lrcn.LRCNCaptioner.from_preset(CAPTIONER)


@pytest.fixture(scope="module")
def exported(captioner, tmp_path_factory):
    """The captioner as ONNX Runtime serves it: by what it is quantized to."""
    folder = tmp_path_factory.mktemp("exported")
    for quantize in (None, "int8"):
        captioner.export(folder / str(quantize), format="onnx", quantize=quantize)
    return folder


@pytest.mark.slow
def test_float_onnx_sees_and_says_what_keras_does(captioner, exported):
    images, datasets = pytest.importorskip("skimage.data"), pytest.importorskip("sklearn.datasets")
    photos = [images.chelsea(), images.coffee(), images.rocket(), images.astronaut()]
    photos += datasets.load_sample_images().images
    options = {"num_captions": 3, "return_details": True}
    expected = captioner.generate(photos, **options)
    found = load(exported / "None").generate(photos, **options)
    assert [[c.text for c in row] for row in found] == [[c.text for c in row] for row in expected]
    for row, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose([c.score for c in row], [c.score for c in wanted], atol=1e-3)


@pytest.mark.slow
def test_int8_is_less_than_a_third_in_size(exported):
    sizes = {
        name: sum(path.stat().st_size for path in (exported / name).iterdir())
        for name in ("None", "int8")
    }
    assert sizes["int8"] < sizes["None"] / 3


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.parametrize("sampler", ["greedy", "beam"])
def test_int8_says_the_same_of_19_in_20_dev_photos(exported, shared_data, sampler):
    from keras_lrcn.data import read_flickr8k

    dev = read_flickr8k(shared_data / "flickr8k", "dev")
    references = {example.image_id: list(example.captions) for example in dev}
    captions, cider = {}, {}
    for name in ("None", "int8"):
        served = load(exported / name, num_threads=1)
        captions[name] = served.generate([example.path for example in dev], sampler=sampler)
        candidates = dict(zip(references, captions[name], strict=True))
        scores = keras_lrcn.metrics.evaluate_captions(references, candidates, meteor=False)
        cider[name] = scores["CIDEr"]
    assert np.mean(np.array(captions["None"]) == captions["int8"]) >= 0.95
    assert abs(cider["int8"] - cider["None"]) < 0.005
