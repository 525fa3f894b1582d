"""A captioner of Keras -> a folder that ONNX Runtime and NumPy serve."""

import importlib.util
import pathlib
import tempfile

import numpy as np

from keras_lrcn.serving.captioner import from_settings, to_settings
from keras_lrcn.serving.compression import store_in_8_bits
from keras_lrcn.serving.folder import VOCABULARY, write_folder
from keras_lrcn.serving.graphs import OPSET, Graph

QUANTIZATIONS = (None, "int8")


def export_captioner(captioner, folder, quantize=None):
    """Writes the folder that `keras_lrcn.serving.load` reads; see `LRCNCaptioner.export`."""
    if quantize not in QUANTIZATIONS:
        raise ValueError(f"`quantize` must be one of {QUANTIZATIONS}. Received: {quantize!r}.")
    _check_packages(captioner)
    _check(captioner)
    backbone, preprocessor = captioner.backbone, captioner.preprocessor
    sampler = to_settings(captioner.sampler)
    from_settings(sampler)  # or it says why that cannot be
    files = {"step.onnx": step_graph(captioner, quantize)}
    files["start.onnx"] = start_graph(backbone, quantize)
    if backbone.visual_encoder is not None:
        files["encoder.onnx"] = encoder_graph(captioner, quantize)
    words = preprocessor.tokenizer.get_vocabulary()
    files[VOCABULARY] = "".join(f"{word}\n" for word in words).encode("utf-8")
    converter = preprocessor.image_converter
    settings = {
        "task": type(captioner).__name__,
        "quantize": quantize,
        "image_size": None if converter is None else list(converter.image_size),
        "sequence_length": preprocessor.sequence_length,
        "sampler": sampler,
        "units": backbone.units,
        "states": state_names(backbone.lstm_stack),
    }
    write_folder(folder, files, settings)


def _check_packages(captioner):
    import keras

    names = ["onnx", "onnxruntime"]
    if captioner.backbone.visual_encoder is not None:  # which Keras has traced
        tracers = {"tensorflow": "tf2onnx", "jax": "jax2onnx"}
        names.append(tracers.get(keras.backend.backend(), "torch"))
    for name in names:
        if importlib.util.find_spec(name) is None:
            package = "jax2onnx" if name == "jax2onnx" else '"keras-lrcn[serving]"'
            raise ImportError(f"An export needs {name}: `pip install {package}`.")


def _check(captioner):
    if captioner.preprocessor is None:
        raise ValueError("An export holds the words: set `captioner.preprocessor` first.")
    name = type(captioner.backbone).__name__
    if name != "LRCNCaptionerBackbone":
        raise ValueError(f"Only captioners of photos can be exported. Received: {name}.")
    if captioner.preprocessor.resizing != "bicubic":
        raise ValueError(
            'An export resizes photos with `resizing="bicubic"` only. Received a preprocessor with '
            f"{captioner.preprocessor.resizing!r}."
        )
    encoder, converter = captioner.backbone.visual_encoder, captioner.preprocessor.image_converter
    if encoder is not None and (converter is None or converter.image_size is None):
        raise ValueError(
            "An export resizes photos itself: give the preprocessor an `image_converter` with an "
            "`image_size`."
        )
    for layer in captioner._flatten_layers():
        policy = getattr(layer, "dtype_policy", None)
        dtype = getattr(policy, "compute_dtype", "float32")
        if getattr(policy, "quantization_mode", None) or dtype in ("float16", "bfloat16"):
            raise ValueError(
                f"An export is made of float32 weights. Layer {layer.name!r} has {policy.name!r}: "
                'load the preset with `dtype="float32"`, and pass `quantize="int8"` here.'
            )


def state_names(stack):
    """Names of the tensors that a step hands on, bottom layer first."""
    kinds = "hc"[: stack.states_per_layer]
    return [f"{kind}{i + 1}" for i in range(stack.num_layers) for kind in kinds]


def step_graph(captioner, quantize):
    """Last word, gates of the image and states -> log-probabilities of words, and states."""
    stack = captioner.backbone.lstm_stack
    kernels = [_array(kernel) for kernel in stack.step_kernels()]
    width = kernels[0].shape[1]
    graph = Graph(quantize)
    words = graph.input("words", dtype="int64")
    gates = graph.input("gates", width)
    states = [graph.input(name, stack.units) for name in state_names(stack)]
    x = graph.look_up(_array(captioner.backbone.token_embedding.embeddings), words)
    new_states = []
    for index, kernel in enumerate(kernels):
        per_layer = stack.states_per_layer
        state = states[per_layer * index : per_layer * (index + 1)]
        sees_image = index + 1 == stack.visual_layer
        bias = _array(stack.recurrent_layers[index].cell.bias)
        a = graph.product(graph.add("Concat", x, state[0], axis=-1), kernel)
        a = graph.add("Add", a, gates if sees_image else graph.constant(bias))
        state = _gated(graph, a, state)
        new_states += state
        x = state[0]
        if stack.output_layers:
            x = _dense(graph, x, stack.output_layers[index])
    scores = graph.add("LogSoftmax", _dense(graph, x, captioner.predict_words), axis=-1)
    size = captioner.backbone.vocabulary_size
    return graph.serialize({scores: size, **dict.fromkeys(new_states, stack.units)})


