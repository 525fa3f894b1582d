"""What a Hub says of a repository: the commit of a revision, and the files of a commit."""

import re
import urllib.parse

from keras_lrcn.loading.digests import FileDigest
from keras_lrcn.loading.errors import PresetError
from keras_lrcn.loading.transfer import ask, endpoint

COMMIT = re.compile(r"[0-9a-f]{40}")
REVISION = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._/+-]*[A-Za-z0-9])?")
HASHES = {"sha256": re.compile(r"[0-9a-f]{64}"), "git_sha1": COMMIT}

# The files of a preset that are read. Nothing else of a repository is downloaded.
FILES = re.compile(
    r"(config|task|preprocessor|tokenizer|image_converter|metadata|preset|confidence)\.json"
    r"|(model|task|model_[0-9]{5})\.weights\.h5|model\.weights\.json"
    r"|assets/tokenizer/vocabulary\.txt"
)
LARGEST = {".json": 2**24, ".txt": 2**24, ".h5": 2**34}  # bytes
MOST_FILES = 100_000  # of a repository, whether they are wanted or not


def repo_of(handle):
    """`hf://owner/name` -> `owner/name`.

    Raises:
        PresetError: for another handle.
    """
    from huggingface_hub.utils import HFValidationError, validate_repo_id

    repo = handle.removeprefix("hf://")
    try:
        validate_repo_id(repo)
        if repo.count("/") == 1 and handle.startswith("hf://"):
            return repo
    except HFValidationError:
        pass
    raise PresetError(
        f"A handle must be `hf://owner/name`, a version be in `revision=`. Received: {handle!r}."
    )


def check_revision(revision):
    """Raises `PresetError` for what cannot be a branch, tag or commit."""
    name = str(revision)
    if not REVISION.fullmatch(name) or ".." in name or "//" in name or len(name) > 200:
        raise PresetError(
            f"`revision` must be a branch, a tag or a commit. Received: {revision!r}."
        )


def resolve(repo, revision):
    """Asks which commit a branch or tag stands for.

    Args:
        repo: str, `owner/name`.
        revision: str.

    Returns:
        str, 40 hexadecimal digits.
    """
    quoted = urllib.parse.quote(revision, safe="")
    url = f"{endpoint()}/api/models/{repo}/revision/{quoted}"
    answer = _parsed(ask(url, repo, revision), repo)
    commit = answer.get("sha") if isinstance(answer, dict) else None
    if not isinstance(commit, str) or not COMMIT.fullmatch(commit):
        raise PresetError(f"{endpoint()} names no commit for {revision!r} of {repo}: {commit!r}.")
    return commit


def list_files(repo, commit):
    """Asks which files of a preset a commit holds.

    Args:
        repo: str, `owner/name`.
        commit: str.

    Returns:
        Dict from path to `FileDigest`, of those files that loading reads.

    Raises:
        PresetError: for a listing that cannot be right, or a file beyond its bounds.
    """
    url = f"{endpoint()}/api/models/{repo}/tree/{commit}?recursive=true&expand=false"
    files, seen = {}, 0
    while url:
        response = ask(url, repo, commit)
        items = _parsed(response, repo)
        if not isinstance(items, list) or (seen := seen + len(items)) > MOST_FILES:
            raise PresetError(f"{endpoint()} sent no list of the files of {repo} at {commit}.")
        files.update(_digest_of(item, repo) for item in items if _is_wanted(item))
        url = _next_page(response, repo)
    return files


def _parsed(response, repo):
    try:
        return response.json()
    except (ValueError, RecursionError) as error:
        raise PresetError(
            f"{repo}: {endpoint()} answers with something that is not JSON, as a login page or "
            f"a proxy would ({error})."
        ) from error


def _is_wanted(item):
    return (
        isinstance(item, dict)
        and item.get("type") == "file"
        and isinstance(item.get("path"), str)
        and FILES.fullmatch(item["path"])
    )


def _digest_of(item, repo):
    path, large = item["path"], item.get("lfs")
    kind, source = ("sha256", large) if isinstance(large, dict) else ("git_sha1", item)
    size, digest = source.get("size"), source.get("oid")
    if not isinstance(digest, str) or not HASHES[kind].fullmatch(digest):
        raise PresetError(f"{repo}: no {kind} of `{path}` in the list of files: {digest!r}.")
    most = LARGEST["." + path.rpartition(".")[2]]
    if not isinstance(size, int) or not 0 <= size <= most:
        raise PresetError(
            f"{repo}: `{path}` is said to have {size!r} bytes; presets have at most {most:,} there."
        )
    return path, FileDigest(size, kind, digest)


def _next_page(response, repo):
    """The address of the next page, which must be the same Hub: the token goes there."""
    url = response.links.get("next", {}).get("url")
    if url and urllib.parse.urlsplit(url)[:2] != urllib.parse.urlsplit(endpoint())[:2]:
        raise PresetError(f"{repo}: {endpoint()} continues its list of files elsewhere: {url}.")
    return url
