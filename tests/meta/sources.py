"""The project's own files, for tests that read them."""

import ast
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = ("scopelint", "rules", "reports", "finders", "simulator")
FOLDERS = (*CODE, "tests", "typings", "docs", "templates", "benchmarks", ".ci")
"""Folders whose every file belongs to the project; what lies beside them is built or private."""


@dataclass(frozen=True, slots=True)
class Module:
    """A Python file of the product: its dotted name, its path and the checkout it is in."""

    name: str
    path: Path
    root: Path

    @property
    def text(self) -> str:
        """The source."""
        return self.path.read_text(encoding="utf-8")

    @property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return tree(self.path)

    @property
    def lines(self) -> int:
        """The number of lines, blank ones and comments too."""
        return len(self.text.splitlines())

    @property
    def is_face(self) -> bool:
        """Whether it is the first file of a package."""
        return self.path.name == "__init__.py"

    @property
    def is_simulator(self) -> bool:
        """Whether it is part of the small GitLab: a program of its own, apart from the product."""
        return "simulator" in self.path.relative_to(self.root).parts


def product(root: Path = ROOT) -> dict[str, Module]:
    """Return every module of a checkout's packages by its dotted name."""
    found = {}
    for folder in CODE:
        base = root if folder == "scopelint" else root / folder
        for path in sorted((root / folder).rglob("*.py")):
            parts = path.relative_to(base).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = Module(name, path, root)
    return found


def modules() -> list[Path]:
    """Return every Python file of the product."""
    return [module.path for module in product().values()]


@cache
def tree(path: Path) -> ast.Module:
    """Return a file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports(module: Module, known: Collection[str]) -> set[str]:
    """Return the known modules that one imports, anywhere: in functions and for types alone too."""
    return {name for name in _imported(module.tree, known) if name != module.name}


def _imported(whole: ast.Module, known: Collection[str]) -> Iterator[str]:
    for node in ast.walk(whole):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                if inner in known or node.module in known:
                    yield inner if inner in known else node.module


def circles(edges: Mapping[str, Collection[str]]) -> list[list[str]]:
    """Return the groups of nodes that reach each other by edges, each group and all in order."""
    reached = {node: _reached(node, edges) for node in edges}
    groups = {
        tuple(sorted(other for other in reached[node] if node in reached.get(other, ())))
        for node in edges
    }
    return [list(group) for group in sorted(groups) if group]


def _reached(start: str, edges: Mapping[str, Collection[str]]) -> set[str]:
    """Return what can be reached from a node by one edge or more."""
    seen: set[str] = set()
    waiting = list(edges[start])
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            waiting.extend(edges.get(node, ()))
    return seen


def shelf(name: str) -> str:
    """Return the package of the core, or the other top-level package, that a module belongs to.

    >>> shelf("scopelint.gitlab.retry"), shelf("scopelint_rules.unused_entry")
    ('scopelint.gitlab', 'scopelint_rules')
    """
    parts = name.split(".")
    return ".".join(parts[:2]) if parts[0] == "scopelint" else parts[0]


def shelf_edges(found: Mapping[str, Module]) -> dict[str, set[str]]:
    """Return which packages each package imports, itself left out."""
    edges: dict[str, set[str]] = {shelf(name): set() for name in found}
    for module in found.values():
        here = shelf(module.name)
        edges[here] |= {shelf(name) for name in imports(module, found)} - {here}
    return edges


def place(path: Path, node: ast.AST | None = None) -> str:
    """Return where something is, for messages."""
    line = f":{getattr(node, 'lineno', 1)}" if node else ""
    return f"{path.relative_to(ROOT)}{line}"


def texts() -> Iterator[tuple[str, str]]:
    """Yield the name and text of every file of the project."""
    files = (path for path in ROOT.iterdir() if path.is_file())
    # In a worktree of git, .git is a file.
    top = [path for path in files if path.name != ".git" and not path.name.startswith(".cov")]
    inner = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file())
    for path in sorted([*top, *inner]):
        if "__pycache__" not in path.parts and path.suffix not in {".pyc", ".png"}:
            yield place(path), path.read_text(encoding="utf-8")
