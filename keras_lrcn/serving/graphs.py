"""ONNX graphs: written node by node, and opened by ONNX Runtime."""

import numpy as np

OPSET, IR_VERSION = 18, 9
MICROSOFT = "com.microsoft"  # ONNX Runtime's own operators
BLOCKS = 64, 128  # rows of a matrix that share a scale; 128 is faster


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
            block_size=levels.shape[-1],
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
        uint8 array `(columns, blocks, rows of a block)`, 128 being zero, and float32
        `(columns, blocks)`, as `MatMulNBits` takes them, in the blocks that take less room.
    """
    rows, columns = matrix.shape
    block = min(BLOCKS, key=lambda size: -(-rows // size) * (size + 4))
    blocks = -(-rows // block)
    padded = np.zeros((columns, blocks * block), "float32")
    padded[:, :rows] = matrix.T
    levels, scales = quantize_rows(padded.reshape(-1, block))
    levels = (levels.astype("int16") + 128).astype("uint8")
    return levels.reshape(columns, blocks, block), scales.reshape(columns, blocks)


def quantize_rows(array):
    """An array -> int8 levels -127..127 and float32 scales, one for each index of the first axis.

    `levels * scales` is the array, to within half a scale.
    """
    highest = np.abs(array).max(axis=tuple(range(1, array.ndim)), keepdims=True)
    scales = np.where(highest > 0, highest / 127, 1).astype("float32")
    return np.rint(array / scales).astype("int8"), scales


def open_graph(data, num_threads=None):
    """Returns the function that an ONNX graph is: arrays in, a list of arrays out."""
    try:
        import onnxruntime
    except ImportError as error:
        raise ImportError(
            'Exported captioners are run by ONNX Runtime: `pip install "keras-lrcn[serving]"`.'
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = num_threads or 0
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    names = [entry.name for entry in session.get_inputs()]
    return lambda *arrays: session.run(None, dict(zip(names, arrays, strict=True)))
