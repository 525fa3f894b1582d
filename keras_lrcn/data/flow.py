"""Video frames -> optical flow, the paper's second input for activity recognition."""

import concurrent.futures

import numpy as np

from keras_lrcn.data.flow_encoding import FlowEncoding


def optical_flow(previous, frame, method="brox_fast"):
    """Where the pixels of one video frame have gone in the next.

    The authors use Brox et al. 2004 in an implementation that is not public. Two methods here
    minimise that paper's energy (constant colour and gradient, smooth with edges) with OpenCV's
    `VariationalRefinement`, which works on grey pixels:

    - `"brox"`: from zero flow through a pyramid of steps of 0.95, the DeepFlow variant.
    - `"brox_fast"`: `"dis"`, then refined through seven levels of 0.8; some seven times faster.
    - `"dis"`: dense inverse search alone, twenty times faster again and coarser.

    Results are the same in every run.

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
    for name, pixels in (("previous", previous), ("frame", frame)):
        _check_frames(name, pixels, 3)
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
    _check_frames("frames", frames, 4)
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


def _dis(previous, frame):
    return _dis_of_grey(*map(_grey, (previous, frame)))


def _brox_fast(previous, frame):
    previous, frame = map(_grey, (previous, frame))
    start = _dis_of_grey(previous, frame)
    sizes = _pyramid_sizes(frame.shape, 0.8, smallest=8)[:7]
    return _refine(previous, frame, sizes, sor_iterations=10, flow=start)


def _brox(previous, frame):
    import cv2

    # As in OpenCV's `optflow/src/deepflow.cpp`: smoothed first, and no side below 26 pixels.
    previous, frame = (
        cv2.GaussianBlur(_grey(pixels).astype("float32"), (3, 3), 0.6)
        for pixels in (previous, frame)
    )
    sizes = _pyramid_sizes(frame.shape, 0.95, smallest=26)
    start = np.zeros((*frame.shape, 2), "float32")
    return _refine(previous, frame, sizes, sor_iterations=25, flow=start)


METHODS = {"brox_fast": _brox_fast, "brox": _brox, "dis": _dis}


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


def _check_frames(name, frames, rank):
    frames = np.asarray(frames)
    shape = frames.shape[-3:]
    if frames.dtype != "uint8" or frames.ndim != rank or shape[-1] != 3 or 0 in shape:
        axes = "(time, height, width, 3)" if rank == 4 else "(height, width, 3)"
        raise ValueError(
            f"`{name}` must be RGB pixels, uint8 {axes}. Received: {frames.dtype} {frames.shape}."
        )


def _grey(pixels):
    import cv2

    return cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY)


def _dis_of_grey(previous, frame):
    import cv2

    height, width = frame.shape
    padding = (0, max(0, 32 - height), 0, max(0, 32 - width))  # below, OpenCV 5.0 may crash
    images = [cv2.copyMakeBorder(i, *padding, cv2.BORDER_REPLICATE) for i in (previous, frame)]
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    return dis.calc(*images, None)[:height, :width]


def _pyramid_sizes(size, factor, smallest):
    """`(height, width)` of the levels, the full size first, each `factor` of the one before."""
    sizes = [tuple(size)]
    while min(smaller := tuple(int(side * factor + 0.5) for side in sizes[-1])) >= smallest:
        sizes.append(smaller)
    return sizes


def _refine(previous, frame, sizes, sor_iterations, flow):
    """Minimises Brox' energy on a pyramid of images, the coarsest first, starting from `flow`."""
    import cv2

    pyramid = [(previous, frame)]
    for height, width in sizes[1:]:
        pyramid.append(tuple(cv2.resize(image, (width, height)) for image in pyramid[-1]))
    for images in reversed(pyramid):
        flow = _resize_flow(flow, images[0].shape)
        refinement = cv2.VariationalRefinement.create()
        refinement.setAlpha(4)  # smoothness
        refinement.setDelta(1 / 6)  # constant colour
        refinement.setGamma(5 / 3)  # constant gradient
        refinement.setFixedPointIterations(5)
        refinement.setSorIterations(sor_iterations)
        flow = refinement.calc(*images, flow)
    return flow


def _resize_flow(flow, size):
    """Flow at another resolution: the field and, with it, the lengths in pixels."""
    import cv2

    (old_height, old_width), (height, width) = flow.shape[:2], size
    ratio = np.array([width / old_width, height / old_height], "float32")
    return cv2.resize(flow, (width, height)) * ratio
