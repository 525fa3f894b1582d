"""What a preset may name: KerasHub's image backbones come with their converters."""

import keras
import keras_hub
import pytest

from keras_lrcn.loading.classes import KERAS_HUB, is_known

CONVERTERS = [n for n in KERAS_HUB if n != "ImageConverter" and hasattr(keras_hub.layers, n)]


def test_most_image_backbones_have_a_converter():
    assert {"MobileNetImageConverter", "ResNetImageConverter"} <= set(CONVERTERS)


@pytest.mark.parametrize("name", CONVERTERS)
def test_a_preset_may_hold_the_converter_of_its_cnn(name):
    converter = getattr(keras_hub.layers, name)(image_size=(32, 32))
    assert is_known(keras.saving.serialize_keras_object(converter))
