"""The LSTM stack of LRCN: words go in at the bottom, the image joins a chosen layer."""

import keras
from keras import ops

from keras_lrcn.layers.lstm_recurrence import run_lstm, run_torch_lstm
from keras_lrcn.layers.products import multiply
from keras_lrcn.layers.real_positions import on_real_positions

UNROLL_LIMIT = 32  # TensorFlow on CPU: an unrolled loop of this many steps beats its while loop


@keras.saving.register_keras_serializable(package="keras_lrcn")
class FactoredLSTM(keras.layers.Layer):
    """A stack of LSTM (or RNN) layers with one static visual vector.

    The vector is presented at every time step to one layer: layer 1 in the unfactored variants
    (1u, 2u), a higher layer in the factored one (2f), where the layers below never see the image
    and so learn a language model (Sec. 5). A static input needs one matrix product for all
    steps: it is projected once and added to the gates of each step.

    Each layer is a `keras.layers.LSTM` whose kernel holds the rows of its sequence input, then
    those of the visual vector. On a GPU it runs itself, with cuDNN where Keras finds it; on a
    CPU the input products are hoisted out of the time loop, and in training the gradient of the
    recurrent kernel is one product for all steps (with torch, its own LSTM is trained).

    Args:
        units: int, width N of every layer.
        num_layers: int, depth L. Defaults to `2`.
        factored: bool, whether the visual vector enters above layer 1. Defaults to `False`.
        visual_layer: int, the layer that the visual vector joins, counted from 1. Defaults to
            layer 2 if `factored`, else layer 1.
        input_layer: int, the layer that the inputs join, counted from 1. Those below it run on
            their states and biases alone, as S2VT's first layer does while it writes. Defaults
            to `1`.
        cell: `"lstm"`, or `"rnn"`: `h_t = tanh(W_xh x_t + W_hh h_{t-1} + b_h)` with the output
            `z_t = tanh(W_hz h_t + b_z)` of Sec. 2. Defaults to `"lstm"`.
        dropout: float, rate after every layer, in training only. Defaults to `0.0`.
        fused: `True`, `False` or `"auto"`: whether Keras' own LSTM layer runs the loop.
            `"auto"` does so where Keras sees a GPU. Resets always use the hoisted loop.

    Call arguments:
        inputs: float tensor `(batch, time, features)`; `time` may be unknown.
        visual: float tensor `(batch, visual features)`, or `None` for language only.
        initial_state: list as returned with `return_state`, or `None` for zeros.
        reset: bool or float tensor `(batch, time)`; 1 starts a new sequence at that step, as
            Caffe's `cont` of 0 does. Defaults to no resets.
        mask: bool tensor `(batch, time)`; a step of 0 is skipped: every state is held, and so is
            the output. Defaults to no skipped steps.
        padding_mask: int or bool tensor `(batch, time)`, 0 on padding on the right, whose outputs
            no loss counts: in training less is computed there, and they differ. `None` is no
            padding.
        return_state: bool, whether to return `(outputs, state)`. Defaults to `False`.

    Returns:
        Float tensor `(batch, time, units)`: the top layer's `h_t` (LSTM) or `z_t` (RNN).
        The state is a flat list of `(batch, units)` tensors: `h, c` for each LSTM layer, `h`
        for each RNN layer, bottom first.

    Raises:
        ValueError: for a depth, layer or cell that does not exist.

    Example:
    ```python
    stack = keras_lrcn.layers.FactoredLSTM(8, num_layers=2, factored=True)
    words, image = np.zeros((4, 10, 6), "float32"), np.ones((4, 3), "float32")
    hidden, state = stack(words, visual=image, return_state=True)  # (4, 10, 8), 4 tensors
    ```

    Reference: Donahue et al. 2015, Sec. 2 (equations), Sec. 5 and Fig. 4 (variants).
    """

    def __init__(
        self,
        units,
        num_layers=2,
        factored=False,
        visual_layer=None,
        cell="lstm",
        dropout=0.0,
        fused="auto",
        input_layer=1,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if cell not in ("lstm", "rnn"):
            raise ValueError(f'`cell` must be "lstm" or "rnn". Received: cell={cell!r}.')
        if num_layers < 1:
            raise ValueError(f"`num_layers` must be at least 1. Received: num_layers={num_layers}.")
        if factored and num_layers < 2:
            raise ValueError(
                "`factored=True` feeds the image to layer 2 or above, so it needs `num_layers` "
                f"of at least 2. Received: num_layers={num_layers}."
            )
        lowest, highest = (2, num_layers) if factored else (1, 1)
        visual_layer = lowest if visual_layer is None else visual_layer
        if not lowest <= visual_layer <= highest:
            raise ValueError(
                f"`visual_layer` must lie in {lowest}..{highest} for factored={factored} and "
                f"num_layers={num_layers}. Received: visual_layer={visual_layer}."
            )
        if not 1 <= input_layer <= num_layers:
            raise ValueError(
                f"`input_layer` must lie in 1..{num_layers} for num_layers={num_layers}. "
                f"Received: input_layer={input_layer}."
            )
        self.units = units
        self.num_layers = num_layers
        self.input_layer = input_layer
        self.factored = factored
        self.visual_layer = visual_layer
        self.cell = cell
        self.dropout = dropout
        self.fused = fused
        self.supports_masking = True
        self.recurrent_layers = [self._recurrent_layer(i) for i in range(num_layers)]
        self.output_layers = []
        if cell == "rnn":
            self.output_layers = [
                keras.layers.Dense(
                    units,
                    activation="tanh",
                    kernel_initializer=_uniform(),
                    dtype=self.dtype_policy,
                    name=f"output_{i + 1}",
                )
                for i in range(num_layers)
            ]
        self.dropout_layers = [
            keras.layers.Dropout(dropout, dtype=self.dtype_policy) for _ in range(num_layers)
        ]

    def _recurrent_layer(self, index):
        kind = keras.layers.LSTM if self.cell == "lstm" else keras.layers.SimpleRNN
        options = {"unit_forget_bias": False} if self.cell == "lstm" else {}
        return kind(
            self.units,
            kernel_initializer=_uniform(),
            recurrent_initializer=_uniform(),
            return_sequences=True,
            return_state=True,
            dtype=self.dtype_policy,
            name=f"{self.cell}_{index + 1}",
            **options,
        )

    @property
    def states_per_layer(self):
        return 2 if self.cell == "lstm" else 1

    def build(
        self,
        inputs_shape,
        visual_shape=None,
        initial_state_shape=None,
        reset_shape=None,
        mask_shape=None,
        padding_mask_shape=None,
    ):
        self._input_dim = inputs_shape[-1]
        for index, layer in enumerate(self.recurrent_layers):
            width = self._entering_dim(index)
            if index + 1 == self.visual_layer and visual_shape is not None:
                width += visual_shape[-1]
            layer.build((None, None, width))
            if self.output_layers:
                self.output_layers[index].build((None, None, self.units))
        self.built = True

    def call(
        self,
        inputs,
        visual=None,
        initial_state=None,
        reset=None,
        mask=None,
        training=False,
        return_state=False,
        padding_mask=None,
    ):
        state = initial_state or self.initial_state(ops.shape(inputs)[0])
        fused = reset is None and self._runs_fused()
        x, final_state = None, []
        for index in range(self.num_layers):
            x = self._entering(index, x, inputs)
            layer_visual = visual if index + 1 == self.visual_layer else None
            layer_state = self._layer_state(state, index)
            if fused:
                x, layer_state = self._run_fused(index, x, layer_visual, layer_state, mask)
            else:
                flags = _flags(reset, mask, self.compute_dtype)
                run, more = self._run_plain, (flags,)
                if self._trains_fast(flags, training):
                    run, more = self._run_trained, (padding_mask,)
                x, layer_state = run(index, x, layer_visual, layer_state, *more)
            final_state += layer_state
            if self.output_layers:
                x = self.output_layers[index](x)
            x = self.dropout_layers[index](x, training=training)
        return (x, final_state) if return_state else x

    def _entering(self, index, below, inputs):
        """What enters a layer beside its state: the layer below, the inputs, or both."""
        if index + 1 < self.input_layer:
            return below if index else inputs[..., :0]
        if index + 1 > self.input_layer:
            return below
        return ops.concatenate([below, inputs], axis=-1) if index else inputs

    def _entering_dim(self, index):
        joins = index + 1 == self.input_layer
        return (self.units if index else 0) + (self._input_dim if joins else 0)

    def initial_state(self, batch_size):
        """Returns the zero state for `batch_size` sequences."""
        zeros = ops.zeros((batch_size, self.units), dtype=self.compute_dtype)
        return [zeros] * (self.num_layers * self.states_per_layer)

    def project_visual(self, visual):
        """Projects a visual vector, with the bias, once for all the steps to come.

        Args:
            visual: float tensor `(batch, visual features)`.

        Returns:
            Float tensor `(batch, gates)`, the `visual_gates` of `step`.
        """
        layer = self.recurrent_layers[self.visual_layer - 1]
        visual = ops.cast(visual, self.compute_dtype)
        rows = layer.cell.kernel.shape[0] - visual.shape[-1]
        projected = ops.matmul(visual, self._weight(layer.cell.kernel)[rows:])
        return projected + self._weight(layer.cell.bias)

    def project_inputs(self, index, inputs):
        """Projects what enters a layer beside its state: the words, or the layer below.

        Args:
            index: int, the layer, counted from 0.
            inputs: float tensor `(..., features)`; at `input_layer`, unless it is the first, the
                layer below and then the words.

        Returns:
            Float tensor `(..., gates)`, with the bias, unless this is the layer that the image
            joins: there it is in `project_visual`, which is to be added.
        """
        layer = self.recurrent_layers[index]
        rows = self._entering_dim(index)
        inputs = ops.cast(inputs, self.compute_dtype)
        gates = multiply(inputs, self._weight(layer.cell.kernel)[:rows])
        return gates if index + 1 == self.visual_layer else gates + self._weight(layer.cell.bias)

    def step_layer(self, index, gates, state):
        """Runs one layer for one time step; `step` with its products split up.

        Args:
            index: int, the layer, counted from 0.
            gates: float tensor `(batch, gates)`, the sum of `project_inputs` and, at the layer that
                the image joins, `project_visual`.
            state: list of the layer's tensors `(batch, units)`: `h, c`, or `h` of an RNN.

        Returns:
            `(output, state)`: float tensor `(batch, units)`, and the new list.
        """
        state = self._advance(self.recurrent_layers[index], gates, state)
        return (self.output_layers[index](state[0]) if self.output_layers else state[0]), state

    def step_kernels(self, with_inputs=True):
        """Returns the matrices of `step`, one a layer: rows of its input, then of its state.

        Args:
            with_inputs: bool, `False` to leave out the rows of `inputs`. Defaults to `True`.
        """
        kernels = []
        for index, layer in enumerate(self.recurrent_layers):
            rows = self._entering_dim(index)
            if not with_inputs and index + 1 == self.input_layer:
                rows -= self._input_dim
            parts = [layer.cell.kernel[:rows], layer.cell.recurrent_kernel]
            kernels.append(ops.concatenate([self._weight(p) for p in parts], axis=0))
        return kernels

    def step(self, inputs, state, visual_gates=None, kernels=None, input_gates=None):
        """Runs one time step, for decoding and streaming.

        Args:
            inputs: float tensor `(batch, features)`, or `None` with `input_gates`.
            state: list of tensors, as from `initial_state` or an earlier step.
            visual_gates: what `project_visual` returned, or `None`.
            kernels: what `step_kernels` returned, once for many steps.
            input_gates: what `project_inputs` returned, if `inputs` enter a layer that the image
                does not; `kernels` then hold no rows of `inputs`.

        Returns:
            `(output, state)`: float tensor `(batch, units)`, and the new list.
        """
        kernels = kernels or self.step_kernels(with_inputs=input_gates is None)
        x, new_state = None, []
        if input_gates is None:
            inputs = ops.cast(inputs, self.compute_dtype)
        for index, layer in enumerate(self.recurrent_layers):
            if input_gates is None:
                x = self._entering(index, x, inputs)
            layer_state = self._layer_state(state, index)
            constant = self._weight(layer.cell.bias)
            if index + 1 == self.visual_layer and visual_gates is not None:
                constant = visual_gates
            elif index + 1 == self.input_layer and input_gates is not None:
                constant = input_gates
            # One product and one sum: TensorFlow turns longer sums in a loop into temporary
            # variables that can clash.
            h = layer_state[0]
            read = h if x is None else ops.concatenate([x, h], axis=-1)
            layer_state = self._gated(multiply(read, kernels[index]) + constant, layer_state)
            new_state += layer_state
            x = layer_state[0]
            if self.output_layers:
                x = self.output_layers[index](x)
        return x, new_state

    def _runs_fused(self):
        if self.input_layer > 1:
            return False  # no kernel of a GPU takes inputs without features
        if self.fused == "auto":
            return _sees_gpu()
        return self.fused

    def _run_fused(self, index, x, visual, state, mask):
        x = self._with_visual(x, visual)
        x, *state = self.recurrent_layers[index](x, initial_state=state, mask=mask)
        return x, state

    def _with_visual(self, x, visual):
        """The visual vector behind the inputs of every step, for a loop that hoists nothing."""
        x = ops.cast(x, self.compute_dtype)
        if visual is None:
            return x
        steps = ops.ones_like(x[:, :, :1])
        return ops.concatenate([x, steps * ops.cast(visual, x.dtype)[:, None, :]], axis=-1)

    def _hoisted_gates(self, index, x, visual, padding_mask=None):
        """Float tensor `(batch, time, gates)`: all but what the state adds."""
        cell, x = self.recurrent_layers[index].cell, ops.cast(x, self.compute_dtype)
        # One split has a cheaper gradient than two slices.
        kernel, visual_kernel = ops.split(self._weight(cell.kernel), [x.shape[-1]], axis=0)
        constant = self._weight(cell.bias)
        if visual is not None:
            visual = ops.cast(visual, self.compute_dtype)
            constant = (ops.matmul(visual, visual_kernel) + constant)[:, None, :]
        return on_real_positions(lambda x: ops.matmul(x, kernel), x, padding_mask) + constant

    def _trains_fast(self, flags, training):
        return training and flags is None and self.cell == "lstm"

    def _run_trained(self, index, x, visual, state, padding_mask):
        cell = self.recurrent_layers[index].cell
        if keras.backend.backend() == "torch" and x.shape[-1]:
            weights = [self._weight(w) for w in (cell.kernel, cell.recurrent_kernel, cell.bias)]
            return run_torch_lstm(self._with_visual(x, visual), state, *weights)
        gates = self._hoisted_gates(index, x, visual, padding_mask)
        if (gates.shape[1] or 999) > UNROLL_LIMIT:
            return self._run_gates(index, gates, state, None)
        return run_lstm(gates, state, self._weight(cell.recurrent_kernel))

    def _run_plain(self, index, x, visual, state, flags):
        return self._run_gates(index, self._hoisted_gates(index, x, visual), state, flags)

    def _run_gates(self, index, gates, state, flags):
        layer, short = self.recurrent_layers[index], (gates.shape[1] or 999) <= UNROLL_LIMIT
        if keras.backend.backend() == "tensorflow" and short:
            return self._unrolled(layer, gates, state, flags)
        return self._scanned(layer, gates, state, flags)

    def _unrolled(self, layer, gates, state, flags):
        outputs = []
        for t in range(gates.shape[1]):
            now = None if flags is None else flags[:, t]
            state = self._flagged_step(layer, gates[:, t], state, now)
            outputs.append(state[0])
        return ops.stack(outputs, axis=1), state

    def _scanned(self, layer, gates, state, flags):
        width = gates.shape[-1]
        steps = gates if flags is None else ops.concatenate([gates, flags], axis=-1)

        def body(packed, step):
            state = ops.split(packed, self.states_per_layer, axis=-1)
            now = None if flags is None else step[:, width:]
            state = self._flagged_step(layer, step[:, :width], state, now)
            packed = ops.concatenate(state, axis=-1)
            return packed, packed

        packed, outputs = ops.scan(body, ops.concatenate(state, axis=-1), ops.swapaxes(steps, 0, 1))
        outputs = ops.swapaxes(outputs[..., : self.units], 0, 1)
        return outputs, ops.split(packed, self.states_per_layer, axis=-1)

    def _flagged_step(self, layer, gates, state, flags):
        """One step; column 0 of `flags` keeps the state from before it, column 1 takes the new."""
        if flags is None:
            return self._advance(layer, gates, state)
        keep, take = flags[:, :1], flags[:, 1:]
        new = self._advance(layer, gates, [s * keep for s in state])
        return [take * n + (1 - take) * s for n, s in zip(new, state, strict=True)]

    def _advance(self, layer, gates, state):
        """One step; `gates` hold all but what the state adds."""
        recurrent_kernel = self._weight(layer.cell.recurrent_kernel)
        return self._gated(gates + multiply(state[0], recurrent_kernel), state)

    def _gated(self, a, state):
        """The equations of Sec. 2 behind their linear part `a`."""
        if self.cell == "rnn":
            return [ops.tanh(a)]
        i, f, g, o = ops.split(a, 4, axis=-1)  # Keras' order of the paper's i, f, o, g
        i, f, o, g = ops.sigmoid(i), ops.sigmoid(f), ops.sigmoid(o), ops.tanh(g)
        c = f * state[1] + i * g
        h = o * ops.tanh(c)
        return [h, c]

    def _layer_state(self, state, index):
        per_layer = self.states_per_layer
        return list(state[per_layer * index : per_layer * (index + 1)])

    def _weight(self, variable):  # `step` runs outside Keras' autocast scope
        return ops.cast(variable, self.compute_dtype)

    def compute_output_spec(
        self,
        inputs,
        visual=None,
        initial_state=None,
        reset=None,
        mask=None,
        training=False,
        return_state=False,
        padding_mask=None,
    ):
        batch, time = inputs.shape[:2]
        outputs = keras.KerasTensor((batch, time, self.units), dtype=self.compute_dtype)
        if not return_state:
            return outputs
        num_states = self.num_layers * self.states_per_layer
        state = [
            keras.KerasTensor((batch, self.units), dtype=self.compute_dtype)
            for _ in range(num_states)
        ]
        return outputs, state

    def get_config(self):
        config = super().get_config()
        config.update(
            units=self.units,
            num_layers=self.num_layers,
            factored=self.factored,
            visual_layer=self.visual_layer,
            cell=self.cell,
            dropout=self.dropout,
            fused=self.fused,
            input_layer=self.input_layer,
        )
        return config


def _flags(reset, mask, dtype):
    """`(batch, time, 2)`: 0 in the first column resets, 0 in the second skips the step."""
    if reset is None and mask is None:
        return None
    keep = None if reset is None else 1 - ops.cast(reset, dtype)
    take = None if mask is None else ops.cast(mask, dtype)
    keep = ops.ones_like(take) if keep is None else keep
    take = ops.ones_like(keep) if take is None else take
    return ops.stack([keep, take], axis=-1)


def _sees_gpu():
    """Whether this process has a GPU; Keras lists no devices for torch."""
    if keras.backend.backend() == "torch":
        import torch

        return torch.cuda.is_available()
    return any(name.lower().startswith("gpu") for name in keras.distribution.list_devices())


def _uniform():
    return keras.initializers.RandomUniform(-0.08, 0.08)  # the authors' filler
