"""GitLab's releases stand in `scopelint/versions.py` alone; the simulator has a file of its own."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.meta.sources import modules, place, tree

HOME = "scopelint/versions.py"
ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)


def _numbers(node: ast.AST) -> list[object]:
    if not isinstance(node, ast.Tuple):
        return []
    return [each.value if isinstance(each, ast.Constant) else None for each in node.elts]


def _is_release(node: ast.AST) -> bool:
    match _numbers(node):
        case [int(major), int(minor)]:
            return 15 <= major < 30 and minor < 20
        case _:
            return False


def _is_version(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name.lower().endswith("version")
        case _:
            return False


def _faults(module: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(module):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            ordered = any(isinstance(each, ORDER) for each in node.ops)
            pairs = any(_is_release(each) or _numbers(each) == [0, 0] for each in sides)
            if pairs or (ordered and any(map(_is_version, sides))):
                yield node
        elif isinstance(node, ast.Call) and _is_version(node.func) and len(node.args) == 2:
            yield node
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            yield from (each for each in ast.walk(node.value) if _is_release(each))


@pytest.mark.slow
def test_no_other_module_names_or_compares_a_release() -> None:
    found = [
        place(path, node)
        for path in modules()
        if place(path) != HOME and not place(path).startswith("simulator/")
        for node in _faults(tree(path))
    ]
    assert not found, f"give the release a name in {HOME}, and ask since() or before()"


NAMED = re.compile(r"\b1[5-9]\.\d+\b")
OTHER_NUMBERS = {
    "scopelint/cli/demo.py": "the releases that the two built-in GitLabs say they are",
    "scopelint/cli/option_types.py": "the versions of GitLab's report schema",
    "scopelint/testing/specs.py": "the release of an inventory that names none",
    "scopelint/versions.py": "the versions of GitLab's report schema",
}
"""Modules whose texts name such a number for another reason."""


def _named(module: ast.Module) -> list[ast.AST]:
    """Return the texts that name a release, documentation left out."""
    documentation = {
        id(node.value)
        for node in ast.walk(module)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return [
        node
        for node in ast.walk(module)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in documentation
        and NAMED.search(node.value)
    ]


@pytest.mark.slow
def test_texts_name_releases_by_the_constants() -> None:
    found = {
        place(path): place(path, nodes[0])
        for path in modules()
        if not place(path).startswith("simulator/") and (nodes := _named(tree(path)))
    }
    assert found.keys() == OTHER_NUMBERS.keys(), f"write the text with a constant of {HOME}"


def test_a_release_in_a_text_is_seen() -> None:
    for line in ('x = "before GitLab 18.0"', "x = f'{y} since 17.10'", 'f("19.1")'):
        assert _named(ast.parse(line)), line
    for line in ('"""Since 18.0."""', "x = f'since {RELEASE}'", 'x = "118.0 of 4.5"', "x = 18.5"):
        assert not _named(ast.parse(line)), line


def test_the_check_sees_every_form() -> None:
    for line in (
        "ENDS = (18, 0)",
        "eras = ((17, 6), 1)",
        "scan.version < ENDS",
        "caps.version == (0, 0)",
        "0 < version < ENDS",
        "ends = Version(18, 0)",
    ):
        assert list(_faults(ast.parse(line))), line
    for line in ("size = (80, 24)", "yaml = version == '1.2'", "same = old.version == new.version"):
        assert not list(_faults(ast.parse(line))), line
