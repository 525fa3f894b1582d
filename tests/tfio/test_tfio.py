"""`decoder="tfio"` against PyAV, in the environment that `tests/tfio/run.sh` builds."""

import importlib.util
import subprocess
import sys

import numpy as np
import pytest

if importlib.util.find_spec("tensorflow_io") is None:
    reason = "tensorflow-io needs an environment of its own: run tests/tfio/run.sh"
    pytest.skip(reason, allow_module_level=True)

from keras_lrcn.data import VideoError, read_video
from keras_lrcn.data.video_tfio import decode_in_graph
from tests.reference.video_files import cut_copy, moving_squares, packet_places, write_video

FORMATS = [
    ("clip.mp4", "libx264", {}),
    ("clip.mkv", "libx264", {"bf": "2"}),
    ("clip.avi", "mpeg4", {}),
    ("clip.webm", "libvpx-vp9", {}),
    ("png.mov", "png", {}),
]


@pytest.mark.parametrize("name, codec, options", FORMATS)
def test_frames_are_those_of_pyav_bit_by_bit(tmp_path, name, codec, options):
    path = write_video(tmp_path / name, moving_squares(40), codec, **options)
    ours, reference = read_video(path, decoder="tfio"), read_video(path)
    np.testing.assert_array_equal(ours.frames, reference.frames)
    assert len(np.unique(ours.frames.reshape(40, -1), axis=0)) > 35  # not one frame repeated
    np.testing.assert_allclose(ours.seconds, np.arange(40) / 25)


def test_one_kernel_resizes_for_both(tmp_path):
    path = write_video(tmp_path / "clip.mp4", moving_squares(8))
    ours, reference = (read_video(path, (24, 20), decoder=d).frames for d in ("tfio", "pyav"))
    np.testing.assert_array_equal(ours, reference)


def test_a_dataset_decodes_inside_its_graph(tmp_path):
    import tensorflow as tf

    files = [tmp_path / f"{seed}.mp4" for seed in range(3)]
    for seed, file in enumerate(files):
        write_video(file, moving_squares(6 + seed, seed=seed))
    dataset = tf.data.Dataset.from_tensor_slices([str(file) for file in files])
    dataset = dataset.map(decode_in_graph, num_parallel_calls=2)
    assert dataset.element_spec.dtype == tf.uint8
    for file, frames in zip(files, dataset, strict=True):
        np.testing.assert_array_equal(frames, read_video(file).frames)


def test_a_cut_file_is_damaged(tmp_path):
    whole = write_video(tmp_path / "whole.avi", moving_squares(99), "mpeg4")
    cut = cut_copy(whole, tmp_path / "cut.avi", packet_places(whole)[60][0])
    with pytest.raises(VideoError, match="cut.avi.*cut"):
        read_video(cut, decoder="tfio")
    assert read_video(cut, on_error="skip", decoder="tfio") is None
    partial = read_video(cut, on_error="partial", decoder="tfio")
    assert partial.damaged and len(partial.frames) == 60


def test_what_is_no_video_says_so(tmp_path):
    (tmp_path / "text.mp4").write_text("no video\n" * 99)
    with pytest.raises(VideoError, match="text.mp4"):
        read_video(tmp_path / "text.mp4", decoder="tfio")


def test_times_are_refused_rather_than_guessed(tmp_path):
    path = write_video(tmp_path / "clip.mp4", moving_squares(4))
    for argument in ({"fps": 5}, {"start": 0.1}):
        with pytest.raises(ValueError, match="no times"):
            read_video(path, decoder="tfio", **argument)


def test_without_ffmpeg_the_remedy_is_named(tmp_path):
    path = write_video(tmp_path / "clip.mp4", moving_squares(4))
    code = f"from keras_lrcn.data import read_video; read_video({str(path)!r}, decoder='tfio')"
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={"PATH": "", "PYTHONPATH": ".", "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert run.returncode and "LD_LIBRARY_PATH" in run.stderr.splitlines()[-1]


def test_the_data_package_needs_neither_keras_hub_nor_keras():
    code = (
        "import sys, keras_lrcn.data; print(*{'keras', 'keras_hub', 'tensorflow'} & {*sys.modules})"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not run.stdout.strip()
    assert importlib.util.find_spec("keras_hub") is None
