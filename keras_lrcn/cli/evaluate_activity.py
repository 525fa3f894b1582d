"""`keras-lrcn evaluate activity`: accuracies of recognised activities, overall and by class."""

import argparse
import contextlib
import html

from keras_lrcn.cli import caption, confusion, model_runs, report, score_formats
from keras_lrcn.cli.class_records import KeptAnswers
from keras_lrcn.cli.classify import add_protocol_options
from keras_lrcn.cli.classifying import DEFAULT_PRESET, ActivityModel, classified
from keras_lrcn.cli.errors import CommandError
from keras_lrcn.cli.gallery import image_source, number
from keras_lrcn.cli.records import to_bytes
from keras_lrcn.cli.score_formats import readable

EXAMPLES = """examples:
  keras-lrcn evaluate activity --data UCF101/ --split test1 --folder runs/rgb --confusion rgb.png
  keras-lrcn evaluate activity --data clips/ --preset my_activity --report page.html
  keras-lrcn evaluate activity --data test.csv --results flow.jsonl --against runs/rgb/classes.jsonl

Data are a folder of UCF101 or HMDB51 with its split lists, a folder with a folder of videos for
each class, or a csv, json or json lines with video and label. A model names the videos first; with
--folder its answers are kept, and a run that was interrupted goes on there. A video that cannot be
read is named at the end and counts as wrong; the exit status is then 1.

Results are what `keras-lrcn classify` wrote, or a csv, json or json lines with video and
probabilities (class to probability), top (a list of label and probability) or label; top_5 needs
five classes of each video (`classify --top 5`). Several results of one video are its clips: they
are scored as they are, and averaged.
"""
LEVELS = ("clip", "video")
TOP = 20  # classes of a video that are kept
NO_ANSWER = "(could not be read)"


