"""From photos to videos: the shipped captioner over mean-pooled frames, on MSVD's sample clips.

    python -m applications.video_description.msvd --data DATA

Venugopalan et al. (NAACL 2015) start their describer from a captioner of photos, whose one visual
vector becomes the mean over frames. DATA holds `msvd_sample/`, which has five clips and no captions
of theirs, so nothing is trained or scored here: the sentences are printed beside those of a system
that was trained on MSVD. Half a minute.
"""

import argparse
import pathlib

import keras_lrcn
from keras_lrcn.data import list_videos

CAPTIONER = "lrcn2f_efficientnet_lite0_flickr8k"
FRAME_RATE = 3.0  # frames per second: about one in ten


def describer_of(captioner, frame_rate=FRAME_RATE):
    """A captioner of photos -> a describer of videos with the same weights.

    Args:
        captioner: `keras_lrcn.LRCNCaptioner` with a CNN.
        frame_rate: float, frames per second that are looked at.
    """
    photos, preprocessor = captioner.backbone, captioner.preprocessor
    backbone = keras_lrcn.LRCNVideoDescriberBackbone(
        photos.vocabulary_size,
        keras_lrcn.MeanPoolEncoder(photos.visual_encoder),
        embedding_dim=photos.embedding_dim,
        units=photos.units,
        num_layers=photos.num_layers,
        factored=photos.factored,
        cell=photos.cell,
    )
    videos = keras_lrcn.LRCNVideoDescriber(
        backbone,
        keras_lrcn.LRCNVideoDescriberPreprocessor(
            preprocessor.tokenizer,
            preprocessor.image_converter,
            frame_rate=frame_rate,
            max_frames=100,
            sequence_length=preprocessor.sequence_length,
        ),
        sampler=captioner.sampler,
    )
    pairs = [
        (photos.token_embedding, backbone.token_embedding),
        (photos.lstm_stack, backbone.lstm_stack),
        (captioner.predict_words, videos.predict_words),
    ]
    for source, target in pairs:
        target.set_weights(source.get_weights())
    return videos


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True, help="folder of the data sets")
    args = parser.parse_args()
    folder = pathlib.Path(args.data) / "msvd_sample" / "data" / "testing_data"
    trained = dict(line.split(",")[:2] for line in open(folder / "test_greedy.txt"))
    describer = describer_of(keras_lrcn.LRCNCaptioner.from_preset(CAPTIONER))
    clips = list_videos([str(folder / "video")])
    print("| clip | the captioner over mean-pooled frames | a system trained on MSVD |")
    print("|---|---|---|")
    for clip, sentence in zip(clips, describer.generate(clips), strict=True):
        name = pathlib.Path(clip).stem
        print(f"| {name} | {sentence} | {trained.get(name, '')} |")


if __name__ == "__main__":
    main()
