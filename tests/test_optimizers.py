"""Updates against Caffe's rules in NumPy."""

import keras
import numpy as np

import keras_lrcn


def test_caffe_sgd_clips_then_decays_then_gathers_momentum():
    random = np.random.default_rng(0)
    layer = keras.layers.Dense(3, name="predict")
    layer.build((None, 4))
    layer.bias.assign(random.normal(size=3))
    variables = [layer.kernel, layer.bias]
    optimizer = keras_lrcn.CaffeSGD(
        0.1, momentum=0.9, l2=0.05, global_clipnorm=1.5,
        rates={"predict/kernel": (10, 1), "predict/bias": (20, 0)},
    )  # fmt: skip
    weights = [np.array(v, "float64") for v in variables]
    history = [np.zeros_like(w) for w in weights]
    for _ in range(4):
        gradients = [random.normal(size=w.shape) for w in weights]
        optimizer.apply(
            [keras.ops.convert_to_tensor(g.astype("float32")) for g in gradients], variables
        )
        norm = np.sqrt(sum((g**2).sum() for g in gradients))
        for i, (lr_mult, decay_mult) in enumerate([(10, 1), (20, 0)]):
            gradient = gradients[i] * min(1.0, 1.5 / norm) + 0.05 * decay_mult * weights[i]
            history[i] = 0.9 * history[i] + 0.1 * lr_mult * gradient
            weights[i] = weights[i] - history[i]
    for variable, expected in zip(variables, weights, strict=True):
        np.testing.assert_allclose(variable, expected, rtol=2e-4, atol=1e-5)  # float32


def test_the_authors_rates_find_their_layers():
    activity = keras_lrcn.LRCNActivity(
        keras_lrcn.LRCNActivityBackbone(visual_dim=3, units=4), num_classes=2
    )
    optimizer = keras_lrcn.CaffeSGD(rates=keras_lrcn.optimizers.AUTHORS_ACTIVITY_RATES)
    rates = {v.path.split("/", 1)[-1]: optimizer.rates_of(v.path) for v in activity.variables}
    by_kind = {path: rate for path, rate in rates.items() if "seed" not in path}
    assert sorted(set(by_kind.values())) == [(1, 1), (10, 1), (20, 0)]
    again = keras_lrcn.CaffeSGD.from_config(optimizer.get_config())
    assert again.rates == optimizer.rates and again.l2 == optimizer.l2
