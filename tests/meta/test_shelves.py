"""The shelves: which module may be how long, be called what, and import which other."""

import ast
import re
from collections import Counter

import pytest

from tests.meta.figures import class_names, import_graph
from tests.meta.sources import Module, circles, product, shelf, shelf_edges

SHORTEST, LONGEST = 60, 400
"""Lines a module may have: below, it is a part of another one; above, it has two subjects."""
MODULES = product()
EDGES = shelf_edges(MODULES)
every_module = pytest.mark.parametrize("module", MODULES.values(), ids=MODULES)
every_face = pytest.mark.parametrize(
    "face", [module for module in MODULES.values() if module.is_face], ids=lambda face: face.name
)

INTERFACES = {
    "scopelint_simulator.answer": "what every part of the simulator answers with",
    "scopelint.engine.engine_settings": "what a run is given, for config and the command line",
    "scopelint.json_schema": "how schemas are made, for the packages that publish one each",
}
"""Modules that are short because nothing else belongs to what others import from them."""
SHORT = {
    "scopelint.__main__": "python -m scopelint",
    "scopelint.diff.as_markdown": "one format of a comparison, as a reporter is one of a report",
    "scopelint.progress": "what a collection tells and a terminal shows; neither knows the other",
    "scopelint.testing.reports": "what the kit has for authors of reporters; the rest is for rules",
}
"""Other short modules, each with the reason."""
SHARED_NAMES: dict[str, str] = {}
"""Module names that two packages of the core may have, each with the reason."""


@every_module
def test_no_module_is_too_long(module: Module) -> None:
    assert module.lines <= LONGEST, "split it by subject"


def test_no_module_is_too_short() -> None:
    found = {
        name
        for name, module in MODULES.items()
        if module.lines < SHORTEST
        and not (module.is_face or _is_plug_in(module) or _is_command(module))
    }
    assert found == {*INTERFACES, *SHORT}, "put it into the module that uses it"


def _is_plug_in(module: Module) -> bool:
    """Whether it is a rule, a reporter or a finder: a module each, however short."""
    bases = {
        "scopelint_rules": "Rule",
        "scopelint_reports": "Reporter",
        "scopelint_finders": "Finder",
    }
    wanted = bases.get(shelf(module.name))
    return wanted is not None and any(
        isinstance(base, ast.Name) and base.id.endswith(wanted)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
        for base in node.bases
    )


def _is_command(module: Module) -> bool:
    """Whether it holds a command of the command line."""
    return shelf(module.name) == "scopelint.cli" and any(
        ast.unparse(decorator).startswith(("click.command(", "click.group("))
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
    )


def test_no_class_name_is_taken_twice() -> None:
    names = Counter(
        name
        for module in MODULES.values()
        if not module.is_simulator
        for name in class_names(module)
    )
    assert not [name for name, count in names.items() if count > 1], "one word a thing"


def test_no_module_name_is_taken_twice_in_a_family() -> None:
    """The core, the rules, the reporters and the simulator are a family each.

    A command may be called what the package or module is called that does its work.
    """
    names = Counter(
        (name.partition(".")[0], name.rpartition(".")[2])
        for name, module in MODULES.items()
        if not (module.is_face or _is_command(module))
    )
    found = {name for (_, name), count in names.items() if count > 1}
    assert found == {*SHARED_NAMES}


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Neither at the top, nor in a function, nor for types alone."""
    assert circles(import_graph(MODULES)) == []


def test_no_packages_import_each_other_in_a_circle() -> None:
    assert circles(EDGES) == []


@every_face
def test_the_first_file_of_a_package_says_what_it_is_for(face: Module) -> None:
    """What it is for, what it offers and what it may import, in a few lines."""
    text = ast.get_docstring(face.tree) or ""
    assert len([line for line in text.splitlines() if line.strip()]) >= 3
    assert {"import", "imports"} & set(text.split()), "say which packages it may import"


@every_face
def test_the_first_file_of_a_package_names_what_it_may_import(face: Module) -> None:
    """The packages named there are those that the package's modules import, no more and no fewer."""
    text = ast.get_docstring(face.tree) or ""
    if face.name == "scopelint" or "It may import every other package" in text:
        return
    found = {name.removeprefix("scopelint.") for name in EDGES[face.name]}
    assert _may_import(text) == found - {"scopelint"}


def _may_import(text: str) -> set[str]:
    """Return the packages of the core that the sentence "It may import ..." names in backticks.

    >>> sorted(_may_import("It asks `x`. It may import `model` and, for files, `yaml`. `z` may not."))
    ['model', 'yaml']
    """
    [sentence] = re.findall(r"\bIt may import\b([^.]*)\.", text) or [""]
    return set(re.findall(r"`(\w+)`", sentence))


def test_a_package_that_a_face_forgets_is_seen() -> None:
    assert _may_import("It may import `model`,\n`text` (for\nmessages) and `yaml`. No `rule`.") == {
        "model",
        "text",
        "yaml",
    }
    assert _may_import("It imports the standard library alone.") == set()


def test_a_circle_is_seen_however_long() -> None:
    assert circles({"a": ["b"], "b": ["c"], "c": ["b"], "d": ["a", "d"]}) == [["b", "c"], ["d"]]
    assert circles({"a": ["b", "c"], "b": ["c"], "c": []}) == []
