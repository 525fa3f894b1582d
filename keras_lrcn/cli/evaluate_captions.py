"""`keras-lrcn evaluate captions`: coco-caption's scores, without Java but for METEOR."""

import argparse
import contextlib

from keras_lrcn.cli import report, score_formats, strategies
from keras_lrcn.cli.caption import tell
from keras_lrcn.cli.captioning import DEFAULT_PRESET, Images, captioned
from keras_lrcn.cli.errors import CommandError
from keras_lrcn.cli.records import Jsonl, resume, to_bytes
from keras_lrcn.cli.score_formats import readable
from keras_lrcn.cli.strategies import count

EXAMPLES = """examples:
  keras-lrcn evaluate captions --references captions_val2014.json --results results.json
  keras-lrcn evaluate captions --references flickr8k/ --split dev --output dev.jsonl
  keras-lrcn evaluate captions --references flickr8k/ --split dev --results dev.jsonl --json

References are COCO's annotations or any data set that `keras-lrcn check` reads; results are COCO's
json, or what `keras-lrcn caption --format jsonl` wrote. Every image must have both. Without
results a model captions the images first; --output keeps its captions, and a run that was
interrupted goes on there. The signature says how many references the images have: scores against
five (COCO's c5) and against forty (c40) are not comparable.
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
    add("--references", required=True, metavar="PATH", help="COCO annotations, or a data set")
    add("--results", metavar="FILE", help="json, jsonl or csv of captions by any system")
    add("--images", metavar="FOLDER", help="where the images are (default: beside the captions)")
    add("--split", default="all", help="of the references, such as dev (default: all)")
    add("--limit", type=count, metavar="N", help="only the first N images")
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
    _add_model_options(parser)
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


def _add_model_options(parser):
    group = parser.add_argument_group("captions by a model, where there are no --results")
    add = group.add_argument
    add("--preset", help="name or folder of the model (default: the shipped one)")
    add("--output", metavar="FILE.jsonl", help="append its captions to this file")
    add("--batch-size", type=count, default=16, metavar="N", help="images at a time (16)")
    add("--max-length", type=count, metavar="N", help="words a caption has at most, with its end")
    strategies.add_options(parser)


def run(args):
    from keras_lrcn.data import read_references, read_results

    report.check_path(args.report)
    if args.results and (args.preset or args.output):
        raise CommandError("--results are there already: --preset and --output write others")
    strategies.check(args)
    examples = readable(read_references, args.references, args.images, args.split)[: args.limit]
    if args.results:
        candidates = readable(read_results, args.results, examples)
    else:
        candidates = _generate(args, examples)
    explain_meteor(args)
    scores = _scores(examples, candidates, args)
    shown = {name: scores[name] for name in (*SCORES, "intervals") if name in scores}
    name = args.results or args.preset or DEFAULT_PRESET
    if args.report:
        each = scores["per_image"] if args.per_image else scores.pop("per_image")
        _write_report(args, examples, candidates, shown, scores["signature"], each)
    score_formats.show(scores, {"": shown}, args, name)
    return 0


def _generate(args, examples):
    """Captions the images of examples: dict from image id to caption."""
    bare = [example.image_id for example in examples if not example.path]
    if bare:
        raise CommandError(
            f"{args.references} names no file of image {bare[0]}; give captions as --results"
        )
    records, file = resume(args.output, Jsonl()) if args.output else ([], None)
    captions = {record.image: record.captions[0].text for record in records}
    todo, broken = [e.path for e in examples if e.path not in captions], {}
    with file or contextlib.nullcontext():
        for record in captioned(Images(), todo, args, broken):
            captions[record.image] = record.captions[0].text
            if file:
                file.write(to_bytes(Jsonl().encode(record)))
    if broken:
        causes = "\n  ".join(str(error) for error in broken.values())
        raise CommandError(f"{len(broken)} of {len(examples)} images are broken:\n  {causes}")
    return {example.image_id: captions[example.path] for example in examples}


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
    model = None if args.results else args.preset or DEFAULT_PRESET
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
