"""`keras-lrcn evaluate captions`: coco-caption's scores, without Java but for METEOR."""

import argparse

from keras_lrcn.cli import score_formats
from keras_lrcn.cli.score_formats import readable

EXAMPLES = """examples:
  keras-lrcn evaluate captions --references captions_val2014.json --results results.json
  keras-lrcn evaluate captions --references flickr8k/ --split dev --results dev.jsonl --json

References are COCO's annotations or any data set that `keras-lrcn check` reads; results are COCO's
json, or what `keras-lrcn caption --format jsonl` wrote. Every image must have both.
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
    add("--results", required=True, metavar="FILE", help="json, jsonl or csv of captions")
    add("--split", default="all", help="of the references, such as dev (default: all)")
    add("--per-image", action="store_true", help="also the scores of every image")
    add(
        "--meteor",
        action=argparse.BooleanOptionalAction,
        help="whether to compute METEOR (default: where Java and pycocoevalcap are installed)",
    )
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
    score_formats.add_options(parser)
    parser.set_defaults(run=run)


def run(args):
    from keras_lrcn.data import read_references, read_results

    examples = readable(read_references, args.references, split=args.split)
    candidates = readable(read_results, args.results, examples)
    scores = _scores(examples, candidates, args)
    shown = {name: scores[name] for name in (*SCORES, "intervals") if name in scores}
    score_formats.show(scores, {"": shown}, args, args.results)
    return 0


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
        per_image=args.per_image,
        meteor=args.meteor,
        brevity_penalty=not args.no_brevity_penalty,
        document_frequencies=frequencies,
        num_bootstrap=args.bootstrap,
    )
