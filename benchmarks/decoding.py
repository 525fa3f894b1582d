"""What decoding costs: against the machine's limit and against others, in turns, in one process.

    KERAS_BACKEND=jax taskset -c 1 python -m benchmarks.decoding --rows D1,D3

Rows D1-D8, S1-S4, M1, C1 are described where they are measured, below; without `--rows` all are.
Times are the processor's, medians over rounds in which the variants take turns; wall-clock time is
beside them. Weights are random, of the paper's widths (1,000 units, 10,000 words), and sentences
have 12 words without an end; rows D7 and S4 decode with the shipped preset.
"""

import argparse
import contextlib
import functools
import os
import statistics
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import keras_hub
import numpy as np
from keras import ops

import keras_lrcn
from benchmarks.scoring import make_captioner
from benchmarks.streaming import resident_bytes
from keras_lrcn.samplers import BeamSearch, BestOfN

WIDTH, WORDS, LENGTH, ROUNDS = 1000, 10_000, 12, 7
PRESET = "lrcn2f_efficientnet_lite0_flickr8k"


class Bench:
    """The model of random weights, made when it is needed, and what is compared with it."""

    def __init__(self, width=WIDTH, words=WORDS, rounds=ROUNDS):
        keras.utils.set_random_seed(0)
        self.width, self.words, self.rounds = width, words, rounds
        self.captioner = make_captioner(["a"], width, words)
        bias = np.zeros(words, "float32")
        bias[self.captioner.preprocessor.tokenizer.end_token_id] = -1e4
        self.captioner.predict_words.bias.assign(bias)
        self.visual = np.random.default_rng(0).normal(size=(64, width)).astype("float32")

    @functools.cached_property
    def peer(self):
        """PyTorch's loops, for the rows that compare with them on every backend."""
        import torch

        from benchmarks.decoding_peers import TorchCaptioner

        torch.set_num_threads(1)
        return TorchCaptioner(self.captioner)

    def generate(self, sampler, images, captioner=None, **options):
        """A way to be timed: `[(ids, score)]` of the best captions, of the captioner's length."""
        length = None if captioner else LENGTH
        captioner = captioner or self.captioner
        find = captioner.preprocessor.tokenizer.token_to_id

        def run():
            found = captioner.generate(
                {"features": images}, sampler, max_length=length, return_details=True, **options
            )
            return [([find(w) for w in best.words], best.score) for best, *_ in found]

        return run

    def alternate(self, ways, rounds=None):
        """Runs the ways in turns, after two rounds: the first is eager, the second compiles.

        Returns:
            `(seconds, results)`: dict of the processor's seconds, medians, and of the last results.
        """
        cpu, wall, results = {n: [] for n in ways}, {n: [] for n in ways}, {}
        for number in range((rounds or self.rounds) + 2):
            for name, way in ways.items():
                start, start_wall = time.process_time(), time.perf_counter()
                results[name] = way()
                if number >= 2:
                    cpu[name].append(time.process_time() - start)
                    wall[name].append(time.perf_counter() - start_wall)
        for name in ways:
            milliseconds = 1e3 * statistics.median(cpu[name])
            spread = 1e3 * (max(cpu[name]) - min(cpu[name]))
            wall_ms = 1e3 * statistics.median(wall[name])
            print(f"    {name:32} {milliseconds:9.1f} ms (+-{spread / 2:.1f}), wall {wall_ms:.0f}")
        return {name: statistics.median(times) for name, times in cpu.items()}, results


def agree(results, expected, tolerance=1e-4):
    """How many captions are the same; scores must be, as near ties may fall either way."""
    same = sum(list(a[0]) == list(b[0]) for a, b in zip(results, expected, strict=True))
    scores = np.array([[a[1], b[1]] for a, b in zip(results, expected, strict=True)])
    np.testing.assert_allclose(scores[:, 0], scores[:, 1], rtol=tolerance)
    return f"{same} of {len(expected)} captions the same, scores all"


