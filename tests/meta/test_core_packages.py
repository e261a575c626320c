"""The packages of the core that work on snapshots: names that are unique, modules of a fair size."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

from tests.meta.sources import ROOT

CORE = ROOT / "scopelint"
PACKAGES = ("repair", "diff", "export", "snapshot")
FORMATS = {"as_console.py", "as_markdown.py"}
"""Modules that show a comparison in one format, as a reporter does: they may be short."""


def _modules(*folders: Path) -> list[Path]:
    return [path for folder in folders for path in folder.rglob("*.py")]


def _own(package: str) -> list[Path]:
    return _modules(CORE / package)


def _classes(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_class_has_a_name_of_its_own_in_the_product(package: str) -> None:
    places: dict[str, list[Path]] = defaultdict(list)
    for path in _modules(CORE, ROOT / "rules", ROOT / "reports"):
        for name in _classes(path):
            places[name].append(path.relative_to(ROOT))
    mine = {name for path in _own(package) for name in _classes(path)}
    assert mine
    assert {name: places[name] for name in mine if len(places[name]) > 1} == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_module_has_a_name_of_its_own_in_the_core(package: str) -> None:
    """Faces have none, and a command may share its subject's name."""
    others = {
        path.stem: path.relative_to(ROOT)
        for path in _modules(CORE)
        if path.parent not in (CORE / package, CORE / "cli")
    }
    mine = {path.stem for path in _own(package)} - {"__init__"}
    assert mine
    assert {name: others[name] for name in mine & others.keys()} == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_module_is_neither_a_fragment_nor_too_much(package: str) -> None:
    lines = {
        path.name: len(path.read_text(encoding="utf-8").splitlines())
        for path in _own(package)
        if path.name != "__init__.py" and path.name not in FORMATS
    }
    assert {name: count for name, count in lines.items() if not 60 <= count <= 400} == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_the_face_says_what_it_is_for_and_may_import(package: str) -> None:
    text = ast.get_docstring(ast.parse((CORE / package / "__init__.py").read_text())) or ""
    assert "may import" in text


def _imports(path: Path, modules: dict[str, Path]) -> set[str]:
    """Return the modules of the core that one imports, anywhere in its code, also for types only."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                submodule = f"{node.module}.{name.name}"
                found.add(submodule if submodule in modules else node.module)
        elif isinstance(node, ast.Import):
            found.update(name.name for name in node.names)
    return found & modules.keys()


def test_no_import_leads_back() -> None:
    """Imports inside functions and those for types alone count too."""
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in _modules(CORE)
    }
    graph = {name: _imports(path, modules) - {name} for name, path in modules.items()}
    assert graph["scopelint.repair.apply"] >= {"scopelint.repair.pool", "scopelint.gitlab.write"}
    circles = set()
    for start in modules:
        reached: set[str] = set()
        waiting = set(graph[start])
        while waiting:
            name = waiting.pop()
            reached.add(name)
            waiting |= graph[name] - reached
        if start in reached and start.split(".")[1:2] and start.split(".")[1] in PACKAGES:
            circles.add(start)
    assert circles == set()
