"""The recurrent equations of Sec. 2 in NumPy, one step and one layer after another, float64."""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_step(x, h, c, kernel, recurrent_kernel, bias):
    """One step; the columns of the weights are i, f, g, o, as Keras has them."""
    a_i, a_f, a_g, a_o = np.split(x @ kernel + h @ recurrent_kernel + bias, 4, axis=-1)
    i = sigmoid(a_i)
    f = sigmoid(a_f)
    o = sigmoid(a_o)
    g = np.tanh(a_g)
    c = f * c + i * g
    h = o * np.tanh(c)
    return h, c


def rnn_step(x, h, kernel, recurrent_kernel, bias):
    return np.tanh(x @ kernel + h @ recurrent_kernel + bias)


def run_stack(inputs, layers, visual=None, visual_layer=1, cell="lstm", reset=None, state=None):
    """Runs a stack over `inputs` `(batch, time, features)`.

    `layers` are lists of `kernel, recurrent_kernel, bias`, for an RNN also the kernel and bias of
    its output `z_t`. The visual vector is appended to the inputs of `visual_layer` (from 1) at
    every step; a reset of 1 zeros the state before the step.

    Returns the outputs `(batch, time, units)` and the flat list of final states.
    """
    per_layer = 2 if cell == "lstm" else 1
    x, final_state = inputs, []
    for index, (kernel, recurrent_kernel, bias, *output) in enumerate(layers):
        if visual is not None and index + 1 == visual_layer:
            steps = np.repeat(visual[:, None], x.shape[1], axis=1)
            x = np.concatenate([x, steps], axis=-1)
        zeros = np.zeros((len(x), len(recurrent_kernel)))
        now = [zeros] * per_layer if state is None else state[per_layer * index :][:per_layer]
        outputs = []
        for t in range(x.shape[1]):
            if reset is not None:
                now = [s * (1 - reset[:, t, None]) for s in now]
            if cell == "lstm":
                now = lstm_step(x[:, t], *now, kernel, recurrent_kernel, bias)
            else:
                now = [rnn_step(x[:, t], *now, kernel, recurrent_kernel, bias)]
            outputs.append(now[0] if not output else np.tanh(now[0] @ output[0] + output[1]))
        x = np.stack(outputs, axis=1)
        final_state += list(now)
    return x, final_state
