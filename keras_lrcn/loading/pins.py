"""What repositories on the Hub must hold, whatever the Hub says."""

_PINS = {}


def pin(pins):
    """Makes the commit and the digests of repositories known.

    Args:
        pins: dict from `owner/name` to `{"commit": str, "files": {path: SHA-256}}`. `fetch` then
            takes this commit by default, and no other content for it.
    """
    _PINS.update(pins)


def pins_of(repo):
    """The pinned commit and digests of `owner/name`, or `None`."""
    return _PINS.get(repo)
