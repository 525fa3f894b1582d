"""What the Hub would say of a card, and a careful reader too, without either."""

import math
import re

from hub.hub_lists import LICENCES, PIPELINE_TAGS
from keras_lrcn.publishing import CONTROLS, METRICS

REQUIRED = ("library_name", "pipeline_tag", "license", "tags")
SECTIONS = ("**Architecture**", "**Training data**", "**Terms**", "**Limits**", "## Scores")
SLUG = re.compile(r"[a-z0-9][a-z0-9._-]*")
ID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
PLACEHOLDER = re.compile(
    r"more information needed|\b(?:todo|tbd|fixme|xxx)\b|lorem ipsum|\{[a-z_]+\}|<[a-z_ ]+>"
    r"|completed by the model author",
    re.IGNORECASE,
)


def check_card(text):
    """Checks the text of a model card.

    Args:
        text: str, the whole `README.md`.

    Returns:
        List of str: what is wrong; empty for a card that may be published.
    """
    from huggingface_hub import ModelCard

    try:
        data = ModelCard(text).data.to_dict()
    except Exception as error:  # of YAML, or of a model-index that is none
        return [f"the front matter does not parse: {error}"]
    if not data:
        return ["there is no front matter: lines of YAML between two lines `---`"]
    body = text.split("\n---\n", 1)[-1]
    return [
        *_check_keys(data),
        *_check_ids(data),
        *(f"`{key}` is {value}, no finite number" for key, value in _odd_numbers(data)),
        *_check_scores(data, body),
        *_check_body(body),
    ]


def _check_keys(data):
    yield from (f"`{key}` is missing" for key in REQUIRED if not data.get(key))
    tag, licence = data.get("pipeline_tag"), data.get("license")
    if tag and tag not in PIPELINE_TAGS:
        yield f"`pipeline_tag` is {tag!r}, which is none of the Hub's {len(PIPELINE_TAGS)}"
    if licence and licence not in LICENCES:
        yield f"`license` is {licence!r}, which is none of the Hub's identifiers"
    if licence == "other":
        yield from (
            f"`license: other` needs `{key}`"
            for key in ("license_name", "license_link")
            if not data.get(key)
        )


def _check_ids(data):
    for key in ("datasets", "base_model"):
        for name in _as_list(data.get(key)):
            parts = str(name).split("/")
            if len(parts) > 2 or not all(ID.fullmatch(part) for part in parts):
                yield f"`{key}`: {name!r} is no `owner/name`"
    for key in ("metrics", "license_name", "library_name"):
        for name in _as_list(data.get(key)):
            if not SLUG.fullmatch(str(name)):
                yield f"`{key}`: {name!r} is no identifier (small letters, digits, `-`, `_`, `.`)"
    for tag in _as_list(data.get("tags")):
        if not isinstance(tag, str) or not tag.strip():
            yield f"`tags`: {tag!r} is no text"


def _odd_numbers(value, key=""):
    """Yields `(key, number)` of all numbers that are not finite."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _odd_numbers(inner, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _odd_numbers(inner, f"{key}[{number}]")
    elif isinstance(value, float) and not math.isfinite(value):
        yield key, value


def _check_scores(data, body):
    """The table and the model-index must say the same."""
    shown, indexed = table_scores(body), {}
    for model in data.get("model-index") or []:
        for result in model["results"]:
            for metric in result["metrics"]:
                indexed[metric.get("name")] = metric["value"]
                if metric["type"] not in _as_list(data.get("metrics")):
                    yield f"`metrics` lacks {metric['type']!r}, which the model-index has"
    for name in sorted(shown.keys() - indexed.keys()):
        yield f"the table has {name}, the model-index has not"
    for name in sorted(map(str, indexed.keys() - shown.keys())):
        yield f"the model-index has {name}, the table has not"
    for name in sorted(shown.keys() & indexed.keys()):
        if f"{indexed[name]:.3f}" != shown[name]:
            yield f"{name} is {shown[name]} in the table and {indexed[name]} in the model-index"


def table_scores(body):
    """The scores of a card's table that are metrics: dict from `column (row)` to text."""
    rows = [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in body.partition("## Scores")[2].splitlines()
        if line.startswith("|") and not line.startswith("|---")
    ]
    if not rows:
        return {}
    columns, rows = rows[0][1:], rows[1:]
    own = [row for row in rows if row[0] not in CONTROLS] or rows
    return {
        f"{column} ({name})": cell
        for name, *cells in own
        for column, cell in zip(columns, cells, strict=True)
        if column in METRICS and cell
    }


def _check_body(body):
    yield from (f"{section} is missing" for section in SECTIONS if section not in body)
    for found in PLACEHOLDER.finditer(re.sub(r"`[^`\n]*`", "", body)):
        yield f"{found[0]!r} looks like a gap that somebody meant to fill"
    code = snippet(body)
    if code is None:
        yield "there is no block of Python"
        return
    try:
        compile(code, "README.md", "exec")
    except SyntaxError as error:
        yield f"the Python does not compile: {error}"
    if "import keras_lrcn" not in code or ".from_preset(" not in code:
        yield "the Python must import keras_lrcn, which KerasHub does not, and load the preset"


def snippet(body):
    """The first block of Python of a card, or `None`."""
    found = re.search(r"^```python\n(.*?)^```$", body, re.MULTILINE | re.DOTALL)
    return found[1] if found else None


def _as_list(value):
    return value if isinstance(value, list) else [] if value is None else [value]
