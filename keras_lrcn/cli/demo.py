"""`keras-lrcn demo`: captions of photographs that scikit-image and scikit-learn carry."""

import argparse
import importlib.util
import os

from keras_lrcn.cli import caption
from keras_lrcn.cli.errors import CommandError

# Freely licensed and inside the packages themselves; others of scikit-image are downloads.
PHOTOS = {
    "skimage": ["astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg"],
    "sklearn": ["china.jpg", "flower.jpg"],
}
FOLDERS = {"skimage": ("data",), "sklearn": ("datasets", "images")}
EXAMPLES = """examples:
  keras-lrcn demo
  keras-lrcn demo --folder /tmp/demo
"""


def add_parser(commands):
    parser = commands.add_parser(
        "demo",
        help="caption the photographs that come with scikit-image and scikit-learn",
        description="Captions six photographs that come with scikit-image and scikit-learn, five\n"
        "sentences each with their scores, and writes a page with the pictures.",
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
    return status


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