def _gated(graph, a, state):
    """The equations of Sec. 2 behind their linear part `a`, as `FactoredLSTM` has them."""
    if len(state) == 1:
        return [graph.add("Tanh", a)]
    i, f, g, o = graph.add("Split", a, outputs=4, axis=-1, num_outputs=4)  # Keras' order
    i, f, o = (graph.add("Sigmoid", gate) for gate in (i, f, o))
    g = graph.add("Tanh", g)
    c = graph.add("Add", graph.add("Mul", f, state[1]), graph.add("Mul", i, g))
    h = graph.add("Mul", o, graph.add("Tanh", c))
    return [h, c]


def start_graph(backbone, quantize):
    """Features of the CNN -> gates of the layer that the image joins, the same at every step."""
    layers = getattr(backbone.visual_encoder, "dense_layers", [])
    cell = backbone.lstm_stack.recurrent_layers[backbone.lstm_stack.visual_layer - 1].cell
    kernel = _array(cell.kernel)[-backbone.visual_dim :]
    graph = Graph(quantize)
    x = graph.input("features", layers[0].kernel.shape[0] if layers else backbone.visual_dim)
    for layer in layers:
        x = _dense(graph, x, layer)
    gates = graph.add("Add", graph.product(x, kernel), graph.constant(_array(cell.bias)))
    return graph.serialize({gates: kernel.shape[1]})


ACTIVATIONS = {"linear": None, "relu": "Relu", "tanh": "Tanh", "sigmoid": "Sigmoid"}


def _dense(graph, x, layer):
    name = layer.activation.__name__
    if name not in ACTIVATIONS:
        raise ValueError(
            f"Layer {layer.name!r} has the activation {name!r}; an export knows "
            f"{sorted(ACTIVATIONS)}."
        )
    x = graph.add("Add", graph.product(x, _array(layer.kernel)), graph.constant(_array(layer.bias)))
    return graph.add(ACTIVATIONS[name], x) if ACTIVATIONS[name] else x


def encoder_graph(captioner, quantize):
    """uint8 pixels -> features of the CNN, traced by Keras."""
    import keras
    import onnx

    encoder = captioner.backbone.visual_encoder
    shape = tuple(encoder.input.shape[1:])
    cnn = keras.Model(encoder.input, getattr(encoder, "pooled", encoder.output))
    pixels = keras.Input(shape, name="pixels")
    model = keras.Model(pixels, cnn(pixels))
    model(np.zeros((1, *shape), "float32"))  # Keras exports what was called once
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "encoder.onnx"
        model.export(str(path), format="onnx", verbose=False, opset_version=OPSET)
        graph = onnx.load_model_from_string(_simplified(path))
    _take_pixels(graph, captioner.preprocessor)
    if quantize:
        store_in_8_bits(graph, captioner.preprocessor.image_converter.image_size)
    onnx.checker.check_model(graph)
    return graph.SerializeToString()


def _simplified(path):
    """Folds constants, batch normalisation among them, so that only weights are left."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(path.with_suffix(".simple.onnx"))
    options.log_severity_level = 3
    onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return path.with_suffix(".simple.onnx").read_bytes()


def _take_pixels(model, preprocessor):
    """Puts the image converter's scale and offset, channel by channel, in front of a graph."""
    from onnx import helper, numpy_helper

    graph = model.graph
    [old] = [entry for entry in graph.input]
    name = old.name
    scale, offset = _pixel_range(preprocessor)
    for constant, array in (("pixel_scale", scale), ("pixel_offset", offset)):
        graph.initializer.append(numpy_helper.from_array(array, constant))
    nodes = [
        helper.make_node("Cast", ["uint8_pixels"], ["float_pixels"], to=1),
        helper.make_node("Mul", ["float_pixels", "pixel_scale"], ["scaled_pixels"]),
        helper.make_node("Add", ["scaled_pixels", "pixel_offset"], [name]),
        *graph.node,
    ]
    del graph.node[:], graph.input[:]
    graph.node.extend(nodes)
    shape = ["images", *preprocessor.image_converter.image_size, 3]
    graph.input.append(helper.make_tensor_value_info("uint8_pixels", 2, shape))


def _pixel_range(preprocessor):
    """Scale and offset of each channel, measured, and checked on noise of the model's size."""
    size = (*preprocessor.image_converter.image_size, 3)
    noise = np.random.default_rng(0).integers(0, 256, size, "uint8")
    pixels = np.stack([np.zeros(size, "uint8"), np.full(size, 255, "uint8"), noise])
    black, white, converted = _array(preprocessor.convert_images(pixels))
    scale, offset = (white - black)[0, 0] / 255, black[0, 0]
    if not np.allclose(noise * scale + offset, converted, atol=1e-3 * np.abs(converted).max()):
        raise ValueError(
            "The image converter does more than to resize, scale and shift pixels; an export can "
            "do no more."
        )
    return scale.astype("float32"), offset.astype("float32")


def _array(tensor):
    import keras

    return np.asarray(keras.ops.convert_to_numpy(tensor), "float32")
