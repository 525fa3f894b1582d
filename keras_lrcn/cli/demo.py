"""`keras-lrcn demo`: captions of photographs that scikit-image and scikit-learn carry, and the
classes of a clip that it draws itself."""

import argparse
import importlib.util
import json
import os

from keras_lrcn.cli import caption, describe
from keras_lrcn.cli.captioning import load_model
from keras_lrcn.cli.errors import CommandError

# Freely licensed and inside the packages themselves; others of scikit-image are downloads.
PHOTOS = {
    "skimage": ["astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg"],
    "sklearn": ["china.jpg", "flower.jpg"],
}
FOLDERS = {"skimage": ("data",), "sklearn": ("datasets", "images")}
# A drawn clip with a preset that learned from such: no freely licensed clip shows the classes of
# the others.
ACTIVITY_PRESET = "lrcn_rgb_small_cnn_motions"
CLIP = {"motions": ["right", "down", "left", "up"], "frames_each": 24, "scale": 4, "seed": 2015}
TUPLES = [  # made up; of the roles that the shipped describer knows
    {"scene": "kitchen", "objects": ["dish", "sink"], "actions": ["wash a dish/dishes"]},
    {"scene": "bedroom", "objects": ["pillow", "bed", "light"]},
    {"scene": {"hallway": 0.6, "entryway": 0.4}, "objects": {"broom": 0.9, "book": 0.2}},
]
EXAMPLES = """examples:
  keras-lrcn demo
  keras-lrcn demo --folder /tmp/demo
"""


def add_parser(commands):
    parser = commands.add_parser(
        "demo",
        help="caption the photographs that come with scikit-image and scikit-learn",
        description="Captions six photographs that come with scikit-image and scikit-learn, five\n"
        "sentences each with their scores, and writes a page with the pictures. Then names the\n"
        "motions of a drawn clip from second to second, with a picture of its timeline, and\n"
        "describes three semantic tuples, as a recogniser of videos gives them.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--preset", help="name or folder of the model (default: the shipped one)")
    parser.add_argument(
        "--folder", default="demo", help="where the page and the picture go (default: demo)"
    )
    parser.set_defaults(run=run)


def run(args):
    os.makedirs(args.folder, exist_ok=True)
    page = os.path.join(args.folder, "captions.html")
    options = ["--n-best", "5", "--gallery", page]
    if args.preset:
        options += ["--preset", args.preset]
    parser = argparse.ArgumentParser()
    caption.add_options(parser)
    status = caption.run(parser.parse_args([*photos(), *options]))
    print(f"The pictures with their captions: {page}")
    print(f"The clip with its classes over time: {classify_clip(args.folder)}")
    return max(status, describe_tuples(args.folder))


def classify_clip(folder, preset=ACTIVITY_PRESET):
    """Classifies a clip that it draws, prints the classes and the runs of its timeline.

    Args:
        folder: str, where `timeline.png` goes.
        preset: str, name or folder of an activity model.

    Returns:
        str, the path of the picture.
    """
    activity = load_model("LRCNActivity", preset)
    from keras_lrcn.data import motion_video
    from keras_lrcn.timeline import film_strip, timeline_runs, write_timeline

    frames = motion_video(**CLIP)
    result = activity.classify(frames, top=3)
    print("\na square moves " + ", then ".join(CLIP["motions"]))
    for label, probability in result.top:
        print(f"{probability:8.2f}  {label}")
    for run in timeline_runs(result):
        print(f"  {run.start:4.1f} - {run.end:4.1f} s  {run.label}")
    path = os.path.join(folder, "timeline.png")
    write_timeline(result, path, thumbnails=film_strip(frames, result.end))
    return path


def describe_tuples(folder):
    """Writes what a recogniser might say of three scenes to a file, and describes them."""
    path = os.path.join(folder, "tuples.jsonl")
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps({"roles": roles}) + "\n" for roles in TUPLES)
    print(f"\nSentences about the semantic tuples of {path}:\n")
    parser = argparse.ArgumentParser()
    describe.add_options(parser)
    return describe.run(parser.parse_args([path, "--preset", describe.TUPLE_PRESET]))


def photos():
    """Returns the paths of the demo's photographs, in the installed packages."""
    found = []
    for package, names in PHOTOS.items():
        spec = importlib.util.find_spec(package)
        if spec is None:
            raise CommandError(
                'the demo\'s photographs are not installed: pip install "keras-lrcn[demo]"'
            )
        folder = os.path.join(spec.submodule_search_locations[0], *FOLDERS[package])
        found += [os.path.join(folder, name) for name in names]
    return found
