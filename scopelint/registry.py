"""Finds rules, reporters and finders: ours and third parties', all through entry points.

An entry in the group `scopelint.rules` (`.reporters`, `.finders`) names a *bundle*: a module or a
package. Every concrete rule (reporter, finder) class defined in it, or in any module of the package, is
taken; so a new file needs no reinstall. A bundle that cannot be loaded is named, never skipped.
"""

import importlib.util
import inspect
import pkgutil
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Generic, TypeVar

from scopelint.bundles import CODE, FINDERS, REPORTERS, RULES, entries, import_named, load
from scopelint.errors import PluginError, UsageError
from scopelint.rule import (
    DeclaredFileRule,
    DeclaredRule,
    EntryRule,
    InstanceRule,
    ProjectRule,
    Rule,
    UnreadableProjectRule,
)

if TYPE_CHECKING:  # what is asked for rules alone starts without the others
    from scopelint.finder import Finder
    from scopelint.report import Reporter

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_KINDS = (
    InstanceRule,
    ProjectRule,
    EntryRule,
    UnreadableProjectRule,
    DeclaredRule,
    DeclaredFileRule,
)
_T = TypeVar("_T")
_Named = TypeVar("_Named", "Reporter", "Finder")
_Paged = TypeVar("_Paged", Rule, "Finder")


@dataclass(frozen=True, slots=True)
class Found(Generic[_T]):
    """A class that a bundle brought, with the name of the installed package (or file)."""

    cls: type[_T]
    distribution: str


def find_rules(files: Iterable[Path] = ()) -> dict[str, Found[Rule]]:
    """Return every installed rule by code, in order of code, and those of the given files.

    Raises PluginError for a bundle that does not load, a class that lacks what a rule declares,
    or a code or name that two rules claim; UsageError for a file that is not there.
    """
    rules: dict[str, Found[Rule]] = {}
    names: dict[str, str] = {}
    for found in (*_find(RULES, Rule), *_from_files(files)):
        _check_rule(found)
        code, name = found.cls.code, found.cls.name
        other = rules.get(code) or (rules[names[name]] if name in names else None)
        if other is not None:
            raise PluginError(
                f"two rules are called {code} {name}: {_place(found)} and {_place(other)}",
                hint="Uninstall one of the two packages, or give the rule another code and name.",
            )
        rules[code] = found
        names[name] = code
    return dict(sorted(rules.items()))


def find_reporters() -> "dict[str, Found[Reporter]]":
    """Return every installed reporter by format name; raise PluginError as `find_rules` does."""
    from scopelint.report import Reporter

    return dict(sorted(_by_name(_find(REPORTERS, Reporter), "reporters").items()))


def find_finders() -> "dict[str, Found[Finder]]":
    """Return every installed finder by name; raise PluginError as `find_rules` does.

    A finder whose `paths` are no exact names from the repository's root, or that has no page, is a
    PluginError too.
    """
    from scopelint.finder import Finder

    finders = dict(sorted(_by_name(_find(FINDERS, Finder), "finders").items()))
    for found in finders.values():
        if not _NAME.fullmatch(found.cls.name):
            raise PluginError(f"{_place(found)}: the name {found.cls.name!r} is not kebab-case")
        _check_declares(found, () if found.cls.ci_configuration else ("paths",))
        wrong = next((path for path in found.cls.paths if not _is_exact(path)), None)
        if wrong is not None:
            raise PluginError(f"{_place(found)}: {wrong!r} is no exact path from the root")
        _check_page(found)
    return finders


def _is_exact(path: str) -> bool:
    parts = path.split("/")
    return not {"", ".", ".."} & {*parts} and not set(path) & set("*?[]\\")


def _by_name(plug_ins: "Iterable[Found[_Named]]", kind: str) -> "dict[str, Found[_Named]]":
    named: dict[str, Found[_Named]] = {}
    for found in plug_ins:
        _check_declares(found, ("name", "title"))
        name = found.cls.name
        if name in named:
            raise PluginError(
                f"two {kind} are called {name}: {_place(found)} and {_place(named[name])}",
                hint="Uninstall one of the two packages.",
            )
        named[name] = found
    return named


def get_reporter(name: str) -> "type[Reporter]":
    """Return the reporter of this format, without importing the others of its package.

    A format stands in the module of its name, as `gitlab-sast` in `gitlab_sast` or
    `gitlab_sast_report`; a package that has no such module is imported whole. Raise UsageError with
    a suggestion where there is no such format, and PluginError as `find_reporters` does.
    """
    found: list[Found[Reporter]] = []
    for entry, distribution in entries(REPORTERS):
        modules = _module_names(entry, distribution)
        word = name.replace("-", "_")
        named = [f"{entry.module}.{word}", f"{entry.module}.{word}_report"]
        own = [module for module in modules if module in named]
        found += _reporters(name, own, distribution) or _reporters(name, modules, distribution)
    if not found:
        raise UsageError(f"unknown format {name!r}", hint=suggest(name, find_reporters()))
    return _by_name(found, "reporters")[name].cls


def _reporters(name: str, modules: Iterable[str], distribution: str) -> "list[Found[Reporter]]":
    """Return the reporters of a format in these modules of one bundle."""
    from scopelint.report import Reporter

    return [
        found
        for module in modules
        for found in _classes(import_named(module, distribution), Reporter, distribution)
        if getattr(found.cls, "name", None) == name
    ]


