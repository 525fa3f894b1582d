"""The README's commands exist and its Python runs, top to bottom, in one folder."""

import argparse
import ast
import pathlib
import re
import shlex
import shutil

import pytest

README = pathlib.Path(__file__).resolve().parents[1] / "README.md"
TEXT = README.read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def commands(program):
    lines = "\n".join(blocks("bash")).splitlines()
    return [shlex.split(line, comments=True) for line in lines if line.startswith(program + " ")]


def test_the_first_commands_are_the_demo_and_the_tests():
    assert [command[1] for command in commands("make")][:2] == ["demo", "test"]
    makefile = (README.parent / "Makefile").read_text()
    for _, target in commands("make"):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


@pytest.mark.parametrize("command", commands("keras-lrcn"), ids=" ".join)
def test_every_shell_command_is_one_that_the_parser_knows(command):
    from keras_lrcn.cli import build_parser

    try:
        assert isinstance(build_parser().parse_args(command[1:]), argparse.Namespace)
    except SystemExit as end:  # of `--help`
        assert end.code == 0 and "--help" in command


def test_every_file_that_the_text_points_to_is_there():
    targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", TEXT)
    assert targets and all((README.parent / target).exists() for target in targets)


@pytest.mark.slow
def test_the_python_blocks_run_in_order(tmp_path, monkeypatch, capsys):
    data = pytest.importorskip("skimage.data")
    pytest.importorskip("av")
    from PIL import Image

    from keras_lrcn.data import write_motion_videos

    monkeypatch.chdir(tmp_path)
    Image.fromarray(data.chelsea()).save("photo.jpg")
    (tmp_path / "captions.csv").write_text("image,caption\nphoto.jpg,a cat looks up\n")
    clips = write_motion_videos("clips", ("left", "right", "up"), per_class=3, seed=0)
    shutil.copy(clips[0], "clip.mp4")
    names = {}
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), names)
    printed = capsys.readouterr().out
    assert names["candidates"].keys() == {"photo.jpg"} and "CIDEr" in printed
    assert (tmp_path / "my_captioner" / "model.weights.h5").exists()
    assert {"cat", "dog", "animal"} & set(names["sentence"].lower().split()), printed
    assert names["activity"].class_names == ("left", "right", "up")
    assert (tmp_path / "timeline.png").stat().st_size > 1000


def test_ones_own_clips_take_at_most_ten_statements():
    [block] = [block for block in blocks("python") if "read_video_folders" in block]
    assert len(ast.parse(block).body) <= 10
