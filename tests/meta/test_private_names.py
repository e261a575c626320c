"""Tests judge what a part does: none looks at a private name of the product."""

import ast
from collections.abc import Iterator

import pytest

from tests.meta.sources import CODE, ROOT, tree

PUBLIC = {"_replace", "_asdict", "_fields", "_make", "_exit"}
"""Names of the standard library that begin so, and are meant for everybody."""
OWN = {"self", "cls"}
SETTERS = {"setattr", "delattr", "getattr", "hasattr", "object"}
"""Functions, of `monkeypatch` and `mock.patch` too, that are given a name as text."""


def _is_private(name: object) -> bool:
    return isinstance(name, str) and name[:1] == "_" and name[:2] != "__" and name not in PUBLIC


def _is_own(value: ast.expr) -> bool:
    """Whether it is the test's own object, or what its class inherits."""
    if isinstance(value, ast.Call):
        value = value.func
        return isinstance(value, ast.Name) and value.id == "super"
    return isinstance(value, ast.Name) and value.id in OWN


def private_names(code: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the line and the name of each private name of something else that a test uses."""
    for node in ast.walk(code):
        match node:
            case ast.Attribute(value=value, attr=name) if _is_private(name) and not _is_own(value):
                yield node.lineno, name
            case ast.Call(
                func=ast.Name(id=called) | ast.Attribute(attr=called),
                args=[_, ast.Constant(value=name), *_],
            ) if called in SETTERS and _is_private(name):
                yield node.lineno, str(name)
            case ast.ImportFrom(module=str(module), names=names) if _is_product(module):
                yield from ((node.lineno, one.name) for one in names if _is_private(one.name))
            case _:
                pass


def _is_product(module: str) -> bool:
    return module.partition("_")[0].partition(".")[0] == CODE[0]


@pytest.mark.slow
def test_no_test_uses_a_private_name_of_the_product() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in sorted((ROOT / "tests").rglob("*.py"))
        for line, name in private_names(tree(path))
    ]
    assert found == [], "test what it does, or make it public"


@pytest.mark.parametrize(
    "line",
    [
        "snapshot._db.execute('x')",
        "monkeypatch.setattr(snapshot, '_db', 1)",
        "mock.patch.object(thing, '_known', set())",
        "from scopelint.text.secrets import _known",
        "from scopelint_simulator.server import _web",
    ],
)
def test_a_private_name_is_seen(line: str) -> None:
    assert list(private_names(ast.parse(line)))


@pytest.mark.parametrize(
    "line", ["self._x = 1", "super()._run()", "case._replace(a=1)", "from tests.kit import _kept"]
)
def test_what_is_the_tests_own_is_no_private_name(line: str) -> None:
    assert not list(private_names(ast.parse(line)))
