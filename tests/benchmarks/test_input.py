"""The benchmark of input, on a few small files."""

import numpy as np
from PIL import Image

import keras_lrcn
from benchmarks.input import measure, photo_ways, waiting_share
from keras_lrcn.data import CaptionedImage, captioned_images


def test_photos_are_timed_and_training_waits_for_part_of_it(tmp_path, tiny_preset):
    examples = []
    for number in range(6):
        path = str(tmp_path / f"{number}.jpg")
        pixels = np.random.randint(0, 255, (260, 300, 3), "uint8")
        Image.fromarray(pixels).save(path)
        examples.append(CaptionedImage(str(number), path, ("a dog runs",)))
    seconds = measure(photo_ways(examples), rounds=1)
    assert set(seconds) == {"bare decoder", "from files", "from the cache"}
    assert all(value > 0 for value in seconds.values())
    captioner = keras_lrcn.LRCNCaptioner.from_preset(tiny_preset)
    captioner.compile()
    data = captioned_images(examples, 16, 2, training=True)
    assert 0 < waiting_share(captioner, data) < 1
