"""Clips of labelled videos, as `tf.data`: what is in them, and that nothing else decides it."""

import numpy as np
import pytest
from PIL import Image

import keras_lrcn
from keras_lrcn.data import (
    Crop,
    FlowEncoding,
    LabelledVideo,
    VideoError,
    cache_flow,
    clip_frames,
    cut,
    flow_frames,
    labelled_clips,
    resize_pixels,
    training_clip,
)

CLASSES = ("left", "right")
FRAME_SIZE, CROP_SIZE, LENGTH = (20, 24), (16, 16), 6


def write_frames(folder, num_frames, seed):
    """A video without loss: a folder of frames."""
    folder.mkdir()
    frames = np.random.default_rng(seed).integers(0, 255, (num_frames, *FRAME_SIZE, 3), "uint8")
    for number, frame in enumerate(frames):
        Image.fromarray(frame).save(folder / f"{number}.png")
    return frames


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    """Twelve `LabelledVideo` of 1 to 23 frames, and their frames by id."""
    folder = tmp_path_factory.mktemp("videos")
    examples, frames = [], {}
    for i in range(12):
        name = f"v{i:02}"
        frames[name] = write_frames(folder / name, 1 + 2 * i, seed=i)
        examples.append(LabelledVideo(name, str(folder / name), CLASSES[i % 2]))
    return examples, frames


def make_preprocessor(**options):
    converter = keras_lrcn.LRCNFrameConverter(CROP_SIZE)
    options = {"frame_size": FRAME_SIZE, "clip_length": LENGTH, **options}
    return keras_lrcn.LRCNActivityPreprocessor(CLASSES, converter, **options)


def epoch_of(dataset):
    """One iteration: all clips and labels in order."""
    batches = list(dataset.as_numpy_iterator())
    return np.concatenate([x for x, _ in batches]), np.concatenate([y for _, y in batches])


def one_epoch(examples, preprocessor=None, **options):
    return epoch_of(labelled_clips(examples, preprocessor or make_preprocessor(), **options))


def test_without_training_clips_lie_evenly_and_in_order(videos):
    examples, frames = videos
    clips, labels = one_epoch(examples, clips_per_video=3, batch_size=5)
    assert clips.shape == (36, LENGTH, *CROP_SIZE, 3) and clips.dtype == "uint8"
    np.testing.assert_array_equal(labels, np.repeat([0, 1] * 6, 3))
    for i in (0, 2, 11):  # 1, 5 and 23 frames: 1, 1 and 18 starts
        last = max(len(frames[f"v{i:02}"]) - LENGTH, 0)
        for clip, start in zip(
            clips[3 * i : 3 * i + 3], (last / 6, last / 2, last * 5 / 6), strict=True
        ):
            places = clip_frames(round(start), 1 + 2 * i, LENGTH)
            expected = cut(frames[f"v{i:02}"][places], Crop(2, 4), CROP_SIZE)
            np.testing.assert_array_equal(clip, expected)


def by_hand(example, frames, epoch, clip=0, seed=0, authors_crop=False):
    plan = training_clip(
        len(frames), FRAME_SIZE, CROP_SIZE, f"{example.video_id} {clip}", seed, epoch, LENGTH
    )
    seen = frames[clip_frames(plan.start, len(frames), LENGTH)]
    if authors_crop and not plan.crop.mirrored:
        return np.stack([resize_pixels(frame, CROP_SIZE) for frame in seen])
    return cut(seen, plan.crop, CROP_SIZE)


@pytest.mark.parametrize("authors_crop", [False, True])
def test_training_clips_are_the_drawn_ones(videos, authors_crop):
    examples, frames = videos
    clips, labels = one_epoch(
        examples, training=True, initial_epoch=4, seed=2, authors_crop=authors_crop
    )
    expected = {
        by_hand(e, frames[e.video_id], 4, 0, 2, authors_crop).tobytes(): CLASSES.index(e.label)
        for e in examples
    }
    assert {c.tobytes(): y for c, y in zip(clips, labels, strict=True)} == expected
    assert labels.tolist() != [0, 1] * 6  # shuffled


def test_nothing_is_mirrored_where_left_and_right_differ(videos):
    examples, frames = videos
    clips, _ = one_epoch(examples, training=True, mirror=False)
    found = {clip.tobytes() for clip in clips}
    for e in examples:
        plan = training_clip(
            len(frames[e.video_id]), FRAME_SIZE, CROP_SIZE, f"{e.video_id} 0", length=LENGTH
        )
        seen = frames[e.video_id][clip_frames(plan.start, len(frames[e.video_id]), LENGTH)]
        assert cut(seen, plan.crop._replace(mirrored=False), CROP_SIZE).tobytes() in found


