"""Client code in a process of its own: `HF_ENDPOINT` and `HF_HOME` are read at import."""

import os
import pathlib
import subprocess
import sys

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
INHERITED = ("PATH", "HOME", "LANG", "OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "KERAS_BACKEND")


def client_env(server, home, token="hf_me", **env):
    """The environment of a client that knows no other Hub than `server`.

    Args:
        server: `hub_server.Hub`, or `None` for an address where nobody listens.
        home: path of a folder for caches and settings.
        token: str, or `None` to be nobody.
        **env: more variables.
    """
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return {
        **kept,
        "HF_ENDPOINT": server.endpoint if server else "http://127.0.0.1:9",
        "HF_HOME": str(home),
        "XDG_CACHE_HOME": str(home),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "NO_PROXY": "*",
        **({"HF_TOKEN": token} if token else {}),
        **env,
    }


def run_client(code, server, home, check=True, timeout=300, **env):
    """Runs Python code against a Hub.

    Args:
        code: str; what it prints is the result.
        server, home, **env: see `client_env`.
        check: bool, fail with the child's message where it fails.
        timeout: seconds.

    Returns:
        The standard output without the last newline; with `check=False` the
        `subprocess.CompletedProcess`.
    """
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=client_env(server, home, **env),
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    if not check:
        return done
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout.rstrip("\n")
