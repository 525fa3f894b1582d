"""`keras-lrcn evaluate description`: sentences about videos, word by word and as captions."""

import argparse
import html
import os

from keras_lrcn.cli import caption, model_runs, report, score_formats, strategies
from keras_lrcn.cli.describe import VideosAndTuples, unknown_words_at_the_end
from keras_lrcn.cli.errors import CommandError
from keras_lrcn.cli.evaluate_captions import (
    SCORES,
    add_caption_options,
    add_generate_options,
    explain_meteor,
)
from keras_lrcn.cli.gallery import number
from keras_lrcn.cli.score_formats import readable

EXAMPLES = """examples:
  keras-lrcn evaluate description --data grid_s1/ --preset s2vt_grid_s1 --folder runs/lips
  keras-lrcn evaluate description --data charades/ --split train --limit 800 --report page.html
  keras-lrcn evaluate description --data test.csv --results descriptions.jsonl --json

Data are a folder of Charades or of a speaker of GRID, a json of MSR-VTT, or a csv, json or json
lines with video (or in json roles, a semantic tuple) and caption. A model describes them first;
with --folder its sentences are kept, and a run that was interrupted goes on there. What cannot be
read is named at the end and counts as a sentence without words; the exit status is then 1.

Results have the columns video (or video_id) and caption, or are COCO's json. The word error rate is
what has to be changed to reach the closest reference, by its words.
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
    model_runs.add_data_options(parser, "described videos or tuples, see below", "videos")
    add = parser.add_argument
    add("--split", help="of Charades or MSR-VTT, such as train (default: test)")
    add("--per-sentence", action="store_true", help="also the numbers of every sentence")
    add_caption_options(parser)
    model_runs.add_model_options(parser, "sentences, sentences.jsonl,")
    add_generate_options(parser, "input")
    score_formats.add_options(parser)
    parser.set_defaults(run=run, n_best=1)


class DescribedDataset(VideosAndTuples):
    """Described videos or tuples under their ids: the model says which of the two it reads."""

    names = ("video", "caption")

    def __init__(self, examples):
        from keras_lrcn.data import SemanticTuple

        self.paths = {e.video_id: e for e in examples if e.path}
        self.tuples = {e.video_id: SemanticTuple(e.video_id, e.roles) for e in examples if e.roles}

    def read(self, name, model):
        preprocessor = model.captioner.preprocessor
        sees_tuples = preprocessor.roles is not None
        if name in self.tuples and (sees_tuples or name not in self.paths):
            return super().read(name, model)
        example = self.paths[name]
        if example.seconds is not None:
            raise ValueError(f"{name}: is a part of {example.path}; cut it to a file of its own.")
        return self.read_video(example.path, preprocessor)


def run(args):
    """Scores what `args` names. Returns 1 if an input was broken, else 0."""
    from keras_lrcn.data import read_results

    model_runs.check(args)
    strategies.check(args)
    report.check_path(args.report)
    if args.results:
        examples, broken = _references(args), {}
        candidates = readable(read_results, args.results, examples)
    else:
        described = _described(args)
        candidates, broken = _describe(args, described)
        examples = model_runs.left(_as_references(described), broken, args, lambda e: e.image_id)
        candidates = {e.image_id: candidates.get(e.image_id, "") for e in examples}
    explain_meteor(args)
    scores = _scores({e.image_id: list(e.captions) for e in examples}, candidates, args)
    shown = {name: scores[name] for name in (*ERRORS, *SCORES, "intervals") if name in scores}
    model_runs.note_broken(scores, shown, broken, args)
    _write_report(args, examples, candidates, scores, shown)
    score_formats.show(scores, {"": shown}, args, args.results or args.preset)
    return caption.report(broken, len(examples) if args.results else len(described), "input")


def _references(args):
    """What results of any system are compared with: its videos need not be there."""
    from keras_lrcn.data import read_references

    if os.path.isdir(args.data):
        return _as_references(_described(args))
    return readable(read_references, args.data, args.videos, args.split or "all")[: args.limit]


def _described(args):
    from keras_lrcn.data import read_described_dataset

    return readable(read_described_dataset, args.data, args.videos, args.split)[: args.limit]


def _as_references(examples):
    from keras_lrcn.data import CaptionedImage

    return [CaptionedImage(e.video_id, e.path or "", e.captions) for e in examples]


def _describe(args, examples):
    """Describes examples: dict from id to sentence, and the errors of the broken ones."""
    bare = [e.video_id for e in examples if not (e.path or e.roles)]
    if bare:
        raise CommandError(
            f"{args.data} names no file of {bare[0]}: say with --videos where they are"
        )
    source = DescribedDataset(examples)
    args.preset = args.preset or source.default_preset()
    with unknown_words_at_the_end():
        return model_runs.sentences(
            source,
            [e.video_id for e in examples],
            args,
            "sentences.jsonl",
            **strategies.settings(args),
        )


def _write_report(args, examples, candidates, scores, shown):
    if not args.report:
        return
    each = scores["per_sentence"] if args.per_sentence else scores.pop("per_sentence")
    groups = _cases(examples, candidates, each)
    title = f"Descriptions by {args.results or args.preset}"
    note = "Below each sentence its references."
    report.write_report(
        args.report,
        title,
        {"": shown},
        scores["signature"],
        groups,
        note,
        read=report.read_first_frame,
    )


def _cases(examples, candidates, each):
    by_id = {example.image_id: example for example in examples}

    def case(video):
        errors = " · ".join(
            f"{each[video][kind]} {name}" for kind, name in KINDS.items() if each[video][kind]
        )
        note = f"WER {number(each[video]['WER'])} · {errors or 'exact'} · {html.escape(video)}"
        rows = [("–", html.escape(text)) for text in by_id[video].captions]
        sentence = html.escape(candidates[video]) or "(no words)"
        return report.Case(-each[video]["WER"], by_id[video].path, sentence, note, rows)

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
