"""The result of a comparison: what changed between two snapshots, as data."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from scopelint.finding import Finding
from scopelint.limit_change import LimitChange
from scopelint.model import AllowlistEntry, ProjectCount, Scan

Side = Literal["old", "new", "both"]
"""Which of the two snapshots something is about."""
Direction = Literal["inbound", "outbound"]


@dataclass(frozen=True, slots=True)
class ScanInfo:
    """One of the two snapshots: its collection, and how much of it was read."""

    scan: Scan
    complete: bool
    """Whether everything that was requested was read."""
    total: int
    """How many projects were requested."""
    read: int
    """How many projects' scopes were read."""
    left_out: int = 0
    """How many projects a filter or the choice left out."""


@dataclass(frozen=True, slots=True)
class ProjectName:
    """A project by id and full path: NEW's path, or OLD's where NEW does not have the project."""

    id: int
    path: str


@dataclass(frozen=True, slots=True)
class SettingChange:
    """A setting that was read in both snapshots and differs."""

    name: str
    before: bool | str
    after: bool | str
    opened: LimitChange | None = None
    """Who switched a project's limit off, and when, where an audit event between OLD and NEW says."""


@dataclass(frozen=True, slots=True)
class EntryChange:
    """An entry of an allowlist that is new, gone or different."""

    direction: Direction
    before: AllowlistEntry | None
    """The entry in OLD; None for a new one."""
    after: AllowlistEntry | None
    """The entry in NEW; None for one that is gone."""

    @property
    def entry(self) -> AllowlistEntry:
        """The entry in NEW, or in OLD where it is gone."""
        entry = self.after or self.before
        assert entry is not None  # noqa: S101 - a change has at least one side
        return entry


OriginKind = Literal["everyone", "group", "project"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Who may reach a project: the target of one of its entries, or everyone."""

    kind: OriginKind
    """`everyone` where the project does not limit access."""
    id: int | None = None
    path: str | None = None
    projects: ProjectCount | None = None
    """How many projects a group holds; None where that is not known."""


@dataclass(frozen=True, slots=True)
class Access:
    """Who gained and who lost access to a project, and how many could reach it before and after.

    An origin that some entry covers in both snapshots is in neither list.
    """

    gained: tuple[Origin, ...]
    lost: tuple[Origin, ...]
    before: ProjectCount
    after: ProjectCount


@dataclass(frozen=True, slots=True)
class ProjectChange:
    """What differs in one project that was read in both snapshots."""

    project: ProjectName
    before_path: str | None = None
    """Its path in OLD where that differs, else None."""
    with_group: bool = False
    """Whether its path differs only because a group above it was renamed or moved."""
    settings: tuple[SettingChange, ...] = ()
    entries: tuple[EntryChange, ...] = ()
    access: Access | None = None


@dataclass(frozen=True, slots=True)
class OneSidedProject:
    """A project that only one of the two snapshots has."""

    project: ProjectName
    why: Literal["listed", "filter"]
    """Whether the other one did not list it, or a filter excluded it there."""
    reached_by: ProjectCount | None = None
    """How many projects can reach it, in the snapshot that has it."""


@dataclass(frozen=True, slots=True)
class UnknownProject:
    """A project that cannot be compared."""

    project: ProjectName
    side: Side
    """In which snapshot it was not read, or may be missing."""
    reason: str
    """Why, for a reader."""


@dataclass(frozen=True, slots=True)
class GroupMove:
    """A group that was renamed or moved."""

    id: int
    before: str
    """Its full path in OLD."""
    after: str
    """Its full path in NEW."""
    projects: int
    """How many projects have another path because of it."""


@dataclass(frozen=True, slots=True)
class MembershipChange:
    """Projects that joined or left a group, and so gained or lost the access of that group."""

    group: str
    """The group's full path in NEW."""
    joined: int
    """How many projects joined it."""
    left: int
    """How many projects left it."""
    targets: int
    """How many projects let the group in, in both snapshots."""


@dataclass(frozen=True, slots=True)
class NotCompared:
    """A rule that could not judge one of the snapshots at all, so its findings are not compared."""

    rule: str
    side: Side
    reason: str


@dataclass(frozen=True, slots=True)
class FindingChanges:
    """The findings that only one of the two snapshots has, by fingerprint."""

    new: tuple[Finding, ...] = ()
    """Those that only NEW has."""
    fixed: tuple[Finding, ...] = ()
    """Those that only OLD has."""
    unknown: tuple[Finding, ...] = ()
    """Those that one has, where the other could not be judged."""
    not_compared: tuple[NotCompared, ...] = ()
    """The rules whose findings are left out."""


@dataclass(frozen=True, slots=True)
class Diff:
    """Everything that differs. Lists are sorted by path, findings as in a report."""

    old: ScanInfo
    new: ScanInfo
    instance: tuple[SettingChange, ...] = ()
    """Settings of the whole instance."""
    projects: tuple[ProjectChange, ...] = ()
    """Projects that were read in both snapshots."""
    appeared: tuple[OneSidedProject, ...] = ()
    disappeared: tuple[OneSidedProject, ...] = ()
    groups: tuple[GroupMove, ...] = ()
    membership: tuple[MembershipChange, ...] = ()
    unknown: tuple[UnknownProject, ...] = ()
    unknown_facts: Mapping[str, int] = field(default_factory=dict)
    """How many projects lack a fact in one snapshot or in both, by the fact's name."""
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
        """The ids of the projects that were not read, or were excluded, in at least one snapshot."""
        filtered = (one for one in (*self.appeared, *self.disappeared) if one.why == "filter")
        names = (*(one.project for one in self.unknown), *(one.project for one in filtered))
        return frozenset(name.id for name in names)

    def summary(self) -> dict[str, int]:
        """Return how many projects, entries and findings changed, by kind of change."""
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