def bandwidth_ms(num_bytes):
    """A way that reads as many bytes from memory as often as there are steps: their limit."""
    buffer = np.ones(num_bytes // 4, "float32")
    return lambda: [float(np.dot(buffer, buffer)) for _ in range(LENGTH)]


def compiled(function):
    """`function` of tensors as this backend would run it."""
    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(function)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.function(function)
    return lambda *tensors: function(*tensors)


def without_gradients():
    """What torch must be told."""
    if keras.backend.backend() != "torch":
        return contextlib.nullcontext()
    import torch

    return torch.no_grad()


def products(bench, rows, steps=LENGTH):
    """A way that multiplies what `steps` steps of `rows` rows must, in this library, no more."""
    width, random = bench.width, np.random.default_rng(0)

    def tensor(*shape):
        return ops.convert_to_tensor(random.normal(size=shape).astype("float32"))

    lower, upper = tensor(width, 4 * width), tensor(2 * width, 4 * width)
    vocabulary = tensor(width, bench.words)
    x, xx = tensor(rows, width), tensor(rows, 2 * width)
    multiply = compiled(lambda x, a: ops.matmul(x, a))

    def run():
        with without_gradients():
            for _ in range(steps):
                for a, b in ((x, lower), (xx, upper), (x, vocabulary)):
                    out = multiply(a, b)
            return np.asarray(ops.convert_to_numpy(out))[0, 0]

    return run


def row_d1(bench):
    """D1: greedy and beam 5 of one image, against reading the weights of its steps once."""
    num_bytes = 4 * bench.width * (3 * 4 * bench.width + bench.words)
    images = bench.visual[:1]
    seconds, _ = bench.alternate(
        {
            "greedy": bench.generate(BeamSearch(1), images),
            "beam 5": bench.generate(BeamSearch(5), images),
            "reading the weights": bandwidth_ms(num_bytes),
        }
    )
    limit = seconds["reading the weights"]
    for name in ("greedy", "beam 5"):
        print(f"D1 {name}, batch 1: {limit / seconds[name]:.2f} of the limit (bar 0.75)")


def row_d2(bench):
    """D2: beam 5 of 16 and of 64 images, against this library's products alone."""
    for batch in (16, 64):
        ways = {
            "beam 5": bench.generate(BeamSearch(5), bench.visual[:batch]),
            "products": products(bench, 5 * batch),
        }
        seconds, _ = bench.alternate(ways, 5)
        share = seconds["products"] / seconds["beam 5"]
        print(f"D2 batch {batch}: products are {share:.2f} of the time (bar 0.9)")
        profile(bench, 5 * batch, seconds["beam 5"])


def profile(bench, rows, seconds):
    """Prints how much of the time the parts of a step would take alone."""
    random = np.random.default_rng(0)
    logits = ops.convert_to_tensor(random.normal(size=(rows, bench.words)).astype("float32"))
    states = ops.convert_to_tensor(random.normal(size=(rows, 4 * bench.width)).astype("float32"))
    places = ops.convert_to_tensor(random.integers(0, rows, rows).astype("int32"))
    best = compiled(lambda x: ops.top_k(x, 5)[0])
    normaliser = compiled(lambda x: ops.logsumexp(x, axis=-1))
    gather = compiled(lambda x, i: ops.take(x, i, axis=0))
    parts = {
        "top-k": lambda: [ops.convert_to_numpy(best(logits)) for _ in range(LENGTH)],
        "logsumexp": lambda: [ops.convert_to_numpy(normaliser(logits)) for _ in range(LENGTH)],
        "gather": lambda: [ops.convert_to_numpy(gather(states, places)) for _ in range(LENGTH)],
        "products": products(bench, rows),
    }
    found, _ = bench.alternate(parts, 5)
    shares = {name: value / seconds for name, value in found.items()}
    shares["gates, loop, words"] = 1 - sum(shares.values())
    print("   shares: " + ", ".join(f"{name} {100 * s:.0f} %" for name, s in shares.items()))


def row_d3(bench, batch=16, name="D3", bars=(6, 6, 4.5)):
    """D3: captions a second, beam 5, 16 images, against one image at a time in PyTorch."""
    timed = min(batch, 4)  # of the loop, whose time is that number of times one image's
    ways = {
        "beam 5": bench.generate(BeamSearch(5), bench.visual[:batch]),
        f"PyTorch, {timed} one by one": lambda: [
            bench.peer.beam_search(v, 5, LENGTH) for v in bench.visual[:timed]
        ],
    }
    seconds, results = bench.alternate(ways)
    ours, theirs = ways
    print("   " + agree(results[ours][:timed], results[theirs]))
    ratio = seconds[theirs] / timed * batch / seconds[ours]
    bar = dict(zip(("tensorflow", "jax", "torch"), bars, strict=True))[keras.backend.backend()]
    print(
        f"{name} batch {batch}: {batch / seconds[ours]:.1f} captions/s, {ratio:.1f} x (bar {bar})"
    )


def row_d4(bench):
    """D4: the same for one image."""
    row_d3(bench, 1, "D4", (1.8, 1.5, 1.15))


def row_d5(bench):
    """D5: KerasHub's beam search over the same network, of one image and of 16."""
    for batch in (1, 16):
        ways = {
            "beam 5": bench.generate(BeamSearch(5), bench.visual[:batch]),
            "KerasHub's": bench.generate(
                keras_hub.samplers.BeamSampler(num_beams=5), bench.visual[:batch]
            ),
        }
        seconds, results = bench.alternate(ways)
        same = sum(a[0] == b[0] for a, b in zip(*results.values(), strict=True))
        ratio = seconds["KerasHub's"] / seconds["beam 5"]
        print(f"   {same} of {batch} captions the same")
        print(f"D5 batch {batch}: {ratio:.2f} x (bar 1)")


def row_d6(bench):
    """D6: greedy of one image, against the sentence so far through `predict` for each word."""
    from benchmarks.decoding_peers import prefix_by_prefix

    model = bench.captioner.on_features()
    start = bench.captioner.preprocessor.tokenizer.start_token_id
    ways = {
        "greedy": bench.generate(BeamSearch(1), bench.visual[:1]),
        "predict": lambda: [prefix_by_prefix(model, start, bench.visual[0], LENGTH)],
    }
    seconds, results = bench.alternate(ways, 5)
    assert results["greedy"][0][0] == results["predict"][0]
    print(f"D6 {seconds['predict'] / seconds['greedy']:.0f} x (bar 15), the same caption")


def row_d8(bench):
    """D8: beam 5 of 16 images, against a batched PyTorch search with the same tricks."""
    from benchmarks.decoding_peers import BatchedTorchCaptioner

    batched, visual = BatchedTorchCaptioner(bench.peer), bench.visual[:16]
    ways = {
        "beam 5": bench.generate(BeamSearch(5), visual),
        "PyTorch, batched": lambda: list(zip(*batched.beam_search(visual, 5, LENGTH), strict=True)),
    }
    seconds, results = bench.alternate(ways)
    print("   " + agree(*results.values()))
    ratio = seconds["beam 5"] / seconds["PyTorch, batched"]
    print(f"D8 batch 16: {ratio:.2f} x its time (bar 1.1)")


def row_s1(bench):
    """S1, S3: 100 samples of one image, of which none is alike or ends, in units of others."""
    images = bench.visual[:1]
    ways = {
        "best of 100": bench.generate(BestOfN(100, seed=0), images),
        "greedy": bench.generate(BeamSearch(1), images),
        "beam 5": bench.generate(BeamSearch(5), images),
    }
    seconds, _ = bench.alternate(ways)
    ratio = 100 * seconds["greedy"] / seconds["best of 100"]
    print(f"S1 {ratio:.1f} x faster than greedy 100 times (bar 6)")
    print(f"S3 {seconds['best of 100'] / seconds['beam 5']:.1f} x the time of beam 5 (bar 6)")


class CategoricalBestOfN(BestOfN):
    """Best of N that draws each word with `random.categorical`."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.seed_generator = keras.random.SeedGenerator(self.seed)

    def propose(self, logits, allowed, slot, state, draws):
        allowed = ops.take(allowed / self.temperature, slot, axis=0)
        if keras.backend.backend() == "jax":  # where Keras' seeds cannot change in a branch
            import jax

            key = jax.random.PRNGKey(ops.sum(state["position"]))
            words = jax.random.categorical(key, allowed).astype("int32")
        else:
            words = keras.random.categorical(allowed, 1, dtype="int32", seed=self.seed_generator)
            words = words[:, 0]
        scores = ops.take(logits - ops.logsumexp(logits, axis=-1, keepdims=True), slot, axis=0)
        return words, ops.take_along_axis(scores, words[:, None], axis=-1)[:, 0]


def row_s2(bench):
    """S2: 100 samples of one image, against drawing with `random.categorical`."""
    ways = {
        "inverse distribution": bench.generate(BestOfN(100, seed=0), bench.visual[:1]),
        "random.categorical": bench.generate(CategoricalBestOfN(100, seed=0), bench.visual[:1]),
    }
    seconds, _ = bench.alternate(ways, 5)
    ratio = seconds["random.categorical"] / seconds["inverse distribution"]
    print(f"S2 {ratio:.2f} x (bar 1.25; TensorFlow's graph 0.9)")


def shipped(photos):
    """The shipped captioner and features of as many photos of a folder as asked for."""
    captioner = keras_lrcn.LRCNCaptioner.from_preset(PRESET)
    encoder = captioner.backbone.visual_encoder
    features = keras.Model(encoder.inputs, getattr(encoder, "pooled", encoder.output))
    pixels = [captioner.preprocessor.load_images(photos[i : i + 16]) for i in range(0, 64, 16)]
    return captioner, np.concatenate([features.predict_on_batch(p) for p in pixels])


def row_d7(bench):
    """D7: the shipped preset, beam 5, against going on until all beams have ended."""
    captioner, visual = shipped(bench.photos)
    rows, step = [], captioner.backbone.step

    def counted(token_ids, *rest):
        rows.append(len(token_ids))
        return step(token_ids, *rest)

    ways, counts = {}, {}
    for name, number in {"exact stop": 1, "all beams end": 5}.items():
        ways[name] = bench.generate(BeamSearch(5), visual, captioner, num_captions=number)
    seconds, results = bench.alternate(ways, 5)
    print("   " + agree(*results.values(), tolerance=1e-4))
    if keras.backend.backend() != "jax":  # whose loops are compiled in any case
        captioner.compile(run_eagerly=True)
        captioner.backbone.step = counted
        for name, number in {"exact stop": 1, "all beams end": 5}.items():
            rows.clear()
            for vector in visual[:16]:
                bench.generate(BeamSearch(5), vector[None], captioner, num_captions=number)()
            counts[name] = len(rows), sum(rows)
            print(f"    {name}: {len(rows) / 16:.1f} steps and {sum(rows) / 16:.1f} rows an image")
        ratio = np.divide(counts["all beams end"], counts["exact stop"])
        print(f"D7 {ratio[0]:.2f} x fewer steps (bar 1.5), {ratio[1]:.2f} x fewer rows")
    ratio = seconds["all beams end"] / seconds["exact stop"]
    print(f"D7 batch of 64: {ratio:.2f} x faster")


def row_s4(bench):
    """S4: the shipped preset, best of 100 at T = 1.5, against beam 5 and all 100 to the end."""
    captioner, visual = shipped(bench.photos)
    for batch in (1, 16):
        images = visual[:batch]
        ways = {
            "beam 5": bench.generate(BeamSearch(5), images, captioner),
            "best of 100": bench.generate(BestOfN(100, seed=0), images, captioner),
            "all 100": bench.generate(BestOfN(100, seed=0), images, captioner, num_captions=100),
        }
        seconds, results = bench.alternate(ways, 5)
        print("   winners: " + agree(results["best of 100"], results["all 100"], tolerance=1e-4))
        ratio = seconds["best of 100"] / seconds["beam 5"]
        print(f"S4 batch {batch}: {ratio:.2f} x the time of beam 5 (bar 2), ", end="")
        print(f"{seconds['all 100'] / seconds['best of 100']:.1f} x faster than all")


def row_m1(bench, calls=1000):
    """M1: a thousand calls of all samplers, batch sizes and lengths: memory, and compilations."""
    small = Bench(width=16, words=50)
    samplers = [BeamSearch(5), BeamSearch(1), BestOfN(20, seed=0), "greedy", "top_k"]
    memory = []
    for number in range(calls + 200):
        if number == 200:
            memory.append(resident_bytes())
        visual = small.visual[: 1 + number % 16]
        small.captioner.generate({"features": visual}, samplers[number // 16 % 5], max_length=6)
    memory.append(resident_bytes())
    print(f"M1 {calls} calls: {(memory[1] - memory[0]) / 1e6:+.1f} MB of {memory[0] / 1e6:.0f}")


def row_c1(bench):
    """C1: the first call and the second; on JAX, how much of the weights is in the program."""
    for name, sampler in {"beam 5": BeamSearch(5), "best of 100": BestOfN(100, seed=0)}.items():
        for batch in (1, 16):
            bench.captioner.compile()
            run = bench.generate(sampler, bench.visual[:batch])
            times = []
            for _ in range(4):
                start = time.process_time()
                run()
                times.append(time.process_time() - start)
            shown = ", ".join(f"{t:.2f}" for t in times)
            print(f"C1 {name}, batch {batch}: calls 1 to 4 take {shown} s")
    print(f"   resident memory {resident_bytes() / 1e6:.0f} MB")
    if keras.backend.backend() == "jax":
        print(f"C1 constants in the program: {program_constants(bench) / 1e6:.2f} MB (bar 1)")


def program_constants(bench):
    """Bytes of the arrays that JAX's program of `generate_step` holds beside its arguments."""
    import jax

    captioner = bench.captioner
    inputs = captioner.preprocessor.start_captions(bench.visual[:1], LENGTH)
    variables = [*captioner.trainable_variables, *captioner.non_trainable_variables]

    def step(inputs, values):
        with keras.StatelessScope(state_mapping=zip(variables, values, strict=True)):
            return captioner.generate_step(inputs, (2,))

    jaxpr = jax.make_jaxpr(step)(inputs, [v.value for v in variables])
    return sum(np.asarray(c).nbytes for c in jaxpr.consts)


ROWS = {
    name.removeprefix("row_").upper(): function
    for name, function in list(globals().items())
    if name.startswith("row_")
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", default=",".join(ROWS), help="default: %(default)s")
    parser.add_argument("--photos", metavar="FOLDER", help="64 photos for D7 and S4")
    args = parser.parse_args()
    bench = Bench()
    bench.photos = _photos(args.photos)
    print(f"{keras.backend.backend()} {keras.__version__}, cores {sorted(os.sched_getaffinity(0))}")
    for name in args.rows.split(","):
        if name in ("D7", "S4") and not bench.photos:
            print(f"{name} left out: give --photos FOLDER")
            continue
        print(f"-- {ROWS[name].__doc__.rstrip('.')}")
        try:
            ROWS[name](bench)
        except ImportError as error:
            print(f'{name} left out: {error}: pip install "keras-lrcn[backends]"')


def _photos(folder):
    names = sorted(os.listdir(folder)) if folder else []
    return [os.path.join(folder, n) for n in names if n.endswith((".jpg", ".png"))][:64]


if __name__ == "__main__":
    main()