def add_parser(kinds):
    parser = kinds.add_parser(
        "activity",
        help="top-1, top-5 and mean class accuracy, class by class",
        description="Scores recognised activities: top-1, top-5 and mean class accuracy, what one\n"
        "system gains over another class by class, and which classes are taken for which.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    model_runs.add_data_options(parser, "labelled videos, see below", "videos")
    add = parser.add_argument
    add("--split", help="of UCF101 and HMDB51, such as test1 (the default) or train3")
    add("--against", metavar="FILE", help="results of another: print the gain over it by class")
    add("--per-class", action="store_true", help="also the accuracy of every class")
    add("--confusion", metavar="FILE", help="write who was taken for whom, as .csv or .png")
    add("--report", metavar="FILE.html", help="also write a page with the worst and the best")
    model_runs.add_model_options(parser, "answers, classes.jsonl,")
    add_protocol_options(parser)
    score_formats.add_options(parser)
    parser.set_defaults(run=run, top=TOP, on_error="raise-per-file")


def run(args):
    """Scores what `args` names. Returns 1 if a video was broken, else 0."""
    from keras_lrcn.data import read_label_results, read_labelled_dataset

    model_runs.check(args)
    if args.confusion:
        confusion.check_path(args.confusion)
    report.check_path(args.report)
    examples = readable(read_labelled_dataset, args.data, args.videos, args.split)[: args.limit]
    labels, broken = {e.video_id: e.label for e in examples}, {}
    if args.results:
        results = readable(read_label_results, args.results, labels)
    else:
        results = _classify(args, examples, broken)
        labels = {video: labels[video] for video in results.videos}
    scores = _scores(results, args)
    shown = {level: _shown(scores[level], args) for level in LEVELS if level in scores}
    model_runs.note_broken(scores, shown["video"], broken, args)
    if args.against:
        others = readable(read_label_results, args.against, labels)
        scores["gains"] = _gains(scores, _scores(others, args))
        shown["gain over " + args.against] = scores["gains"]
    shown = shown if len(shown) > 1 else {"": shown["video"]}
    _write_files(args, results, shown, scores, {e.video_id: e.path for e in examples})
    score_formats.show(scores, shown, args, _name(args))
    return caption.report(broken, len(examples), "video")


def _name(args):
    return args.results or args.preset


def _classify(args, examples, broken):
    """Names the videos of examples: `LabelResults`. Adds video to error of the broken ones."""
    args.preset = args.preset or DEFAULT_PRESET
    model, ids, errors = ActivityModel(args), {}, {}
    for example in examples:
        ids.setdefault(example.path, []).append(example.video_id)
    protocol = {name: getattr(args, name) for name in ("crops", "clip_length", "stride")}
    answers = KeptAnswers()
    records, file = model_runs.keep(args, "classes.jsonl", answers, **protocol)
    found = {record.video: dict(record.top) for record in records}
    todo = {*model_runs.to_do([e.video_id for e in examples], found, "video")}
    if todo:
        _check_classes(examples, model.load(), args.data)
    paths = list(dict.fromkeys(e.path for e in examples if e.video_id in todo))
    with file or contextlib.nullcontext():
        for record, _ in classified(paths, model, args, errors, {}):
            for video in ids[record.video]:
                line = answers.encode(record._replace(video=video))
                found[video] = dict(answers.decode(line)[0].top)  # as a second run will read it
                if file:
                    file.write(to_bytes(line))
    broken |= {video: error for path, error in errors.items() for video in ids[path]}
    return _results(args, examples, found, broken)


def _results(args, examples, found, broken):
    from keras_lrcn.data import stack_label_results

    scored = model_runs.left(examples, broken, args, lambda e: e.video_id)
    rows = [(e.video_id, found.get(e.video_id)) for e in scored]
    return stack_label_results(rows, {e.video_id: e.label for e in scored})


def _check_classes(examples, task, data):
    """Says which classes of the data the model cannot name; ends the command where that is all."""
    known = task.preprocessor.class_names
    labels = [e.label for e in examples]
    unknown = sorted({*labels} - {*known})
    if not unknown:
        return
    message = f"the model does not know {len(unknown)} classes of {data}, such as {unknown[0]!r}"
    if set(labels) == set(unknown):
        raise CommandError(
            f"{message}; it knows {', '.join(map(repr, known[:10]))}. Name a folder that holds a "
            "folder for each class, called as the model calls it, or another --preset."
        )
    many = sum(label in unknown for label in labels)
    caption.tell(f"{message}: their {many} videos count as wrong")


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
    """Counts, and the classes of rows and columns: one more where videos were broken."""
    import numpy as np

    from keras_lrcn.metrics import confusion_matrix

    _, right, probabilities = _by_video(results)
    silent, classes = np.isnan(probabilities[:, 0]), list(results.classes)
    predicted = np.where(silent, len(classes), np.nan_to_num(probabilities).argmax(axis=1))
    classes += [NO_ANSWER] * bool(silent.any())
    return confusion_matrix(right, predicted, len(classes)), classes


def _write_files(args, results, shown, scores, paths):
    if not (args.confusion or args.report):
        return
    counts, classes = _confusion(results)
    if args.confusion:
        confusion.write_confusion(args.confusion, counts, classes)
    if args.report:
        picture = confusion.draw_confusion(counts, classes)
        _write_report(args, results, picture, shown, scores, paths)


def _write_report(args, results, picture, shown, scores, paths):
    import numpy as np

    names, right, probabilities = _by_video(results)
    of_right = np.nan_to_num(probabilities[range(len(names)), right], nan=-1.0)

    def case(row):
        if of_right[row] < 0:
            return report.Case(-1.0, "", NO_ANSWER, note(row), [])
        order = probabilities[row].argsort()[::-1][:5]
        rows = [(number(probabilities[row, c]), html.escape(results.classes[c])) for c in order]
        label = html.escape(results.classes[order[0]])
        return report.Case(of_right[row], paths[names[row]], label, note(row), rows)

    def note(row):
        return f"right: {html.escape(results.classes[right[row]])} · {html.escape(names[row])}"

    groups = report.worst_and_best(dict(enumerate(of_right)))
    groups = {heading: [case(row) for row in rows] for heading, rows in groups.items()}
    source = image_source(picture, "PNG")
    extra = f'<div class="confusion"><img src="{source}" alt="confusion matrix"></div>'
    by_class = report.table("", scores["video"]["per_class"])
    extra += f"<details><summary>Accuracy by class</summary>{by_class}</details>"
    explained = "In the matrix rows are right classes and columns predicted ones. Videos are "
    explained += "sorted by the probability of their right class."
    title = f"Activities by {_name(args)}"
    report.write_report(
        args.report,
        title,
        shown,
        scores["signature"],
        groups,
        explained,
        extra,
        report.read_first_frame,
    )
