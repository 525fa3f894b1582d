"""The cache: without a Hub it serves, verified; altered or incomplete it does not."""

import dataclasses
import hashlib
import shutil

import pytest

from keras_lrcn.loading import PresetError, PresetUnreachableError, fetch, is_cached, pin, pins
from tests.hub_faults.conftest import FILES, HANDLE, REPO, preset_files
from tests.reference.hub_store import StoredFile

NEWER = {path: content[::-1] for path, content in FILES.items()}


@pytest.fixture(params=["HF_HUB_OFFLINE", "nobody listens", "503", "reset"])
def without_hub(request, hub, monkeypatch):
    """Takes the Hub away, in four ways."""
    from huggingface_hub import constants

    def take():
        if request.param == "HF_HUB_OFFLINE":
            monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
        elif request.param == "nobody listens":
            monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
        else:
            kind, options = ("reset", {}) if request.param == "reset" else ("status", {})
            hub.fault(".", kind, **options)

    return take


@pytest.mark.filterwarnings("ignore:me/lrcn")
def test_without_a_hub_the_cached_commit_serves(hub, repo, client, without_hub):
    old = repo.tags["v1"] = repo.head
    first = fetch(HANDLE)
    fetch(HANDLE, "v1")
    repo.put(NEWER)
    without_hub()
    assert is_cached(HANDLE) and is_cached(HANDLE, "v1") and is_cached(HANDLE, old)
    assert fetch(HANDLE) == fetch(HANDLE, "v1") == fetch(HANDLE, old) == first
    assert preset_files(first) == FILES


@pytest.mark.filterwarnings("ignore:me/lrcn")
def test_without_a_hub_what_is_not_cached_is_one_clear_error(hub, repo, client, without_hub):
    without_hub()
    for revision in (None, "v1", repo.head):
        with pytest.raises(PresetUnreachableError, match="not in the cache"):
            fetch(HANDLE, revision)
        assert not is_cached(HANDLE, revision)


@pytest.mark.parametrize("path", FILES)
@pytest.mark.parametrize("how", ["flipped", "cut", "removed", "linked", "emptied"])
def test_an_altered_copy_is_fetched_again_or_refused(
    hub, repo, client, tmp_path, monkeypatch, path, how
):
    from huggingface_hub import constants

    folder = fetch(HANDLE)
    alter(folder / path, how, tmp_path)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    for revision in (None, repo.head):
        with pytest.raises(PresetUnreachableError) as error:
            fetch(HANDLE, revision)
        assert path in str(error.value)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    assert preset_files(fetch(HANDLE)) == FILES
    assert not (folder / path).is_symlink()


def alter(path, how, tmp_path):
    content = path.read_bytes()
    path.unlink()
    if how == "linked":
        (tmp_path / "other").write_bytes(content)
        path.symlink_to(tmp_path / "other")
    elif how != "removed":
        changed = {"cut": content[:-1], "emptied": b"", "flipped": bytes([content[0] ^ 1])}[how]
        path.write_bytes(changed + (content[1:] if how == "flipped" else b""))


def test_a_file_that_the_commit_does_not_have_is_refused(hub, repo, client):
    folder = fetch(HANDLE)
    (folder / "preprocessor.json").write_text("{}")
    with pytest.raises(PresetError, match=r"preprocessor\.json is no file of this commit"):
        fetch(HANDLE)


@pytest.mark.parametrize("content", ["", "[]", "{", '{"../x": [1, "sha256", "0"]}', '{"a": 7}'])
def test_a_damaged_list_of_files_is_asked_for_again(hub, repo, client, content):
    folder = fetch(HANDLE)
    (folder / ".files.json").write_text(content)
    hub.requests.clear()
    assert preset_files(fetch(HANDLE)) == FILES
    assert len(hub.asked("/tree/")) == 1 and not hub.asked("/resolve/")


def test_a_cached_commit_needs_no_hub_and_a_branch_one_question(hub, repo, client):
    fetch(HANDLE)
    hub.requests.clear()
    fetch(HANDLE, repo.head)
    assert not hub.requests
    fetch(HANDLE)
    assert len(hub.requests) == 1


