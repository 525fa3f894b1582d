"""The LSTM's loop over time as it is trained: one product for the gradient of its kernel."""

from keras import ops


def run_lstm(gates, state, recurrent_kernel):
    """Runs one LSTM layer over time, with a gradient written by hand.

    What a library derives by itself adds a gradient as large as the recurrent kernel at every
    step. Here the steps' gradients are kept, and multiplied with all the states at once.

    Args:
        gates: float tensor `(batch, time, 4 * units)`, all but what the state adds; `time` is
            known. Keras' order of the gates.
        state: list `h, c` of float tensors `(batch, units)`.
        recurrent_kernel: float tensor `(units, 4 * units)`.

    Returns:
        `(outputs, state)`: float tensor `(batch, time, units)`, and the new list.

    Reference: Donahue et al. 2015, Sec. 2; the gradient is Hochreiter and Schmidhuber's, unrolled.
    """
    hidden = _recurrence(gates, *state, recurrent_kernel)
    outputs, c = ops.split(hidden, [gates.shape[1]], axis=1)
    return outputs, [outputs[:, -1], c[:, 0]]


def run_torch_lstm(inputs, state, kernel, recurrent_kernel, bias):
    """The same by torch itself: its LSTM on a CPU is oneDNN's, with weights packed once.

    Nothing can be hoisted out of it, and it is still the faster, as torch's other products do not
    go through oneDNN.

    Args:
        inputs: float tensor `(batch, time, features)`.
        state: list `h, c` of float tensors `(batch, units)`.
        kernel, recurrent_kernel, bias: as of a Keras LSTM, whose order of gates torch shares.

    Returns:
        As `run_lstm`.
    """
    import torch

    state = [s[None].contiguous() for s in state]
    weights = [kernel.T, recurrent_kernel.T, bias, torch.zeros_like(bias)]
    # Biases, one layer, no dropout, training, one direction, batch before time.
    outputs, h, c = torch.lstm(inputs, state, weights, True, 1, 0.0, True, False, True)
    return outputs, [h[0], c[0]]


@ops.custom_gradient
def _recurrence(gates, h, c, kernel):
    """Float tensor `(batch, time + 1, units)`: every `h_t`, and the last `c_t` behind them."""
    hs, cs, parts = [h], [c], []
    for t in range(gates.shape[1]):
        a = ops.split(gates[:, t] + ops.matmul(hs[-1], kernel), 4, axis=-1)
        i, f, g, o = ops.sigmoid(a[0]), ops.sigmoid(a[1]), ops.tanh(a[2]), ops.sigmoid(a[3])
        cs.append(f * cs[-1] + i * g)
        parts.append((i, f, g, o, ops.tanh(cs[-1])))
        hs.append(o * parts[-1][-1])

    def gradient(*arguments, upstream=None):  # torch names it, the others give nothing else
        d_hidden = arguments[-1] if upstream is None else upstream
        d_gates, d_h, d_c = [], 0, d_hidden[:, -1]
        for t in reversed(range(len(parts))):
            d_h = d_h + d_hidden[:, t]
            d_a, d_c = _step_gradient(parts[t], cs[t], d_h, d_c)
            d_h = ops.matmul(d_a, ops.transpose(kernel))
            d_gates.insert(0, d_a)
        d_gates = ops.stack(d_gates, axis=1)
        d_kernel = ops.matmul(ops.transpose(_rows(ops.stack(hs[:-1], axis=1))), _rows(d_gates))
        return d_gates, d_h, d_c, d_kernel

    return ops.stack([*hs[1:], cs[-1]], axis=1), gradient


def _step_gradient(parts, c_before, d_h, d_c):
    """Of one step: from those of `h_t` and `c_t` to those of the gates and of `c_{t-1}`."""
    i, f, g, o, tanh_c = parts
    d_c = d_c + d_h * o * (1 - tanh_c * tanh_c)
    d_a = [
        d_c * g * i * (1 - i),
        d_c * c_before * f * (1 - f),
        d_c * i * (1 - g * g),
        d_h * tanh_c * o * (1 - o),
    ]
    return ops.concatenate(d_a, axis=-1), d_c * f


def _rows(x):
    return ops.reshape(x, (-1, x.shape[-1]))
