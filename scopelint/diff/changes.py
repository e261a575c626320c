"""What changed between two snapshots, as data: the outcome of a comparison."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from scopelint.finding import Finding
from scopelint.model import AllowlistEntry, ProjectCount, Scan

Side = Literal["old", "new", "both"]
Direction = Literal["inbound", "outbound"]


@dataclass(frozen=True, slots=True)
class ScanInfo:
    """One of the two snapshots: its collection, and how much of it was read."""

    scan: Scan
    complete: bool
    total: int
    read: int


@dataclass(frozen=True, slots=True)
class ProjectName:
    """A project as NEW knows it, or as OLD did where NEW does not have it."""

    id: int
    path: str


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting that was read in both and differs."""

    name: str
    before: bool | str
    after: bool | str


@dataclass(frozen=True, slots=True)
class EntryChange:
    """An entry of an allowlist that is new (`before` None), gone (`after` None) or differs."""

    direction: Direction
    before: AllowlistEntry | None
    after: AllowlistEntry | None

    @property
    def entry(self) -> AllowlistEntry:
        """The entry as it is now, or as it was last."""
        entry = self.after or self.before
        assert entry is not None  # noqa: S101 - a change has at least one side
        return entry


OriginKind = Literal["everyone", "group", "project"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Who may reach a project by one of its entries; `everyone` where it does not limit access.

    `projects` counts a group's projects, None where nothing tells.
    """

    kind: OriginKind
    id: int | None = None
    path: str | None = None
    projects: ProjectCount | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """Who gained and who lost access to a project, and how many could reach it before and after.

    An origin that an entry covers in both is in neither list, whatever entries came and went.
    """

    gained: tuple[Origin, ...]
    lost: tuple[Origin, ...]
    before: ProjectCount
    after: ProjectCount


@dataclass(frozen=True, slots=True)
class ProjectChange:
    """What differs in one project that was read in both; `before_path` where it was renamed.

    `with_group` tells that only a group above it was renamed or moved.
    """

    project: ProjectName
    before_path: str | None = None
    with_group: bool = False
    settings: tuple[Setting, ...] = ()
    entries: tuple[EntryChange, ...] = ()
    access: Access | None = None


@dataclass(frozen=True, slots=True)
class Presence:
    """A project that is in one of the two only; `why` is the list or a filter of the collection.

    `reached_by` counts who can reach it, in the snapshot that has it.
    """

    project: ProjectName
    why: Literal["listed", "filter"]
    reached_by: ProjectCount | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """A project that cannot be compared: it was not read on a side, or may not be there."""

    project: ProjectName
    side: Side
    reason: str


@dataclass(frozen=True, slots=True)
class GroupMove:
    """A group with another full path than before, and how many projects went with it."""

    id: int
    before: str
    after: str
    projects: int


@dataclass(frozen=True, slots=True)
class Membership:
    """Projects that came into a group or left it, and so gained or lost what allows the group.

    `targets` counts the projects that let the group in, before and after.
    """

    group: str
    joined: int
    left: int
    targets: int


@dataclass(frozen=True, slots=True)
class NotCompared:
    """A rule that could not judge one of the snapshots at all, so its findings are not compared."""

    rule: str
    side: Side
    reason: str


@dataclass(frozen=True, slots=True)
class FindingChanges:
    """Findings by fingerprint: those that only NEW has, those that only OLD has.

    `unknown` are in one of the two, where the other could not tell.
    """

    new: tuple[Finding, ...] = ()
    fixed: tuple[Finding, ...] = ()
    unknown: tuple[Finding, ...] = ()
    not_compared: tuple[NotCompared, ...] = ()


@dataclass(frozen=True, slots=True)
class Diff:
    """Everything that differs. Lists are sorted by path, findings as in a report.

    `unknown_facts` counts the projects of which a fact is known on one side only, or on none.
    """

    old: ScanInfo
    new: ScanInfo
    instance: tuple[Setting, ...] = ()
    projects: tuple[ProjectChange, ...] = ()
    appeared: tuple[Presence, ...] = ()
    disappeared: tuple[Presence, ...] = ()
    groups: tuple[GroupMove, ...] = ()
    membership: tuple[Membership, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    unknown_facts: Mapping[str, int] = field(default_factory=dict)
    findings: FindingChanges = field(default_factory=FindingChanges)

    @property
    def changed(self) -> bool:
        """Whether anything is known to differ."""
        return bool(
            self.instance
            or self.projects
            or self.appeared
            or self.disappeared
            or self.groups
            or self.membership
            or self.findings.new
            or self.findings.fixed
        )

    @property
    def certain(self) -> bool:
        """Whether both snapshots are complete, so that what is not listed did not change."""
        return self.old.complete and self.new.complete

    @property
    def not_judged(self) -> frozenset[int]:
        """The ids of the projects that only one of the two can judge, or none."""
        filtered = (one for one in (*self.appeared, *self.disappeared) if one.why == "filter")
        names = (*(one.project for one in self.unknown), *(one.project for one in filtered))
        return frozenset(name.id for name in names)

    def summary(self) -> dict[str, int]:
        """Return how much of each kind changed: projects, entries, findings."""
        accesses = [change.access for change in self.projects if change.access]
        entries = Counter(sign(entry) for change in self.projects for entry in change.entries)
        return {
            "access_gained": sum(bool(access.gained) for access in accesses),
            "access_lost": sum(bool(access.lost) for access in accesses),
            "settings": len(self.instance) + sum(len(one.settings) for one in self.projects),
            "entries_added": entries["+"],
            "entries_removed": entries["-"],
            "entries_changed": entries["~"],
            "projects_new": len(self.appeared),
            "projects_gone": len(self.disappeared),
            "projects_moved": sum(one.before_path is not None for one in self.projects),
            "groups_moved": len(self.groups),
            "groups_with_other_projects": len(self.membership),
            "findings_new": len(self.findings.new),
            "findings_fixed": len(self.findings.fixed),
            "findings_unknown": len(self.findings.unknown),
            "projects_unknown": len(self.unknown),
        }


def sign(change: EntryChange) -> Literal["+", "-", "~"]:
    """Return `+` for a new entry, `-` for one that is gone, `~` for one that differs."""
    if change.before is None:
        return "+"
    return "-" if change.after is None else "~"