def find_rule(text: str, files: Iterable[Path] = ()) -> Found[Rule]:
    """Return the rule with this code or name, without importing the others where it can.

    A rule's module is called what the rule is called, and the page beside it begins with the code
    and the name: `# SL101 inbound-limit-disabled`. Where no page says so, and where rules of files
    are asked for, all are imported. Raise UsageError with a suggestion where there is no such rule,
    and PluginError as `find_rules` does.
    """
    files = tuple(files)
    for found in () if files else _paged(text):
        _check_rule(found)
        if text.upper() == found.cls.code or text.lower() == found.cls.name:
            return found
    return get_rule(text, find_rules(files))


def _paged(text: str) -> Iterator[Found[Rule]]:
    """Yield the rules of the modules whose page begins with this code or name."""
    for entry, distribution in entries(RULES):
        bundle = import_named(entry.module, distribution)
        for place in getattr(bundle, "__path__", ()):
            for page in sorted(Path(place).glob("*.md")):
                with page.open(encoding="utf-8", errors="replace") as lines:
                    title = lines.readline().lower().split()
                if text.lower() in title and page.with_suffix(".py").is_file():
                    module = import_named(f"{entry.module}.{page.stem}", distribution)
                    yield from _classes(module, Rule, distribution)


def get_rule(text: str, rules: Mapping[str, Found[Rule]]) -> Found[Rule]:
    """Return the rule with this code or name; raise UsageError with a suggestion if there is none."""
    for code, found in rules.items():
        if text.upper() == code or text.lower() == found.cls.name:
            return found
    known = [*rules, *(found.cls.name for found in rules.values())]
    raise UsageError(f"unknown rule {text!r}", hint=suggest(text, known))


def suggest(word: str, known: Iterable[str]) -> str:
    """Return a hint that names the closest known word, or all of them where none is close."""
    words = sorted(known)
    close = get_close_matches(word, words, 1, 0.5) or get_close_matches(word.upper(), words, 1, 0.5)
    return f"Did you mean {close[0]!r}?" if close else f"Known: {', '.join(words)}."


def _find(group: str, base: type[_T]) -> Iterator[Found[_T]]:
    for entry, distribution in entries(group):
        for name in _module_names(entry, distribution):
            yield from _classes(import_named(name, distribution), base, distribution)


def _module_names(entry: EntryPoint, distribution: str) -> list[str]:
    """Return the names of a bundle's modules, its own first; only that one is imported."""
    bundle = import_named(entry.module, distribution)
    names = sorted(info.name for info in pkgutil.iter_modules(getattr(bundle, "__path__", ())))
    return [entry.module, *(f"{entry.module}.{name}" for name in names)]


def _classes(module: ModuleType, base: type[_T], distribution: str) -> Iterator[Found[_T]]:
    for _, cls in sorted(inspect.getmembers(module, inspect.isclass)):
        if (
            issubclass(cls, base)
            and cls.__module__ == module.__name__
            and not inspect.isabstract(cls)
        ):
            yield Found(cls, distribution)


def _from_files(files: Iterable[Path]) -> Iterator[Found[Rule]]:
    # By its real path: a file that is named twice is one, two of one name are two.
    for number, file in enumerate({file.resolve(): file for file in files}.values()):
        if not file.is_file():
            raise UsageError(f"rules file {file} is not there")
        name = f"scopelint_rules_file_{number}_{file.stem}"
        spec = importlib.util.spec_from_file_location(name, file)
        if spec is None or spec.loader is None:
            raise UsageError(f"rules file {file} is not a Python file", hint="It must end in .py")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        loader = spec.loader

        def execute(loader: object = loader, module: ModuleType = module) -> ModuleType:
            loader.exec_module(module)  # type: ignore[attr-defined]
            return module

        load(execute, str(file))
        yield from _classes(module, Rule, str(file))


def _check_rule(found: Found[Rule]) -> None:
    _check_declares(found, ("code", "name", "title", "requirement", "severity"))
    cls = found.cls
    if not issubclass(cls, _KINDS):
        kinds = ", ".join(kind.__name__ for kind in _KINDS)
        raise PluginError(f"{_place(found)} is none of {kinds}")
    if not _takes_a_context(cls.judge):
        raise PluginError(
            f"{_place(found)}: judge takes {inspect.signature(cls.judge)}",
            hint="It takes self and one context: def judge(self, context). See scopelint.rule.",
        )
    if not CODE.fullmatch(cls.code):
        raise PluginError(f"{_place(found)}: the code {cls.code!r} is not like SL101 or ACME001")
    if not _NAME.fullmatch(cls.name):
        raise PluginError(f"{_place(found)}: the name {cls.name!r} is not kebab-case")
    _check_page(found)


def _check_page(found: "Found[_Paged]") -> None:
    try:
        found.cls.page()
    except OSError as error:
        raise PluginError(
            f"{_place(found)} has no page: {error.strerror}",
            hint="Give the class a docstring, or write its page (.md) beside its module.",
        ) from None


def _takes_a_context(judge: Callable[..., object]) -> bool:
    try:
        inspect.signature(judge).bind("self", "context")
    except TypeError:
        return False
    return True


def _check_declares(found: Found[_T], attributes: Iterable[str]) -> None:
    missing = [name for name in attributes if not getattr(found.cls, name, None)]
    if missing:
        raise PluginError(f"{_place(found)} does not declare {', '.join(missing)}")


def _place(found: Found[_T]) -> str:
    return f"{found.cls.__module__}.{found.cls.__qualname__} of {found.distribution}"
