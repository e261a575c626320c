"""Whose a project is: `owners:` of scopelint.yml, the last match counts.

A project that nothing matches is *unowned*, which is a part of its own. Both words below are no
names of owners: the configuration refuses them.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from scopelint.globs import GlobSet

UNOWNED: Final = "unowned"
"""Stands for the part of the projects that nobody owns, where a part is named."""
UNKNOWN_OWNER: Final = "unknown"
"""Stands for an owner that cannot be told: what would decide about it was not read."""
RESERVED: Final = frozenset({UNOWNED, UNKNOWN_OWNER})
"""Words that no owner is called, whatever their case."""


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

    projects: GlobSet
    owner: Owner


@dataclass(frozen=True)
class Ownership:
    """Who owns what in a run."""

    owners: tuple[Owner, ...]
    """All that are named, in the order of the configuration, also those of no project."""
    of: Callable[[str], str | None] = field(compare=False)
    """Gives the name of the owner of the project at a full path, None for an unowned one."""

    def part_of(self, path: str) -> str:
        """Return the name of the part that the project at a full path belongs to."""
        return self.of(path) or UNOWNED


def named_owners(rules: Iterable[OwnerRule]) -> tuple[Owner, ...]:
    """Return each owner once, in the order of their first item; of a contact the last one counts."""
    found: dict[str, Owner] = {}
    for each in (rule.owner for rule in rules):
        before = found.get(each.name, each)
        found[each.name] = Owner(
            each.name, each.contact or before.contact, each.issues or before.issues
        )
    return tuple(found.values())


def ownership(rules: Sequence[OwnerRule]) -> Ownership | None:
    """Return who owns what by these rules; None where there are none."""
    if not rules:
        return None
    last_first = tuple(reversed(rules))

    def of(path: str) -> str | None:
        return next((rule.owner.name for rule in last_first if rule.projects.matches(path)), None)

    return Ownership(named_owners(rules), of)
