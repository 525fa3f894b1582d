"""The networks of this folder, and the features of their frozen CNN, computed once.

    python -m applications.activity.features --data DATA --work runs/activity

A killed run goes on with the video where it was.
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras

import keras_lrcn
from applications.activity.answers import MODALITIES
from applications.activity.experiments import SETS
from keras_lrcn.data import FlowEncoding, cache_video_features


def build(data, videos, modality, experiment=None):
    """Builds a recogniser of a `VideoSet` on the ImageNet weights of EfficientNet-Lite0."""
    experiment = experiment or videos.experiment("lrcn")
    size = getattr(videos, f"{modality}_size")
    cnn = keras_lrcn.efficientnet_lite(
        "lite0",
        image_shape=(*size, 3),
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
    converter = keras_lrcn.LRCNFrameConverter(size, scale=1 / 128, offset=-127 / 128)
    preprocessor = keras_lrcn.LRCNActivityPreprocessor(
        videos.classes,
        converter,
        fps=videos.fps,
        modality=modality,
        flow=FlowEncoding(method="dis") if modality == "flow" else None,
    )
    return keras_lrcn.LRCNActivity(backbone, preprocessor)


def features(data, work, set_name, modality):
    """Pooled features of every frame of a set, in the crops of the set."""
    videos = SETS[set_name]
    size = getattr(videos, f"{modality}_size")
    keras.utils.set_random_seed(0)
    activity = build(data, videos, modality)
    return cache_video_features(
        lambda path: activity.frame_features(path, videos.crops, "partial", pooled=True),
        videos.everything(data),
        os.path.join(work, "features"),
        digest=f"{set_name} {modality} EfficientNet-Lite0 ImageNet, {size}, {videos.fps} fps, "
        f"{videos.crops}",
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
