"""`keras-lrcn evaluate retrieval`: which caption is of which image, by log-probability."""

import argparse
import html
import os

from keras_lrcn.cli import report, score_formats
from keras_lrcn.cli.captioning import DEFAULT_PRESET, load_model
from keras_lrcn.cli.errors import CommandError
from keras_lrcn.cli.gallery import number
from keras_lrcn.cli.score_formats import readable
from keras_lrcn.cli.strategies import count

EXAMPLES = """examples:
  keras-lrcn evaluate retrieval --data flickr8k/ --split dev --folder runs/retrieval
  keras-lrcn evaluate retrieval --data flickr8k/ --split dev --scores log_p.npy --raw --json

All pairs of images and captions are scored, once: with --folder a run that was interrupted goes on,
and a second one, with --raw for example, takes the scores that are there.
"""
SHOWN = 8  # captions a card
NOTE = (
    "Below each image the captions that come first, with their scores in nats; those that people "
    "wrote for it are bold."
)
DIRECTIONS = ("caption_to_image", "image_to_caption")


def add_parser(kinds):
    parser = kinds.add_parser(
        "retrieval",
        help="R@1, R@5, R@10 and median rank, both ways",
        description="Ranks images for captions and captions for images by the log-probability of\n"
        "the caption, less the logarithm of its mean probability over the images.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--data", required=True, metavar="PATH", help="data set, as `keras-lrcn check` reads it")
    add("--images", metavar="FOLDER", help="where its images are (default: beside the captions)")
    add("--split", default="all", help="one split, such as dev (default: all)")
    add("--limit", type=count, metavar="N", help="only the first N images and their captions")
    add("--raw", action="store_true", help="rank by the log-probability as it is")
    add("--score-end", action="store_true", help="score the end of a caption like a word")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--preset", help=f"name or folder of the model ({DEFAULT_PRESET})")
    source.add_argument(
        "--scores",
        metavar="FILE.npy",
        help="log-probabilities by any system: images by captions, in the order of the data",
    )
    add("--folder", metavar="FOLDER", help="keep the scores here as they come")
    add("--report", metavar="FILE.html", help="also write a page with the worst and the best")
    score_formats.add_options(parser)
    parser.set_defaults(run=run)


def run(args):
    from keras_lrcn.data import read_references
    from keras_lrcn.metrics import retrieval_scores

    report.check_path(args.report)
    examples = readable(read_references, args.data, args.images, args.split)[: args.limit]
    captions = [text for example in examples for text in example.captions]
    owners = [i for i, example in enumerate(examples) for _ in example.captions]
    log_p = _read_scores(args) if args.scores else _score(args, examples, captions)
    scores = readable(
        retrieval_scores, log_p, owners, normalize=not args.raw, num_bootstrap=args.bootstrap
    )
    name = args.scores or args.preset or DEFAULT_PRESET
    sections = {direction.replace("_", " "): scores[direction] for direction in DIRECTIONS}
    if args.report:
        groups = _cases(log_p, examples, captions, owners, not args.raw)
        title = f"Retrieval by {name}"
        report.write_report(args.report, title, sections, scores["signature"], groups, NOTE)
    score_formats.show(scores, sections, args, name)
    return 0


def _cases(log_p, examples, captions, owners, normalize):
    """The images whose first right caption comes last and first, with what comes before it."""
    import numpy as np

    from keras_lrcn.metrics import first_right_ranks, normalize_log_p

    scores = normalize_log_p(log_p) if normalize else np.asarray(log_p)
    right = np.array(owners)[None] == np.arange(len(examples))[:, None]
    ranks, _ = first_right_ranks(scores, right)

    def case(image):
        rows = [
            (number(scores[image, c]), _caption(captions[c], right[image, c]))
            for c in np.argsort(-scores[image])[:SHOWN]
        ]
        name = html.escape(os.path.basename(examples[image].path) or examples[image].image_id)
        sentence = f"First right caption: {ranks[image]:,}"
        return report.Case(-int(ranks[image]), examples[image].path, sentence, name, rows)

    groups = report.worst_and_best(dict(enumerate(-ranks)))
    return {heading: [case(image) for image in images] for heading, images in groups.items()}


def _caption(text, right):
    return f"<b>{html.escape(text)}</b>" if right else html.escape(text)


def _read_scores(args):
    import numpy as np

    try:
        return np.load(args.scores)
    except ValueError as error:
        raise CommandError(f"--scores {args.scores}: {error}") from error


def _score(args, examples, captions):
    from tqdm import tqdm

    captioner = load_model("LRCNCaptioner", args.preset or DEFAULT_PRESET)
    from keras_lrcn.retrieval import score_matrix

    return readable(
        score_matrix,
        captioner,
        [example.path for example in examples],
        captions,
        folder=args.folder,
        score_end=args.score_end,
        progress=lambda blocks: tqdm(blocks, unit="block", disable=None),
    )