@pytest.mark.parametrize("on_error", ["raise", "skip", print])
@pytest.mark.parametrize("training", [False, True])
def test_an_epoch_is_the_same_wherever_training_resumes(videos, on_error, training):
    examples, _ = videos
    options = {"training": training, "clips_per_video": 2, "batch_size": 7, "on_error": on_error}
    dataset = labelled_clips(examples, make_preprocessor(), **options)
    reference = labelled_clips(examples, make_preprocessor(), **{**options, "on_error": "raise"})
    epochs = [(epoch_of(dataset), epoch_of(reference)) for _ in range(3)]
    for number, (ours, others) in enumerate(epochs):
        resumed = one_epoch(examples, initial_epoch=number, **options)
        for a, b, c in zip(ours, others, resumed, strict=True):
            np.testing.assert_array_equal(a, b)
            np.testing.assert_array_equal(a, c)
    assert np.array_equal(epochs[0][0][0], epochs[1][0][0]) == (not training)


def test_the_number_of_batches_is_known(videos):
    dataset = labelled_clips(videos[0], make_preprocessor(), batch_size=7, clips_per_video=2)
    assert len(dataset) == 4 == len(list(dataset))


def broken(tmp_path):
    (tmp_path / "broken.mp4").write_text("<html>not found</html>")
    (tmp_path / "empty.avi").write_bytes(b"")
    return [
        LabelledVideo(name, str(tmp_path / name), "left") for name in ("broken.mp4", "empty.avi")
    ]


def test_broken_videos_are_left_out_and_the_others_keep_their_clips(videos, tmp_path):
    pytest.importorskip("av")
    examples = [*videos[0][:5], *broken(tmp_path), *videos[0][5:]]
    whole, labels = one_epoch(videos[0])
    errors = []
    dataset = labelled_clips(examples, make_preprocessor(), on_error=errors.append)
    for _ in range(2):
        clips, kept = epoch_of(dataset)
        np.testing.assert_array_equal(clips, whole)
        np.testing.assert_array_equal(kept, labels)
    assert all(isinstance(error, VideoError) for error in errors)
    assert sorted(e.path for e in errors) == [e.path for e in broken(tmp_path)]  # once each


def test_with_raise_the_broken_video_is_named(videos, tmp_path):
    pytest.importorskip("av")
    with pytest.raises(Exception, match="empty.avi"):
        one_epoch([*videos[0], broken(tmp_path)[1]])


def test_mirrored_flow_has_its_horizontal_motion_negated(videos):
    pytest.importorskip("cv2")
    examples, frames = [e for e in videos[0] if e.video_id > "v05"], videos[1]
    preprocessor = make_preprocessor(modality="flow")
    clips, _ = one_epoch(examples, preprocessor, training=True)
    clips = {clip.tobytes() for clip in clips}
    sides = []
    for example in examples:
        video = frames[example.video_id]
        size = (len(video) - 1, FRAME_SIZE, CROP_SIZE)  # of flow images there is one less
        plan = training_clip(*size, f"{example.video_id} 0", length=LENGTH)
        flow = flow_frames(video)[clip_frames(plan.start, len(video) - 1, LENGTH)]
        expected = cut(flow, plan.crop, CROP_SIZE)
        if plan.crop.mirrored:
            x = np.minimum(256 - expected[..., 0].astype(int), 255)
            expected = np.concatenate([x[..., None], expected[..., 1:]], -1).astype("uint8")
        assert expected.tobytes() in clips
        sides.append(plan.crop.mirrored)
    assert len(set(sides)) == 2


def test_flow_of_a_single_frame_is_no_motion(videos):
    pytest.importorskip("cv2")
    clips, _ = one_epoch(videos[0][:1], make_preprocessor(modality="flow"))
    np.testing.assert_array_equal(clips, np.full_like(clips, 128))


def test_labels_and_sizes_that_do_not_fit_are_refused(videos):
    odd = LabelledVideo("x", "x.mp4", "sideways")
    with pytest.raises(ValueError, match="sideways"):
        labelled_clips([odd], make_preprocessor())
    with pytest.raises(ValueError, match="at least one video"):
        labelled_clips([], make_preprocessor())
    with pytest.raises(ValueError, match="on_error"):
        labelled_clips(videos[0], make_preprocessor(), on_error="ignore")


def test_cached_flow_gives_the_clips_that_flow_computed_anew_gives(videos, tmp_path):
    pytest.importorskip("cv2")
    preprocessor = make_preprocessor(modality="flow", flow=FlowEncoding(method="dis"))
    examples = videos[0][4:]  # of nine frames and more: no clip is padded
    files = cache_flow([e.path for e in examples], tmp_path, preprocessor.flow, size=FRAME_SIZE)
    options = {"training": True, "initial_epoch": 3}
    computed = one_epoch(examples, preprocessor, **options)
    cached = one_epoch(examples, preprocessor, flow_files=files, **options)
    for a, b in zip(computed, cached, strict=True):
        np.testing.assert_array_equal(a, b)
    with open(files[examples[0].path], "r+b") as file:
        file.truncate(40)
    broken = []
    left = one_epoch(
        examples, preprocessor, flow_files=files, on_error=lambda e: broken.append(e.path)
    )
    assert len(left[0]) == len(examples) - 1 and len(broken) == 1
