"""The pages of the documentation, what they tell readers to run, and files to run it on."""

import argparse
import importlib
import json
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

CHECKOUT = Path(__file__).resolve().parents[1]
PROGRAMS = ("keras-lrcn", "make", "pip", "python", ".venv/bin/python", ".venv/bin/ruff")
STAND_INS = {"camera:0": "clip.mp4 --stream"}  # for what no test machine has
CNN = "mobilenet_v3_small_050_imagenet"  # stood in for by a tiny one of random weights


class Block(NamedTuple):
    """Fenced text of a page: its language, and the line before its first."""

    language: str
    text: str
    line: int


def page_names():
    """Every page that people read in the repository or on the site, but the reference."""
    site = [p for p in (CHECKOUT / "docs").rglob("*.md") if p.parent.name != "api"]
    recipes = [*(CHECKOUT / "applications").glob("*/README.md"), CHECKOUT / "benchmarks/README.md"]
    pages = [CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md", *sorted(site), *sorted(recipes)]
    return [page.relative_to(CHECKOUT).as_posix() for page in pages]


def text_of(name):
    return (CHECKOUT / name).read_text(encoding="utf-8")


def blocks(name, *languages):
    text = text_of(name)
    return [
        Block(found[1], found[2], text[: found.start(2)].count("\n"))
        for found in re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        if found[1] in languages
    ]


def command_lines(text):
    """Lines of a shell block, those that end with a backslash joined with the next."""
    lines = text.replace("\\\n", " ").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


def commands(name, program=None):
    """Argument lists of a page's shell commands, of one program or of all.

    What is before the program, settings of the environment and the core, is left out.
    """
    lines = [line for block in blocks(name, "bash") for line in command_lines(block.text)]
    lines = [re.sub(r"^([A-Z_]+=\S+ )*(taskset -c \d+ )?", "", line) for line in lines]
    found = [shlex.split(line, comments=True) for line in lines]
    return [command for command in found if program in (None, command[0])]


def follow(name):
    """Does what a page says, block by block, in the current folder, as a reader would.

    Python blocks share their names. Of the shell only our own program is run; a comment that
    promises `exit status 1` is held to it.

    Returns:
        Dict of the names that the Python blocks leave behind.
    """
    from keras_lrcn.cli import main

    names = {"__name__": "__main__"}
    for block in blocks(name, "python", "bash"):
        if block.language == "python":
            code = "\n" * block.line + block.text
            exec(compile(code, name, "exec"), names)
            continue
        for line in command_lines(block.text):
            promised = int("exit status 1" in line)
            for missing, stand_in in STAND_INS.items():
                line = line.replace(missing, stand_in)
            program, *options = shlex.split(line, comments=True)
            if program == "keras-lrcn" and "--help" not in options:
                assert main(options) == promised, line
    return names


def parses(command):
    """Whether a `python -m` module takes these arguments; nothing of it is run."""
    module, *options = command[command.index("-m") + 1 :]
    if not module.startswith(("applications.", "benchmarks.", "hub.")):
        return module in ("pytest", "jupyterlab")  # not ours
    original, argv = argparse.ArgumentParser.parse_args, sys.argv

    class Parsed(Exception):
        pass

    def parse_args(self, args=None, namespace=None):
        original(self, args, namespace)
        raise Parsed

    argparse.ArgumentParser.parse_args, sys.argv = parse_args, [module, *options]
    try:
        importlib.import_module(module).main()
    except Parsed:
        return True
    except SystemExit:
        return False
    finally:
        argparse.ArgumentParser.parse_args, sys.argv = original, argv
    return False


def lay_out(folder):
    """Writes the photos, clips and lists that the pages speak of."""
    from PIL import Image
    from skimage import data

    from keras_lrcn.data import write_motion_videos

    pictures = {"photo": data.chelsea(), "photos/cup": data.coffee(), "photos/2025/her": None}
    pictures |= {"downloads/photo": data.astronaut(), "downloads/blank": data.chelsea() * 0 + 200}
    for name, pixels in pictures.items():
        path = folder / f"{name}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(data.astronaut() if pixels is None else pixels).save(path)
    (folder / "captions.csv").write_text("image,caption\nphoto.jpg,a cat looks up\n")
    clips = write_motion_videos(folder / "clips", ("left", "right", "up"), per_class=3, seed=0)
    shutil.copy(clips[0], folder / "clip.mp4")
    rows = [f"{Path(c).relative_to(folder)},{Path(c).parent.name}" for c in clips]
    (folder / "labels.csv").write_text("\n".join(["video,label", *rows]) + "\n")
    lay_out_tuples(folder)
    lay_out_references(folder)


def lay_out_tuples(folder):
    """Observations to describe, and tuples with sentences to learn from."""
    roles = {"scene": "kitchen", "objects": {"cup": 0.8, "dish": 0.3}}
    (folder / "observations.jsonl").write_text(json.dumps({"id": "noon", "roles": roles}) + "\n")
    said = {"video_id": "noon", "caption": "A person drinks from a cup in the kitchen."}
    (folder / "references.jsonl").write_text(json.dumps(said) + "\n")
    rows = [
        {"roles": {"activity": verb, "object": thing}, "caption": f"The person {verb}s the {thing}"}
        for verb in ("cut", "peel", "boil")
        for thing in ("carrot", "plum", "egg")
    ]
    (folder / "tuples.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def lay_out_references(folder):
    """A small Flickr8k, and references with results in COCO's formats."""
    flickr = folder / "flickr8k"
    shutil.copytree(folder / "photos", flickr / "images")
    shutil.move(flickr / "images" / "2025" / "her.jpg", flickr / "images")
    names = ["cup.jpg", "her.jpg"]
    said = {"cup.jpg": "A cup of coffee on a table .", "her.jpg": "A woman in an orange suit ."}
    lines = [f"{name}#{i}\t{said[name]}" for name in names for i in range(5)]
    (flickr / "Flickr8k.token.txt").write_text("\n".join(lines) + "\n")
    (flickr / "Flickr_8k.devImages.txt").write_text("\n".join(names) + "\n")
    notes = [{"image_id": i, "caption": said[name], "id": i} for i, name in enumerate(names)]
    images = [{"id": i, "file_name": name} for i, name in enumerate(names)]
    references = {"images": images, "annotations": notes}
    (folder / "refs.json").write_text(json.dumps(references))
    results = [{"image_id": note["image_id"], "caption": note["caption"]} for note in notes]
    (folder / "results.json").write_text(json.dumps(results))


def stand_in_for_the_cnn(folder, monkeypatch):
    """Puts a MobileNet of random weights where its name would download the trained one."""
    import keras_hub
    from keras_hub.src.utils.preset_utils import BUILTIN_PRESETS

    from tests.encoders.test_image_encoder_families import mobilenet

    mobilenet().save_to_preset(str(folder))
    converter = keras_hub.layers.MobileNetImageConverter(image_size=(32, 32), scale=1 / 255)
    converter.save_to_preset(str(folder))
    monkeypatch.setitem(BUILTIN_PRESETS, CNN, {"kaggle_handle": str(folder)})
