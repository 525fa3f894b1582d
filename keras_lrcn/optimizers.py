"""Optimizers that train the CNN and the last layer at rates of their own, as Caffe does."""

import re

import keras


@keras.saving.register_keras_serializable(package="keras_lrcn")
class RatedAdamW(keras.optimizers.AdamW):
    """AdamW whose learning rate differs by layer, as Caffe's `lr_mult`.

    Args:
        rates: dict from a regular expression on `variable.path` to a factor of the learning
            rate; the first that matches counts, the rest have 1. Defaults to none.
        **kwargs: see `keras.optimizers.AdamW`.

    Example:
    ```python
    keras_lrcn.RatedAdamW(1e-3, rates={"^(stem|block|top)_": 0.1}, global_clipnorm=5.0)
    ```

    Reference: `lr_mult` of the authors' `lrcn.prototxt` (0.1 for the CNN).
    """

    def __init__(self, learning_rate=1e-3, rates=None, name="rated_adamw", **kwargs):
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        self.rates = dict(rates or {})

    def build(self, variables):
        super().build(variables)
        self._factors = [self.rate_of(v.path) for v in variables]

    def rate_of(self, path):
        """Returns the factor of the variable with this path."""
        return next((f for p, f in self.rates.items() if re.search(p, path)), 1.0)

    def update_step(self, gradient, variable, learning_rate):
        factor = self._factors[self._get_variable_index(variable)]
        super().update_step(gradient, variable, learning_rate * factor)

    def get_config(self):
        return {**super().get_config(), "rates": self.rates}


# Path of a variable -> (`lr_mult`, `decay_mult`) of the authors' activity nets.
AUTHORS_ACTIVITY_RATES = {
    "predict/kernel": (10, 1),
    "predict/bias": (20, 0),
    "lstm_stack": (1, 1),
    "bias|beta": (2, 0),
}


@keras.saving.register_keras_serializable(package="keras_lrcn")
class CaffeSGD(keras.optimizers.SGD):
    """Stochastic gradient descent with Caffe's order of clipping, decay and momentum.

    In one update the gradient of all variables together is clipped to a norm, the L2 decay of a
    variable is added to its gradient, and the momentum takes `rate * gradient` up. So the decay
    is not clipped, passes through the momentum, and is scaled by the rate: neither Keras'
    decoupled `weight_decay` nor an L2 loss under `global_clipnorm` is the same.

    Args:
        learning_rate: float or schedule. Defaults to `0.001`.
        momentum: float. Defaults to `0.9`.
        l2: float, Caffe's `weight_decay`. Defaults to `0.005`.
        rates: dict from a regular expression on `variable.path` to `(lr_mult, decay_mult)`; the
            first that matches counts, the rest have `(1, 1)`. Defaults to none.
        **kwargs: see `keras.optimizers.SGD`, such as `global_clipnorm`.

    Example:
    ```python
    schedule = keras.optimizers.schedules.ExponentialDecay(1e-3, 10_000, 0.1, staircase=True)
    activity.compile(
        keras_lrcn.CaffeSGD(
            schedule,
            rates=keras_lrcn.optimizers.AUTHORS_ACTIVITY_RATES,
            global_clipnorm=5.0,
        )
    )
    ```

    Reference: `solver_LSTM_RGB.prototxt` (0.001, a tenth every 10,000 steps, clip 5; for flow every
    20,000 and clip 15) and the multipliers of `train_test_lstm_RGB.prototxt`.
    """

    def __init__(
        self, learning_rate=0.001, momentum=0.9, l2=0.005, rates=None, name="caffe_sgd", **kwargs
    ):
        super().__init__(learning_rate=learning_rate, momentum=momentum, name=name, **kwargs)
        self.l2 = l2
        self.rates = {pattern: tuple(factors) for pattern, factors in (rates or {}).items()}

    def build(self, variables):
        super().build(variables)
        self._factors = [self.rates_of(v.path) for v in variables]

    def rates_of(self, path):
        """Returns `(lr_mult, decay_mult)` of the variable with this path."""
        return next((f for p, f in self.rates.items() if re.search(p, path)), (1.0, 1.0))

    def update_step(self, gradient, variable, learning_rate):
        lr_mult, decay_mult = self._factors[self._get_variable_index(variable)]
        gradient = gradient + self.l2 * decay_mult * keras.ops.cast(variable, gradient.dtype)
        super().update_step(gradient, variable, learning_rate * lr_mult)

    def get_config(self):
        return {**super().get_config(), "l2": self.l2, "rates": self.rates}
