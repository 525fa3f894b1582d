"""What a small Hub answers: one function for each request that the client makes."""

import base64
import hashlib
import json
import re
import urllib.parse

from tests.reference.hub_answers import Answer, as_json, route
from tests.reference.hub_store import Repository, StoredFile, StoreError, is_large

DATE = "2026-01-02T03:04:05.000Z"
REPO = r"(?P<repo>[^/]+/[^/]+?)"


@route("GET", "/api/whoami-v2")
def whoami(call):
    if call.user is None:
        raise StoreError(401, None, "Invalid username or password.")
    token = {"displayName": "loopback", "role": "write"}
    auth = {"type": "access_token", "accessToken": token}
    return as_json({"type": "user", "name": call.user, "orgs": [], "auth": auth})


@route("POST", "/api/repos/create")
def create_repo(call):
    if call.user is None:
        raise StoreError(401, None, "Invalid username or password.")
    wanted = call.json
    owner = wanted.get("organization") or call.user
    if owner != call.user:
        raise StoreError(403, None, f"{call.user} may not create models of {owner}")
    name = f"{owner}/{wanted['name']}"
    place = {"url": f"{call.hub.endpoint}/{name}"}
    if name in call.hub.repositories:
        error = StoreError(409, None, "You already created this model repo")
        error.content = place
        raise error
    private = wanted.get("private") or wanted.get("visibility") == "private"
    call.hub.repositories[name] = Repository(name, private=bool(private))
    return as_json({**place, "name": name})


@route("DELETE", "/api/repos/delete")
def delete_repo(call):
    name = f"{call.json.get('organization') or call.user}/{call.json['name']}"
    call.repo(name, write=True)
    del call.hub.repositories[name]
    return Answer(200)


@route("POST", "/api/validate-yaml")
def validate_card(call):
    return as_json({"errors": [], "warnings": []})


@route("GET", f"/api/models/{REPO}(/revision/(?P<revision>[^/]+))?")
def model_info(call, repo, revision):
    repo = call.repo(repo)
    commit = repo.at(revision or "main")
    siblings = []
    for path, file in sorted(commit.files.items()):
        item = {"rfilename": path}
        if call.query.get("blobs"):
            item |= {"size": len(file.content), "blobId": file.oid}
        if call.query.get("blobs") and file.large:
            lfs = {"sha256": file.sha256, "size": len(file.content)}
            item["lfs"] = {**lfs, "pointerSize": len(file.pointer)}
        siblings.append(item)
    state = {"private": repo.private, "gated": "auto" if repo.gated else False, "disabled": False}
    facts = {"downloads": 0, "likes": 0, "tags": [], "lastModified": DATE, "createdAt": DATE}
    return as_json({"id": repo.name, "sha": commit.oid, "siblings": siblings, **state, **facts})


@route("GET", f"/api/models/{REPO}/tree/(?P<revision>[^/]+)(/(?P<folder>.*))?")
def tree(call, repo, revision, folder):
    recursive = call.query.get("recursive", "").lower() in ("true", "1")
    items = call.repo(repo, content=True).at(revision).items(folder, recursive)
    start, size = int(call.query.get("cursor", 0)), call.hub.page_size
    headers = {}
    if start + size < len(items):
        query = urllib.parse.urlencode({**call.query, "cursor": start + size})
        path = urllib.parse.urlsplit(call.request.path).path
        headers["Link"] = f'<{call.hub.endpoint}{path}?{query}>; rel="next"'
    return as_json(items[start : start + size], headers=headers)


@route("POST", f"/api/models/{REPO}/paths-info/(?P<revision>[^/]+)")
def paths_info(call, repo, revision):
    commit = call.repo(repo, content=True).at(revision)
    paths = urllib.parse.parse_qs(call.request.body.decode()).get("paths", [])
    return as_json([item for item in commit.items() if item["path"] in paths])


@route("GET", f"/api/models/{REPO}/refs")
def refs(call, repo):
    repo = call.repo(repo)

    def entries(names, kind):
        return [
            {"name": name, "ref": f"refs/{kind}/{name}", "targetCommit": oid}
            for name, oid in names.items()
        ]

    branches, tags = entries(repo.branches, "heads"), entries(repo.tags, "tags")
    return as_json({"branches": branches, "tags": tags, "converts": []})


@route("GET", f"/api/models/{REPO}/commits/(?P<revision>[^/]+)")
def commits(call, repo, revision):
    return as_json(
        [
            {"id": c.oid, "title": c.title, "message": "", "date": DATE, "authors": []}
            for c in call.repo(repo).history(revision)
        ]
    )


@route("POST DELETE", f"/api/models/{REPO}/(?P<kind>branch|tag)/(?P<name>[^/]+)")
def branch_or_tag(call, repo, kind, name):
    repo = call.repo(repo, write=True)
    names = repo.branches if kind == "branch" else repo.tags
    if call.request.method == "DELETE":
        if names.pop(name, None) is None:
            raise StoreError(404, "RevisionNotFound", f"There is no {kind} {name}")
        return Answer(200)
    # A tag's address names the revision, a branch's the branch itself.
    start = call.json.get("startingPoint", "main") if kind == "branch" else name
    name = name if kind == "branch" else call.json["tag"]
    if name in names:
        raise StoreError(409, None, f"Reference already exists: {kind} {name}")
    names[name] = repo.at(start).oid
    return as_json({})


