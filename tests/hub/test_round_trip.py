"""Every task through save, publish and download in a process that knows only its handle."""

import pathlib
import shutil

import numpy as np
import pytest

from hub.cards import check_card, snippet
from hub.probe import compare, probe
from tests.hub.presets import answers, make_tasks, save
from tests.reference.hub_client import run_client
from tests.reference.hub_server import Hub

NAMES = ("captioner", "activity", "two-stream", "describer", "video-describer")
PUBLISH = """
from hub.publish import publish
for name in {names}:
    publish(f"{folder}/{{name}}", f"me/{{name}}", version="1.0.0", say=lambda line: None)
"""
LOAD = """
import numpy as np
from hub.probe import load_task, probe
from tests.hub.presets import answers
for name in {names}:
    task = load_task(f"hf://me/{{name}}", "v1.0.0")
    np.savez(f"{folder}/{{name}}.npz", **probe(task), **answers(name, task))
"""
SNIPPETS = """
import json, pathlib
for path in sorted(pathlib.Path({folder!r}).glob("*.py")):
    exec(compile(path.read_text(), path.name, "exec"), {{}})
    print(path.stem)
"""
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def published(tmp_path_factory, tiny_preset):
    """A Hub with a preset of every task, and what each computed before it was saved."""
    folder = tmp_path_factory.mktemp("published")
    expected = {}
    for name, task in make_tasks(tiny_preset).items():
        expected[name] = {**probe(task), **answers(name, task)}
        save(task, folder / name)
    with Hub() as hub:
        run_client(PUBLISH.format(names=NAMES, folder=folder), hub, folder / "home", timeout=600)
        yield hub, expected


def load_elsewhere(hub, folder, **env):
    run_client(LOAD.format(names=NAMES, folder=folder), hub, folder / "home", timeout=600, **env)
    results = {}
    for name in NAMES:
        with np.load(folder / f"{name}.npz") as arrays:
            results[name] = dict(arrays)
    return results


def test_a_fresh_process_computes_the_same_bits(published, tmp_path):
    hub, expected = published
    results = load_elsewhere(hub, tmp_path)
    assert expected.keys() == set(NAMES)
    for name in NAMES:
        assert any(key.startswith("outputs") for key in expected[name])
        compare(expected[name], results[name], name)
    # The next time, the Hub is not asked for a file again.
    asked = len(hub.asked("GET .*/resolve/"))
    load_elsewhere(hub, tmp_path)
    assert len(hub.asked("GET .*/resolve/")) == asked


@pytest.mark.backends
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends_compute_the_same_numbers(published, tmp_path, backend):
    pytest.importorskip(backend)
    hub, expected = published
    for name, arrays in load_elsewhere(hub, tmp_path, KERAS_BACKEND=backend).items():
        assert arrays.keys() == expected[name].keys()
        for key, array in arrays.items():
            if array.dtype.kind == "f":  # sums in another order
                np.testing.assert_allclose(array, expected[name][key], 1e-4, 1e-4, err_msg=key)
            else:
                np.testing.assert_array_equal(array, expected[name][key], err_msg=f"{name} {key}")


def test_the_snippet_of_a_published_card_runs(published, tmp_path):
    pytest.importorskip("av")
    pytest.importorskip("cv2")  # for flow
    from PIL import Image

    from keras_lrcn.data import write_motion_videos

    hub, _ = published
    pixels = np.random.default_rng(0).integers(0, 255, (40, 50, 3), dtype="uint8")
    Image.fromarray(pixels).save(tmp_path / "photo.jpg")
    video = write_motion_videos(str(tmp_path / "clips"), ("left",), per_class=1, seed=0)[0]
    shutil.copy(video, tmp_path / "video.mp4")
    names = [name for name in NAMES if name != "video-describer"]  # its example is of tuples
    (tmp_path / "snippets").mkdir()
    for name in names:
        text = hub.repositories[f"me/{name}"].at("v1.0.0").files["README.md"].content.decode()
        assert check_card(text) == []
        assert f"hf://me/{name}" in snippet(text)
        (tmp_path / "snippets" / f"{name}.py").write_text(snippet(text))
    change = f"import os; os.chdir({str(tmp_path)!r})\n"
    code = change + SNIPPETS.format(folder=str(tmp_path / "snippets"))
    ran = run_client(
        code, hub, tmp_path / "home", PYTHONPATH=str(pathlib.Path(__file__).parents[2])
    )
    assert ran.split() == sorted(names)
