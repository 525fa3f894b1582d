"""Which frames make a clip: golden starts, crops, and draws that depend on nothing else."""

import numpy as np
import pytest

from keras_lrcn.data import Crop, clip_frames, clip_starts, cut, evaluation_crops, training_clip

WHOLE_OF_186 = list(range(0, 169, 8))  # the starts whose 16 frames lie before the last one

# Frames of a video -> starts of clips of 16 with stride 8. "lrcn" by hand from the authors'
# `classify_video.py`: for i in range(0, n, 8): i if i + 16 < n else n - 16.
GOLDEN = {
    1: {"once": [0], "lrcn": [0], "drop": [0]},
    5: {"once": [0], "lrcn": [0], "drop": [0]},
    15: {"once": [0], "lrcn": [0, 0], "drop": [0]},
    16: {"once": [0], "lrcn": [0, 0], "drop": [0]},
    17: {"once": [0, 1], "lrcn": [0, 1, 1], "drop": [0]},
    186: {
        "once": [*WHOLE_OF_186, 170],
        "lrcn": [*WHOLE_OF_186, 170, 170],
        "drop": WHOLE_OF_186,
    },
}


@pytest.mark.parametrize("tail", ["once", "lrcn", "drop"])
@pytest.mark.parametrize("num_frames", GOLDEN)
def test_starts_are_the_golden_ones(num_frames, tail):
    assert clip_starts(num_frames, tail=tail).tolist() == GOLDEN[num_frames][tail]


def test_the_authors_count_the_tail_of_186_frames_twice():
    twice, once = clip_starts(186, tail="lrcn"), clip_starts(186, tail="once")
    assert len(twice) == 24 and twice[-1] == twice[-2]
    assert len(once) == 23 == len(set(once.tolist()))


@pytest.mark.parametrize("seed", range(30))
def test_clips_cover_every_frame_and_stay_inside(seed):
    random = np.random.default_rng(seed)
    num_frames, length = random.integers(1, 60, 2)
    stride = random.integers(1, length + 1)
    for tail in ("once", "lrcn"):
        starts = clip_starts(num_frames, length, stride, tail)
        places = clip_frames(starts, num_frames, length)
        assert set(places.ravel().tolist()) == set(range(num_frames))
        assert (np.diff(starts) >= 0).all() and (np.diff(places, axis=1) <= 1).all()
    dropped = clip_starts(num_frames, length, stride, "drop")
    assert (dropped + length <= max(num_frames, length)).all()


def test_a_short_video_repeats_its_last_frame():
    assert clip_frames(0, 3, 6).tolist() == [0, 1, 2, 2, 2, 2]
    assert clip_frames([0, 2], 5, 4).tolist() == [[0, 1, 2, 3], [2, 3, 4, 4]]


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"num_frames": 0}, "num_frames=0"),
        ({"num_frames": 9, "stride": 0}, "stride=0"),
        ({"num_frames": 9, "tail": "twice"}, "'twice'"),
    ],
)
def test_starts_that_do_not_exist_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        clip_starts(**arguments)


def draws(**options):
    sizes = {"num_frames": 40, "frame_size": (24, 32), "crop_size": (16, 20)}
    return [training_clip(**sizes, video_id=f"v{i}", **options) for i in range(300)]


def test_training_clips_depend_on_seed_epoch_and_video_alone():
    assert draws(seed=3, epoch=2) == draws(seed=3, epoch=2)
    assert draws(seed=3, epoch=2)[7] == draws(seed=3, epoch=2)[7]
    for other in (draws(seed=4, epoch=2), draws(seed=3, epoch=3)):
        assert np.mean([a == b for a, b in zip(draws(seed=3, epoch=2), other, strict=True)]) < 0.02


def test_training_clips_reach_every_place_and_none_outside():
    plans = draws()
    assert {plan.start for plan in plans} == set(range(40 - 16 + 1))
    assert {plan.crop.top for plan in plans} == set(range(24 - 16 + 1))
    assert {plan.crop.left for plan in plans} == set(range(32 - 20 + 1))
    assert 0.4 < np.mean([plan.crop.mirrored for plan in plans]) < 0.6
    assert not any(plan.squashed for plan in plans)


def test_the_authors_squash_what_they_do_not_mirror():
    ours, authors = draws(), draws(authors_crop=True)
    assert [plan.squashed for plan in authors] == [not plan.crop.mirrored for plan in authors]
    assert [plan[:2] for plan in authors] == [plan[:2] for plan in ours]


def test_without_mirrors_the_windows_stay():
    ours, plain = draws(), draws(mirror=False)
    assert [plan.crop._replace(mirrored=False) for plan in ours] == [plan.crop for plan in plain]
    assert [plan.start for plan in ours] == [plan.start for plan in plain]


def test_a_video_shorter_than_a_clip_starts_at_its_first_frame():
    assert training_clip(3, (16, 16), (16, 16), "short").start == 0


def test_ten_crops_are_the_corners_and_the_centre_and_their_mirrors():
    crops = evaluation_crops((20, 24), (16, 16), "ten")
    places = [(0, 0), (0, 8), (4, 0), (4, 8), (2, 4)]
    assert crops == [Crop(*place, side) for side in (False, True) for place in places]
    assert evaluation_crops((20, 24), (16, 16), "mirror") == [crops[4], crops[9]]
    assert evaluation_crops((20, 24), (16, 16)) == [crops[4]]


def test_windows_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="fit into the frame"):
        evaluation_crops((16, 16), (17, 16))
    with pytest.raises(ValueError, match="'five'"):
        evaluation_crops((16, 16), (16, 16), "five")


@pytest.mark.parametrize("mirrored", [False, True])
def test_cut_takes_the_window_of_every_frame(mirrored):
    frames = np.random.default_rng(0).integers(0, 255, (2, 5, 20, 24, 3), "uint8")
    window = cut(frames, Crop(2, 3, mirrored), (8, 10))
    assert window.shape == (2, 5, 8, 10, 3)
    column = 3 + 9 if mirrored else 3
    np.testing.assert_array_equal(window[:, :, :, 0], frames[:, :, 2:10, column])


def test_draws_are_the_same_in_every_process():
    # Drawn once with NumPy 2.4: crc32 and PCG64 know no process, hash seed or machine.
    plans = [training_clip(186, (240, 320), (227, 227), f"v{i}", seed=1, epoch=7) for i in range(3)]
    assert plans == [
        (13, Crop(10, 21, True), False),
        (120, Crop(1, 12, True), False),
        (141, Crop(7, 36, False), False),
    ]
