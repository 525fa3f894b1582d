"""Publishing: what is prepared, what is refused, and what stands on the Hub in the end."""

import hashlib
import json
import subprocess
import sys

import numpy as np
import pytest

from hub.prepare import prepare
from hub.probe import check_weights, compare, load_task, probe
from hub.publish import publish, write_pins
from tests.hub.presets import save
from tests.models.test_activity import make_activity
from tests.reference.hub_client import CHECKOUT, client_env, run_client


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    return save(make_activity(seed=7), tmp_path_factory.mktemp("activity"))


def changed(preset, folder, **facts):
    """A copy of the preset that says something else."""
    copy = save(load_task(preset), folder)
    entry = json.loads((copy / "preset.json").read_text()) | facts
    (copy / "preset.json").write_text(json.dumps({k: v for k, v in entry.items() if v is not None}))
    return copy


def test_a_repository_has_card_terms_and_digests(preset, tmp_path):
    (preset / "notes.txt").write_text("not of the preset")
    digests = prepare(preset, "me/lrcn", tmp_path)
    files = {p.relative_to(tmp_path).as_posix(): p for p in tmp_path.rglob("*") if p.is_file()}
    assert files.keys() == {*digests, "SHA256SUMS"} and "notes.txt" not in files
    assert {"README.md", "config.json", "task.weights.h5", "preset.json"} <= digests.keys()
    for name, digest in digests.items():
        assert hashlib.sha256(files[name].read_bytes()).hexdigest() == digest
    sums = files["SHA256SUMS"].read_text().splitlines()
    assert sums == [f"{digest}  {name}" for name, digest in digests.items()]
    assert json.loads(files["metadata.json"].read_text())["tasks"] == ["LRCNActivity"]
    assert 'from_preset("hf://me/lrcn")' in files["README.md"].read_text()


def test_terms_without_an_id_are_written_out(preset, tmp_path):
    mine = changed(preset, tmp_path / "mine", licence="Research only.")
    assert "LICENSE" in prepare(mine, "me/lrcn", tmp_path / "out")
    assert "Research only." in (tmp_path / "out" / "LICENSE").read_text()


def test_an_incomplete_preset_is_refused(preset, tmp_path, tiny_preset):
    with pytest.raises(ValueError, match=r"has no preset.json.*save_preset"):
        prepare(tiny_preset, "me/lrcn", tmp_path / "a")
    silent = changed(preset, tmp_path / "silent", limits=None)
    with pytest.raises(ValueError, match=r"does not say \['limits'\]"):
        prepare(silent, "me/lrcn", tmp_path / "b")


def test_a_card_with_gaps_is_refused(preset, tmp_path):
    gaps = changed(preset, tmp_path / "gaps", data="TODO")
    with pytest.raises(ValueError, match="not fit to print.*TODO"):
        publish(gaps, "me/lrcn", dry_run=True, say=lambda line: None)


def test_a_dry_run_sends_nothing_and_says_what_it_would(preset):
    said = []
    pins = publish(preset, "me/lrcn", version="1.2.3", dry_run=True, say=said.append)
    assert pins["me/lrcn"]["commit"] is None
    assert pins["me/lrcn"]["files"].keys() > {"config.json", "README.md"}
    assert said[-1].endswith("would go to me/lrcn as v1.2.3")


@pytest.mark.parametrize("repo, version", [("lrcn", "1.0.0"), ("me/lrcn/x", "1.0.0"), ("a/b", "1")])
def test_odd_names_and_versions_are_refused(preset, repo, version):
    with pytest.raises(ValueError, match="Received"):
        publish(preset, repo, version=version, dry_run=True, say=lambda line: None)


def test_a_weight_that_was_not_loaded_is_noticed(preset):
    activity = load_task(preset)
    check_weights(activity, preset)
    bias = activity.predict_classes.bias
    bias.assign(bias + 1e-6)
    with pytest.raises(ValueError, match="bias of the loaded task is not in the weights files"):
        check_weights(activity, preset)


def test_outputs_are_compared_bit_for_bit(preset):
    one, other = probe(load_task(preset)), probe(load_task(preset))
    compare(one, other, "twice")
    other["outputs_0"] = np.nextafter(other["outputs_0"], 9, dtype="float32")
    with pytest.raises(ValueError, match="outputs_0 differ by up to"):
        compare(one, other, "nearly")
    with pytest.raises(ValueError, match="only one of the two has classes"):
        compare(one, {"outputs_0": one["outputs_0"]}, "half")
    with pytest.raises(ValueError, match="classes differ"):
        compare(one, {**one, "classes": one["classes"][::-1]}, "turned")


def test_pins_are_added_to_those_there_are(tmp_path):
    path = tmp_path / "pins.json"
    write_pins(path, {"me/b": {"commit": "1", "files": {}}})
    write_pins(path, {"me/a": {"commit": "2", "files": {"config.json": "3"}}})
    assert [*json.loads(path.read_text())] == ["me/a", "me/b"]
    assert [p.name for p in tmp_path.iterdir()] == ["pins.json"]


