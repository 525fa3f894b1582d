"""`keras-lrcn evaluate description`: sentences about videos, word by word and as captions."""

import argparse
import html

from keras_lrcn.cli import report, score_formats
from keras_lrcn.cli.evaluate_captions import SCORES, add_caption_options, explain_meteor
from keras_lrcn.cli.gallery import number
from keras_lrcn.cli.score_formats import readable

EXAMPLES = """examples:
  keras-lrcn evaluate description --references test.jsonl --results descriptions.jsonl
  keras-lrcn evaluate description --references test.csv --results descriptions.jsonl --json

References and results have the columns video (or video_id) and caption, or are COCO's json. The
word error rate is what has to be changed to reach the closest reference, by its words.
"""
KINDS = {"substitutions": "replaced", "insertions": "too many", "deletions": "missing"}
ERRORS = ("WER", "exact", *KINDS, "words")


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
    add_caption_options(parser)
    score_formats.add_options(parser)
    parser.set_defaults(run=run)


def run(args):
    from keras_lrcn.data import read_references, read_results

    report.check_path(args.report)
    examples = readable(read_references, args.references)
    candidates = readable(read_results, args.results, examples)
    explain_meteor(args)
    scores = _scores({e.image_id: list(e.captions) for e in examples}, candidates, args)
    shown = {name: scores[name] for name in (*ERRORS, *SCORES, "intervals") if name in scores}
    if args.report:
        each = scores["per_sentence"] if args.per_sentence else scores.pop("per_sentence")
        groups = _cases(examples, candidates, each)
        title, note = f"Descriptions by {args.results}", "Below each sentence its references."
        report.write_report(args.report, title, {"": shown}, scores["signature"], groups, note)
    score_formats.show(scores, {"": shown}, args, args.results)
    return 0


def _cases(examples, candidates, each):
    by_id = {example.image_id: example for example in examples}

    def case(video):
        errors = " · ".join(
            f"{each[video][kind]} {name}" for kind, name in KINDS.items() if each[video][kind]
        )
        note = f"WER {number(each[video]['WER'])} · {errors or 'exact'} · {html.escape(video)}"
        rows = [("–", html.escape(text)) for text in by_id[video].captions]
        sentence = html.escape(candidates[video]) or "(no words)"
        return report.Case(-each[video]["WER"], "", sentence, note, rows)

    groups = report.worst_and_best({video: -each[video]["WER"] for video in each})
    return {heading: [case(video) for video in videos] for heading, videos in groups.items()}


def _scores(references, candidates, args):
    from keras_lrcn.metrics import evaluate_captions, word_error_rate

    each = args.per_sentence or bool(args.report)
    errors = readable(word_error_rate, references, candidates, each, num_bootstrap=args.bootstrap)
    captions = readable(
        evaluate_captions,
        references,
        candidates,
        per_image=each,
        meteor=args.meteor,
        num_bootstrap=args.bootstrap,
    )
    scores = {**captions, **errors, "signature": f"{errors['signature']}|{captions['signature']}"}
    if args.bootstrap:
        scores["intervals"] = captions["intervals"] | errors["intervals"]
    if each:
        images = scores.pop("per_image")
        scores["per_sentence"] = {i: errors["per_sentence"][i] | images[i] for i in images}
    return scores
