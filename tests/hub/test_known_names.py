"""Names of the table against a Hub that has them, and against the converter's recipes."""

import json
import shlex

import numpy as np
import pytest

from hub.cards import check_card
from hub.prepare import prepare
from hub.probe import compare, load_task, probe
from keras_lrcn.known_presets import KNOWN
from keras_lrcn.publishing import card
from tests.hub.presets import FACTS, save
from tests.reference.hub_client import run_client

NAME = "lrcn2f_vgg_coco"
LOAD = """
import json, pathlib
import numpy as np
import keras_lrcn
from keras_lrcn import presets
from hub.probe import probe
if {pins!r}:
    presets.PINS = pathlib.Path({pins!r})
where = lambda: keras_lrcn.list_presets()[{name!r}]["where"]
before = where()
captioner = keras_lrcn.LRCNCaptioner.from_preset({name!r})
np.savez({output!r}, **probe(captioner))
print(json.dumps([before, where(), presets.preset_task({handle!r})]))
"""


@pytest.fixture(scope="module")
def preset(tmp_path_factory, tiny_preset):
    return save(load_task(tiny_preset), tmp_path_factory.mktemp("captioner"))


def load_by_name(hub, tmp_path, pins="", check=True, **env):
    output = str(tmp_path / "outputs.npz")
    handle = f"hf://{env.get('KERAS_LRCN_HUB_OWNER', 'keras-lrcn')}/{NAME}"
    code = LOAD.format(name=NAME, handle=handle, output=output, pins=str(pins))
    done = run_client(code, hub, tmp_path / "home", check=check, **env)
    if not check:
        return done
    with np.load(output) as arrays:
        return json.loads(done.splitlines()[-1]), dict(arrays)


def put(hub, repo, folder):
    files = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*.*")}
    return hub.create(repo).put(files)


@pytest.mark.slow
def test_a_name_loads_from_the_owner_of_a_mirror(hub, preset, tmp_path):
    put(hub, f"mirror/{NAME}", preset)
    states, outputs = load_by_name(hub, tmp_path, KERAS_LRCN_HUB_OWNER="mirror")
    assert states == ["published", "cached", "LRCNCaptioner"]
    compare(probe(load_task(preset)), outputs, NAME)


@pytest.mark.slow
def test_a_published_name_loads_the_commit_that_the_release_knows(hub, preset, tmp_path):
    repo = f"keras-lrcn/{NAME}"
    digests = prepare(preset, "me/tiny", tmp_path / "prepared")
    commit = put(hub, repo, tmp_path / "prepared")
    put(hub, repo, preset)  # and somebody goes on
    hub.create(repo).put({"config.json": b"{}"})
    pins = tmp_path / "pins.json"
    pins.write_text(json.dumps({repo: {"commit": commit, "files": digests}}))
    states, outputs = load_by_name(hub, tmp_path, pins)
    assert states == ["published", "cached", "LRCNCaptioner"]
    compare(probe(load_task(preset)), outputs, NAME)
    assert not hub.asked("/revision/main") and hub.asked(f"/resolve/{commit}/task.json")

    files = {**digests, "task.weights.h5": "0" * 64}
    pins.write_text(json.dumps({repo: {"commit": commit, "files": files}}))
    refused = load_by_name(hub, tmp_path, pins, check=False)
    assert refused.returncode and "`task.weights.h5` is not the file" in refused.stderr


def test_a_known_name_is_described_by_the_table(preset, tmp_path):
    prepare(preset, f"me/{NAME}", tmp_path / "mine")
    entry = json.loads((tmp_path / "mine" / "preset.json").read_text())
    text = (tmp_path / "mine" / "README.md").read_text()
    for fact in ("description", "licence"):
        assert entry[fact] == getattr(KNOWN[NAME], fact) and entry[fact] in text
    assert check_card(text) == []
    with pytest.raises(ValueError, match="to have 175,980,347 parameters, this preset has"):
        prepare(preset, f"keras-lrcn/{NAME}", tmp_path / "ours")


@pytest.mark.parametrize("name", KNOWN)
def test_the_table_makes_cards_that_pass(name):
    known = KNOWN[name]
    entry = {**FACTS, "params": known.params or 1, "task": known.task}
    entry |= {"description": known.description, "licence": known.licence}
    assert check_card(card(name, entry)) == []


def test_every_convertible_name_is_one_that_the_converter_knows():
    recipes = pytest.importorskip("hub.recipes", reason="the converter is not in this checkout")
    from hub.convert import main

    families = {"LRCNCaptioner": "captioner", "LRCNActivity": "activity"}
    for name, known in KNOWN.items():
        if known.files:
            recipe, _ = recipes.find_recipe(name)
            assert recipe.family == families.get(known.task, "describer"), name
            command = shlex.split(known.steps(name)[-1])
            with pytest.raises(SystemExit) as end:  # for want of the file, not of an option
                main(command[3:])
            assert end.value.code == 1, name
