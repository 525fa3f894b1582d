"""`keras-lrcn demo`: captions of photographs that scikit-image and scikit-learn carry."""

import argparse
import importlib.util
import json
import os

from keras_lrcn.cli import caption, describe
from keras_lrcn.cli.errors import CommandError

# Freely licensed and inside the packages themselves; others of scikit-image are downloads.
PHOTOS = {
    "skimage": ["astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg"],
    "sklearn": ["china.jpg", "flower.jpg"],
}
FOLDERS = {"skimage": ("data",), "sklearn": ("datasets", "images")}
TUPLES = [  # made up; of the roles that the shipped describer knows
    {"scene": "kitchen", "objects": ["dish", "sink"], "actions": ["washing a dish/dishes"]},
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
        "sentences each with their scores, and writes a page with the pictures. Then describes\n"
        "three semantic tuples, as a recogniser of videos gives them.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--preset", help="name or folder of the model (default: the shipped one)")
    parser.add_argument("--folder", default="demo", help="where captions.html goes (default: demo)")
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
    return max(status, describe_tuples(args.folder))


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
