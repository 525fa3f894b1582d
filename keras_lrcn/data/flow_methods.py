"""The flow methods that plain OpenCV has the parts for."""

import numpy as np


def dis(previous, frame):
    import cv2

    height, width = frame.shape[:2]
    padding = (0, max(0, 32 - height), 0, max(0, 32 - width))  # below, OpenCV 5.0 may crash
    images = [
        cv2.copyMakeBorder(_grey(pixels), *padding, cv2.BORDER_REPLICATE)
        for pixels in (previous, frame)
    ]
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    return search.calc(*images, None)[:height, :width]


def brox_fast(previous, frame):
    sizes = _pyramid_sizes(frame.shape[:2], 0.8)[:7]
    return _refine(previous, frame, sizes, sor_iterations=10, flow=dis(previous, frame))


def brox(previous, frame):
    sizes = _pyramid_sizes(frame.shape[:2], 0.95)
    start = np.zeros((*frame.shape[:2], 2), "float32")
    return _refine(previous, frame, sizes, sor_iterations=25, flow=start)


def _grey(pixels):
    import cv2

    return cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY)


def _pyramid_sizes(size, factor, smallest=26):
    """`(height, width)` of the levels, the full size first, each `factor` of the one before."""
    sizes = [tuple(size)]
    while min(smaller := tuple(int(side * factor + 0.5) for side in sizes[-1])) >= smallest:
        sizes.append(smaller)
    return sizes


def _refine(previous, frame, sizes, sor_iterations, flow):
    """Minimises Brox' energy on a pyramid of images, the coarsest first, starting from `flow`.

    Weights, smoothing and smallest size are those of OpenCV's `optflow/src/deepflow.cpp`.
    """
    import cv2

    images = (_grey(pixels).astype("float32") for pixels in (previous, frame))
    pyramid = [[cv2.GaussianBlur(image, (3, 3), 0.6) for image in images]]
    for height, width in sizes[1:]:
        pyramid.append([cv2.resize(image, (width, height)) for image in pyramid[-1]])
    refinement = cv2.VariationalRefinement.create()
    refinement.setAlpha(4)  # smoothness
    refinement.setDelta(1 / 6)  # constant colour
    refinement.setGamma(5 / 3)  # constant gradient
    refinement.setFixedPointIterations(5)
    refinement.setSorIterations(sor_iterations)
    for images in reversed(pyramid):
        flow = refinement.calc(*images, _resize_flow(flow, images[0].shape))
    return flow


def _resize_flow(flow, size):
    """Flow at another resolution: the field and, with it, the lengths in pixels."""
    import cv2

    (old_height, old_width), (height, width) = flow.shape[:2], size
    ratio = np.array([width / old_width, height / old_height], "float32")
    return cv2.resize(flow, (width, height)) * ratio


METHODS = {"dis": dis, "brox_fast": brox_fast, "brox": brox}
