"""`keras-lrcn evaluate activity`: accuracies of recognised activities, overall and by class."""

import argparse

from keras_lrcn.cli import confusion, score_formats
from keras_lrcn.cli.score_formats import readable

EXAMPLES = """examples:
  keras-lrcn evaluate activity --references test.csv --results rgb.jsonl
  keras-lrcn evaluate activity --references test.csv --results flow.jsonl --against rgb.jsonl
  keras-lrcn evaluate activity --references test.csv --results rgb.jsonl --confusion rgb.png --json

References have the columns video and label. Results are what `keras-lrcn classify` wrote, or a csv,
json or json lines with video and probabilities (class to probability), top (a list of label and
probability) or label. Several results of one video are its clips: they are scored as they are, and
averaged.
"""
LEVELS = ("clip", "video")


def add_parser(kinds):
    parser = kinds.add_parser(
        "activity",
        help="top-1, top-5 and mean class accuracy, class by class",
        description="Scores recognised activities: top-1, top-5 and mean class accuracy, what one\n"
        "system gains over another class by class, and which classes are taken for which.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--references", required=True, metavar="FILE", help="videos with their right labels")
    add("--results", required=True, metavar="FILE", help="what a system took them for")
    add("--against", metavar="FILE", help="results of another: print the gain over it by class")
    add("--per-class", action="store_true", help="also the accuracy of every class")
    add("--confusion", metavar="FILE", help="write who was taken for whom, as .csv or .png")
    score_formats.add_options(parser)
    parser.set_defaults(run=run)


def run(args):
    from keras_lrcn.data import read_labels

    if args.confusion:
        confusion.check_path(args.confusion)
    labels = readable(read_labels, args.references)
    results = _read(args.results, labels)
    scores = _scores(results, args)
    shown = {level: _shown(scores[level], args) for level in LEVELS if level in scores}
    if args.against:
        scores["gains"] = _gains(scores, _scores(_read(args.against, labels), args))
        shown["gain over " + args.against] = scores["gains"]
    if args.confusion:
        _write_confusion(args.confusion, results)
    score_formats.show(
        scores, shown if len(shown) > 1 else {"": shown["video"]}, args, args.results
    )
    return 0


def _read(path, labels):
    from keras_lrcn.data import read_label_results

    return readable(read_label_results, path, labels)


def _scores(results, args):
    """Scores of videos and, where a video has several results, of clips."""
    names, right, probabilities = _by_video(results)
    scores = {}
    if len(names) < len(results.videos):  # clips of one video hang together: no intervals
        scores["clip"] = _level(results.probabilities, results.labels, results, 0)
    scores["video"] = _level(probabilities, right, results, args.bootstrap)
    signature = f"videos:{len(names)}|results:{len(results.videos)}|classes:{len(results.classes)}"
    scores["signature"] = f"{signature}|listed:{results.num_listed}|ties:first-class"
    return scores


def _level(probabilities, right, results, num_bootstrap):
    from keras_lrcn.metrics import activity_scores

    scores = activity_scores(probabilities, right, results.classes, num_bootstrap=num_bootstrap)
    if results.num_listed < min(5, len(results.classes)):  # who comes fifth is not known
        scores.pop("top_5", None)
        scores.get("intervals", {}).pop("top_5", None)
    del scores["signature"], scores["videos"]
    return scores


def _by_video(results):
    import numpy as np

    from keras_lrcn.metrics import video_probabilities

    names, probabilities = video_probabilities(results.probabilities, results.videos)
    right = dict(zip(results.videos, results.labels.tolist(), strict=True))
    return names, np.array([right[name] for name in names]), probabilities


def _shown(scores, args):
    numbers = {name: value for name, value in scores.items() if name != "per_class"}
    return numbers | (scores["per_class"] if args.per_class else {})


def _gains(scores, baseline):
    from keras_lrcn.metrics import class_gains

    return dict(readable(class_gains, scores["video"], baseline["video"]))


def _write_confusion(path, results):
    from keras_lrcn.metrics import confusion_matrix

    _, right, probabilities = _by_video(results)
    counts = confusion_matrix(right, probabilities.argmax(axis=1), len(results.classes))
    confusion.write_confusion(path, counts, results.classes)
