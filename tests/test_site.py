"""The site builds without a warning, knows every public name, and asks no network for anything."""

import importlib.util
import inspect
import operator
import os
import re
import subprocess
import sys

import pytest

import keras_lrcn
from tests.pages import CHECKOUT, page_names

PACKAGE = CHECKOUT / "keras_lrcn"
WHOLE = ("data", "metrics")  # folders whose pages are made of all that they export
IMPORTS = re.compile(r"^ *(from|import) .*$", re.MULTILINE)
FROM_OUTSIDE = re.compile(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=.?https?://[^>]*>")
PAGES = "\n".join(p.read_text() for p in sorted((CHECKOUT / "docs" / "api").glob("*.md")))
SHOWN = re.findall(r"^::: (\S+)", PAGES, re.MULTILINE)


def exported(folder):
    """Public classes and functions of a folder of the package, by their full names."""
    module = importlib.import_module(f"keras_lrcn.{folder}")
    ours = {n for n, v in vars(module).items() if _home(v).startswith(f"keras_lrcn.{folder}.")}
    return {f"keras_lrcn.{folder}.{name}" for name in ours}


def _home(value):
    return str(getattr(value, "__module__", ""))


def test_the_reference_has_every_name_of_the_package():
    names = {n for n in keras_lrcn.__all__ if not inspect.ismodule(getattr(keras_lrcn, n))}
    assert len(names) > 30 and {f"keras_lrcn.{name}" for name in names} <= set(SHOWN)
    assert exported("layers") | exported("preprocessing") <= set(SHOWN)
    assert {f"keras_lrcn.{folder}" for folder in WHOLE} <= set(SHOWN)


def test_the_reference_has_nothing_that_does_not_exist():
    for name in SHOWN:
        module, _, attribute = name.rpartition(".")
        if name not in {f"keras_lrcn.{folder}" for folder in WHOLE}:
            assert hasattr(importlib.import_module(module), attribute), name


@pytest.mark.slow
def test_the_site_builds_strictly_and_offline(tmp_path):
    pytest.importorskip("mkdocs")
    pytest.importorskip("material")
    pytest.importorskip("mkdocstrings")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    pages = {p.relative_to(tmp_path).as_posix(): p.read_text() for p in tmp_path.rglob("*.html")}
    assert {"index.html", "paper.html", "api/data.html"} <= set(pages)
    for name, text in pages.items():
        assert not FROM_OUTSIDE.findall(text), name
    shown = set(re.findall(r'id="(keras_lrcn\.[\w.]+)"', "".join(pages.values())))
    for folder in WHOLE:
        module = importlib.import_module(f"keras_lrcn.{folder}")
        documented = {n for n in module.__all__ if callable(getattr(module, n))}
        full = {f"keras_lrcn.{folder}.{name}" for name in documented}
        missing = full - shown
        assert {f"{name}.{name.rpartition('.')[2]}" for name in missing} <= shown  # file and name


def test_every_name_that_pages_and_docstrings_mention_exists():
    files = [CHECKOUT / page for page in page_names()] + sorted(PACKAGE.rglob("*.py"))
    mentioned = set()
    for file in files:
        text = IMPORTS.sub("", file.read_text("utf-8"))
        mentioned |= set(re.findall(r"\bkeras_lrcn\.([A-Za-z]\w*(?:\.[A-Za-z]\w*)*)", text))
    missing = [name for name in sorted(mentioned) if not _exists(name)]
    assert len(mentioned) > 50 and not missing


def _exists(name):
    """As `keras_lrcn.name` after `import keras_lrcn` alone; or as a file or folder of code."""
    path = PACKAGE / name.replace(".", "/")
    if path.is_dir() or path.with_suffix(".py").is_file():
        return True
    try:
        return operator.attrgetter(name)(keras_lrcn) is not None
    except AttributeError:
        return False
