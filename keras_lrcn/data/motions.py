"""Clips of a textured square that moves: what it does is in no single frame.

For tests, first steps and demonstrations: they cost nothing, have no owner, and a model that looks
at one frame at a time can only guess.
"""

import os
import pathlib

import numpy as np

SIDE = 32  # pixels of the square picture, in which the object leaves on one side and comes back
STEPS = {"left": (0, -1), "right": (0, 1), "up": (-1, 0), "down": (1, 0)}  # rows, columns
DIRECTIONS = tuple(STEPS)
ORDERS = ("left_then_right", "right_then_left")  # the same motions, in another order
SPEEDS = ("slow", "fast")  # in any of the directions: 1 or 3 pixels a frame
MOTIONS = (*DIRECTIONS, *ORDERS, *SPEEDS)
CODECS = {".mp4": "mpeg4", ".avi": "mpeg4"}


def motion_clip(motion, num_frames=16, scale=1, seed=0):
    """Draws one clip of one motion.

    Texture, size, colour, start and (where the motion leaves it open) speed and direction are
    drawn from `seed`, whatever the motion: clips of one seed start with one picture, and over all
    seeds every frame of every motion looks alike. The square reappears on the other side where it
    leaves the picture.

    Args:
        motion: str, one of `MOTIONS`.
        num_frames: int. Defaults to `16`.
        scale: int, the side of a pixel: frames are `32 * scale` wide and high. Defaults to `1`.
        seed: int, or a list of ints.

    Returns:
        uint8 array `(time, height, width, 3)`, RGB.

    Raises:
        ValueError: for an unknown motion.

    Example:
    ```python
    left, right = (motion_clip(motion, seed=7) for motion in ("left", "right"))
    (left[0] == right[0]).all()  # True
    ```
    """
    return motion_video([motion], num_frames, scale, seed)


def motion_video(motions, frames_each=16, scale=1, seed=0):
    """Draws one video in which a square moves in one way after another.

    Args:
        motions: list of str, each one of `MOTIONS`.
        frames_each: int, frames of each motion. Defaults to `16`.
        scale, seed: see `motion_clip`.

    Returns:
        uint8 array `(time, height, width, 3)`, RGB.
    """
    _check_motions(motions)
    random = np.random.default_rng(seed)
    square, background = _square(random), random.integers(0, 60, (SIDE, SIDE, 3), "uint8")
    start, speed = random.integers(SIDE, size=2), random.integers(1, 3)
    direction, turn = DIRECTIONS[random.integers(4)], random.uniform(0.35, 0.65)
    steps = np.concatenate([_steps(m, frames_each, speed, direction, turn) for m in motions])
    steps[0] = 0
    frames = np.stack([_picture(background, square, start + way) for way in np.cumsum(steps, 0)])
    return frames.repeat(scale, axis=1).repeat(scale, axis=2)


def motion_clips(motions=DIRECTIONS, per_class=100, num_frames=16, scale=1, seed=0):
    """Draws a set of clips.

    Args:
        motions: strings, each one of `MOTIONS`. Defaults to the four directions.
        per_class: int, clips of each motion. Defaults to `100`.
        num_frames, scale: see `motion_clip`.
        seed: int; sets of different seeds have no clip in common.

    Returns:
        `(clips, labels)`: uint8 `(clips, time, height, width, 3)`, and int32 `(clips,)`, numbers
        of motions. The classes take turns.

    Example:
    ```python
    clips, labels = motion_clips(("left", "right"), per_class=8)  # (16, 16, 32, 32, 3)
    ```
    """
    clips = [
        motion_clip(motion, num_frames, scale, [*np.atleast_1d(seed).tolist(), number])
        for number in range(per_class)
        for motion in motions
    ]
    return np.stack(clips), np.tile(np.arange(len(motions), dtype="int32"), per_class)


def write_motion_videos(
    folder, motions=DIRECTIONS, per_class=20, seed=0, num_frames=16, scale=2, fps=10, suffix=".mp4"
):
    """Writes clips as video files, a folder for each motion.

    Args:
        folder: path; made where it is missing.
        motions, per_class, seed, num_frames: see `motion_clips`.
        scale: see `motion_clip`. Defaults to `2`: 64 x 64 pixels.
        fps: int, frames a second. Defaults to `10`.
        suffix: `".mp4"`, `".avi"`, or `".gif"`, which is exact and needs no PyAV.

    Returns:
        List of str, the files: `folder/MOTION/0000.mp4` and so on.

    Raises:
        ImportError: PyAV is missing.
        ValueError: for another suffix or an unknown motion.

    Example:
    ```python
    write_motion_videos("clips", per_class=50)
    train, held_out = split_videos(read_video_folders("clips"))
    ```
    """
    if suffix not in CODECS and suffix != ".gif":
        raise ValueError(f"`suffix` must be one of {(*CODECS, '.gif')}. Received: {suffix!r}.")
    _check_motions(motions)
    paths = []
    for motion in motions:
        os.makedirs(pathlib.Path(folder) / motion, exist_ok=True)
        for number in range(per_class):
            path = pathlib.Path(folder) / motion / f"{number:04d}{suffix}"
            _write_video(path, motion_clip(motion, num_frames, scale, [seed, number]), fps)
            paths.append(str(path))
    return paths


def _check_motions(motions):
    unknown = [motion for motion in motions if motion not in MOTIONS]
    if unknown or not len(motions) or isinstance(motions, str):
        raise ValueError(f"Motions must be a list of some of {MOTIONS}. Received: {motions!r}.")


def _square(random):
    """uint8 `(side, side, 3)`: bright, of one colour with a coarse texture."""
    side, colour = random.integers(8, 13), random.uniform(0.6, 1.0, 3)
    coarse = random.uniform(0.6, 1.0, (side // 2 + 1, side // 2 + 1, 1))
    fine = coarse.repeat(2, axis=0).repeat(2, axis=1)[:side, :side]
    return (255 * fine * colour).astype("uint8")


def _steps(motion, num_frames, speed, direction, turn):
    """int array `(time, 2)`: rows and columns that the square moves before each frame."""
    if motion in ORDERS:
        first, second = (STEPS[name] for name in motion.split("_then_"))
        before = np.arange(num_frames) < round(turn * num_frames)
        return speed * np.where(before[:, None], first, second)
    if motion in SPEEDS:
        speed, motion = {"slow": 1, "fast": 3}[motion], direction
    return np.tile(speed * np.array(STEPS[motion]), (num_frames, 1))


def _picture(background, square, place):
    picture = background.copy()
    rows, columns = ((start + np.arange(len(square))) % SIDE for start in place)
    picture[np.ix_(rows, columns)] = square
    return picture


def _write_video(path, frames, fps):
    """Writes under another name first, so that a half-written file is never taken for a whole."""
    part = path.with_name(f".part{os.getpid()}{path.suffix}")
    if path.suffix == ".gif":
        from PIL import Image

        first, *others = map(Image.fromarray, frames)
        first.save(part, save_all=True, append_images=others, duration=1000 // fps, loop=0)
    else:
        _encode(part, frames, fps)
    os.replace(part, path)


def _encode(path, frames, fps):
    try:
        import av
    except ImportError as error:
        raise ImportError(
            'Writing videos needs PyAV. Install it with `pip install "keras-lrcn[video]"`, or take '
            '`suffix=".gif"`.'
        ) from error
    with av.open(str(path), "w") as container:
        stream = container.add_stream(CODECS[path.suffix], rate=fps)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt, stream.bit_rate = "yuv420p", 2_000_000
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
