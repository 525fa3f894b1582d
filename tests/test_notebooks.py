"""The notebooks run from top to bottom, and are shipped without what they printed."""

import json

import pytest

from tests.pages import CHECKOUT

NOTEBOOKS = sorted((CHECKOUT / "docs" / "notebooks").glob("*.ipynb"))
SECONDS = 600  # for one cell, on a machine that does other work


def notebooks():
    return pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@notebooks()
def test_a_notebook_is_shipped_without_outputs(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert code and not any(cell["outputs"] or cell["execution_count"] for cell in code)


@pytest.mark.slow
@notebooks()
def test_a_notebook_runs_and_shows_pictures(path, tmp_path, monkeypatch):
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    pytest.importorskip("sklearn")
    pytest.importorskip("av")
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    book = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(book, timeout=SECONDS, resources=resources).execute()
    shown = [out for cell in book.cells for out in cell.get("outputs", ())]
    assert any("image/png" in out.get("data", {}) for out in shown)
    assert list(tmp_path.glob("my_*/task.json"))  # it was saved
