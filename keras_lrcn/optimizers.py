"""An optimizer that trains the CNN at a rate of its own."""

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
