"""ONNX graphs, written out by hand: what a captioner does behind its CNN, word by word."""

import numpy as np

OPSET, IR_VERSION = 18, 9
MICROSOFT = "com.microsoft"  # ONNX Runtime's own operators
BLOCK = 32  # rows of a matrix that share a scale
WEIGHT = 1024  # constants of at least as many numbers are stored in 8 bits


class Graph:
    """Collects the nodes and constants of one graph.

    Args:
        quantize: `"int8"` for 8-bit matrices with products in 8 bits, or `None` for float32.
    """

    def __init__(self, quantize=None):
        self.quantize = quantize
        self.inputs, self.nodes, self.constants = [], [], []

    def input(self, name, width=None, dtype="float32"):
        """Adds an input `(rows, width)`, or `(rows,)`; returns its name."""
        self.inputs.append(_value(name, width, dtype))
        return name

    def constant(self, array):
        from onnx import numpy_helper

        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def add(self, kind, *inputs, outputs=1, domain="", **attributes):
        """Adds a node; returns the name of its output, or a list of them."""
        from onnx import helper

        names = [f"{kind}_{len(self.nodes)}_{i}" for i in range(outputs)]
        node = helper.make_node(kind, list(inputs), names, domain=domain, **attributes)
        self.nodes.append(node)
        return names[0] if outputs == 1 else names

    def product(self, x, matrix):
        """`x @ matrix`; quantized, each row of x has scales of its own, whatever stands beside."""
        if self.quantize is None:
            return self.add("MatMul", x, self.constant(matrix))
        levels, scales = quantize_blocks(matrix)
        rows, columns = matrix.shape
        return self.add(
            "MatMulNBits",
            x,
            self.constant(levels),
            self.constant(scales),
            domain=MICROSOFT,
            K=rows,
            N=columns,
            bits=8,
            block_size=BLOCK,
            accuracy_level=4,  # 8-bit products
        )

    def look_up(self, table, ids):
        """Rows of a table; quantized, each has a scale of its own."""
        if self.quantize is None:
            return self.add("Gather", self.constant(table), ids)
        levels, scales = quantize_rows(table)
        rows = self.add("Gather", self.constant(levels), ids)
        rows = self.add("Cast", rows, to=1)
        return self.add("Mul", rows, self.add("Gather", self.constant(scales), ids))

    def serialize(self, outputs):
        """Returns the bytes of the graph.

        Args:
            outputs: dict from the name of an output to its width.
        """
        from onnx import checker, helper

        graph = helper.make_graph(
            self.nodes,
            "keras_lrcn",
            self.inputs,
            [_value(name, width) for name, width in outputs.items()],
            self.constants,
        )
        domains = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
        model = helper.make_model(graph, opset_imports=domains, ir_version=IR_VERSION)
        checker.check_model(model)
        return model.SerializeToString()


def _value(name, width, dtype="float32"):
    from onnx import helper

    shape = ["rows"] if width is None else ["rows", width]
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    return helper.make_tensor_value_info(name, kind, shape)


def quantize_blocks(matrix):
    """A matrix -> 8-bit levels and a scale for each block of rows of each column.

    Args:
        matrix: float array `(rows, columns)`.

    Returns:
        uint8 array `(columns, blocks, BLOCK)`, 128 being zero, and float32 `(columns, blocks)`,
        as `MatMulNBits` takes them.
    """
    rows, columns = matrix.shape
    blocks = -(-rows // BLOCK)
    padded = np.zeros((columns, blocks * BLOCK), "float32")
    padded[:, :rows] = matrix.T
    levels, scales = quantize_rows(padded.reshape(-1, BLOCK))
    levels = (levels.astype("int16") + 128).astype("uint8")
    return levels.reshape(columns, blocks, BLOCK), scales.reshape(columns, blocks)


def quantize_rows(array):
    """An array -> int8 levels -127..127 and float32 scales, one for each index of the first axis.

    `levels * scales` is the array, to within half a scale.
    """
    highest = np.abs(array).max(axis=tuple(range(1, array.ndim)), keepdims=True)
    scales = np.where(highest > 0, highest / 127, 1).astype("float32")
    return np.rint(array / scales).astype("int8"), scales


def store_in_8_bits(model):
    """Stores the large constants of an ONNX model in 8 bits; it computes in float as before.

    ONNX Runtime restores them once, when it loads the graph. A constant has one scale for each
    channel that it gives: the first axis of a convolution, the last one of a matrix.

    Args:
        model: `onnx.ModelProto`, changed in place.
    """
    from onnx import helper, numpy_helper

    graph = model.graph
    convolved = {node.input[1] for node in graph.node if node.op_type == "Conv"}
    multiplied = {name for n in graph.node if n.op_type in ("MatMul", "Gemm") for name in n.input}
    new = []
    for tensor in list(graph.initializer):
        array = numpy_helper.to_array(tensor)
        known = tensor.name in convolved | multiplied
        if not known or array.ndim < 2 or array.size < WEIGHT or array.dtype != np.float32:
            continue
        name, turned = tensor.name, tensor.name in multiplied
        levels, scales = quantize_rows(np.moveaxis(array, -1, 0) if turned else array)
        if turned:
            levels, scales = np.moveaxis(levels, 0, -1), np.moveaxis(scales, 0, -1)
        tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(levels), f"{name}/levels"))
        graph.initializer.append(numpy_helper.from_array(scales, f"{name}/scales"))
        new.append(helper.make_node("Cast", [f"{name}/levels"], [f"{name}/cast"], to=1))
        new.append(helper.make_node("Mul", [f"{name}/cast", f"{name}/scales"], [name]))
    nodes = [*new, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
