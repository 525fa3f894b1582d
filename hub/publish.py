"""Publishes a preset on the Hugging Face Hub, and proves that what arrives is what was sent.

    python -m hub.publish presets/mine --repo me/mine --dry-run
    python -m hub.publish lrcn_rgb_small_cnn_motions --repo me/motions --version 1.0.0

Reloads the preset, compares outputs, checks the card, uploads in one commit, downloads into an
empty cache, compares outputs bit for bit, and then tags. Run again after a failure, it sends only
what is not there. Who you are is what `hf auth login` or
`HF_TOKEN` says. It prints the commit and the digests that `keras_lrcn/pins.json` takes.
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np

from hub.cards import check_card
from hub.prepare import SUMS, digests_of, prepare
from hub.probe import check_weights, compare, load_task, probe

CHECKOUT = pathlib.Path(__file__).resolve().parents[1]
VERSION = re.compile(r"\d+\.\d+\.\d+([a-z]+\d+)?")
KEPT = (".gitattributes",)  # what the Hub adds to a repository


def publish(preset, repo, version=None, private=False, dry_run=False, say=print):
    """Publishes a preset.

    Args:
        preset: path of a folder, or the name of an embedded preset.
        repo: str, `owner/name`; made if it is not there.
        version: str, `X.Y.Z`, of the tag. Defaults to that of the package.
        private: bool, whether a new repository is private. Defaults to `False`.
        dry_run: bool, stop before anything is sent. Defaults to `False`.
        say: function of a str, called as the work goes on.

    Returns:
        Dict from `repo` to `{"commit": str, "files": {path: SHA-256}}`, as in
        `keras_lrcn/pins.json`; the commit is `None` after a dry run.

    Raises:
        ValueError: for a preset that is not as it should be, or does not come back as it was.
        huggingface_hub.errors.HfHubHTTPError: if the Hub refuses.
    """
    import keras_lrcn
    from keras_lrcn.loading.repository import repo_of
    from keras_lrcn.presets import resolve

    repo_of(f"hf://{repo}")  # is it a name at all?
    version = version or keras_lrcn.__version__
    if not VERSION.fullmatch(version):
        raise ValueError(f"`version` must look like 1.2.3. Received: {version!r}.")
    tag = f"v{version}"
    folder = resolve(str(preset))
    with tempfile.TemporaryDirectory() as temporary:
        target = pathlib.Path(temporary) / "repository"
        digests = prepare(folder, repo, target)
        outputs = _outputs_of_both(folder, target)
        say(f"{folder}: loaded and reloaded, the outputs are the same")
        if problems := check_card((target / "README.md").read_text(encoding="utf-8")):
            raise ValueError(f"The card of {folder} is not fit to print: " + "; ".join(problems))
        sizes = {name: (target / name).stat().st_size for name in [*digests, SUMS]}
        for name, size in sizes.items():
            say(f"  {size:>12,}  {name}")
        if dry_run:
            say(f"nothing was sent: {len(sizes)} files would go to {repo} as {tag}")
            return {repo: {"commit": None, "files": digests}}
        commit = _upload(target, repo, tag, private, say)
        pins = {repo: {"commit": commit, "files": digests}}
        compare(outputs, _outputs_of_download(repo, pins, temporary), f"{repo} at {commit}")
        say(f"downloaded into an empty cache: the outputs are the same, bit for bit ({commit})")
        _tag(repo, tag, commit, say)
    return pins


def _outputs_of_both(folder, target):
    task = load_task(folder)
    check_weights(task, folder)
    outputs = probe(task)
    compare(outputs, probe(load_task(str(target))), f"{folder}, reloaded")
    return outputs


def _upload(target, repo, tag, private, say):
    """Uploads a folder as the whole of a repository. Returns the commit."""
    from huggingface_hub import HfApi

    api = HfApi()
    api.create_repo(repo, private=private, exist_ok=True)
    tagged = _tags(api, repo).get(tag)
    if tagged is not None:
        if _differences(api, repo, tagged, target):
            raise ValueError(
                f"{repo} has a tag {tag} already, with other content: {tagged}. Tags are what "
                "people pin, so they never move: publish under another --version."
            )
        say(f"{repo} has all of it already, as {tag}")
        return tagged
    head = api.model_info(repo).sha
    api.upload_folder(
        repo_id=repo,
        folder_path=str(target),
        commit_message=f"Publish {tag} with keras-lrcn",
        delete_patterns="*",
        parent_commit=head,
    )
    commit = api.model_info(repo).sha
    if wrong := _differences(api, repo, commit, target):
        raise ValueError(f"{repo} at {commit} is not what was sent: {wrong}.")
    say(f"uploaded to {repo}: {commit}")
    return commit


def _tags(api, repo):
    return {tag.name: tag.target_commit for tag in api.list_repo_refs(repo).tags}


def _differences(api, repo, commit, target):
    """The paths whose content is not the same on the Hub and in a folder."""
    from huggingface_hub.hf_api import RepoFile

    from keras_lrcn.loading.digests import file_digest

    tree = api.list_repo_tree(repo, revision=commit, recursive=True)
    there = {item.path: item for item in tree if isinstance(item, RepoFile)}
    here = {*digests_of(target), SUMS}
    wrong = (here ^ there.keys()) - set(KEPT)
    for name in here & there.keys():
        item = there[name]
        kind, digest = ("sha256", item.lfs.sha256) if item.lfs else ("git_sha1", item.blob_id)
        if file_digest(target / name, kind) != digest:
            wrong.add(name)
    return sorted(wrong)


def _outputs_of_download(repo, pins, temporary):
    """What a process of its own, which has nothing cached, computes with the download."""
    from huggingface_hub import constants

    pins_file = os.path.join(temporary, "pins.json")
    output = os.path.join(temporary, "outputs.npz")
    with open(pins_file, "w", encoding="utf-8") as file:
        json.dump(pins, file)
    command = [sys.executable, "-m", "hub.probe", f"hf://{repo}", "--pins", pins_file]
    env = {**os.environ, "HF_HOME": os.path.join(temporary, "home")}
    env["HF_TOKEN_PATH"] = constants.HF_TOKEN_PATH  # which lies in the real HF_HOME
    done = subprocess.run(
        [*command, "--output", output], cwd=CHECKOUT, env=env, capture_output=True, text=True
    )
    if done.returncode:
        raise ValueError(f"{repo} was sent, but does not load:\n{done.stderr[-2000:]}")
    with np.load(output) as arrays:
        return dict(arrays)


def _tag(repo, tag, commit, say):
    from huggingface_hub import HfApi

    api = HfApi()
    if tag not in _tags(api, repo):
        api.create_tag(repo, tag=tag, revision=commit)
    say(f"tagged {tag}: keras_lrcn loads it as hf://{repo}, revision={tag!r}")


def write_pins(path, pins):
    """Adds pins to a JSON file, in one step."""
    path = pathlib.Path(path)
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    new = path.with_name(path.name + ".new")
    content = json.dumps(dict(sorted({**known, **pins}.items())), indent=1)
    new.write_text(content + "\n", encoding="utf-8")
    os.replace(new, path)


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("preset", help="a folder, or the name of an embedded preset")
    parser.add_argument("--repo", required=True, metavar="OWNER/NAME")
    parser.add_argument("--version", metavar="X.Y.Z", help="of the tag; default: the package's")
    parser.add_argument("--private", action="store_true", help="make a new repository private")
    parser.add_argument("--dry-run", action="store_true", help="stop before anything is sent")
    parser.add_argument("--pins", metavar="FILE", help="add commit and digests to this file")
    args = parser.parse_args(arguments)
    from huggingface_hub.errors import HfHubHTTPError

    try:
        with contextlib.redirect_stdout(sys.stderr):  # what is printed last is JSON alone
            pins = publish(args.preset, args.repo, args.version, args.private, args.dry_run)
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else None
        hint = "Somebody else has changed it in between; run this again. " * (status == 412)
        parser.exit(1, f"{args.repo}: {hint}{error}\n")
    except (ValueError, OSError) as error:
        parser.exit(1, f"{error}\n")
    except Exception as error:  # of the client's HTTP library, whichever that is
        if not type(error).__module__.startswith("httpx"):
            raise
        parser.exit(1, f"{args.repo}: no answer ({error}). Running this again goes on.\n")
    if args.pins and not args.dry_run:
        write_pins(args.pins, pins)
    print(json.dumps(pins, indent=1))


if __name__ == "__main__":
    main()
