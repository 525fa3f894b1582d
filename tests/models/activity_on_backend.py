"""Prints, as one json line, what presets say of a video on the backend of KERAS_BACKEND."""

import json
import sys
import tempfile

import keras
import numpy as np

import keras_lrcn
from keras_lrcn.data import labelled_clips, read_video_folders
from keras_lrcn.presets import preset_task


def answers(preset, frames):
    video = np.load(frames)
    task = getattr(keras_lrcn, preset_task(preset)).from_preset(preset)
    stream, carried = task.stream(), task.stream(policy="carry")
    return {
        "classify": task.classify(video).probabilities.tolist(),
        "ten crops": task.classify(video, crops="ten").probabilities.tolist(),
        "timeline": task.classify(video).timeline.ravel().tolist(),
        "stream": np.ravel([stream.step(frame) for frame in video]).tolist(),
        "carried stream": np.ravel([carried.step(frame) for frame in video]).tolist(),
    }


def losses(preset, videos):
    """Loss of three epochs of training, and of the same where a run was killed after the first."""
    examples = read_video_folders(videos)

    def train(folder, epochs):
        activity = keras_lrcn.LRCNActivity.from_preset(preset)
        pre = activity.preprocessor

        def clips_of(epoch):
            clips = labelled_clips(examples, pre, 2, training=True, initial_epoch=epoch)
            return clips.map(lambda x, y: pre(x, y=y))

        activity.compile(keras.optimizers.SGD(0.1))
        history = keras_lrcn.fit_resumable(activity, clips_of, epochs, folder, verbose=0)
        return [epoch["loss"] for epoch in history]

    with tempfile.TemporaryDirectory() as whole, tempfile.TemporaryDirectory() as killed:
        train(killed, 1)
        return {"losses": train(whole, 3), "losses with a break": train(killed, 3)}


def main(frames, videos, *presets):
    said = {"backend": keras.backend.backend(), **losses(presets[0], videos)}
    for preset in presets:
        said |= {f"{preset_task(preset)} {k}": v for k, v in answers(preset, frames).items()}
    print(json.dumps(said))


if __name__ == "__main__":
    main(*sys.argv[1:])
