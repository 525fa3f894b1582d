"""What the README and the site tell readers to do works, and what they name is there."""

import ast
import json
import re
import tomllib

import pytest

from tests.pages import (
    CHECKOUT,
    PROGRAMS,
    blocks,
    commands,
    follow,
    lay_out,
    page_names,
    parses,
    stand_in_for_the_cnn,
    text_of,
)

PAGES = page_names()
OWN_DATA = "docs/own_data.md"
IMPORTS = (ast.Import, ast.ImportFrom)


def of_every_page(program):
    found = [(page, command) for page in PAGES for command in commands(page, program)]
    names = [f"{page} {' '.join(command)}" for page, command in found]
    return pytest.mark.parametrize(("page", "command"), found, ids=names)


def runs(page):
    """Whether a page has anything to run here; what recipes do needs the data of the paper."""
    return not page.startswith("applications") and (
        blocks(page, "python") or commands(page, "keras-lrcn")
    )


def test_the_first_commands_are_the_demo_and_the_tests():
    assert [command[1] for command in commands("README.md", "make")][:2] == ["demo", "test"]


@pytest.mark.parametrize("page", PAGES)
def test_every_shell_command_is_of_a_program_that_a_test_knows(page):
    assert {command[0] for command in commands(page)} <= set(PROGRAMS)
    for block in blocks(page, "python"):
        ast.parse(block.text)


@of_every_page("make")
def test_every_target_is_in_the_makefile(page, command):
    assert re.search(rf"^{command[1]}:", text_of("Makefile"), re.MULTILINE)


@of_every_page("pip")
def test_every_extra_that_is_installed_exists(page, command):
    extras = tomllib.loads(text_of("pyproject.toml"))["project"]["optional-dependencies"]
    assert command[1] == "install"
    for wanted in re.findall(r"\[([\w,]+)\]", " ".join(command)):
        assert set(wanted.split(",")) <= set(extras)


@of_every_page("keras-lrcn")
def test_every_command_is_one_that_the_parser_knows(page, command):
    from keras_lrcn.cli import build_parser

    try:
        build_parser().parse_args(command[1:])
    except SystemExit as end:  # of `--help`
        assert end.code == 0 and "--help" in command


@of_every_page("python")
def test_every_recipe_takes_the_arguments_that_a_page_gives_it(page, command):
    assert parses(command)


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_a_page_points_to_is_there(page):
    folder = (CHECKOUT / page).parent
    for target in re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", text_of(page)):
        assert (folder / target).exists(), target
    for included in re.findall(r'^--8<-- "([^":]+)', text_of(page), re.MULTILINE):
        assert (CHECKOUT / included).exists(), included


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if runs(page)])
def test_a_page_does_what_it_says(page, tmp_path, monkeypatch):
    pytest.importorskip("skimage")
    pytest.importorskip("av")
    pytest.importorskip("cv2")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    lay_out(tmp_path / "work")
    stand_in_for_the_cnn(tmp_path / "cnn", monkeypatch)
    names = follow(page)
    AFTERWARDS.get(page, lambda names, folder: None)(names, tmp_path / "work")


def after_the_readme(names, folder):
    assert names["candidates"].keys() == {"photo.jpg"}
    assert (folder / "my_captioner" / "model.weights.h5").exists()
    said = [names["sentence"], names["likeliest"], names["caption"].text]
    assert all(re.fullmatch(r"[A-Z].+ .+\.", sentence) for sentence in said)
    shipped = type(names["captioner"]).from_preset("lrcn2f_efficientnet_lite0_flickr8k")
    scored = shipped.score(["photo.jpg"], [names["caption"].text])  # `captioner` has learnt since
    assert names["caption"].score == pytest.approx(float(scored[0]), abs=1e-3)
    assert names["activity"].class_names == ("left", "right", "up")
    assert (folder / "timeline.png").stat().st_size > 1000
    assert len(json.loads((folder / "captions.jsonl").read_text().splitlines()[0])) > 1


def after_own_data(names, folder):
    assert names["cnn"].trainable_weights == []
    said = names["describer"].generate({"roles": {"activity": "peel", "object": "egg"}})
    assert said == "The person peels the egg."
    assert names["activity"].class_names == ("left", "right", "up")


def after_presets(names, folder):
    from hub.cards import check_card
    from hub.prepare import prepare

    (folder / "repository").mkdir()
    digests = prepare(folder / "presets" / "mine", "me/mine", folder / "repository")
    assert {"model.weights.h5", "preset.json", "README.md"} <= set(digests)
    assert not check_card((folder / "repository" / "README.md").read_text())


AFTERWARDS = {
    "README.md": after_the_readme,
    OWN_DATA: after_own_data,
    "docs/presets.md": after_presets,
}


@pytest.mark.parametrize("page", ["README.md", OWN_DATA])
def test_ones_own_data_take_about_ten_statements(page):
    trainings = [b.text for b in blocks(page, "python") if "fit(" in b.text and "read_" in b.text]
    assert len(trainings) >= 2
    for text in trainings:
        statements = [s for s in ast.parse(text).body if not isinstance(s, IMPORTS)]
        assert len(statements) <= 11
