"""Count what tells how well the house is kept: `python -m tests.meta.figures [CHECKOUT]`.

It prints a table for this checkout, or for another one of any age. All but the last line is read
from the sources; the last line runs a scan of the built-in GitLab.
"""

import ast
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.meta.sources import ROOT, Module, circles, imports, product, shelf_edges

SHORT = 50
"""Lines below which a file counts as short."""
_CODE = re.compile(r"\bSL\d{3}\b")
_CONTROLS = re.compile(r"\\x00|\\x1f|unicodedata\.category")
_TOKEN = re.compile(r"gl(?:\[a-z|\(\?:)")
_STACKS = ("httpx", "requests", "gitlab", "aiohttp", "urllib3")
_SAME_STACK = {"gitlab": "requests", "urllib3": "requests"}
_UNTYPED = re.compile(r"^(?:Mapping|dict|Dict|MutableMapping)\[str, Any\]$")


def figures(root: Path = ROOT) -> dict[str, str]:
    """Return the figures of a checkout by what they count."""
    every = product(root)
    found = {name: module for name, module in every.items() if not module.is_simulator}
    parts = list(found.values())
    simulator = [module for module in every.values() if module.is_simulator]
    twice = Counter(name for module in parts for name in class_names(module))
    options = [(module.name, name) for module in parts for name in untyped_options(module)]
    return {
        "files, without the simulator": str(len(parts)),
        "files of the simulator": str(len(simulator)),
        "lines, without the simulator": str(sum(module.lines for module in parts)),
        "lines of the simulator": str(sum(module.lines for module in simulator)),
        f"files under {SHORT} lines": str(sum(module.lines < SHORT for module in parts)),
        "files above 400 lines": str(sum(module.lines > 400 for module in parts)),
        "class names twice or more": _names(name for name, count in twice.items() if count > 1),
        "modules in a circle": str(sum(map(len, circles(import_graph(found))))),
        "packages in a circle": _names(n for group in circles(shelf_edges(found)) for n in group),
        "imports inside functions": str(sum(map(inner_imports, parts))),
        "option names through untyped mappings": f"{len({name for _, name in options})} in "
        f"{len({module for module, _ in options})} modules",
        "version comparisons outside versions.py": _where(parts, version_tuples, "versions"),
        "rule codes outside the rules": _where(parts, rule_codes, "scopelint_rules"),
        "modules that handle control characters": _where(parts, _matches(_CONTROLS)),
        "modules with a pattern of tokens": _where(parts, _matches(_TOKEN)),
        "HTTP stacks": _names({stack for module in parts for stack in http_stacks(module)}),
        "modules that `scan` loads": loaded_by_scan(root),
    }


def import_graph(found: dict[str, Module]) -> dict[str, set[str]]:
    """Return which modules each module imports, anywhere in it."""
    return {name: imports(module, found) for name, module in found.items()}


def class_names(module: Module) -> list[str]:
    """Return the names of a module's classes; private ones too, a reader meets them all the same."""
    return [node.name for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef)]


def inner_imports(module: Module) -> int:
    """Count the imports of scopelint's own modules that stand inside a function."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return sum(
        isinstance(node, ast.ImportFrom) and (node.module or "").startswith("scopelint")
        for function in ast.walk(module.tree)
        if isinstance(function, functions)
        for node in ast.walk(function)
    )


def untyped_options(module: Module) -> set[str]:
    """Return the keys that a module of the command line reads from an untyped mapping."""
    if not module.name.startswith("scopelint.cli"):
        return set()
    found: set[str] = set()
    for function in ast.walk(module.tree):
        if isinstance(function, ast.FunctionDef):
            found |= set(_keys(function, _untyped_names(function)))
    return found


def _untyped_names(function: ast.FunctionDef) -> set[str]:
    arguments = function.args
    annotated = [*arguments.args, *arguments.kwonlyargs, *arguments.posonlyargs]
    names = {
        one.arg
        for one in annotated
        if one.annotation and _UNTYPED.match(ast.unparse(one.annotation))
    }
    return names | ({arguments.kwarg.arg} if arguments.kwarg else set())


def _keys(function: ast.FunctionDef, names: set[str]) -> Iterator[str]:
    for node in ast.walk(function):
        match node:
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str(key))):
                pass
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=name), attr="get" | "pop"),
                args=[ast.Constant(value=str(key)), *_],
            ):
                pass
            case _:
                continue
        if name in names:
            yield key


def version_tuples(module: Module) -> int:
    """Count the tuples that are a release of GitLab, such as `(18, 0)`."""
    return sum(_is_release(node) for node in ast.walk(module.tree))


def _is_release(node: ast.AST) -> bool:
    match node:
        case ast.Tuple(elts=[ast.Constant(value=int(major)), ast.Constant(value=int(minor)), *_]):
            return not isinstance(major, bool) and 9 <= major <= 30 and 0 <= minor <= 20
        case _:
            return False


def rule_codes(module: Module) -> int:
    """Count the strings, documentation apart, that name a rule by its code."""
    told = {id(node) for node in _documentation(module.tree)}
    return sum(
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in told
        and bool(_CODE.search(node.value))
        for node in ast.walk(module.tree)
    )


def _documentation(tree: ast.Module) -> Iterator[ast.expr]:
    """Yield the strings that are statements: docstrings of modules, classes, functions, fields."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value


