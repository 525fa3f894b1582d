"""`keras-lrcn evaluate activity`: accuracies of recognised activities, overall and by class."""

import argparse
import html

from keras_lrcn.cli import confusion, report, score_formats
from keras_lrcn.cli.gallery import image_source, number
from keras_lrcn.cli.score_formats import readable

EXAMPLES = """examples:
  keras-lrcn evaluate activity --references test.csv --results rgb.jsonl
  keras-lrcn evaluate activity --references test.csv --results flow.jsonl --against rgb.jsonl
  keras-lrcn evaluate activity --references test.csv --results rgb.jsonl --confusion rgb.png --json

References have the columns video and label. Results are what `keras-lrcn classify` wrote, or a csv,
json or json lines with video and probabilities (class to probability), top (a list of label and
probability) or label; top_5 needs five classes of each video (`classify --top 5`). Several results
of one video are its clips: they are scored as they are, and averaged.
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
    add("--report", metavar="FILE.html", help="also write a page with the worst and the best")
    score_formats.add_options(parser)
    parser.set_defaults(run=run)


def run(args):
    from keras_lrcn.data import read_labels

    if args.confusion:
        confusion.check_path(args.confusion)
    report.check_path(args.report)
    labels = readable(read_labels, args.references)
    results = _read(args.results, labels)
    scores = _scores(results, args)
    shown = {level: _shown(scores[level], args) for level in LEVELS if level in scores}
    if args.against:
        scores["gains"] = _gains(scores, _scores(_read(args.against, labels), args))
        shown["gain over " + args.against] = scores["gains"]
    shown = shown if len(shown) > 1 else {"": shown["video"]}
    counts = _confusion(results) if args.confusion or args.report else None
    if args.confusion:
        confusion.write_confusion(args.confusion, counts, results.classes)
    if args.report:
        _write_report(args, results, counts, shown, scores)
    score_formats.show(scores, shown, args, args.results)
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


def _confusion(results):
    from keras_lrcn.metrics import confusion_matrix

    _, right, probabilities = _by_video(results)
    return confusion_matrix(right, probabilities.argmax(axis=1), len(results.classes))


def _write_report(args, results, counts, shown, scores):
    names, right, probabilities = _by_video(results)
    of_right = probabilities[range(len(names)), right]

    def case(row):
        order = probabilities[row].argsort()[::-1][:5]
        rows = [(number(probabilities[row, c]), html.escape(results.classes[c])) for c in order]
        note = f"right: {html.escape(results.classes[right[row]])} · {html.escape(names[row])}"
        return report.Case(of_right[row], "", html.escape(results.classes[order[0]]), note, rows)

    groups = report.worst_and_best(dict(enumerate(of_right)))
    groups = {heading: [case(row) for row in rows] for heading, rows in groups.items()}
    picture = image_source(confusion.draw_confusion(counts, results.classes), "PNG")
    extra = f'<div class="confusion"><img src="{picture}" alt="confusion matrix"></div>'
    by_class = report.table("", scores["video"]["per_class"])
    extra += f"<details><summary>Accuracy by class</summary>{by_class}</details>"
    note = "In the matrix rows are right classes and columns predicted ones. Videos are sorted by "
    note += "the probability of their right class."
    title = f"Activities by {args.results}"
    report.write_report(args.report, title, shown, scores["signature"], groups, note, extra)
