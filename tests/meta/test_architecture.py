"""The rules of the house that a program can check."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.meta.sources import CODE, ROOT, modules, place, tree

MODULES = modules()
every_module = pytest.mark.parametrize("path", MODULES, ids=place)
Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def test_there_are_modules_in_every_package() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in MODULES} == set(CODE)


@pytest.mark.slow
def test_contracts_are_kept(tmp_path: Path) -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [lint, "--cache-dir", tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert " 0 broken" in done.stdout


@every_module
def test_only_the_command_line_prints_or_exits(path: Path) -> None:
    if path.is_relative_to(ROOT / "scopelint" / "cli"):
        return
    found = [place(path, node) for node in ast.walk(tree(path)) if _prints_or_exits(node)]
    assert not found


def _prints_or_exits(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Name(id="print" | "exit" | "quit" | "SystemExit")):
            return True
        case ast.Attribute(value=ast.Name(id="sys"), attr="exit" | "stdout" | "stderr"):
            return True
        case ast.Attribute(value=ast.Name(id="os"), attr="_exit" | "abort"):
            return True
        case ast.ImportFrom(module="sys", names=names):
            return any(name.name in {"exit", "stdout", "stderr"} for name in names)
        case _:
            return False


@every_module
def test_no_error_is_swallowed(path: Path) -> None:
    found = [
        place(path, node)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler) and _catches_all(node) and not _tells(node)
    ]
    assert not found, "raise it, or say what it was: unknown is never a pass"


def _catches_all(handler: ast.ExceptHandler) -> bool:
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(
        one is None or (isinstance(one, ast.Name) and one.id in {"Exception", "BaseException"})
        for one in caught
    )


def _tells(handler: ast.ExceptHandler) -> bool:
    """Whether the handler raises, or uses what it caught (by its name or as a traceback)."""
    for node in (inner for statement in handler.body for inner in ast.walk(statement)):
        match node:
            case ast.Raise():
                return True
            case ast.Name(id=name) if name == handler.name:
                return True
            case ast.Attribute(value=ast.Name(id="traceback")):
                return True
            case _:
                continue
    return False


@every_module
def test_what_is_public_has_a_docstring(path: Path) -> None:
    assert not [place(path, node) for node in _public(tree(path)) if not ast.get_docstring(node)]


def _public(node: Documented) -> Iterator[Documented]:
    yield node
    for inner in node.body:
        if isinstance(inner, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if inner.name.startswith("_") or _is_setter(inner) or _is_declared_only(inner):
                continue
            if isinstance(inner, ast.ClassDef):
                yield from _public(inner)
            else:
                yield inner


def _is_setter(node: Documented) -> bool:
    decorators = [] if isinstance(node, ast.Module) else node.decorator_list
    return any(isinstance(one, ast.Attribute) and one.attr == "setter" for one in decorators)


def _is_declared_only(node: Documented) -> bool:
    """Whether it is a line of a Protocol, `def name(self) -> int: ...`, which says it all."""
    return [ast.unparse(statement) for statement in node.body] == ["..."]


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("try: f()\nexcept: pass", False),
        ("try: f()\nexcept Exception: return_ = []", False),
        ("try: f()\nexcept (OSError, BaseException): ...", False),
        ("try: f()\nexcept Exception as error: log(error)", True),
        ("try: f()\nexcept Exception: raise Other from None", True),
    ],
)
def test_swallowing_is_seen(code: str, told: bool) -> None:
    [handler] = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.ExceptHandler)]
    assert _catches_all(handler)
    assert _tells(handler) is told
