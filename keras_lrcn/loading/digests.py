"""What a file should be, and whether it is."""

import hashlib
import os
from typing import NamedTuple

CHUNK = 2**20  # bytes


class FileDigest(NamedTuple):
    """Size in bytes and one hash of a file, as a Hub lists them.

    `kind` is `"sha256"` (large files), or `"git_sha1"` (the id of a git blob, small files).
    """

    size: int
    kind: str
    digest: str


def file_digest(path, kind="sha256"):
    """Hashes a file.

    Args:
        path: of the file.
        kind: `"sha256"` or `"git_sha1"`. Defaults to `"sha256"`.

    Returns:
        str, hexadecimal.
    """
    hasher = hashlib.sha256() if kind == "sha256" else hashlib.sha1(usedforsecurity=False)
    if kind == "git_sha1":
        hasher.update(b"blob %d\0" % os.path.getsize(path))
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            hasher.update(chunk)
    return hasher.hexdigest()


def is_intact(path, wanted):
    """Tells whether a regular file has the size and the hash of a `FileDigest`."""
    if not os.path.isfile(path) or os.path.islink(path) or os.path.getsize(path) != wanted.size:
        return False
    return file_digest(path, wanted.kind) == wanted.digest
