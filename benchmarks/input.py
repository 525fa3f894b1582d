"""How fast photos and clips come out of the pipelines, against decoding them and nothing else.

    taskset -c 1 python -m benchmarks.input --images FLICKR8K --videos UCF101

Photos a second of `captioned_images` from files and from its cache, clips a second of
`labelled_clips`, and how much of a training step (frozen CNN of the shipped preset, 16 photos) is
waiting for the cached pipeline. Medians of rounds that take turns; times are the processor's.
"""

import argparse
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np

from keras_lrcn.data import captioned_images, labelled_clips, read_flickr8k, read_ucf101

SIZE, CROP = 256, (227, 227)
PRESET = "lrcn2f_efficientnet_lite0_flickr8k"


def decode_photos(examples):
    """The bare decoder: every pixel of every file."""
    from PIL import Image

    for example in examples:
        with Image.open(example.path) as image:
            np.asarray(image.convert("RGB"))


def decode_videos(examples):
    """The bare decoder: every frame of every file."""
    import av

    for example in examples:
        with av.open(example.path) as container:
            for frame in container.decode(video=0):
                frame.to_ndarray(format="rgb24")


def photo_ways(examples):
    """Functions that each go once through all photos."""
    options = {"training": True, "crop": CROP, "mirror": "safe", "one_caption_per_image": True}
    files = captioned_images(examples, SIZE, **options)
    cached = captioned_images(examples, SIZE, cache="memory", **options)
    return {
        "bare decoder": lambda: decode_photos(examples),
        "from files": lambda: count(files),
        "from the cache": lambda: count(cached),
    }


def clip_ways(examples, preprocessor):
    """Functions that each go once through all videos, a clip of each."""
    clips = labelled_clips(examples, preprocessor, training=True)
    return {"bare decoder": lambda: decode_videos(examples), "clips": lambda: count(clips)}


def count(dataset):
    return sum(1 for _ in dataset.as_numpy_iterator())


def measure(ways, rounds=5):
    """Median seconds of the processor of each way, after one run that does not count."""
    seconds = {name: [] for name in ways}
    for _ in range(rounds + 1):
        for name, way in ways.items():
            start = time.process_time()
            way()
            seconds[name].append(time.process_time() - start)
    return {name: float(np.median(values[1:])) for name, values in seconds.items()}


def waiting_share(task, data):
    """Share of the wall clock that training waits for `data`, a dataset of examples."""
    waited, worked, batches = 0.0, 0.0, iter(data)
    task.train_on_batch(next(batches))  # compiles
    while True:
        start = time.perf_counter()
        batch = next(batches, None)
        if batch is None:
            return waited / (waited + worked)
        waited += time.perf_counter() - start
        start = time.perf_counter()
        task.train_on_batch(batch)
        worked += time.perf_counter() - start


def report(kind, number, seconds):
    for name, value in seconds.items():
        ratio = seconds["bare decoder"] / value
        print(f"{kind:7} {name:15} {number / value:8.1f} a second {ratio:6.2f} x")


def main():
    import keras

    import keras_lrcn

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", metavar="FOLDER", required=True, help="of Flickr8k")
    parser.add_argument("--videos", metavar="FOLDER", required=True, help="of UCF101")
    parser.add_argument("--photos", type=int, default=256)
    parser.add_argument("--clips", type=int, default=24)
    args = parser.parse_args()
    photos = read_flickr8k(args.images, "train")[: args.photos]
    report("photos", len(photos), measure(photo_ways(photos)))
    videos = read_ucf101(args.videos)
    videos = videos[:: max(1, len(videos) // args.clips)][: args.clips]
    names = sorted({example.label for example in videos})
    pre = keras_lrcn.LRCNActivityPreprocessor(
        names, keras_lrcn.LRCNFrameConverter(CROP), frame_size=(240, 320)
    )
    report("clips", len(videos), measure(clip_ways(videos, pre)))
    captioner = keras_lrcn.LRCNCaptioner.from_preset(PRESET)
    captioner.backbone.visual_encoder.trainable = False
    captioner.compile(keras.optimizers.SGD(0.01))
    size = captioner.preprocessor.image_converter.image_size
    data = captioned_images(photos, size, 16, training=True, mirror="safe", cache="memory")
    print(f"{waiting_share(captioner, data.take(9)):.1%} of a training step is waiting")


if __name__ == "__main__":
    main()
