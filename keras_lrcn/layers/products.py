"""Products of a few rows with weights, which is what decoding spends its time on."""

import keras
from keras import ops


def multiply(x, kernel):
    """`ops.matmul`, on torch through oneDNN where no gradient is wanted.

    torch multiplies through MKL, which lays the weights out anew at each call, and on processors
    that are not Intel's takes twice as long.

    Args:
        x: float tensor `(rows, features)`.
        kernel: float tensor `(features, units)`, or what `lay_out` made of one.

    Returns:
        Float tensor `(rows, units)`.
    """
    if keras.backend.backend() == "torch" and _fits_onednn(x, kernel):
        weight = kernel if kernel.is_mkldnn else kernel.T
        return _onednn()._linear_pointwise(x, weight, None, "none", [], "")
    return ops.matmul(x, kernel)


def lay_out(kernel):
    """The kernel for many calls of `multiply`: on torch as oneDNN reads it, else as it is."""
    if keras.backend.backend() == "torch" and _fits_onednn(kernel, kernel):
        return _onednn()._reorder_linear_weight(kernel.T)
    return kernel


def _fits_onednn(x, kernel):
    import torch

    if torch.is_grad_enabled() or not torch.backends.mkldnn.is_available():
        return False
    found = (getattr(_onednn(), n, None) for n in ("_linear_pointwise", "_reorder_linear_weight"))
    on_cpu = x.device.type == kernel.device.type == "cpu"
    return on_cpu and x.dtype == kernel.dtype == torch.float32 and x.ndim == 2 and all(found)


def _onednn():
    """What torch's own compiler calls; the names are not promised, so they are looked for."""
    import torch

    return torch.ops.mkldnn
