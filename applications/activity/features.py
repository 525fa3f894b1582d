"""The networks of this folder, and the features of their frozen CNN, computed once.

    python -m applications.activity.features --data DATA --work runs/activity

A killed run goes on with the video where it was.
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras

import keras_lrcn
from applications.activity.experiments import EXPERIMENTS, SETS
from keras_lrcn.data import FlowEncoding, cache_video_features

FPS = 12.5  # every second frame of these 25 fps videos: a clip of 16 spans 1.3 seconds
SIZES = {"rgb": (224, 224), "flow": (160, 160)}  # flow images are smooth
MODALITIES = tuple(SIZES)


def build(data, classes, modality, experiment=EXPERIMENTS["lrcn"]):
    """Builds a recogniser on the ImageNet weights of EfficientNet-Lite0."""
    cnn = keras_lrcn.efficientnet_lite(
        "lite0",
        image_shape=(*SIZES[modality], 3),
        weights=f"{data}/efficientnet_lite0/efficientnet_lite0_fp16.npz",
    )
    encoder = keras_lrcn.ImageEncoder(cnn, units=(experiment.visual_units,), activation="relu")
    backbone = keras_lrcn.LRCNActivityBackbone(
        encoder,
        units=experiment.units,
        num_layers=experiment.num_layers,
        dropout=experiment.dropout,
        visual_dropout=experiment.visual_dropout,
    )
    converter = keras_lrcn.LRCNFrameConverter(SIZES[modality], scale=1 / 128, offset=-127 / 128)
    preprocessor = keras_lrcn.LRCNActivityPreprocessor(
        classes,
        converter,
        fps=FPS,
        modality=modality,
        flow=FlowEncoding(method="dis") if modality == "flow" else None,
    )
    return keras_lrcn.LRCNActivity(backbone, preprocessor)


def features(data, work, set_name, modality):
    """Pooled features of every frame of a set, plain and mirrored."""
    videos, size = SETS[set_name], SIZES[modality]
    keras.utils.set_random_seed(0)
    activity = build(data, videos.classes, modality)
    return cache_video_features(
        lambda path: activity.frame_features(path, "mirror", "partial", pooled=True),
        videos.everything(data),
        os.path.join(work, "features"),
        digest=f"{set_name} {modality} EfficientNet-Lite0 ImageNet, {size}, {FPS} fps, mirror",
    )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True)
    parser.add_argument("--work", default="runs/activity")
    parser.add_argument("--set", nargs="+", default=list(SETS), choices=SETS)
    args = parser.parse_args()
    for set_name in args.set:
        for modality in MODALITIES:
            features(args.data, args.work, set_name, modality)


if __name__ == "__main__":
    main()
