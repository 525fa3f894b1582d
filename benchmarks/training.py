"""What a training step of LRCN-2f costs, against the stack of Keras layers and torch's own LSTM.

    KERAS_BACKEND=torch taskset -c 1 python -m benchmarks.training

100 captions of 20 positions, 12 of them words on average, 2 x 1000 units, 8,800 words, features of
images for images, SGD. All take the step from the same weights in turns, in one process; loss and
gradients are compared first. `parts` adds ours without what makes it fast, one at a time. Times
are the processor's, set threads to one (OMP_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1).
"""

import argparse
import contextlib
import os
import time
from unittest import mock

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
from keras import layers

import keras_lrcn
from keras_lrcn.layers import factored_lstm, real_positions

SIZES = {"batch": 100, "time": 20, "units": 1000, "words": 8800}
RATE = 1.0  # so that a step moves each weight by its gradient


def make_batch(batch, time, units, words, seed=0):
    """Inputs, targets and weights of captions as long, and words as frequent, as people's."""
    rng = np.random.default_rng(seed)
    lengths = np.clip(np.round(rng.normal(0.585 * time, 0.18 * time, batch)), 2, time).astype(int)
    ids = np.minimum(rng.zipf(1.3, (batch, time + 1)), words - 1).astype("int32")
    real = (np.arange(time)[None] < lengths[:, None]).astype("int32")
    features = rng.normal(size=(batch, units)).astype("float32")
    inputs = {"visual": features, "token_ids": ids[:, :-1] * real, "padding_mask": real}
    return inputs, ids[:, 1:] * real, real.astype("float32")


def our_step(sizes):
    """Our captioner. Returns `(model, step)`; `step(batch)` gives the loss."""
    units, words = sizes["units"], sizes["words"]
    backbone = keras_lrcn.LRCNCaptionerBackbone(
        words, visual_dim=units, embedding_dim=units, units=units
    )
    captioner = keras_lrcn.LRCNCaptioner(backbone)
    captioner.compile(keras.optimizers.SGD(RATE), weighted_metrics=[])
    return captioner, lambda batch: float(captioner.train_on_batch(*batch))


def keras_step(sizes):
    """The same network of Keras layers, as one writes it first."""
    units, words, time = sizes["units"], sizes["words"], sizes["time"]
    image, ids = keras.Input((units,)), keras.Input((time,), dtype="int32")
    x = layers.Embedding(words, units)(ids)
    x = layers.LSTM(units, return_sequences=True)(x)
    x = layers.Concatenate()([x, layers.RepeatVector(time)(image)])
    x = layers.LSTM(units, return_sequences=True)(x)
    model = keras.Model([image, ids], layers.Dense(words)(x))
    loss = keras.losses.SparseCategoricalCrossentropy(
        from_logits=True, reduction="mean_with_sample_weight"
    )
    jit = keras.backend.backend() == "jax"
    model.compile(keras.optimizers.SGD(RATE), loss, jit_compile=jit)

    def step(batch):
        inputs, targets, weights = batch
        pair = [inputs["visual"], inputs["token_ids"]]
        return float(model.train_on_batch(pair, targets, sample_weight=weights))

    return model, step


def torch_step(sizes, weights):
    """The same network of `torch.nn` modules, with weights in the order of Keras' model."""
    import torch

    units, words = sizes["units"], sizes["words"]
    embed, predict = torch.nn.Embedding(words, units), torch.nn.Linear(units, words)
    stack = [torch.nn.LSTM(n * units, units, batch_first=True) for n in (1, 2)]
    table, k1, r1, b1, k2, r2, b2, out, out_b = map(torch.tensor, weights)
    pairs = [(embed.weight, table), (predict.weight, out.T), (predict.bias, out_b)]
    for lstm, (k, r, b) in zip(stack, ((k1, r1, b1), (k2, r2, b2)), strict=True):
        pairs += [(lstm.weight_ih_l0, k.T), (lstm.weight_hh_l0, r.T), (lstm.bias_ih_l0, b)]
        pairs += [(lstm.bias_hh_l0, 0 * b)]
        lstm.bias_hh_l0.requires_grad = False  # one bias, as in the others
    for parameter, value in pairs:
        parameter.data.copy_(value)
    learnt = [parameter for parameter, _ in pairs if parameter.requires_grad]
    optimizer = torch.optim.SGD(learnt, RATE)

    def step(batch):
        inputs, targets, weights = batch
        visual, ids = torch.tensor(inputs["visual"]), torch.tensor(inputs["token_ids"])
        wanted = torch.tensor(np.where(weights, targets, -1)).long().reshape(-1)
        x = stack[0](embed(ids))[0]
        x = torch.cat([x, visual[:, None].expand(-1, x.shape[1], -1)], dim=-1)
        logits = predict(stack[1](x)[0]).flatten(0, 1)
        loss = torch.nn.functional.cross_entropy(logits, wanted, ignore_index=-1)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    def get_weights():
        lstms = [[s.weight_ih_l0.T, s.weight_hh_l0.T, s.bias_ih_l0] for s in stack]
        found = [embed.weight, *lstms[0], *lstms[1], predict.weight.T, predict.bias]
        return [w.detach().numpy().copy() for w in found]

    return get_weights, step


