import json

import keras
import numpy as np
import pytest
from PIL import Image

import keras_lrcn

# README of the data folder: what right weights give on scikit-image's photos.
TOP5 = {
    "chelsea": {"tiger cat": 0.385, "Egyptian cat": 0.365, "tabby": 0.169, "lynx": 0.013},
    "coffee": {"espresso": 0.951, "cup": 0.015, "consomme": 0.008, "chocolate sauce": 0.004},
    "rocket": {"missile": 0.286, "projectile": 0.193, "drilling platform": 0.095},
}
WEIGHTS = "efficientnet_lite0/efficientnet_lite0_fp16.npz"


def prepared(photo):
    """224 of 256 pixels from the centre, bicubic, as the weights expect."""
    image = Image.fromarray(photo)
    scale = 256 / min(image.size)
    image = image.resize([round(side * scale) for side in image.size], Image.BICUBIC)
    left, top = ((side - 224) // 2 for side in image.size)
    pixels = np.asarray(image.crop((left, top, left + 224, top + 224)), "float32")
    return (pixels - 127) / 128


@pytest.mark.shared
@pytest.mark.slow
def test_imagenet_weights_name_what_the_photos_show(shared_data):
    data = pytest.importorskip("skimage.data")
    backbone = keras_lrcn.efficientnet_lite("lite0", weights=str(shared_data / WEIGHTS))
    tensors = np.load(shared_data / WEIGHTS)
    names = json.loads(
        (shared_data / "efficientnet_lite0/imagenet1k_label_to_names.json").read_text()
    )
    names = [names[str(i)] if isinstance(names, dict) else names[i] for i in range(1000)]
    photos = np.stack([prepared(getattr(data, photo)()) for photo in TOP5])
    features = backbone.predict(photos, verbose=0).mean(axis=(1, 2))
    logits = features @ tensors["_fc.weight"].astype("float32").T + tensors["_fc.bias"]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    for row, expected in zip(probabilities, TOP5.values(), strict=True):
        top = row.argsort()[::-1][: len(expected)]
        assert [names[i].split(",")[0] for i in top] == list(expected)
        # Resizing differs a little between Pillow releases and what the README's author used.
        np.testing.assert_allclose(row[top], list(expected.values()), atol=0.02)


@pytest.mark.parametrize(("variant", "params"), [("lite0", 3.41e6), ("lite1", 4.2e6)])
def test_variants_have_their_published_size(variant, params):
    backbone = keras_lrcn.efficientnet_lite(variant, image_shape=(32, 32, 3))
    assert backbone.count_params() == pytest.approx(params, rel=0.02)
    assert backbone.output.shape == (None, 1, 1, 1280)


def test_wrong_files_are_refused_by_tensor_name(tmp_path):
    np.savez(tmp_path / "other.npz", weight=np.zeros(3))
    with pytest.raises(ValueError, match="_conv_stem.weight"):
        keras_lrcn.efficientnet_lite(image_shape=(32, 32, 3), weights=str(tmp_path / "other.npz"))
    with pytest.raises(ValueError, match="lite9"):
        keras_lrcn.efficientnet_lite("lite9")


def test_encoder_projects_its_own_pooled_features():
    backbone = keras_lrcn.efficientnet_lite(image_shape=(32, 32, 3))
    encoder = keras_lrcn.ImageEncoder(backbone, units=(6, 4), activation="relu")
    images = np.random.normal(0, 1, (3, 32, 32, 3)).astype("float32")
    pooled = keras.ops.mean(backbone(images), axis=(1, 2))
    assert encoder.pooled_dim == 1280
    np.testing.assert_allclose(encoder.project(pooled), encoder(images), atol=1e-5)
    assert encoder(images).shape == (3, 4)


def test_unknown_pooling_is_refused():
    backbone = keras_lrcn.efficientnet_lite(image_shape=(32, 32, 3))
    with pytest.raises(ValueError, match="median"):
        keras_lrcn.ImageEncoder(backbone, pooling="median")
