"""Imports point down the map: a file imports from lower levels, or from its own folder."""

import ast
import pathlib
import subprocess
import sys

import pytest

CHECKOUT = pathlib.Path(__file__).resolve().parents[1]
PACKAGE = "keras_lrcn"
# The first name below the package -> its level. Strangers of one level do not know each other.
LEVELS = {
    "loading": -1,  # of presets: below every class that has a `from_preset`
    "layers": 0,
    "preprocessing": 0,
    "samplers": 0,
    "data": 0,
    "metrics": 0,
    "optimizers": 0,
    "encoders": 1,
    "serving": 1,
    "models": 2,
    "known_presets": 2,
    "presets": 3,
    "confidence": 4,
    "evaluation": 4,
    "paper_table": 4,
    "paper_table_picture": 3,
    "publishing": 4,
    "retrieval": 4,
    "self_critical": 4,
    "timeline": 4,
    "timeline_picture": 3,
    "training": 4,
    "cli": 5,
    "__main__": 6,
    "": 6,  # keras_lrcn/__init__.py: the public names
}
CALLERS = ("cli", "__main__")  # may also use the public names, as a user does
HEAVY = ("keras", "keras_hub", "tensorflow", "torch", "jax")


def module_name(path, root=CHECKOUT):
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules(source=CHECKOUT / PACKAGE):
    return {module_name(path): path for path in sorted(source.rglob("*.py"))}


def imported(tree, package):
    """Yields the absolute dotted name of everything a module imports, `from a import b` as a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join([*(above if node.level else []), *filter(None, [node.module])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def inner_imports(path, names):
    """The modules of ours that a file imports: the longest known prefix of each import."""
    name = module_name(path)
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for target in imported(ast.parse(path.read_text()), package):
        while target and target not in names:
            target = target.rpartition(".")[0]
        if target and target != name:
            yield target


def part(name):
    """`keras_lrcn.models.captioner` -> `models`."""
    return name.partition(".")[2].partition(".")[0]


ALL = modules()
EDGES = [(name, to) for name, path in ALL.items() for to in inner_imports(path, ALL)]


def test_every_file_has_a_level():
    assert {part(name) for name in ALL} <= set(LEVELS)


@pytest.mark.parametrize("name", [name for name in ALL if name != PACKAGE])
def test_a_file_imports_from_lower_levels_or_its_own_folder(name):
    for user, target in EDGES:
        if user != name or (part(name) in CALLERS and target == PACKAGE):
            continue
        same_folder = part(target) == part(name)
        assert same_folder or LEVELS[part(target)] < LEVELS[part(name)], f"{name} uses {target}"


def test_files_import_each_other_without_circles():
    waiting = {name: {to for user, to in EDGES if user == name} for name in ALL}
    del waiting[PACKAGE]  # lazy: it names everything and imports it when asked
    for targets in waiting.values():
        targets.discard(PACKAGE)
    while ready := [name for name, targets in waiting.items() if not targets & waiting.keys()]:
        for name in ready:
            del waiting[name]
    assert not waiting, f"in or behind a circle: {sorted(waiting)}"


@pytest.mark.parametrize("folder", ["applications", "hub"])
def test_recipes_use_public_names_and_not_each_other(folder):
    for path in sorted((CHECKOUT / folder).rglob("*.py")):
        tree = ast.parse(path.read_text())
        recipe = path.relative_to(CHECKOUT / folder).parts[0]
        neighbours = {p.name for p in (CHECKOUT / folder).iterdir() if p.is_dir()} - {recipe}
        others = {"applications", "hub"} - {folder}
        for target in imported(tree, module_name(path).rpartition(".")[0]):
            head, *rest = target.split(".")
            assert head not in others, f"{path} uses {target}"
            assert not (head == folder and rest and rest[0] in neighbours), f"{path} uses {target}"
            hidden = head == PACKAGE and any(name.startswith("_") for name in rest)
            assert not hidden, f"{path} uses the private {target}"


@pytest.mark.parametrize(
    "module",
    ["keras_lrcn", "keras_lrcn.cli", "keras_lrcn.data", "keras_lrcn.metrics", "keras_lrcn.serving"],
)
def test_light_modules_come_without_keras(module):
    code = f"import sys, {module}; print(*sorted({HEAVY!r} & sys.modules.keys()))"
    code = code.replace(repr(HEAVY), repr(set(HEAVY)))
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=CHECKOUT
    )
    assert printed.stdout.strip() == ""
