"""What an acceptance holds: a waiver or a baseline accepts no more than what was there.

`extent_of` says how much a finding is about, `Bounds` how much of it was accepted, and `growths` in
what the one is more than the other.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, TypeVar

from scopelint.access import with_implied
from scopelint.extent import ALL_PERMISSIONS, Extent, Growth
from scopelint.model import AllowlistEntry, ProjectCount
from scopelint.snapshot.inventory import Inventory

FEWEST_MORE: Final = 10
"""So many projects more, at least, are a growth."""
PART_MORE: Final = 4
"""A growth is one part in so many: a quarter."""


def extent_of(
    entry: AllowlistEntry | None, reach: ProjectCount | None, inventory: Inventory
) -> Extent | None:
    """Return how much a finding about an entry, or one that counts who gets in, is about."""
    if entry is None:
        if reach is None:
            return None
        return Extent(reach=reach.number, reach_at_most=reach.most)
    count = inventory.project_count(entry) if entry.kind == "group" else None
    made = Extent(
        _permissions(entry, inventory),
        entry.created_at,
        *((count.number, count.most) if count else (None, None)),
        *((reach.number, reach.most) if reach else (None, None)),
    )
    return None if made == Extent() else made


def _permissions(entry: AllowlistEntry, inventory: Inventory) -> tuple[str, ...] | None:
    if entry.default_permissions:
        return (ALL_PERMISSIONS,)
    if entry.default_permissions is None or entry.policies is None:
        return None
    return tuple(sorted(with_implied(entry.policies, inventory.scan.version)))


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much was accepted, at most. None is not known: nothing is compared with it."""

    permissions: tuple[str, ...] | None = None
    """Sorted; `all` alone for default permissions."""
    created_at: datetime | None = None
    """An entry that was added later is another one."""
    projects: int | None = None
    """Projects of the entry's group."""
    reach: int | None = None
    """Projects that are let in together."""

    @classmethod
    def of(cls, extent: Extent | None) -> "Bounds | None":
        """Return bounds that hold just this much; None where there is nothing to hold."""
        if extent is None:
            return None
        made = cls(
            extent.permissions, extent.created_at, extent.projects_at_most, extent.reach_at_most
        )
        return None if made == cls() else made

    @property
    def text(self) -> str:
        """They as `accepts` of scopelint.yml takes them, on one line."""
        parts = []
        if self.permissions is not None:
            parts.append(f"permissions: [{', '.join(self.permissions)}]")
        if self.created_at is not None:
            parts.append(f'created_at: "{moment(self.created_at)}"')
        if self.projects is not None:
            parts.append(f"projects: {self.projects}")
        if self.reach is not None:
            parts.append(f"reach: {self.reach}")
        return f"{{{', '.join(parts)}}}"

    def missing(self, extent: Extent) -> bool:
        """Tell whether something is known of a finding of which is not known what was accepted."""
        return any(
            mine is None and now is not None
            for mine, now in (
                (self.permissions, extent.permissions),
                (self.created_at, extent.created_at),
                (self.projects, extent.projects_at_most),
                (self.reach, extent.reach_at_most),
            )
        )

    def narrowed(self, extent: Extent) -> "Bounds":
        """Return the bounds that an acceptance has once it was looked at again: never wider.

        `extent` lies within these bounds. What is less now is accepted no more than that; what was
        not known is taken from it.
        """
        now = Bounds.of(extent) or Bounds()
        return replace(
            now,
            permissions=self.permissions if now.permissions is None else now.permissions,
            created_at=self.created_at if now.created_at is None else now.created_at,
            projects=_least(self.projects, now.projects),
            reach=_least(self.reach, now.reach),
        )

    def joined(self, other: "Bounds") -> "Bounds":
        """Return bounds that hold what both hold; what one of them does not know is not known."""
        return Bounds(
            _both(_union, self.permissions, other.permissions),
            _both(max, self.created_at, other.created_at),
            _both(max, self.projects, other.projects),
            _both(max, self.reach, other.reach),
        )


_T = TypeVar("_T")


def _both(join: Callable[[_T, _T], _T], one: _T | None, other: _T | None) -> _T | None:
    return None if one is None or other is None else join(one, other)


def _union(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    names = {*one, *other}
    return (ALL_PERMISSIONS,) if ALL_PERMISSIONS in names else tuple(sorted(names))


def _least(one: int | None, other: int | None) -> int | None:
    return min((number for number in (one, other) if number is not None), default=None)


def growths(bounds: Bounds, extent: Extent) -> Iterator[Growth]:
    """Yield in what a finding is more than was accepted, as far as both are known.

    A number of projects is more where it is a quarter more, and `FEWEST_MORE` at least.
    """
    accepted, now = bounds.permissions, extent.permissions
    if accepted is not None and now is not None and not _covers(accepted, now):
        yield Growth("permissions", _names(accepted), _names(now))
    if _is_more(bounds.projects, extent.projects):
        yield Growth("projects", str(bounds.projects), str(extent.projects))
    if _is_more(bounds.reach, extent.reach):
        yield Growth("reach", str(bounds.reach), str(extent.reach))
    before, made = bounds.created_at, extent.created_at
    if before is not None and made is not None and made > before:
        yield Growth("created_at", moment(before), moment(made))


def _covers(accepted: tuple[str, ...], now: tuple[str, ...]) -> bool:
    return ALL_PERMISSIONS in accepted or set(now) <= set(accepted)


def _is_more(accepted: int | None, now: int | None) -> bool:
    if accepted is None or now is None:
        return False
    more = now - accepted
    return more >= FEWEST_MORE and more * PART_MORE >= accepted


def _names(permissions: tuple[str, ...]) -> str:
    return ", ".join(permissions) or "none"


def moment(at: datetime) -> str:
    """Return a time as files have it."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def read_moment(text: str) -> datetime:
    """Read a time as `moment` writes it; raise ValueError for anything else."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
