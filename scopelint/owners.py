"""Whose a project is: `owners:` of scopelint.yml, the last match counts.

A project that nothing matches is *unowned*, which is a part of its own. Both words below are no
names of owners: the configuration refuses them.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from scopelint.errors import UsageError
from scopelint.project_pattern import ProjectKind, ProjectPattern
from scopelint.text import shown, suggestion

UNOWNED: Final = "unowned"
"""Stands for the part of the projects that nobody owns, where a part is named."""
UNKNOWN_OWNER: Final = "unknown"
"""Stands for an owner that cannot be told: what would decide about it was not read."""
RESERVED: Final = (UNOWNED, UNKNOWN_OWNER)
"""Words that no owner is called, whatever their case."""
_REMEMBERED: Final = 200_000
"""Paths whose owner is kept: a run asks for each several times."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Somebody who answers for projects."""

    name: str
    contact: str | None = None
    """Who is told, such as `@acme/web-leads`."""
    issues: str | None = None
    """The full path of the project that takes issues for this owner."""


@dataclass(frozen=True, slots=True)
class OwnerRule:
    """One item of `owners:`."""

    projects: ProjectPattern
    owner: Owner


@dataclass(frozen=True)
class Ownership:
    """Who owns what in a run."""

    owners: tuple[Owner, ...]
    """All that are named, in the order of the configuration, also those of no project."""
    of: Callable[[str], str | None] = field(compare=False)
    """Gives the name of the owner of the project at a full path: `UNKNOWN_OWNER` where that cannot
    be told, None for an unowned one."""
    candidates: Callable[[str], frozenset[str]] | None = field(default=None, compare=False)
    """Gives the parts that such a project of unknown owner may belong to; None where all may be."""

    def part_of(self, path: str) -> str:
        """Return the name of the part that the project at a full path belongs to."""
        return self.of(path) or UNOWNED

    def may_belong_to(self, path: str, names: Collection[str]) -> bool:
        """Tell whether the project at a full path is of one of these parts, or may be.

        What cannot be told leaves no part: else a part would pass without it.
        """
        part = self.part_of(path)
        if part in names:
            return True
        if part != UNKNOWN_OWNER:
            return False
        return self.candidates is None or not self.candidates(path).isdisjoint(names)

    def parts(self, paths: Iterable[str]) -> Iterator[str]:
        """Yield the parts that these projects make, or may make: owners in their order first."""
        found: set[str] = set()
        for path in paths:
            found.add(part := self.part_of(path))
            if part == UNKNOWN_OWNER:
                found |= self.candidates(path) if self.candidates else set(self.names())
        yield from (name for name in self.names() if name in found)

    def names(self) -> tuple[str, ...]:
        """Return what a part may be called."""
        return (*(owner.name for owner in self.owners), *RESERVED)


def check_names(names: Iterable[str], known: Sequence[str]) -> None:
    """Raise UsageError for the first of these names that is no owner's and no part's."""
    for name in names:
        if name not in {*known, *RESERVED}:
            near = suggestion(name, [*known, *RESERVED])
            hint = near or f"There are: {', '.join([*known, *RESERVED])}."
            raise UsageError(f"--owner {shown(name)}: no owner is called so", hint=hint)


def named_owners(rules: Iterable[OwnerRule]) -> tuple[Owner, ...]:
    """Return each owner once, in the order of their first item; of a contact the last one counts."""
    found: dict[str, Owner] = {}
    for each in (rule.owner for rule in rules):
        before = found.get(each.name, each)
        found[each.name] = Owner(
            each.name, each.contact or before.contact, each.issues or before.issues
        )
    return tuple(found.values())


def ownership(
    rules: Sequence[OwnerRule], kinds: Callable[[], Mapping[str, ProjectKind]] = dict
) -> Ownership | None:
    """Return who owns what by these rules; None where there are none.

    `kinds` gives what else is known of projects, by full path; it is asked only where a rule needs
    more than paths.
    """
    if not rules:
        return None
    find = _Finder(rules, {} if all(rule.projects.by_path for rule in rules) else kinds())
    return Ownership(
        named_owners(rules),
        lru_cache(_REMEMBERED)(find.owner_of),
        lru_cache(_REMEMBERED)(find.candidates),
    )


class _Finder:
    """Finds the last rule that matches, without asking each of hundreds of rules.

    Globs such as `acme/web/**` and whole paths are looked up by the path and what is above it.
    """

    def __init__(self, rules: Sequence[OwnerRule], kinds: Mapping[str, ProjectKind]) -> None:
        self._rules = rules
        self._kinds = kinds
        self._exact: dict[str, int] = {}
        self._above: dict[str, int] = {}
        self._others: list[int] = []
        for index, rule in enumerate(rules):
            if not (rule.projects.by_path and self._index(index, rule.projects.globs.patterns)):
                self._others.append(index)
        self._others.reverse()

    def _index(self, index: int, patterns: Iterable[str]) -> bool:
        """Keep these globs by their paths; tell whether all of them have one."""
        found = [(glob.removesuffix("/**"), glob.endswith("/**")) for glob in patterns]
        if not found or any({"*", "?"} & set(path) or not path.isascii() for path, _ in found):
            return False
        for path, below in found:
            (self._above if below else self._exact)[path.lower()] = index
        return True

    def owner_of(self, path: str) -> str | None:
        """Return the owner's name; `UNKNOWN_OWNER` where it cannot be told, None for nobody."""
        best = self._indexed(path)
        kind = self._kinds.get(path)
        for index in self._others:
            if index < best:
                break
            answer = self._rules[index].projects.matches(path, kind)
            if answer is None:
                return UNKNOWN_OWNER
            if answer:
                return self._rules[index].owner.name
        return self._rules[best].owner.name if best >= 0 else None

    def candidates(self, path: str) -> frozenset[str]:
        """Return the parts of every rule that may be the last that matches."""
        best = self._indexed(path)
        kind = self._kinds.get(path)
        found: set[str] = set()
        for index in self._others:
            if index < best:
                break
            answer = self._rules[index].projects.matches(path, kind)
            if answer is not False:
                found.add(self._rules[index].owner.name)
            if answer:
                return frozenset(found)
        found.add(self._rules[best].owner.name if best >= 0 else UNOWNED)
        return frozenset(found)

    def _indexed(self, path: str) -> int:
        """Return the last of the rules that are kept by path and match, -1 for none."""
        here = path.lower()
        best = self._exact.get(here, -1)
        while here:
            best = max(best, self._above.get(here, -1))
            here = here.rpartition("/")[0]
        return best
