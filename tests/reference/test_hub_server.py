"""The loopback Hub against the real client: what the other tests rely on."""

import json
import socket
import urllib.request

import pytest

from tests.reference.hub_client import run_client
from tests.reference.hub_server import Hub

LARGE = bytes(range(256)) * 40  # of a weights file, so stored by LFS
ROUND_TRIP = """
import json, pathlib
from huggingface_hub import HfApi, snapshot_download
api = HfApi()
name = api.whoami()["name"]
url = api.create_repo("me/lrcn", private=False)
again = api.create_repo("me/lrcn", exist_ok=True)
first = api.upload_folder(repo_id="me/lrcn", folder_path="{folder}", commit_message="one")
api.create_tag("me/lrcn", tag="v1.0.0")
same = api.upload_folder(repo_id="me/lrcn", folder_path="{folder}", commit_message="same")
second = api.upload_folder(
    repo_id="me/lrcn", folder_path="{other}", commit_message="two", delete_patterns="*",
    parent_commit=first.oid,
)
old = snapshot_download("me/lrcn", revision="v1.0.0")
new = snapshot_download("me/lrcn")
read = lambda folder: {{
    p.relative_to(folder).as_posix(): p.read_bytes().hex()
    for p in sorted(pathlib.Path(folder).rglob("*")) if p.is_file()
}}
refs = api.list_repo_refs("me/lrcn")
print(json.dumps(dict(
    name=name, url=str(url), again=str(again), first=first.oid, same=same.oid,
    second=second.oid, old=read(old), new=read(new), old_at=old.rsplit("/")[-1],
    files=api.list_repo_files("me/lrcn", revision="v1.0.0"),
    large={{f.path: f.lfs.sha256 for f in api.list_repo_tree("me/lrcn") if f.lfs}},
    tags={{t.name: t.target_commit for t in refs.tags}},
    titles=[c.title for c in api.list_repo_commits("me/lrcn")],
    info=api.model_info("me/lrcn", files_metadata=True).siblings[0].blob_id,
    paths=[p.path for p in api.get_paths_info("me/lrcn", ["config.json", "none"])],
)))
"""


def test_the_real_client_uploads_lists_and_downloads(tmp_path):
    one = {"config.json": b"{}", "assets/words.txt": b"a\n", "model.weights.h5": LARGE}
    two = {"config.json": b'{"a": 1}', "model.weights.h5": LARGE[:99]}
    for folder, files in (("one", one), ("two", two)):
        for path, content in files.items():
            (tmp_path / folder / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / folder / path).write_bytes(content)
    code = ROUND_TRIP.format(folder=tmp_path / "one", other=tmp_path / "two")
    with Hub(page_size=2) as hub:
        seen = json.loads(run_client(code, hub, tmp_path / "home"))
    hexed = [{path: content.hex() for path, content in files.items()} for files in (one, two)]
    assert [seen["old"], seen["new"]] == hexed
    assert seen["name"] == "me" and seen["url"] == seen["again"] == f"{hub.endpoint}/me/lrcn"
    assert sorted(seen["files"]) == sorted(one) and seen["paths"] == ["config.json"]
    assert seen["same"] == seen["first"] != seen["second"]
    assert seen["tags"] == {"v1.0.0": seen["first"]} and seen["old_at"] == seen["first"]
    assert seen["titles"] == ["two", "one", "initial commit"]
    stored = hub.repositories["me/lrcn"]
    assert seen["second"] == stored.head
    assert seen["large"]["model.weights.h5"] == stored.at("main").files["model.weights.h5"].sha256
    assert seen["info"] == stored.at("main").files["config.json"].oid
    assert hub.asked("GET .*cursor=")  # the list came in pages
    at_storage = [r for r in hub.requests if r.origin == "storage"]
    assert at_storage and not any("authorization" in r.headers for r in at_storage)


