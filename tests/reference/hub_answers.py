"""How a small Hub answers: which function, for whom, and what an error looks like."""

import dataclasses
import json
import re
import urllib.parse

from tests.reference.hub_store import StoreError

ROUTES = []


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict = dataclasses.field(default_factory=dict)
    body: bytes = b""


def answer(hub, request):
    """Finds the function for a request and turns its errors into answers."""
    path = urllib.parse.urlsplit(request.path).path
    for method, pattern, origin, function in ROUTES:
        match = re.fullmatch(pattern, path)
        if match and request.method in method and request.origin == origin:
            values = {k: urllib.parse.unquote(v or "") for k, v in match.groupdict().items()}
            try:
                with hub.lock:
                    return function(Call(hub, request), **values)
            except StoreError as error:
                return refusal(error)
    return refusal(StoreError(404, None, f"no such address: {request.method} {path}"))


def refusal(error):
    headers = {"X-Error-Message": str(error)}
    if error.code:
        headers["X-Error-Code"] = error.code
    if hasattr(error, "commit"):
        headers["X-Repo-Commit"] = error.commit
    return as_json({"error": str(error), **getattr(error, "content", {})}, error.status, headers)


def as_json(content, status=200, headers=None):
    headers = {"Content-Type": "application/json", **(headers or {})}
    return Answer(status, headers, json.dumps(content).encode())


def route(methods, pattern, origin="hub"):
    def keep(function):
        ROUTES.append((methods.split(), pattern, origin, function))
        return function

    return keep


class Call:
    """A request with what the functions below ask of it."""

    def __init__(self, hub, request):
        self.hub, self.request = hub, request
        token = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        self.user = hub.tokens.get(token)
        if token and self.user is None and request.origin == "hub":
            raise StoreError(401, None, "Invalid credentials in Authorization header")
        query = urllib.parse.urlsplit(request.path).query
        self.query = {k: v[-1] for k, v in urllib.parse.parse_qs(query).items()}

    @property
    def json(self):
        return json.loads(self.request.body or b"{}")

    def repo(self, name, write=False, content=False):
        """The repository, if this user may see it, read its `content`, or `write`."""
        repo = self.hub.repositories.get(name)
        owns = repo is not None and name.split("/")[0] == self.user
        if repo is None or (repo.private and not owns):
            status = 404 if self.user else 401
            raise StoreError(status, "RepoNotFound", "Repository not found")
        if write and not owns:
            raise StoreError(403, None, f"{self.user} may not write to {name}")
        if content and repo.gated and not owns and (self.user, name) not in self.hub.granted:
            status = 403 if self.user else 401
            raise StoreError(status, "GatedRepo", f"Access to model {name} is restricted")
        return repo
