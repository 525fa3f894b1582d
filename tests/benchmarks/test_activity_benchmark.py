"""The benchmark of activity recognition, on small clips: what it compares learns."""

import keras
import pytest

from benchmarks.activity import cache_ways, fold_ways, head_ways, measure


def tiny_encoder():
    image = keras.Input((16, 16, 3))
    return keras.Model(image, keras.layers.Flatten()(keras.layers.Conv2D(4, 5, strides=4)(image)))


@pytest.mark.slow  # TensorFlow compiles a MobileNet twice
def test_one_batch_of_frames_is_the_network_of_time_distributed():
    assert all(seconds > 0 for seconds in measure(fold_ways(1, size=32), rounds=1).values())


def test_kept_features_save_the_cnn_and_both_heads_learn():
    keras.utils.set_random_seed(0)
    seconds = measure(cache_ways(1, tiny_encoder()), rounds=1)
    assert set(seconds) == {"CNN in the graph", "features kept"}
    losses = {name: [way() for _ in range(30)] for name, way in head_ways(2, width=8).items()}
    assert all(found[-1] < found[0] for found in losses.values())
