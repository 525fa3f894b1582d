"""`hf://owner/name` at one commit -> a folder of verified files."""

import contextlib
import json
import os
import pathlib
import tempfile
import time
import urllib.parse
import warnings

from keras_lrcn.loading.digests import FileDigest, file_digest, is_intact
from keras_lrcn.loading.errors import PresetError, PresetUnreachableError
from keras_lrcn.loading.pins import pins_of
from keras_lrcn.loading.repository import (
    COMMIT,
    FILES,
    check_revision,
    list_files,
    repo_of,
    resolve,
)
from keras_lrcn.loading.transfer import download, endpoint, warn_of_endpoint

LISTING = ".files.json"  # written last: a folder without it is not whole
STALE = 86_400  # seconds after which the remains of a killed download are removed


def fetch(handle, revision=None):
    """Downloads a preset from the Hugging Face Hub, or verifies the copy that is here.

    One commit is asked for once, and every file is one of that commit: its hash must be the one
    that the Hub lists, for files in the cache as well. Where the Hub cannot be reached, or with
    `HF_HUB_OFFLINE=1`, the cached commit of that revision serves, verified again.

    Files lie below `HF_HOME`, in `keras_lrcn/owner--name/commit`. A commit in full
    (40 digits) that is cached needs no Hub at all.

    Args:
        handle: str, `hf://owner/name`.
        revision: str, branch, tag or commit. By default the commit that `pin` made known, whose
            digests are then checked too, else `"main"`.

    Returns:
        `pathlib.Path` of the folder.

    Raises:
        PresetUnreachableError: if the Hub does not answer and nothing usable is cached.
        PresetError: if there is no such preset, or a file is not what it should be.
    """
    repo, pins, revision = _wanted(handle, revision)
    check_revision(revision)
    if not COMMIT.fullmatch(revision) or not _has_listing(repo, revision):
        warn_of_endpoint()
    commit, unreachable = _commit(repo, revision)
    if pins is None or commit != pins["commit"]:
        pins = None
    try:
        folder = _folder(repo, commit)
        files = _listing(repo, commit, unreachable)
        _check_names(repo, commit, files, pins)
        _complete(repo, commit, files, unreachable)
        _check_strangers(folder, files)
        _check_pins(repo, folder, pins)
        _write(folder / LISTING, json.dumps({path: list(file) for path, file in files.items()}))
        _write(_reference(repo, revision), commit)
    except OSError as error:
        raise PresetError(
            f"{repo}: cannot keep files below {_root()} ({error}). HF_HOME names another folder."
        ) from error
    return folder


def is_cached(handle, revision=None):
    """Tells whether `fetch` could do without the Hub, without hashing anything."""
    repo, _, revision = _wanted(handle, revision)
    commit = revision if COMMIT.fullmatch(revision) else _cached_commit(repo, revision)
    return commit is not None and _has_listing(repo, commit)


def _wanted(handle, revision):
    """The repository, what is pinned of it, and the revision to fetch."""
    repo = repo_of(handle)
    pins = pins_of(repo)
    return repo, pins, revision or (pins["commit"] if pins else "main")


def _root():
    from huggingface_hub import constants

    return pathlib.Path(constants.HF_HOME).expanduser().absolute() / "keras_lrcn"


def _folder(repo, commit):
    return _root() / repo.replace("/", "--") / commit


def _reference(repo, revision):
    name = urllib.parse.quote(revision, safe="")
    return _root() / repo.replace("/", "--") / "revisions" / name


def _has_listing(repo, commit):
    return (_folder(repo, commit) / LISTING).is_file()


def _commit(repo, revision):
    """The commit of a revision, and the error of a Hub that did not answer."""
    if COMMIT.fullmatch(revision):
        return revision, None
    try:
        return resolve(repo, revision), None
    except PresetUnreachableError as error:
        commit = _cached_commit(repo, revision)
        if commit is None or not _has_listing(repo, commit):
            raise _nothing_cached(repo, revision, error) from error
        if not _offline():
            warnings.warn(f"{error} The cached commit {commit[:12]} serves.", stacklevel=2)
        return commit, error


