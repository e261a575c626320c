"""The packages that bring rules, reporters and finders: found by entry points, and what they hold.

An entry in the group `scopelint.rules`, `scopelint.reporters` or `scopelint.finders` names a *bundle*: a module or a
package. `scopelint.registry` imports what is in it; here nothing is imported but the bundles
themselves, so that the shell's completion can name rules and formats at once.
"""

import importlib
import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib.metadata import EntryPoint, EntryPoints, entry_points
from pathlib import Path
from types import ModuleType

from scopelint.errors import PluginError

RULES = "scopelint.rules"
REPORTERS = "scopelint.reporters"
FINDERS = "scopelint.finders"

CODE = re.compile(r"[A-Z]{2,8}\d{3}")
"""How the code of a rule looks."""
_PAGE_TITLE = re.compile(rf"# ({CODE.pattern}) ([a-z0-9-]+)\s")
_DECLARED = re.compile(
    r"""^[ ]{4}name(?::[ ]ClassVar\[str\])?[ ]=[ ]"([a-z0-9-]+)"\n
         ^[ ]{4}title(?::[ ]ClassVar\[str\])?[ ]=[ ]"([^"\\\n]+)"$""",
    re.MULTILINE | re.VERBOSE,
)


@cache
def bundles(group: str) -> EntryPoints:
    """Return the entry points of a group: RULES, REPORTERS or FINDERS.

    They are looked for once a process: it reads the files of every installed package.
    """
    return entry_points(group=group)


def entries(group: str) -> Iterator[tuple[EntryPoint, str]]:
    """Yield the bundles of a group, each with the name of the installed package it is of."""
    for entry in sorted(bundles(group), key=lambda entry: (entry.name, entry.value)):
        yield entry, entry.dist.name if entry.dist else "an unknown package"


def import_named(name: str, distribution: str) -> ModuleType:
    """Import a module of an installed package; raise PluginError where it does not load."""
    return load(lambda: importlib.import_module(name), f"{distribution} ({name})")


def load(loader: Callable[[], ModuleType], what: str) -> ModuleType:
    """Call a loader; raise PluginError, which says what was loaded, for all that goes wrong."""
    try:
        return loader()
    except (Exception, SystemExit) as error:
        raise PluginError(
            f"{what} cannot be loaded: {type(error).__name__}: {error}",
            hint="Repair, upgrade or uninstall that package; nothing was judged.",
        ) from error


def rule_titles() -> Iterator[tuple[str, str]]:
    """Yield code and name of the installed rules as their pages' first lines say, unsorted.

    A rule whose page begins otherwise than `# SL101 inbound-limit-disabled` is left out. Raises
    PluginError for a bundle that does not load.
    """
    for page in _files(RULES, "*.md"):
        with page.open(encoding="utf-8", errors="replace") as lines:
            if match := _PAGE_TITLE.match(lines.readline()):
                yield match[1], match[2]


def format_titles() -> Iterator[tuple[str, str]]:
    """Yield name and title of the installed reporters as their modules' text says, unsorted.

    A reporter that does not declare them as text, one below the other, is left out. Raises
    PluginError for a bundle that does not load.
    """
    for module in _files(REPORTERS, "*.py"):
        text = module.read_text(encoding="utf-8", errors="replace")
        yield from _DECLARED.findall(text)


def page_of(plug_in: type, title: str) -> str:
    """Return the page of a rule or finder: Markdown from the file beside its module.

    Where that file is not there, the docstring of the class, or else of its module, is the page,
    below the `title` that a page begins with. Raise OSError where there is none of them.
    """
    import inspect  # here: completion in the shell starts without it

    path = Path(inspect.getfile(plug_in)).with_suffix(".md")
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        # Not inspect.getdoc: that of a base class says nothing of this one.
        text = plug_in.__dict__.get("__doc__") or getattr(
            inspect.getmodule(plug_in), "__doc__", None
        )
        if not text or not text.strip():
            raise
        return f"{title}\n\n{inspect.cleandoc(text)}\n"


def _files(group: str, pattern: str) -> Iterator[Path]:
    for entry, distribution in entries(group):
        for folder in getattr(import_named(entry.module, distribution), "__path__", ()):
            yield from Path(folder).glob(pattern)
