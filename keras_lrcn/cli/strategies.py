"""The decoding options of the command line, which belong to which strategy, and their sampler."""

import argparse

from keras_lrcn.cli.errors import CommandError

LIMITS = ("no_repeat_ngram", "forbid", "min_length")  # on what any strategy may write
DRAWS = ("temperature", "top_k", "top_p", "seed")
OPTIONS = {
    "greedy": LIMITS,
    "beam": (*LIMITS, "num_beams", "length_penalty"),
    "sample": (*LIMITS, *DRAWS),
    "best_of_n": (*LIMITS, *DRAWS, "num_samples"),
}
NUM_BEAMS, NUM_SAMPLES = 5, 100


def add_options(parser):
    """Adds the decoding options; each but `--strategy` is `None` where it is not given."""
    group = parser.add_argument_group("how words are chosen")
    add = group.add_argument
    add(
        "--strategy",
        choices=OPTIONS,
        help="greedy: the likeliest word each time; beam: a beam search; sample: drawn; best_of_n: "
        "the likeliest of many drawn captions, as in the paper (default: as the model was saved; "
        "with other options of this group: beam)",
    )
    add("--num-beams", type=count, metavar="N", help=f"width of the beam search ({NUM_BEAMS})")
    add("--length-penalty", type=float, metavar="A", help="beam: rank by score / length^A (0)")
    add("--num-samples", type=count, metavar="N", help=f"draws of best_of_n ({NUM_SAMPLES})")
    add("--temperature", type=positive, metavar="T", help="divides logits (1; best_of_n 2/3)")
    add("--top-k", type=count, metavar="K", help="draw among the K likeliest words")
    add("--top-p", type=positive, metavar="P", help="draw among the likeliest words that share P")
    add("--seed", type=int, help="of the draws (0)")
    add("--no-repeat-ngram", type=count, metavar="N", help="no N words in a row occur twice")
    add("--forbid", nargs="+", metavar="WORD", help="words that no caption may have")
    add("--min-length", type=count, metavar="N", help="words a caption has at least")


def check(args):
    """Raises `CommandError` for options that the strategy cannot heed; settles the strategy."""
    given = [n for names in OPTIONS.values() for n in names if getattr(args, n) is not None]
    if args.strategy is None and not given:
        return
    args.strategy = args.strategy or "beam"
    for name in given:
        if name not in OPTIONS[args.strategy]:
            users = [strategy for strategy, names in OPTIONS.items() if name in names]
            option = "--" + name.replace("_", "-")
            raise CommandError(
                f"{option} means nothing to --strategy {args.strategy}, only to {', '.join(users)}"
            )
    if args.strategy == "greedy" and args.n_best > 1:
        raise CommandError("--strategy greedy finds one caption; for --n-best take beam")
    for name, default in (("num_beams", None), ("num_samples", NUM_SAMPLES)):
        most = getattr(args, name) or (default if name in OPTIONS[args.strategy] else None)
        if most is not None and args.n_best > most:
            option = "--" + name.replace("_", "-")
            raise CommandError(f"--n-best {args.n_best} needs {option} of at least as many")


def settings(args):
    """Returns the options that decide which sentences come out, for a file that says so."""
    names = ("strategy", "max_length", *sorted({n for names in OPTIONS.values() for n in names}))
    return {name: getattr(args, name) for name in names}


def generate_options(args, samplers=None):
    """Returns the keyword arguments of `LRCNCaptioner.generate` that the options describe.

    Args:
        args: the parsed options.
        samplers: the module to take samplers from. Defaults to `keras_lrcn.samplers`.
    """
    options = {"num_captions": args.n_best}
    if args.max_length is not None:
        options["max_length"] = args.max_length
    if args.strategy is None:
        return options  # the sampler that the preset was saved with
    options["sampler"] = _sampler(args, samplers)
    if "seed" in OPTIONS[args.strategy]:
        options["seed"] = args.seed or 0  # so that a run that goes on draws the same
    return options


def _sampler(args, samplers):
    if samplers is None:
        from keras_lrcn import samplers

    names = [name for name in OPTIONS[args.strategy] if name != "seed"]  # goes to `generate`
    given = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    if "forbid" in given:
        given["forbidden_words"] = tuple(given.pop("forbid"))
    if args.strategy == "greedy":
        return samplers.BeamSearch(num_beams=1, **given)  # a beam of one is greedy
    if args.strategy == "beam":  # as wide as the captions that are asked for
        return samplers.BeamSearch(**{"num_beams": max(NUM_BEAMS, args.n_best), **given})
    if args.strategy == "sample":
        return samplers.Sample(**given)
    return samplers.BestOfN(**{"num_samples": NUM_SAMPLES, **given})


def count(text):
    """`argparse` type of an integer of at least 1."""
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, not {text}")
    return int(text)


def positive(text):
    """`argparse` type of a number above 0."""
    if not float(text) > 0:
        raise argparse.ArgumentTypeError(f"must be above 0, not {text}")
    return float(text)
