"""Video frames -> optical flow, the paper's second input for activity recognition."""

import concurrent.futures

import numpy as np

from keras_lrcn.data.flow_encoding import FlowEncoding
from keras_lrcn.data.flow_methods import METHODS


def optical_flow(previous, frame, method="brox_fast"):
    """Where the pixels of one video frame have gone in the next.

    The authors use Brox et al. 2004 in an implementation that is not public. Two methods here
    minimise that paper's energy (constant colour and gradient, smooth with edges) with OpenCV's
    `VariationalRefinement`, on grey pixels. Times are for 240x320 pixels on one core; errors are
    mean endpoint errors on generated pairs that move 5 pixels on average:

    - `"brox"`: from zero flow through a pyramid of steps of 0.95, as DeepFlow does. 155 ms, 0.43
      pixels.
    - `"brox_fast"`: `"dis"`, then refined through seven levels of 0.8. 25 ms, 0.53 pixels.
    - `"dis"`: dense inverse search alone, coarse at edges. 1 ms, 0.88 pixels.

    Results are the same in every run and do not depend on the number of threads.

    Args:
        previous: uint8 array `(height, width, 3)`, RGB.
        frame: the next frame, of the same shape.
        method: `"brox_fast"`, `"brox"`, `"dis"`, or a function of two such frames that returns
            `(height, width, 2)`.

    Returns:
        float32 array `(height, width, 2)`: motion in pixels, x to the right and y down, of what
        is at each pixel of `previous`.

    Raises:
        ImportError: OpenCV is missing.
        ValueError: an unknown method, or frames of another shape or type.

    Example:
    ```python
    flow = optical_flow(frames[0], frames[1])
    print(np.abs(flow).max((0, 1)))  # the largest motion in x and in y
    ```

    Reference: Donahue et al. 2015, Sec. 4.1; Brox et al., ECCV 2004; Kroeger et al., ECCV 2016
    (DIS); Weinzaepfel et al., ICCV 2013 (DeepFlow), whose weights these are.
    """
    estimate = _estimator(method)
    previous, frame = _checked("previous", previous, 3), _checked("frame", frame, 3)
    if previous.shape != frame.shape:
        raise ValueError(
            "`previous` and `frame` must be of one size. Received shapes: "
            f"{previous.shape} and {frame.shape}."
        )
    flow = np.asarray(estimate(previous, frame), "float32")
    if flow.shape != (*frame.shape[:2], 2):
        raise ValueError(
            f"`method` must return {(*frame.shape[:2], 2)} for frames of {frame.shape}. "
            f"Received: {flow.shape} from {method!r}."
        )
    return flow


def flow_frames(frames, encoding=None, method=None, workers=1):
    """The flow images of a video.

    Image `k` shows the motion from frame `k` to frame `k + 1` and belongs to frame `k + 1`, so a
    clip has one flow image less than frames.

    Args:
        frames: uint8 array `(time, height, width, 3)`, RGB, of at least one frame.
        encoding: `FlowEncoding`; by default the authors'.
        method: see `optical_flow`; by default the one that `encoding` names.
        workers: int, pairs of frames at a time, each in a thread.

    Returns:
        uint8 array `(time - 1, height, width, 3)`.
    """
    encoding = encoding or FlowEncoding()
    method = method or encoding.method
    _estimator(method)
    frames = _checked("frames", frames, 4)
    images = np.empty((max(len(frames) - 1, 0), *frames.shape[1:]), "uint8")

    def fill(k):
        images[k] = encoding.encode(optical_flow(frames[k], frames[k + 1], method))

    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        for _ in pool.map(fill, range(len(images))):
            pass
    return images


class FlowStream:
    """Flow images of frames that come one at a time; only the last frame is kept.

    Args:
        encoding: `FlowEncoding`; by default the authors'.
        method: see `optical_flow`; by default the one that `encoding` names.

    Example:
    ```python
    stream = FlowStream()
    for frame in camera:
        flow_image = stream.step(frame)  # None for the first
    ```
    """

    def __init__(self, encoding=None, method=None):
        self.encoding = encoding or FlowEncoding()
        self.method = method or self.encoding.method
        _estimator(self.method)
        self.reset()

    def reset(self):
        """Forgets the last frame: the next one starts another video."""
        self._previous = None

    def step(self, frame):
        """Takes the next frame, uint8 `(height, width, 3)`.

        Returns:
            uint8 array `(height, width, 3)`, the motion from the frame before to this one; `None`
            for the first frame.
        """
        previous, self._previous = self._previous, frame
        if previous is None:
            return None
        return self.encoding.encode(optical_flow(previous, frame, self.method))


def _estimator(method):
    if callable(method):
        return method
    if method not in METHODS:
        raise ValueError(
            f"`method` must be one of {list(METHODS)} or a function of two frames. "
            f"Received: {method!r}."
        )
    try:
        import cv2  # noqa: F401
    except ImportError as error:
        raise ImportError(
            'Optical flow needs OpenCV. Install it with `pip install "keras-lrcn[flow]"`, or '
            "hand in your own function as `method`."
        ) from error
    return METHODS[method]


def _checked(name, frames, rank):
    frames = np.asarray(frames)
    shape = frames.shape[-3:]
    if frames.dtype != "uint8" or frames.ndim != rank or shape[-1] != 3 or 0 in shape:
        axes = "(time, height, width, 3)" if rank == 4 else "(height, width, 3)"
        raise ValueError(
            f"`{name}` must be RGB pixels, uint8 {axes}. Received: {frames.dtype} {frames.shape}."
        )
    return frames
