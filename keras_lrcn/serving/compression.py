"""A CNN stored in 8 bits that computes in float: its weights are restored once, on loading."""

import math

import numpy as np

from keras_lrcn.serving.graphs import open_graph, quantize_rows

BLOCK = 64  # weights of one channel that share a scale, at the most
LARGE = 200_000  # numbers; smaller kernels, and those of a channel each, are kept in float16
NUM_PROBES = 8


def store_in_8_bits(model, image_size):
    """Stores the large kernels of a CNN in 8 bits and the small ones in 16.

    Early and depthwise convolutions have few weights, and their rounding is in the way of every
    feature. What the rounding of a large kernel adds to its output in the mean, the bias takes
    back (Nagel et al. 2019, Sec. 4.2), the mean inputs being those of noise as smooth as photos.

    Args:
        model: `onnx.ModelProto` that takes uint8 images, changed in place; its convolutions and
            products still compute in float32.
        image_size: `(height, width)` in pixels.
    """
    from onnx import numpy_helper

    graph = model.graph
    convolutions = {node.input[1]: node for node in graph.node if node.op_type == "Conv"}
    products = [n for n in graph.node if n.op_type in ("MatMul", "Gemm")]
    multiplied = {name for node in products for name in node.input}
    inputs = mean_inputs(model, smooth_noise(image_size))
    constants = {tensor.name: tensor for tensor in graph.initializer}
    restoring = []
    for name, tensor in constants.items():
        array = numpy_helper.to_array(tensor)
        if name not in convolutions.keys() | multiplied or array.ndim < 2:
            continue
        node = convolutions.get(name)
        if array.size < LARGE or (node and array.shape[1] == 1):
            restoring.append(_restore(graph, tensor, array.astype("float16")))
            continue
        levels, scales = quantize_kernel(array, 0 if node else -1)
        restoring.append(_restore(graph, tensor, levels, scales))
        if node and len(node.input) > 2:
            rounded = (levels * scales.astype("float32")).reshape(array.shape)
            bias = constants[node.input[2]]
            shift = _output_shift(rounded - array, inputs[name])
            corrected = numpy_helper.to_array(bias) - shift
            bias.CopyFrom(numpy_helper.from_array(corrected.astype("float32"), bias.name))
    nodes = [*(node for part in restoring for node in part), *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def quantize_kernel(array, axis):
    """Rounds a kernel to 8 bits, each block of the weights of a channel with a scale.

    Args:
        array: float array.
        axis: 0 where the channels that a kernel gives come first, -1 where they come last.

    Returns:
        int8 levels and float16 scales whose product, reshaped, is about the array.
    """
    if axis == -1:  # one scale a column: blocks would lie across the rows
        rows = array.reshape(-1, array.shape[-1])
        levels, scales = quantize_rows(rows.T)
        return levels.T.reshape(array.shape), scales.T.astype("float16")
    block = math.gcd(array[0].size, BLOCK)
    levels, scales = quantize_rows(array.reshape(-1, block))
    blocks = (len(array), -1)
    return levels.reshape(*blocks, block), scales.astype("float16").reshape(*blocks, 1)


def mean_inputs(model, images):
    """Mean of each channel that enters a convolution: dict from the name of its kernel."""
    import onnx
    from onnx import helper, numpy_helper

    probed = onnx.ModelProto()
    probed.CopyFrom(model)
    graph = probed.graph
    axes = numpy_helper.from_array(np.array([0, 2, 3], "int64"), "mean_axes")
    graph.initializer.append(axes)
    del graph.output[:]
    kernels = []
    for node in [node for node in graph.node if node.op_type == "Conv"]:
        output = f"mean_{len(kernels)}"
        graph.node.append(
            helper.make_node("ReduceMean", [node.input[0], "mean_axes"], [output], keepdims=0)
        )
        graph.output.append(helper.make_empty_tensor_value_info(output))
        kernels.append(node.input[1])
    if not kernels:
        return {}
    return dict(zip(kernels, open_graph(probed.SerializeToString())(images), strict=True))


def smooth_noise(image_size):
    """Noise with the spectrum of photographs, 1 / frequency, and channels that go together.

    Returns:
        uint8 array `(NUM_PROBES, height, width, 3)`, the same at every call.
    """
    random = np.random.default_rng(0)
    frequencies = (np.fft.fftfreq(side) for side in image_size)
    frequency = np.hypot(*np.meshgrid(*frequencies, indexing="ij"))
    frequency[0, 0] = np.inf
    grey, color = (random.normal(size=(NUM_PROBES, n, *image_size)) for n in (1, 3))
    spectrum = np.fft.fft2(3 * grey + color) / frequency
    noise = np.moveaxis(np.fft.ifft2(spectrum).real, 1, -1)
    noise /= noise.std(axis=(1, 2, 3), keepdims=True)
    brightness = random.normal(115, 35, (NUM_PROBES, 1, 1, 1))
    return np.clip(brightness + 62 * noise, 0, 255).astype("uint8")


def _output_shift(error, inputs):
    """What an error of a kernel `(out, in of a group, ...)` adds to its mean outputs."""
    error = error.reshape(*error.shape[:2], -1).sum(-1)
    groups = len(inputs) // error.shape[1]
    error = error.reshape(groups, -1, error.shape[1])
    return np.einsum("goi,gi->go", error, inputs.reshape(groups, -1)).ravel()


def _restore(graph, tensor, levels, scales=None):
    """Puts small constants in the place of a large one; returns the nodes that restore it."""
    from onnx import helper, numpy_helper

    name, shape = tensor.name, np.array(tensor.dims, "int64")
    graph.initializer.remove(tensor)

    def constant(array, suffix):
        array = np.ascontiguousarray(array)
        graph.initializer.append(numpy_helper.from_array(array, f"{name}/{suffix}"))
        return f"{name}/{suffix}"

    if scales is None:
        return [helper.make_node("Cast", [constant(levels, "float16")], [name], to=1)]
    steps = [f"{name}/{step}" for step in ("levels_cast", "scales_cast", "blocks")]
    return [
        helper.make_node("Cast", [constant(levels, "levels")], steps[:1], to=1),
        helper.make_node("Cast", [constant(scales, "scales")], steps[1:2], to=1),
        helper.make_node("Mul", steps[:2], steps[2:]),
        helper.make_node("Reshape", [steps[2], constant(shape, "shape")], [name]),
    ]