ERRORS = """
from huggingface_hub import HfApi, hf_hub_download
def name_of(call):
    try:
        call()
    except Exception as error:
        print(type(error).__name__)
    else:
        print("none")
api = HfApi()
name_of(lambda: api.model_info("me/none"))
name_of(lambda: api.model_info("me/secret"))
name_of(lambda: hf_hub_download("me/gated", "config.json"))
name_of(lambda: hf_hub_download("me/open", "none.json"))
name_of(lambda: hf_hub_download("me/open", "config.json", revision="v9"))
name_of(lambda: api.create_repo("me/mine"))
name_of(lambda: api.upload_file(
    repo_id="me/open", path_in_repo="a.json", path_or_fileobj=b"x", parent_commit="0" * 40))
"""
REFUSED = ["RepositoryNotFoundError", "RepositoryNotFoundError", "GatedRepoError"]
REFUSED += ["RemoteEntryNotFoundError", "RevisionNotFoundError"]


def test_the_real_client_tells_the_errors_apart(hub, tmp_path):
    for name, options in (("secret", {"private": True}), ("gated", {"gated": True}), ("open", {})):
        hub.create(f"me/{name}", **options).put({"config.json": b"{}"})
    hub.tokens["hf_you"] = "you"
    nobody = run_client(ERRORS, hub, tmp_path / "a", token=None).split()
    assert nobody[:5] == REFUSED
    stranger = run_client(ERRORS, hub, tmp_path / "b", token="hf_you").split()
    assert stranger == [*REFUSED, "HfHubHTTPError", "HfHubHTTPError"]
    owner = run_client(ERRORS, hub, tmp_path / "c").split()
    assert owner == [REFUSED[0], "none", "none", *REFUSED[3:], "none", "HfHubHTTPError"]
    assert hub.requests[-1].status == 412  # somebody else committed in between


def get(url, **headers):
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=2) as answer:
        return answer.status, dict(answer.headers), answer.read()


@pytest.mark.parametrize("name", ["words.txt", "model.weights.h5"])
def test_parts_of_files_are_sent(hub, name):
    hub.create("me/lrcn").put({name: LARGE})
    url = f"{hub.endpoint}/me/lrcn/resolve/main/{name}"
    status, headers, body = get(url, Range="bytes=100-199")
    assert (status, body) == (206, LARGE[100:200])
    assert headers["Content-Range"] == f"bytes 100-199/{len(LARGE)}"
    assert get(url, Range="bytes=10000-")[2] == LARGE[10000:]
    assert get(url)[2] == LARGE
    with pytest.raises(urllib.error.HTTPError, match="416"):
        get(url, Range=f"bytes={len(LARGE)}-")


def test_faults_are_what_they_are_called(hub):
    hub.create("me/lrcn").put({"words.txt": LARGE})
    url = f"{hub.endpoint}/me/lrcn/resolve/main/words.txt"
    hub.fault("resolve", "status", times=1, status=429, retry_after=3)
    with pytest.raises(urllib.error.HTTPError, match="429") as error:
        get(url)
    assert error.value.headers["Retry-After"] == "3"
    assert get(url)[2] == LARGE  # once was enough
    for kind, raised in (("cut", "IncompleteRead"), ("reset", "reset"), ("stall", "timed out")):
        hub.fault("resolve", kind, times=1, after=1000)
        with pytest.raises(Exception, match=raised):
            get(url)
    hub.fault("resolve", "length", times=1, by=5)
    with pytest.raises(Exception, match=r"IncompleteRead\(10240 bytes read, 5 more expected\)"):
        get(url)
    hub.fault("resolve", "short", times=1, by=5)
    assert get(url)[2] == LARGE[:-5]
    hub.fault("resolve", "corrupt", times=1, at=7)
    assert get(url)[2] == LARGE[:7] + b"\x06" + LARGE[8:]
    hub.fault("resolve", "headers", times=1, set={"ETag": '"../x"'}, drop=["x-repo-commit"])
    headers = get(url)[1]
    assert headers["ETag"] == '"../x"' and "X-Repo-Commit" not in headers
    hub.fault("resolve", "ignore_range", times=1)
    assert get(url, Range="bytes=5-")[::2] == (200, LARGE)
    assert [r.fault for r in hub.requests][-1] == "ignore_range"
    hub.fault("resolve", "status")
    hub.heal()
    assert get(url)[2] == LARGE


def test_a_stopped_hub_answers_nobody():
    with Hub() as hub:
        pass
    port = int(hub.endpoint.rpartition(":")[2])
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=1)
