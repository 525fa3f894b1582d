"""`keras-lrcn evaluate captions`: coco-caption's scores, without Java but for METEOR."""

import argparse

from keras_lrcn.cli import caption, model_runs, report, score_formats, strategies
from keras_lrcn.cli.caption import tell
from keras_lrcn.cli.captioning import DEFAULT_PRESET, Images
from keras_lrcn.cli.errors import CommandError
from keras_lrcn.cli.score_formats import readable
from keras_lrcn.cli.strategies import count

EXAMPLES = """examples:
  keras-lrcn evaluate captions --data captions_val2014.json --results results.json
  keras-lrcn evaluate captions --data flickr8k/ --split dev --folder runs/dev
  keras-lrcn evaluate captions --data flickr8k/ --split dev --preset my_captioner --report dev.html

Data are COCO's annotations or any data set that `keras-lrcn check` reads; results are COCO's
json, or what `keras-lrcn caption --format jsonl` wrote. Every image must have both. Without
results a model captions the images first; --folder (or --output) keeps its captions, and a run that
was interrupted goes on there. An image that cannot be read is named at the end and counts as a
caption without words; the exit status is then 1. The signature says how many references the images
have: scores against five (COCO's c5) and against forty (c40) are not comparable.
"""
SCORES = ("Bleu_1", "Bleu_2", "Bleu_3", "Bleu_4", "METEOR", "ROUGE_L", "CIDEr")


def add_parser(kinds):
    parser = kinds.add_parser(
        "captions",
        help="BLEU, METEOR, ROUGE-L and CIDEr-D of one caption an image",
        description="Scores one caption an image against references, with the numbers of\n"
        "coco-caption: BLEU-1..4, ROUGE-L, CIDEr-D, and METEOR where Java and pycocoevalcap are.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    model_runs.add_data_options(parser, "COCO annotations, or a data set", "images")
    add("--split", default="all", help="of the data, such as dev (default: all)")
    add("--per-image", action="store_true", help="also the scores of every image")
    add_caption_options(parser)
    add(
        "--no-brevity-penalty",
        action="store_true",
        help="BLEU as many papers of 2014 and 2015 print it",
    )
    add(
        "--document-frequencies",
        metavar="PATH",
        help="count CIDEr-D's n-grams in these references instead",
    )
    model_runs.add_model_options(parser, "captions, captions.jsonl,")
    add("--output", metavar="FILE.jsonl", help="keep them in this file in place of a folder")
    add_generate_options(parser, "image")
    score_formats.add_options(parser)
    parser.set_defaults(run=run, n_best=1)


def add_caption_options(parser):
    """Adds the options that `evaluate description` has too."""
    parser.add_argument(
        "--meteor",
        action=argparse.BooleanOptionalAction,
        help="whether to compute METEOR (default: where Java and pycocoevalcap are installed)",
    )
    parser.add_argument(
        "--report", metavar="FILE.html", help="also write a page with the worst and the best"
    )


def explain_meteor(args):
    """Says on standard error why METEOR will be missing, unless it was asked for or refused."""
    from keras_lrcn.metrics import meteor_obstacle

    if args.meteor is None and (obstacle := meteor_obstacle()):
        tell(f"the scores come without METEOR. {obstacle}")


def add_generate_options(parser, unit):
    """Adds the options of a model that writes sentences."""
    group = parser.add_argument_group("how its sentences are written")
    add = group.add_argument
    add("--batch-size", type=count, default=16, metavar="N", help=f"{unit}s at a time (16)")
    add("--max-length", type=count, metavar="N", help="words a sentence has at most, with its end")
    strategies.add_options(parser)


def run(args):
    """Scores what `args` names. Returns 1 if an image was broken, else 0."""
    from keras_lrcn.data import read_references, read_results

    model_runs.check(args)
    strategies.check(args)
    report.check_path(args.report)
    examples = readable(read_references, args.data, args.images, args.split)[: args.limit]
    total, broken = len(examples), {}
    if args.results:
        candidates = readable(read_results, args.results, examples)
    else:
        captions, broken = _generate(args, examples)
        examples = model_runs.left(examples, broken, args, lambda e: e.path)
        candidates = {e.image_id: captions.get(e.path, "") for e in examples}
    explain_meteor(args)
    scores = _scores(examples, candidates, args)
    shown = {name: scores[name] for name in (*SCORES, "intervals") if name in scores}
    model_runs.note_broken(scores, shown, broken, args)
    if args.report:
        each = scores["per_image"] if args.per_image else scores.pop("per_image")
        _write_report(args, examples, candidates, shown, scores["signature"], each)
    score_formats.show(scores, {"": shown}, args, args.results or args.preset)
    return caption.report(broken, total, "image")


def _generate(args, examples):
    """Captions the images of examples: dict from path to caption, and the errors of broken ones."""
    bare = [example.image_id for example in examples if not example.path]
    if bare:
        raise CommandError(
            f"{args.data} names no file of image {bare[0]}; give captions as --results"
        )
    args.preset = args.preset or DEFAULT_PRESET
    paths = list(dict.fromkeys(example.path for example in examples))
    settings = strategies.settings(args)
    return model_runs.sentences(Images(), paths, args, "captions.jsonl", **settings)


def _scores(examples, candidates, args):
    from keras_lrcn.data import read_references
    from keras_lrcn.metrics import count_documents, evaluate_captions

    frequencies = None
    if args.document_frequencies:
        counted = readable(read_references, args.document_frequencies)
        frequencies = count_documents({e.image_id: e.captions for e in counted})
    return readable(
        evaluate_captions,
        {example.image_id: list(example.captions) for example in examples},
        candidates,
        per_image=args.per_image or bool(args.report),
        meteor=args.meteor,
        brevity_penalty=not args.no_brevity_penalty,
        document_frequencies=frequencies,
        num_bootstrap=args.bootstrap,
    )


def _write_report(args, examples, candidates, shown, signature, each):
    from keras_lrcn.cli import caption_cases

    by_id = {example.image_id: example for example in examples}
    groups = report.worst_and_best({i: each[i]["CIDEr"] for i in each})
    model = args.preset  # `None` where there are results
    words = caption_cases.word_scores(
        model, [i for ids in groups.values() for i in ids], by_id, candidates
    )
    cases = {
        heading: [caption_cases.case(by_id[i], candidates[i], each[i], words.get(i)) for i in ids]
        for heading, ids in groups.items()
    }
    title = f"Captions by {args.results or model}"
    report.write_report(
        args.report, title, {"": shown}, signature, cases, caption_cases.note(len(each), model)
    )