def http_stacks(module: Module) -> set[str]:
    """Return the libraries by which a module talks HTTP; python-gitlab is on requests."""
    roots = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            roots |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            roots.add(node.module.partition(".")[0])
    return {_SAME_STACK.get(name, name) for name in roots & set(_STACKS)}


def loaded_by_scan(root: Path) -> str:
    """Return how many modules a scan that prints to the console loads."""
    instance = next(root.rglob("scopelint*/**/before.yml"))
    paths = [root, *(root / folder for folder in ("rules", "reports", "finders", "simulator"))]
    environment = {
        **{name: value for name, value in os.environ.items() if "PROXY" not in name.upper()},
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
    }
    python = [sys.executable, "-c"]
    with tempfile.TemporaryDirectory() as folder:
        token = Path(folder) / "token"
        token.write_text("glpat-demo-admin", encoding="utf-8")
        serve = "import sys; from scopelint.cli import main; sys.argv[0] = 'scopelint'; main()"
        server = subprocess.Popen(
            [*python, serve, "simulate", str(instance), "--port", "0"],
            env=environment,
            cwd=folder,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert server.stderr is not None
            url = re.search(r"http://\S+?(?=[;,\s])", server.stderr.readline())
            assert url, "the built-in GitLab did not start"
            words = ["scan", "tidewell", "--url", url[0], "--token-file", str(token), "--exit-zero"]
            done = subprocess.run(
                [*python, _COUNT, *words, "--no-progress", "--no-config"],
                env=environment,
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
        finally:
            server.terminate()
            server.communicate()
    count = re.search(r"^modules: (\d+ .*)$", done.stderr, re.MULTILINE)
    return count[1] if done.returncode == 0 and count else f"the scan failed: {done.stderr[-300:]}"


_COUNT = """
import sys
from scopelint.cli import main
sys.argv[0] = "scopelint"
try:
    main()
finally:
    names = [name for name in sys.modules if name.partition(".")[0].startswith("scopelint")]
    core = [name for name in names if name.partition(".")[0] == "scopelint"]
    print(f"modules: {len(core)} of the core, {len(names)} with rules and reporters", file=sys.stderr)
"""


def _matches(pattern: re.Pattern[str]) -> Callable[[Module], int]:
    return lambda module: len(pattern.findall(module.text))


def _where(parts: list[Module], count: Callable[[Module], int], home: str = "") -> str:
    """Return how often something is found outside its home, and in how many modules."""
    outside = [module for module in parts if not home or home not in module.name.split(".")]
    counts = {module.name: found for module in outside if (found := count(module))}
    shown = sorted(name.removeprefix("scopelint.") for name in counts)
    tail = f": {', '.join(shown)}" if len(shown) <= 6 else ""
    return f"{sum(counts.values())} in {len(counts)} modules{tail}" if counts else "0"


def _names(names: Iterator[str] | set[str]) -> str:
    found = sorted(names)
    tail = "" if len(found) > 8 else f": {', '.join(found)}"
    return f"{len(found)}{tail if found else ''}"


def main() -> None:
    """Print the table."""
    root = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT
    table = figures(root)
    width = max(map(len, table))
    for name, value in table.items():
        print(f"{name:<{width}}  {value}")


if __name__ == "__main__":
    main()