def test_a_folder_that_was_not_finished_is_not_cached(hub, repo, client):
    hub.fault("/object/", "status", status=403)
    with pytest.raises(PresetError):
        fetch(HANDLE)
    assert list(client.rglob("config.json")) and not is_cached(HANDLE)
    hub.heal()
    hub.requests.clear()
    assert preset_files(fetch(HANDLE)) == FILES
    assert not hub.asked("/resolve/.*config.json")  # what was whole is kept


def test_a_cache_that_cannot_be_written_is_named(hub, repo, client):
    client.parent.mkdir()
    client.write_text("a file in the way")
    with pytest.raises(PresetError, match="HF_HOME"):
        fetch(HANDLE)


@pytest.fixture
def pinned(repo, monkeypatch):
    """The repository's commit and digests, as a release ships them."""
    monkeypatch.setattr(pins, "_PINS", {})
    files = {path: hashlib.sha256(content).hexdigest() for path, content in FILES.items()}
    pin({REPO: {"commit": repo.head, "files": files}})
    return repo.head


def take_over(repo, commit, changes):
    """Gives a commit other files, with hashes that fit them: what a server's owner can do."""
    files = {path: StoredFile(c, path.endswith(".h5")) for path, c in changes.items() if c}
    repo.objects |= {file.sha256: file.content for file in files.values()}
    kept = {p: f for p, f in repo.commits[commit].files.items() if p not in changes}
    repo.commits[commit] = dataclasses.replace(repo.commits[commit], files={**kept, **files})


def test_the_pinned_commit_is_the_default(hub, repo, client, pinned):
    newer = repo.put(NEWER)
    assert preset_files(fetch(HANDLE)) == FILES and fetch(HANDLE).name == pinned
    assert preset_files(fetch(HANDLE, "main")) == NEWER and fetch(HANDLE, newer).name == newer


@pytest.mark.parametrize("path", FILES)
def test_other_content_under_the_pinned_commit_is_refused(hub, repo, client, pinned, path):
    take_over(repo, pinned, {path: NEWER[path]})
    with pytest.raises(PresetError, match=r"in other\s+hands") as error:
        fetch(HANDLE)
    assert path in str(error.value) and not is_cached(HANDLE)
    assert not list(client.rglob(path.rpartition("/")[2]))


@pytest.mark.parametrize("changes", [{"preprocessor.json": b"{}"}, {"task.weights.h5": None}])
def test_another_set_of_files_under_the_pinned_commit_is_refused(
    hub, repo, client, pinned, changes
):
    take_over(repo, pinned, changes)
    with pytest.raises(PresetError, match="not the repository that this release"):
        fetch(HANDLE)
    assert not hub.asked("/resolve/")


def test_a_repository_that_was_made_anew_lacks_the_pinned_commit(hub, repo, client, pinned):
    del hub.repositories[REPO]
    hub.create(REPO).put(NEWER)
    with pytest.raises(PresetError, match="no such branch, tag or commit"):
        fetch(HANDLE)


def test_pins_hold_for_the_cache_too(hub, repo, client, pinned, monkeypatch):
    folder = fetch(HANDLE)
    listing = (folder / ".files.json").read_text()
    old, new = (hashlib.sha256(c["task.weights.h5"]).hexdigest() for c in (FILES, NEWER))
    (folder / "task.weights.h5").write_bytes(NEWER["task.weights.h5"])
    (folder / ".files.json").write_text(listing.replace(old, new))  # both were altered
    with pytest.raises(PresetError, match=r"in other\s+hands"):
        fetch(HANDLE)
    assert preset_files(fetch(HANDLE)) == FILES


def test_a_cache_may_be_copied_to_a_machine_without_network(hub, repo, client, monkeypatch):
    from huggingface_hub import constants

    fetch(HANDLE)
    shutil.copytree(client.parent, client.parent.parent / "copy")
    monkeypatch.setattr(constants, "HF_HOME", str(client.parent.parent / "copy"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert preset_files(fetch(HANDLE)) == FILES
