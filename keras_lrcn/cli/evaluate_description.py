"""`keras-lrcn evaluate description`: sentences about videos, word by word and as captions."""

import argparse

from keras_lrcn.cli import score_formats
from keras_lrcn.cli.evaluate_captions import SCORES
from keras_lrcn.cli.score_formats import readable

EXAMPLES = """examples:
  keras-lrcn evaluate description --references test.jsonl --results descriptions.jsonl
  keras-lrcn evaluate description --references test.csv --results descriptions.jsonl --json

References and results have the columns video (or video_id) and caption, or are COCO's json. The
word error rate is what has to be changed to reach the closest reference, by its words.
"""
ERRORS = ("WER", "exact", "substitutions", "insertions", "deletions", "words")


def add_parser(kinds):
    parser = kinds.add_parser(
        "description",
        help="word error rate, exact sentences and caption scores of one sentence a video",
        description="Scores one sentence a video: word error rate with its kinds of errors, share\n"
        "of exact sentences, and the scores of `evaluate captions`.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--references", required=True, metavar="FILE", help="json, jsonl or csv of sentences")
    add("--results", required=True, metavar="FILE", help="json, jsonl or csv of one sentence each")
    add("--per-sentence", action="store_true", help="also the numbers of every sentence")
    add(
        "--meteor",
        action=argparse.BooleanOptionalAction,
        help="whether to compute METEOR (default: where Java and pycocoevalcap are installed)",
    )
    score_formats.add_options(parser)
    parser.set_defaults(run=run)


def run(args):
    from keras_lrcn.data import read_references, read_results

    examples = readable(read_references, args.references)
    candidates = readable(read_results, args.results, examples)
    scores = _scores({e.image_id: list(e.captions) for e in examples}, candidates, args)
    shown = {name: scores[name] for name in (*ERRORS, *SCORES, "intervals") if name in scores}
    score_formats.show(scores, {"": shown}, args, args.results)
    return 0


def _scores(references, candidates, args):
    from keras_lrcn.metrics import evaluate_captions, word_error_rate

    errors = readable(
        word_error_rate, references, candidates, args.per_sentence, num_bootstrap=args.bootstrap
    )
    captions = readable(
        evaluate_captions,
        references,
        candidates,
        per_image=args.per_sentence,
        meteor=args.meteor,
        num_bootstrap=args.bootstrap,
    )
    scores = {**captions, **errors, "signature": f"{errors['signature']}|{captions['signature']}"}
    if args.bootstrap:
        scores["intervals"] = captions["intervals"] | errors["intervals"]
    if args.per_sentence:
        each = scores.pop("per_image")
        scores["per_sentence"] = {i: errors["per_sentence"][i] | each[i] for i in each}
    return scores