# === Against a Hub ===
def run_publish(hub, home, *arguments, **env):
    return subprocess.run(
        [sys.executable, "-m", "hub.publish", *map(str, arguments)],
        env=client_env(hub, home, **env),
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
def test_the_command_publishes_tags_and_prints_pins(hub, preset, tmp_path):
    repo = hub.create("me/lrcn", private=True)
    repo.put({"stale.h5": b"old", "old/notes.txt": b"old"})
    pins = tmp_path / "pins.json"
    home = tmp_path / "home"
    home.mkdir()
    (home / "token").write_text("hf_me")  # as `hf auth login` leaves it
    options = ["--repo", "me/lrcn", "--version", "1.0.0", "--pins", pins]
    done = run_publish(hub, home, preset, *options, token=None)
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert printed == json.loads(pins.read_text())
    commit = repo.at("v1.0.0")
    assert printed["me/lrcn"]["commit"] == repo.head == commit.oid == repo.tags["v1.0.0"]
    assert printed["me/lrcn"]["files"] == {
        path: hashlib.sha256(file.content).hexdigest()
        for path, file in commit.files.items()
        if path != "SHA256SUMS"
    }
    assert len(repo.commits) == 3  # initial, stale files, and all of this in one
    assert len(hub.asked("GET .*/resolve/")) >= 5  # it was downloaded again
    assert not [r for r in hub.requests if r.origin == "storage" and "authorization" in r.headers]


SEVERAL = """
import json
from hub.publish import publish
def say(line):
    pass
def attempt(*args, **options):
    try:
        pins = publish(*args, say=say, **options)
        return pins["me/lrcn"]["commit"]
    except Exception as error:
        return f"{{type(error).__name__}}: {{error}}"
print(json.dumps([
    attempt("{preset}", "me/lrcn", version="1.0.0"),
    attempt("{preset}", "me/lrcn", version="1.0.0"),
    attempt("{other}", "me/lrcn", version="1.0.0"),
    attempt("{other}", "me/lrcn", version="1.0.1"),
]))
"""


@pytest.mark.slow
def test_a_tag_never_moves_and_a_repeated_run_changes_nothing(hub, preset, tmp_path):
    other = changed(preset, tmp_path / "other", limits="it knows more than before.")
    code = SEVERAL.format(preset=preset, other=other)
    first, again, moved, next_one = json.loads(run_client(code, hub, tmp_path / "home"))
    repo = hub.repositories["me/lrcn"]
    assert first == again == repo.tags["v1.0.0"]
    assert moved.startswith("ValueError: me/lrcn has a tag v1.0.0 already") and "--version" in moved
    assert next_one == repo.tags["v1.0.1"] == repo.head != first
    assert len(repo.commits) == 3


@pytest.mark.slow
def test_a_run_that_failed_late_is_finished_by_the_next(hub, preset, tmp_path):
    hub.fault("POST .*/tag/", "status", times=1, status=500)
    code = SEVERAL.format(preset=preset, other=preset)
    failed, *rest = json.loads(run_client(code, hub, tmp_path / "home"))
    repo = hub.repositories["me/lrcn"]
    assert failed.startswith("HfHubHTTPError") and set(rest) == {repo.head}
    assert repo.tags == {"v1.0.0": repo.head, "v1.0.1": repo.head}
    assert len(repo.commits) == 2 and len(hub.asked("PUT /upload/")) == 2


@pytest.mark.slow
def test_a_hub_that_is_away_is_told(preset, tmp_path):
    done = run_publish(None, tmp_path, preset, "--repo", "me/lrcn", "--version", "1.0.0")
    assert done.returncode == 1 and "me/lrcn: no answer" in done.stderr.splitlines()[-1]


@pytest.mark.slow
def test_what_arrives_altered_is_not_tagged(hub, preset, tmp_path):
    hub.fault("GET .*/object/.*", "corrupt", at=2000)  # on the way back
    done = run_publish(hub, tmp_path / "home", preset, "--repo", "me/lrcn", "--version", "1.0.0")
    assert done.returncode == 1 and "does not load" in done.stderr, done.stderr
    assert hub.repositories["me/lrcn"].tags == {}


@pytest.mark.slow
def test_a_commit_in_between_is_told(hub, preset, tmp_path):
    headers = {"X-Error-Message": "A commit has happened since"}
    hub.fault("POST .*/commit/main", "status", status=412, headers=headers)
    done = run_publish(hub, tmp_path / "home", preset, "--repo", "me/lrcn", "--version", "1.0.0")
    assert done.returncode == 1 and "run this again" in done.stderr
    sent = [r.body for r in hub.asked("POST .*/commit/main")][-1].splitlines()[0]
    assert json.loads(sent)["value"]["parentCommit"] == hub.repositories["me/lrcn"].head


UPLOAD = """
import keras_hub
keras_hub.upload_preset("hf://me/lrcn", "{preset}")
"""
LOAD = """
import numpy as np
from hub.probe import load_task, probe
np.savez("{output}", **probe(load_task("hf://me/lrcn")))
"""


@pytest.mark.slow
def test_kerashub_uploads_a_preset_as_well(hub, preset, tmp_path):
    copy = save(load_task(preset), tmp_path / "copy")
    run_client(UPLOAD.format(preset=copy), hub, tmp_path / "home")
    assert "README.md" in hub.repositories["me/lrcn"].at("main").files
    output = tmp_path / "outputs.npz"
    run_client(LOAD.format(output=output), hub, tmp_path / "fresh")
    with np.load(output) as arrays:
        compare(probe(load_task(preset)), dict(arrays), "uploaded by KerasHub")
