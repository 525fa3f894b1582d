"""A Hub, or the way to it, that fails: the right files arrive, or an error that says so."""

import json
import threading
import time

import pytest

from keras_lrcn.loading import PresetError, PresetUnreachableError, fetch, is_cached
from keras_lrcn.loading import transfer as transfers
from tests.hub_faults.conftest import FILES, HANDLE, REPO, files_below, preset_files

WEIGHTS = "GET /object/"  # of the large files, at the storage's origin
CONFIG = "GET .*/resolve/.*/config.json"
COMMIT = "GET /api/models/me/lrcn/revision/"
TREE = "GET /api/models/me/lrcn/tree/"
WHOLE = 3 * 2**20

# Faults that pass: pattern, kind, how often, options. The files must be right in the end.
PASSING = {
    "closed in a large file": (WEIGHTS, "cut", 1, {"after": WHOLE // 2}),
    "closed every 1.2 MB": (WEIGHTS, "cut", None, {"after": 1_200_000}),
    "closed in a small file": (CONFIG, "cut", 2, {"after": 5}),
    "closed in the list of files": (TREE, "cut", 1, {"after": 20}),
    "closed before the commit": (COMMIT, "cut", 2, {}),
    "reset in a large file": (WEIGHTS, "reset", 1, {"after": WHOLE // 2}),
    "reset in a small file": (CONFIG, "reset", 1, {}),
    "reset before the commit": (COMMIT, "reset", 1, {}),
    "silent in a large file": (WEIGHTS, "stall", 1, {"after": 10}),
    "silent before the list": (TREE, "stall", 1, {}),
    "a length too large": (WEIGHTS, "length", 1, {"by": 100}),
    "a length always too large": (WEIGHTS, "length", None, {"by": 1}),
    "a short body and length": (WEIGHTS, "short", 2, {"by": 50}),
    "a short small file": (CONFIG, "short", 1, {"by": 50}),
    "a flipped bit in a large file": (WEIGHTS, "corrupt", 1, {"at": 999}),
    "a flipped bit in a small file": (CONFIG, "corrupt", 1, {"at": 3}),
    "429 with a time": (WEIGHTS, "status", 2, {"status": 429, "retry_after": 3600}),
    "429 for the commit": (COMMIT, "status", 3, {"status": 429}),
    "503 for the commit": (COMMIT, "status", 3, {"status": 503}),
    "503 for the list": (TREE, "status", 3, {"status": 503, "retry_after": 1}),
    "500 for a file": (CONFIG, "status", 3, {"status": 500}),
    "408 for the storage": (WEIGHTS, "status", 2, {"status": 408}),
    "504 for a file": (CONFIG, "status", 1, {"status": 504}),
    "425 for the storage": (WEIGHTS, "status", 1, {"status": 425}),
    "502 for the first three": ("GET ", "status", 3, {"status": 502}),
    "slow": (WEIGHTS, "delay", None, {"seconds": 0.3}),
    "no entity tags": ("/resolve/|/object/", "headers", None, {"drop": ["ETag", "X-Linked-Etag"]}),
    "no commit in the headers": ("/resolve/", "headers", None, {"drop": ["X-Repo-Commit"]}),
    "an entity tag that is a path": (
        "/resolve/|/object/",
        "headers",
        None,
        {"set": {"ETag": '"../../../../escaped"', "X-Linked-Etag": '"../../../../escaped"'}},
    ),
    "a commit that is a path": (
        "/resolve/",
        "headers",
        None,
        {"set": {"X-Repo-Commit": "../../../../escaped"}},
    ),
}


def check_nothing_else(tmp_path, folder, client):
    """No file but those of the commit, its list and the name of its revision."""
    inside = {path.split("/", 2)[-1] for path in files_below(client)}
    assert inside == {*FILES, ".files.json", "main"}
    assert folder.is_relative_to(client)
    assert {path.split("/")[0] for path in files_below(tmp_path)} == {"home"}


@pytest.mark.parametrize("what", PASSING)
def test_a_fault_that_passes_leaves_the_right_files(hub, repo, client, tmp_path, what):
    pattern, kind, times, options = PASSING[what]
    hub.fault(pattern, kind, times, **options)
    folder = fetch(HANDLE)
    assert preset_files(folder) == FILES
    check_nothing_else(tmp_path, folder, client)
    assert any(request.fault for request in hub.requests)
    assert not hub.asked(r"README|code\.py|model\.keras|HEAD ")


def test_a_broken_transfer_goes_on_where_it_stopped(hub, repo, client):
    hub.fault(WEIGHTS, "cut", 1, after=WHOLE // 2)
    fetch(HANDLE)
    ranges = [r.headers.get("range") for r in hub.asked(WEIGHTS)]
    assert len([r for r in ranges if r and int(r[6:-1]) > WHOLE // 4]) == 1


def test_a_storage_that_knows_no_ranges_starts_again(hub, repo, client):
    hub.fault(WEIGHTS, "cut", 1, after=WHOLE // 2)
    hub.fault(WEIGHTS, "ignore_range")
    assert preset_files(fetch(HANDLE)) == FILES


# Faults that stay -> the error.
STAYING = {
    "closed": (WEIGHTS, "cut", {"after": 10}, PresetUnreachableError, "model.weights.h5"),
    "reset": (CONFIG, "reset", {}, PresetUnreachableError, "config.json"),
    "silent": (CONFIG, "stall", {}, PresetUnreachableError, "config.json"),
    "always a byte short": (CONFIG, "short", {"by": 1}, PresetUnreachableError, "of 54 bytes"),
    "always a flipped bit": (WEIGHTS, "corrupt", {"at": 7}, PresetError, "twice with another"),
    "a flipped bit in a config": (CONFIG, "corrupt", {"at": 7}, PresetError, "twice with another"),
    "503 for weights": (WEIGHTS, "status", {"status": 503}, PresetUnreachableError, "503"),
    "503 for the head": ("/resolve/.*/task", "status", {"status": 503}, PresetError, "task"),
    "503 for the list": (TREE, "status", {"status": 503}, PresetUnreachableError, "not in the"),
    "503 for the commit": (COMMIT, "status", {"status": 503}, PresetUnreachableError, "not in the"),
    "404 for a listed file": ("/resolve/.*/task", "status", {"status": 404}, PresetError, "404"),
    "403 for the storage": (WEIGHTS, "status", {"status": 403}, PresetError, "hf auth login"),
    "a login page": (
        COMMIT,
        "status",
        {"status": 200, "body": b"<html>Welcome to the hotel</html>"},
        PresetError,
        "not JSON",
    ),
    "a login page for a file": (
        CONFIG,
        "status",
        {"status": 200, "body": b"<html>Welcome to the hotel, dear guest: please log in.</html>"},
        PresetError,
        "twice with another",
    ),
    "a redirect to a file": (
        CONFIG,
        "status",
        {"status": 302, "headers": {"Location": "file:///etc/passwd"}},
        PresetError,
        "config.json",
    ),
    "a redirect in a circle": (
        CONFIG,
        "status",
        {"status": 302, "headers": {"Location": "/me/lrcn/resolve/x/config.json"}},
        PresetError,
        "config.json",
    ),
    "a commit that is a path": (
        COMMIT,
        "status",
        {"status": 200, "body": b'{"sha": "../../../escaped"}'},
        PresetError,
        "names no commit",
    ),
    "no commit": (COMMIT, "status", {"status": 200, "body": b"[1]"}, PresetError, "names no"),
    "no list": (TREE, "status", {"status": 200, "body": b'{"a": 1}'}, PresetError, "no list"),
    "a list that goes on elsewhere": (
        TREE,
        "headers",
        {"set": {"Link": '<http://127.0.0.1:9/next>; rel="next"'}},
        PresetError,
        "elsewhere",
    ),
}


@pytest.mark.parametrize("what", STAYING)
def test_a_fault_that_stays_ends_in_an_error_and_no_preset(hub, repo, client, tmp_path, what):
    pattern, kind, options, error, said = STAYING[what]
    hub.fault(pattern, kind, **options)
    with pytest.raises(error, match=said) as raised:
        fetch(HANDLE)
    assert REPO in str(raised.value)
    assert not is_cached(HANDLE)
    kept = {path.split("/", 2)[-1]: content for path, content in files_below(client).items()}
    assert kept.items() <= FILES.items()  # whole files only, to go on with
    assert {path.split("/")[0] for path in files_below(tmp_path)} <= {"home"}
    hub.heal()
    assert preset_files(fetch(HANDLE)) == FILES


def item(path, **changes):
    return {"type": "file", "path": path, "oid": "0" * 40, "size": 5, **changes}


@pytest.mark.parametrize(
    ("listing", "said"),
    [
        ([item("config.json", size=10**15)], "bytes"),
        ([item("config.json", size=-1)], "bytes"),
        ([item("config.json", size="5")], "bytes"),
        ([item("config.json", oid="../../x")], "git_sha1"),
        ([item("config.json", oid=None)], "git_sha1"),
        ([item("task.json")], "no config.json"),
        ([item("../config.json"), item("/config.json"), item("x/config.json")], "no config.json"),
        ([item("config.json/../../x"), item("..\\config.json")], "no config.json"),
        ([{"type": "directory", "path": "config.json"}], "no config.json"),
        ([7], "no config.json"),
        ([], "no config.json"),
    ],
)
def test_a_list_that_cannot_be_right_is_refused(hub, repo, client, listing, said):
    hub.fault(TREE, "status", status=200, body=json.dumps(listing).encode())
    with pytest.raises(PresetError, match=said):
        fetch(HANDLE)
    assert files_below(client) == {}


def test_files_with_names_that_lead_out_are_never_asked_for(hub, repo, client, tmp_path):
    repo.put({"../escaped.json": b"{}", "assets/../../escaped.h5": b"x", "/escaped.json": b"{}"})
    assert preset_files(fetch(HANDLE)) == FILES
    assert not hub.asked("escaped") and not list(tmp_path.rglob("*escaped*"))


def test_a_list_in_pages_is_read_whole(hub, repo, client):
    hub.page_size = 2
    assert preset_files(fetch(HANDLE)) == FILES
    assert len(hub.asked(TREE)) == 5  # of eight files and two folders


def test_a_commit_between_two_files_changes_nothing(hub, repo, client, monkeypatch):
    old, download = repo.head, transfers.download
    newer = []

    def commit_then_download(*args):
        newer.append(repo.put({p: c[::-1] for p, c in FILES.items()}))
        return download(*args)

    monkeypatch.setattr("keras_lrcn.loading.fetching.download", commit_then_download)
    folder = fetch(HANDLE)
    assert folder.name == old and preset_files(folder) == FILES and len(newer) == len(FILES)


def test_a_revision_is_a_branch_a_tag_or_a_commit(hub, repo, client):
    old = repo.tags["v1"] = repo.head
    new = repo.put({"task.json": b'{"a": 2}'})
    assert [fetch(HANDLE, r).name for r in ("v1", old, "main", None)] == [old, old, new, new]
    assert (fetch(HANDLE, "v1") / "task.json").read_bytes() == b'{"a": 1}'
    with pytest.raises(PresetError, match="no such branch, tag or commit"):
        fetch(HANDLE, "v2")
    with pytest.raises(PresetError, match="no such branch, tag or commit"):
        fetch(HANDLE, "0" * 40)
    for odd in ("..", "a/../b", "a b", "/x", "a?b", "x" * 300):
        with pytest.raises(PresetError, match="revision"):
            fetch(HANDLE, odd)


@pytest.mark.parametrize(
    "odd", ["hf://x", "hf://a/b/c", "hf://a/..", "hf://../b", "a/b", "hf://a/b@c"]
)
def test_a_handle_names_an_owner_and_a_model(hub, client, odd):
    with pytest.raises(PresetError, match="hf://owner/name"):
        fetch(odd)
    assert not hub.requests


def test_whoever_may_not_read_is_told_what_to_do(hub, repo, client, monkeypatch):
    fetch(HANDLE)
    repo.private = True
    with pytest.raises(PresetError, match="private: `hf auth login`"):
        fetch(HANDLE)
    repo.private, repo.gated = False, True
    repo.put({"task.json": b"{}"})
    with pytest.raises(PresetError, match="terms"):
        fetch(HANDLE)
    monkeypatch.setenv("HF_TOKEN", "hf_expired")
    with pytest.raises(PresetError, match="unset HF_TOKEN"):
        fetch(HANDLE)
    monkeypatch.setenv("HF_TOKEN", "hf_me")
    assert preset_files(fetch(HANDLE)) == {**FILES, "task.json": b"{}"}
    with pytest.raises(PresetError, match="no such repository"):
        fetch("hf://me/other")


def test_the_token_stays_with_the_hub(hub, repo, client, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_me")
    fetch(HANDLE)
    with_token = {r.origin for r in hub.requests if "authorization" in r.headers}
    assert with_token == {"hub"} and any(r.origin == "storage" for r in hub.requests)


def test_many_at_once_get_the_same(hub, repo, client):
    folders = []
    threads = [threading.Thread(target=lambda: folders.append(fetch(HANDLE))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(folders) == 6 and len(set(folders)) == 1 and preset_files(folders[0]) == FILES


def test_remains_of_killed_downloads_go_after_a_day(hub, repo, client):
    import os

    folder = fetch(HANDLE)
    for name, age in ((".part-old", 90_000), (".part-new", 60)):
        (folder / name).write_bytes(b"half")
        os.utime(folder / name, (time.time() - age,) * 2)
    fetch(HANDLE)
    assert not (folder / ".part-old").exists() and (folder / ".part-new").exists()


def test_a_part_that_another_process_has_just_renamed_is_no_error(hub, repo, client):
    folder = fetch(HANDLE)
    (folder / ".part-gone").symlink_to(folder / "gone")  # listed, and not there when asked
    assert fetch(HANDLE) == folder


@pytest.mark.parametrize("address", ["http://mirror.example.org", "http://10.0.0.1:8080"])
def test_an_address_without_https_is_warned_of(address, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", address)
    with pytest.warns(UserWarning, match="not https"):
        transfers.warn_of_endpoint()


@pytest.mark.parametrize(
    "address", ["https://huggingface.co", "http://localhost:1", "http://[::1]"]
)
def test_https_and_loopback_are_fine(address, monkeypatch, recwarn):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", address)
    transfers.warn_of_endpoint()
    assert not recwarn.list