def derived_gradient():
    """Ours with the gradient of the loop over time that the library derives."""
    return mock.patch.object(factored_lstm.FactoredLSTM, "_trains_fast", lambda *_: False)


def all_positions():
    """Ours with the vocabulary on padding, too."""
    return mock.patch.object(real_positions, "_skips", lambda training: False)


def make_steps(sizes, parts=False):
    """All that is compared, from the same weights.

    Returns:
        Dict of names to `(get_weights, step)`, ours first.
    """
    contexts = {"keras_lrcn": contextlib.nullcontext}
    if parts:
        contexts |= {"derived gradient": derived_gradient, "all positions": all_positions}
    steps, weights = {}, None
    for name, context in contexts.items():
        model, step = our_step(sizes)
        weights = weights or model.get_weights()
        model.set_weights(weights)
        steps[name] = (model.get_weights, _within(context, step))
    model, step = keras_step(sizes)
    model.set_weights(weights)
    steps["Keras layers"] = (model.get_weights, step)
    if keras.backend.backend() == "torch":
        steps["torch.nn.LSTM"] = torch_step(sizes, weights)
    return steps


def _within(context, step):
    def run(batch):
        with context():
            return step(batch)

    return run


def differences(steps, batch):
    """Takes a first step of each, which compiles.

    Returns:
        Dict of names to `(loss, difference)`: of gradients, the largest, in parts of each
        weight's largest gradient, from the first of `steps`.
    """
    found, expected = {}, None
    for name, (get_weights, step) in steps.items():
        before = get_weights()
        loss = step(batch)
        gradients = [b - a for b, a in zip(before, get_weights(), strict=True)]
        expected = expected or gradients
        pairs = zip(gradients, expected, strict=True)
        found[name] = loss, max(np.abs(g - e).max() / np.abs(e).max() for g, e in pairs)
    return found


def measure(steps, batch, rounds):
    """Seconds of a step, steps taking turns.

    Returns:
        Dict of names to float arrays `(rounds, 2)`: of the processor, and of the wall clock.
    """
    seconds = {name: [] for name in steps}
    for _ in range(rounds):
        for name, (_, step) in steps.items():
            start = time.process_time(), time.perf_counter()
            step(batch)
            end = time.process_time(), time.perf_counter()
            seconds[name].append(np.subtract(end, start))
    return {name: np.array(values) for name, values in seconds.items()}


def gigaflops(batch, units, words):
    """Billions of operations of our step's products, padding left out where it is."""
    rows, images = batch[2].size, len(batch[2])
    real = rows if keras.backend.backend() == "jax" else int(batch[0]["padding_mask"].sum())
    stack = 3 * rows * 4 * units * 4 * units  # inputs and states of both layers, and gradients
    image = 2 * images * units * 4 * units  # without a gradient for the features
    return 2e-9 * (stack + image + 3 * real * units * words)


def multiplication_rate(size=2048, repeats=5):
    """GFLOP/s of one large product of matrices in this library."""
    a = keras.ops.convert_to_tensor(np.ones((size, size), "float32"))
    np.asarray(keras.ops.matmul(a, a))
    start = time.process_time()
    for _ in range(repeats):
        np.asarray(keras.ops.matmul(a, a))
    return repeats * 2e-9 * size**3 / (time.process_time() - start)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--parts", action="store_true", help="ours without each of its gains, too")
    args = parser.parse_args()
    keras.utils.set_random_seed(0)
    steps, batch = make_steps(SIZES, args.parts), make_batch(**SIZES)
    compared = differences(steps, batch)
    seconds, rate = measure(steps, batch, args.rounds), multiplication_rate()
    print(f"{keras.backend.backend()}, {batch[2].mean():.0%} of positions are words")
    ours = np.median(seconds["keras_lrcn"], axis=0)
    for name, values in seconds.items():
        cpu, wall = np.median(values, axis=0)
        loss, difference = compared[name]
        print(
            f"{name:18} {cpu:6.2f} s CPU {wall:6.2f} s wall  {cpu / ours[0]:5.2f} x "
            f"{wall / ours[1]:5.2f} x  loss {loss:.4f}  gradients within {difference:.1e}"
        )
    done = gigaflops(batch, SIZES["units"], SIZES["words"]) / ours[0]
    print(f"{done:.0f} GFLOP/s of {rate:.0f}: {done / rate:.0%}")


if __name__ == "__main__":
    main()