def _cached_commit(repo, revision):
    try:
        commit = _reference(repo, revision).read_text("ascii").strip()
    except (OSError, ValueError):
        return None
    return commit if COMMIT.fullmatch(commit) else None


def _offline():
    from huggingface_hub import constants

    return bool(constants.HF_HUB_OFFLINE)


def _nothing_cached(repo, revision, error):
    return PresetUnreachableError(
        f"{repo} at {revision!r} is not in the cache below {_root()}, and the Hub does not answer. "
        f"Load it once with a network, or give a local folder. {error}"
    )


def _listing(repo, commit, unreachable):
    """The files of a commit, from the cache: a commit never changes; else from the Hub."""
    try:
        content = json.loads((_folder(repo, commit) / LISTING).read_text("utf-8"))
        files = {path: FileDigest(*file) for path, file in content.items()}
        if all(FILES.fullmatch(path) for path in files):
            return files
    except (OSError, ValueError, TypeError, AttributeError):
        pass
    if unreachable:
        raise _nothing_cached(repo, commit, unreachable) from unreachable
    try:
        return list_files(repo, commit)
    except PresetUnreachableError as error:
        raise _nothing_cached(repo, commit, error) from error


def _check_names(repo, commit, files, pins):
    if "config.json" not in files:
        raise PresetError(f"{repo} at {commit[:12]} is no preset: it has no config.json.")
    if pins is None:
        return
    unknown = sorted(files.keys() - pins["files"].keys())
    missing = sorted(path for path in pins["files"].keys() - files.keys() if FILES.fullmatch(path))
    if unknown or missing:
        raise PresetError(
            f"{repo} is not the repository that this release of keras-lrcn knows: files "
            f"{unknown} are new and {missing} gone at commit {commit[:12]}. Nothing was loaded."
        )


def _complete(repo, commit, files, unreachable):
    """Downloads what is missing or is not what it should be."""
    from tqdm import tqdm

    folder = _folder(repo, commit)
    _remove_remains(folder)
    wanted = {p: f for p, f in files.items() if not is_intact(folder / p, f)}
    if unreachable and wanted:
        raise PresetUnreachableError(
            f"{repo}: {sorted(wanted)} in {folder} are missing or damaged, and cannot be fetched "
            f"now. {unreachable}"
        ) from unreachable
    for path, file in tqdm(wanted.items(), desc=repo, unit="file", disable=_quiet(wanted)):
        url = f"{endpoint()}/{repo}/resolve/{commit}/{urllib.parse.quote(path)}"
        download(url, folder / path, file, f"{repo}, `{path}`")


def _quiet(wanted):
    from huggingface_hub.utils import are_progress_bars_disabled

    return True if not wanted or are_progress_bars_disabled() else None  # None: not a terminal


def _remove_remains(folder):
    """Removes what downloads that were killed left behind, unless it is of today."""
    for part in folder.rglob(".part-*"):
        with contextlib.suppress(FileNotFoundError):  # another process has just renamed it
            if time.time() - part.stat().st_mtime > STALE:
                part.unlink()


def _check_strangers(folder, files):
    """Refuses files that a loader would read though the commit does not have them."""
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if not path.is_dir() and name not in files and not path.name.startswith("."):
            raise PresetError(f"{path} is no file of this commit. Remove it, or the whole folder.")


def _check_pins(repo, folder, pins):
    for path, digest in (pins["files"] if pins else {}).items():
        if FILES.fullmatch(path) and file_digest(folder / path) != digest:
            os.remove(folder / path)
            (folder / LISTING).unlink(missing_ok=True)
            raise PresetError(
                f"{repo}: `{path}` is not the file that this release of keras-lrcn was made with, "
                "though the Hub vouches for it: the repository, or the way to it, is in other "
                "hands. It was deleted, and nothing was loaded."
            )


def _write(path, text):
    """Writes a small file in one step, unless it says so already."""
    if path.is_file() and path.read_text("utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    with open(handle, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(part, path)
