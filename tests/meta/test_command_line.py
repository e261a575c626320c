"""The command line: one way to stderr, one pattern of a token, and options that have types."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.meta.sources import ROOT, modules, place, tree

CLI = ROOT / "scopelint" / "cli"
SINK = CLI / "console.py"
WRITERS = {"print", "StreamHandler", "basicConfig", "print_exc", "print_exception", "confirm"}


def nodes(kind: type[ast.AST], *, outside: str) -> Iterator[tuple[str, ast.AST]]:
    for path in modules():
        if path.relative_to(ROOT).as_posix() != outside:
            for node in ast.walk(tree(path)):
                if isinstance(node, kind):
                    yield place(path, node), node


@pytest.mark.slow
def test_one_module_writes_to_stderr() -> None:
    found = [
        where
        for where, node in nodes(ast.Attribute, outside="scopelint/cli/console.py")
        if isinstance(node, ast.Attribute) and node.attr in {"stderr", "__stderr__"}
    ]
    for where, node in nodes(ast.Call, outside="scopelint/cli/console.py"):
        assert isinstance(node, ast.Call)
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if name in WRITERS - {"print"} or (name == "print" and isinstance(node.func, ast.Name)):
            found.append(where)
        if any(word.arg == "err" for word in node.keywords):
            found.append(where)
    assert not found
    assert "err=True" in SINK.read_text()


@pytest.mark.slow
def test_one_pattern_tells_a_token() -> None:
    patterns = [
        where
        for where, node in nodes(ast.Call, outside="scopelint/text/secrets.py")
        if isinstance(node, ast.Call)
        and getattr(node.func, "attr", "") == "compile"
        and "gl" in "".join(ast.unparse(word) for word in node.args)
        and "pat" in ast.unparse(node)
    ]
    assert not patterns
    assert r"gl(?:pat|" in (ROOT / "scopelint" / "text" / "secrets.py").read_text()


@pytest.mark.parametrize("path", sorted(CLI.glob("*.py")), ids=lambda path: path.stem)
def test_no_command_passes_options_on_without_types(path: Path) -> None:
    """`options.grouped` takes click's mapping apart; click's own classes have theirs."""
    untyped = []
    for node in ast.walk(tree(path)):
        if not isinstance(node, ast.FunctionDef):
            continue
        for one in (*node.args.args, *node.args.kwonlyargs):
            kind = ast.unparse(one.annotation) if one.annotation else ""
            if kind in {"Mapping[str, Any]", "dict[str, Any]", "Mapping[str, object]"}:
                untyped.append(f"{node.name}: {one.arg}")
        if node.args.kwarg and (node.name, node.args.kwarg.arg) not in {
            ("wrapped", "given"),  # options.grouped itself
            ("words_option", "settings"),  # what click.option takes
            ("__init__", "kwargs"),  # what click.Group takes
            ("show", "_others"),  # not used: they are shown by their names
        }:
            untyped.append(f"{node.name}: **{node.args.kwarg.arg}")
    assert not untyped
