"""The project's own files, for tests that read them."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = ("scopelint", "rules", "reports")
FOLDERS = (*CODE, "tests", "typings", "docs", "templates", "benchmarks", ".ci")
"""Folders whose every file belongs to the project; what lies beside them is built or private."""


def modules() -> list[Path]:
    """Return every Python file of the three packages."""
    return sorted(path for folder in CODE for path in (ROOT / folder).rglob("*.py"))


@cache
def tree(path: Path) -> ast.Module:
    """Return a file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def place(path: Path, node: ast.AST | None = None) -> str:
    """Return where something is, for messages."""
    line = f":{getattr(node, 'lineno', 1)}" if node else ""
    return f"{path.relative_to(ROOT)}{line}"


def texts() -> Iterator[tuple[str, str]]:
    """Yield the name and text of every file of the project."""
    top = [path for path in ROOT.iterdir() if path.is_file() and not path.name.startswith(".cov")]
    inner = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file())
    for path in sorted([*top, *inner]):
        if "__pycache__" not in path.parts and path.suffix not in {".pyc", ".png"}:
            yield place(path), path.read_text(encoding="utf-8")
