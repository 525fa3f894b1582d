"""A repository on a loopback Hub, and a client that knows no other Hub and waits for nothing."""

import random

import pytest

from keras_lrcn.loading import transfer

REPO = "me/lrcn"
HANDLE = f"hf://{REPO}"
noise = random.Random(0)
FILES = {
    "config.json": b'{"registered_name": "keras_lrcn>LRCNActivityBackbone"}',
    "task.json": b'{"a": 1}',
    "assets/tokenizer/vocabulary.txt": b"<pad>\n",
    "model.weights.h5": noise.randbytes(3 * 2**20),  # large files lie on another origin
    "task.weights.h5": noise.randbytes(1000),
}
UNREAD = {"README.md": b"# card\n", "code.py": b"raise SystemExit\n", "model.keras": b"PK"}


@pytest.fixture
def repo(hub):
    """The repository of `FILES`, with other files that nobody should download."""
    repo = hub.create(REPO)
    repo.put({**FILES, **UNREAD})
    return repo


@pytest.fixture
def client(hub, tmp_path, monkeypatch):
    """Points the real client at the Hub; returns the folder below which it may write."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", hub.endpoint)
    monkeypatch.setattr(constants, "HF_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 1)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no_token"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr(transfer, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(transfer, "LONGEST_WAIT", 0.05)
    return tmp_path / "home" / "keras_lrcn"


def files_below(folder):
    """Dict from path to content, of everything below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def preset_files(folder):
    """What a loader would read."""
    return {k: v for k, v in files_below(folder).items() if not k.startswith(".")}