@route("PUT", f"/api/models/{REPO}/settings")
def settings(call, repo):
    repo, wanted = call.repo(repo, write=True), call.json
    if "visibility" in wanted or "private" in wanted:
        repo.private = wanted.get("private") or wanted.get("visibility") == "private"
    if "gated" in wanted:
        repo.gated = bool(wanted["gated"])
    return as_json({})


@route("POST", f"/api/models/{REPO}/preupload/(?P<revision>[^/]+)")
def preupload(call, repo, revision):
    files = call.repo(repo, write=True).at(revision).files
    answers = []
    for file in call.json["files"]:
        old = files.get(file["path"])
        mode = "lfs" if is_large(file["path"], file["size"]) else "regular"
        oid = old and (old.sha256 if old.large else old.oid)
        entry = {"path": file["path"], "uploadMode": mode, "shouldIgnore": False, "oid": oid}
        answers.append(entry)
    return as_json({"files": answers})


@route("POST", f"/{REPO}(\\.git)?/info/lfs/objects/batch")
def lfs_batch(call, repo):
    repo, objects = call.repo(repo, write=True), []
    for wanted in call.json["objects"]:
        entry = {"oid": wanted["oid"], "size": wanted["size"]}
        if wanted["oid"] not in repo.objects:
            upload = f"{call.hub.storage}/upload/{repo.name}/{wanted['oid']}"
            verify = f"{call.hub.endpoint}/{repo.name}.git/info/lfs/verify"
            entry["actions"] = {"upload": {"href": upload}, "verify": {"href": verify}}
        objects.append(entry)
    return as_json({"transfer": "basic", "objects": objects})


@route("POST", f"/{REPO}(\\.git)?/info/lfs/verify")
def lfs_verify(call, repo):
    stored = call.repo(repo, write=True).objects.get(call.json["oid"])
    if stored is None or len(stored) != call.json["size"]:
        raise StoreError(404, None, "The object was not uploaded")
    return as_json({})


@route("PUT", f"/upload/{REPO}/(?P<oid>[0-9a-f]{{64}})", "storage")
def upload(call, repo, oid):
    if hashlib.sha256(call.request.body).hexdigest() != oid:
        raise StoreError(400, None, "The bytes are not those that were announced")
    call.hub.repositories[repo].objects[oid] = call.request.body
    return Answer(200, {"ETag": f'"{oid}"'})


@route("GET HEAD", f"/object/{REPO}/(?P<oid>[0-9a-f]{{64}})", "storage")
def stored_object(call, repo, oid):
    return ranged(call.request, call.hub.repositories[repo].objects[oid], {"ETag": f'"{oid}"'})


@route("POST", f"/api/models/{REPO}/commit/(?P<branch>[^/]+)")
def commit(call, repo, branch):
    repo, parent, title, changes = call.repo(repo, write=True), None, "", {}
    files = repo.at(branch).files
    for line in call.request.body.splitlines():
        entry = json.loads(line)
        key, value = entry["key"], entry["value"]
        if key == "header":
            parent, title = value.get("parentCommit"), value["summary"]
        elif key == "file":
            changes[value["path"]] = StoredFile(base64.b64decode(value["content"]))
        elif key == "lfsFile":
            if value["oid"] not in repo.objects:
                raise StoreError(400, None, f"{value['path']} was not uploaded")
            changes[value["path"]] = StoredFile(repo.objects[value["oid"]], large=True)
        elif key == "deletedFile":
            changes[value["path"]] = None
        elif key == "deletedFolder":
            folder = value["path"].strip("/") + "/"
            changes |= {path: None for path in files if path.startswith(folder)}
    made = repo.commit(branch, title, changes, parent)
    place = f"{call.hub.endpoint}/{repo.name}/commit/{made.oid}"
    return as_json({"success": True, "commitOid": made.oid, "commitUrl": place, "hookOutput": ""})


@route("GET HEAD", f"/{REPO}/resolve/(?P<revision>[^/]+)/(?P<path>.+)")
def resolve(call, repo, revision, path):
    repo = call.repo(repo, content=True)
    commit, file = repo.file(revision, path)
    headers = {"X-Repo-Commit": commit.oid, "ETag": f'"{file.oid}"'}
    if not file.large:
        return ranged(call.request, file.content, headers)
    headers |= {"X-Linked-Etag": f'"{file.sha256}"', "X-Linked-Size": str(len(file.content))}
    place = f"{call.hub.storage}/object/{repo.name}/{file.sha256}"
    return Answer(302, {**headers, "Location": place})


def ranged(request, content, headers):
    """The whole content, or the part that `Range: bytes=first-[last]` asks for."""
    headers = {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes", **headers}
    match = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", ""))
    if not match:
        return Answer(200, headers, content)
    first, last = int(match[1]), int(match[2] or len(content) - 1)
    if first >= len(content):
        return Answer(416, {"Content-Range": f"bytes */{len(content)}"})
    part = content[first : last + 1]
    headers["Content-Range"] = f"bytes {first}-{first + len(part) - 1}/{len(content)}"
    return Answer(206, headers, part)
