"""A preset's folder -> the folder of its repository: with card, terms and digests."""

import json
import pathlib
import shutil

from keras_lrcn.known_presets import KNOWN
from keras_lrcn.loading.digests import file_digest
from keras_lrcn.loading.repository import FILES
from keras_lrcn.presets import OWNER
from keras_lrcn.publishing import write_card

SUMS = "SHA256SUMS"
FACTS = ("description", "architecture", "data", "licence", "limits", "command", "scores_note")


def prepare(folder, repo, target):
    """Copies the files of a preset and adds what a repository has besides.

    Args:
        folder: path of a preset with `preset.json`, as `keras_lrcn.publishing.save_preset` and
            `hub.convert` write it.
        repo: str, `owner/name`.
        target: path of an empty folder.

    Returns:
        Dict from path to SHA-256 of everything but `SHA256SUMS`.

    Raises:
        ValueError: for a preset that is incomplete, or does not say what a card must.
    """
    folder, target = pathlib.Path(folder), pathlib.Path(target)
    entry = with_table(read_facts(folder), repo)
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and FILES.fullmatch(name):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target / name)
    _name_the_task(target / "metadata.json", entry["task"])
    (target / "preset.json").write_text(json.dumps(entry, indent=1) + "\n", encoding="utf-8")
    write_card(target, repo.split("/")[1], entry, handle=f"hf://{repo}")
    digests = digests_of(target)
    lines = [f"{digest}  {name}\n" for name, digest in digests.items()]
    (target / SUMS).write_text("".join(lines), encoding="utf-8")
    return digests


def read_facts(folder):
    """The content of a preset's `preset.json`, which must say all that a card does."""
    folder = pathlib.Path(folder)
    for name in ("config.json", "task.json", "task.weights.h5", "preset.json"):
        if not (folder / name).is_file():
            raise ValueError(
                f"{folder} has no {name}, so it cannot be published. "
                "`keras_lrcn.publishing.save_preset(task, folder, facts, scores)` writes them all."
            )
    entry = json.loads((folder / "preset.json").read_text(encoding="utf-8"))
    wanted = (*FACTS, "params", "task", "scores")
    if missing := [name for name in wanted if name not in entry]:
        raise ValueError(f"{folder}/preset.json does not say {missing}, which the card tells.")
    return entry


def with_table(entry, repo):
    """Facts of a preset, with those that the table of known networks has for that name.

    Raises:
        ValueError: for another network under a name of ours.
    """
    owner, name = repo.split("/")
    if name not in KNOWN:
        return entry
    known = KNOWN[name]
    if owner == OWNER and (known.params or entry["params"]) != entry["params"]:
        raise ValueError(
            f"{repo} is to have {known.params:,} parameters, this preset has {entry['params']:,}: "
            "it is another network. Publish it under another name or owner."
        )
    return entry | {key: getattr(known, key) for key in ("description", "licence", "paper")}


def digests_of(folder):
    """Dict from path to SHA-256 of the files of a prepared folder, sorted, without the sums."""
    folder = pathlib.Path(folder)
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))
    return {
        name: file_digest(folder / name)
        for name in names
        if name != SUMS and (folder / name).is_file()
    }


def _name_the_task(path, task):
    """KerasHub writes a base class of ours as the task of the preset; this is the real one."""
    if path.is_file():
        content = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps({**content, "tasks": [task]}, indent=4), encoding="utf-8")
