"""Requests to a Hub that are repeated while it makes sense, and files that arrive whole."""

import os
import sys
import tempfile
import time
import urllib.parse
import warnings

from keras_lrcn.loading.digests import is_intact
from keras_lrcn.loading.errors import PresetError, PresetUnreachableError

TRIES = 4
FIRST_WAIT = 1.0  # seconds, doubled after every try
LONGEST_WAIT = 60.0  # seconds, whatever the Hub asks for
PROGRESS = 2**20  # bytes that make a broken transfer worth another round of tries
PASSING = (408, 425, 429, 500, 502, 503, 504)
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class ShortBodyError(OSError):
    """A body that ended early."""


def endpoint():
    """The address of the Hub, as `huggingface_hub` has it (`HF_ENDPOINT`)."""
    from huggingface_hub import constants

    return constants.ENDPOINT.rstrip("/")


def warn_of_endpoint():
    """Warns where `HF_ENDPOINT` is no https address of another machine."""
    url = urllib.parse.urlsplit(endpoint())
    if url.scheme != "https" and url.hostname not in LOOPBACK:
        warnings.warn(
            f"HF_ENDPOINT is {endpoint()}, not https: whoever is in between reads your token and "
            "can send another model, hashes and all.",
            stacklevel=2,
        )


def ask(url, repo, revision):
    """Sends a GET request to the Hub.

    Args:
        url: str.
        repo, revision: str, for messages.

    Returns:
        The response, with a status of success.

    Raises:
        PresetUnreachableError: if the Hub does not answer, or not now.
        PresetError: if it refuses.
    """
    from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

    def request():
        response = get_session().get(url, headers=build_hf_headers(), timeout=_timeout())
        hf_raise_for_status(response)
        return response

    return _try(request, lambda: False, f"{repo} at {revision!r}")


def download(url, target, wanted, what):
    """Downloads a file; it appears under its name only when its hash is right.

    Args:
        url: str.
        target: path.
        wanted: `FileDigest`.
        what: str, for messages.

    Raises:
        PresetUnreachableError: if the transfer keeps failing.
        PresetError: if what arrives, twice, is not the file.
    """
    os.makedirs(os.path.dirname(target), exist_ok=True)
    for _ in range(2):
        handle, part = tempfile.mkstemp(dir=os.path.dirname(target), prefix=".part-")
        os.close(handle)
        try:
            _transfer(url, part, wanted.size, what)
            if is_intact(part, wanted):
                os.replace(part, target)
                return
        finally:
            if os.path.exists(part):
                os.remove(part)
    raise PresetError(
        f"{what} arrived twice with another content than the Hub lists for it. Nothing of it was "
        "kept. Try again later; if it stays so, a proxy or a mirror alters files."
    )


def _transfer(url, part, size, what):
    """Fills `part` from `url`, going on where a connection broke."""
    counted = 0

    def has_progressed():
        nonlocal counted
        before, counted = counted, os.path.getsize(part)
        return counted - before >= PROGRESS

    if size:
        _try(lambda: _receive(url, part, size), has_progressed, what)


def _receive(url, part, size):
    from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

    have = os.path.getsize(part)
    if have == size:
        return
    headers = {**build_hf_headers(), "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    with get_session().stream("GET", url, headers=headers, timeout=_timeout()) as response:
        hf_raise_for_status(response)
        goes_on = response.status_code == 206
        goes_on = goes_on and response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        with open(part, "ab" if goes_on else "wb") as file:
            have = have if goes_on else 0
            for chunk in response.iter_raw():
                file.write(chunk[: size + 1 - have])  # a byte too many tells that it is another
                have = min(have + len(chunk), size + 1)
                if have > size:
                    return
    if have < size:
        raise ShortBodyError(f"{have:,} of {size:,} bytes")


def _try(action, has_progressed, what):
    """Runs `action` until it succeeds, fails for good, or failed `TRIES` times."""
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    library = _http_library()
    tries, wait = 1, FIRST_WAIT
    while True:
        try:
            return action()
        except HfHubHTTPError as error:
            if error.response is None or error.response.status_code not in PASSING:
                raise PresetError(_refusal(what, error)) from error
            cause, asked = error, _seconds(error.response.headers.get("Retry-After"))
        except OfflineModeIsEnabled as error:
            raise PresetUnreachableError(f"{what}: HF_HUB_OFFLINE is set.") from error
        except (library.TransportError, library.DecodingError, ShortBodyError) as error:
            cause, asked = error, None
        except library.HTTPError as error:
            raise PresetError(f"{what}: {endpoint()} answers wrongly: {error}") from error
        tries = 1 if has_progressed() else tries + 1
        if tries > TRIES:
            reason = str(cause).partition("\n")[0]
            raise PresetUnreachableError(
                f"{what}: {endpoint()} failed {TRIES} times ({type(cause).__name__}: {reason})."
            ) from cause
        time.sleep(min(wait if asked is None else asked, LONGEST_WAIT))
        wait *= 2


def _refusal(what, error):
    status = error.response.status_code if error.response is not None else "no"
    kind = type(error).__name__
    message = f"{what}: {endpoint()} answers {status}, {kind}."
    if kind == "RevisionNotFoundError":
        return f"{message} There is no such branch, tag or commit."
    if kind == "EntryNotFoundError":
        return f"{message} The Hub lists this file but does not have it."
    if kind == "GatedRepoError":
        return f"{message} Accept its terms on the Hub, then `hf auth login`."
    if kind == "RepositoryNotFoundError" or status in (401, 403):
        return (
            f"{message} There is no such repository, or it is private: `hf auth login`. A token "
            "that has expired is refused even for public ones: then unset HF_TOKEN."
        )
    return f"{message} {error}"


def _timeout():
    from huggingface_hub import constants

    return constants.HF_HUB_DOWNLOAD_TIMEOUT


def _seconds(text):
    return float(text) if text and text.isdecimal() else None


def _http_library():
    """The library below `huggingface_hub`'s session, for the names of its errors."""
    from huggingface_hub.utils import get_session

    for cls in type(get_session()).__mro__:
        library = sys.modules[cls.__module__.partition(".")[0]]
        if hasattr(library, "TransportError"):
            return library
    raise ImportError('Install a later client: pip install "huggingface_hub>=1.0"')
