"""Repositories of a small Hub, in memory: commits, branches, tags, and who may read them."""

import dataclasses
import hashlib
import itertools

LARGE = (".h5", ".bin", ".safetensors")  # stored by LFS whatever their size
LARGE_FROM = 10 * 2**20  # bytes


class StoreError(Exception):
    """Becomes an answer: status, `X-Error-Code` and message."""

    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.code = status, code


def git_id(content, kind="blob"):
    """The id that git gives to an object."""
    return hashlib.sha1(b"%s %d\0" % (kind.encode(), len(content)) + content).hexdigest()


@dataclasses.dataclass(frozen=True)
class StoredFile:
    content: bytes
    large: bool = False

    @property
    def sha256(self):
        return hashlib.sha256(self.content).hexdigest()

    @property
    def pointer(self):
        lines = ["version https://git-lfs.github.com/spec/v1", f"oid sha256:{self.sha256}"]
        return "\n".join([*lines, f"size {len(self.content)}", ""]).encode()

    @property
    def oid(self):
        """Git's id of what is in the tree: the content, or the pointer of a large file."""
        return git_id(self.pointer if self.large else self.content)

    def item(self, path):
        """The entry of a tree, as the Hub lists it."""
        item = {"type": "file", "path": path, "oid": self.oid, "size": len(self.content)}
        if self.large:
            pointer = {"size": len(self.content), "pointerSize": len(self.pointer)}
            item["lfs"] = {"oid": self.sha256, **pointer}
        return item


def is_large(path, size):
    return path.endswith(LARGE) or size >= LARGE_FROM


@dataclasses.dataclass(frozen=True)
class Commit:
    oid: str
    parent: str | None
    title: str
    files: dict  # path -> StoredFile

    def items(self, folder="", recursive=True):
        """The entries below a folder, folders among them, sorted by path."""
        start = f"{folder.strip('/')}/" if folder.strip("/") else ""
        found = {}
        for path, file in self.files.items():
            if not path.startswith(start):
                continue
            parts = path.removeprefix(start).split("/")
            for depth in range(1, len(parts)):
                name = start + "/".join(parts[:depth])
                oid = git_id(name.encode(), "tree")
                if recursive or depth == 1:
                    found[name] = {"type": "directory", "path": name, "oid": oid, "size": 0}
            if recursive or len(parts) == 1:
                found[path] = file.item(path)
        if start and not found:
            raise StoreError(404, "EntryNotFound", f"{folder} does not exist at {self.oid}")
        return [found[path] for path in sorted(found)]


class Repository:
    """One model: `name` is `owner/model`; tags and branches point to commits."""

    def __init__(self, name, private=False, gated=False):
        self.name, self.private, self.gated = name, private, gated
        self.commits, self.objects, self.tags = {}, {}, {}
        self._counter = itertools.count()
        self.branches = {"main": None}
        self.branches["main"] = self._add(None, "initial commit", {}).oid

    @property
    def head(self):
        return self.branches["main"]

    def at(self, revision):
        """The commit of a branch, tag or id."""
        names = {**self.branches, **self.tags}
        names |= {f"refs/heads/{b}": oid for b, oid in self.branches.items()}
        try:
            return self.commits[names.get(revision, revision)]
        except KeyError:
            raise StoreError(404, "RevisionNotFound", f"Invalid rev id: {revision}") from None

    def file(self, revision, path):
        """`(commit, file)`; the error of a missing file still names the commit."""
        commit = self.at(revision)
        if path not in commit.files:
            error = StoreError(404, "EntryNotFound", f"{path} does not exist on {revision!r}")
            error.commit = commit.oid
            raise error
        return commit, commit.files[path]

    def commit(self, branch, title, changes, parent=None):
        """Adds, replaces and removes files in one step.

        Args:
            branch: str.
            title: str.
            changes: dict from path to a `StoredFile`, or to `None` for a file that goes.
            parent: commit id that must still be the branch's head.
        """
        if branch not in self.branches:
            raise StoreError(404, "RevisionNotFound", f"There is no branch {branch}")
        head = self.branches[branch]
        if parent is not None and parent != head:
            raise StoreError(412, None, f"A commit has happened since: {branch} is at {head}")
        files = {**self.commits[head].files, **changes}
        files = {path: file for path, file in files.items() if file is not None}
        self.branches[branch] = self._add(head, title, files).oid
        return self.commits[self.branches[branch]]

    def put(self, files, title="upload"):
        """Commits `{path: bytes}` to main without a client; `None` removes. Returns the id."""
        changes = {
            path: None if content is None else StoredFile(content, is_large(path, len(content)))
            for path, content in files.items()
        }
        self.objects |= {f.sha256: f.content for f in changes.values() if f and f.large}
        return self.commit("main", title, changes).oid

    def history(self, revision):
        oid = self.at(revision).oid
        while oid is not None:
            yield self.commits[oid]
            oid = self.commits[oid].parent

    def _add(self, parent, title, files):
        listing = "".join(f"{file.oid} {path}\n" for path, file in sorted(files.items()))
        text = f"tree {git_id(listing.encode(), 'tree')}\nparent {parent}\n{title}\n"
        oid = git_id(f"{text}{self.name} {next(self._counter)}".encode(), "commit")
        self.commits[oid] = Commit(oid, parent, title, files)
        return self.commits[oid]
