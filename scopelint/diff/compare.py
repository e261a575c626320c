"""Compares two inventories, project by project, in one pass over both."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from scopelint.diff.access_changes import AccessComparison
from scopelint.diff.changes import (
    Diff,
    FindingChanges,
    GroupMove,
    OneSidedProject,
    ProjectChange,
    ProjectName,
    ScanInfo,
    SettingChange,
    Side,
    UnknownProject,
)
from scopelint.diff.entry_changes import entry_changes, permissions_known
from scopelint.diff.group_moves import Chain, MembershipCounter, PathTranslation, chain
from scopelint.errors import SnapshotError
from scopelint.model import Fact, Project, Scope
from scopelint.run_identity import SAME_PROJECTS, check_same
from scopelint.snapshot import Header
from scopelint.snapshot.inventory import Inventory

SETTINGS = (
    "inbound_effective",
    "inbound_own",
    "outbound",
    "push",
    "cross_project_push",
    "visibility",
    "archived",
)
"""The settings that are compared: fields of `Scope` and `Project`."""
_LIMITS = frozenset({"inbound_effective", "inbound_own"})
"""Those that are off once a project's own limit was switched off."""
_NO_GROUPS: Chain = frozenset()


@dataclass(frozen=True, slots=True)
class ListedProject:
    """A project as one inventory lists it."""

    id: int
    path: str
    state: str
    """Its state, as `Inventory.states` gives it."""
    project: Project | None = None
    """What was read of it; None where it was not read."""

    @property
    def unread(self) -> bool:
        """Whether it was requested and its scope is not known."""
        return self.state not in {"read", "excluded"}

    @property
    def why_unread(self) -> str:
        """Why its scope is not known, for a reader."""
        if self.state == "listed":
            return "the collection was interrupted before it was read"
        if self.state == "elsewhere":
            return "it is in a missing shard"
        gap = self.project.gap if self.project else None
        return "its scope could not be read" + (f": {gap.reason.value}" if gap else "")


def check_comparable(old: Header, new: Header) -> None:
    """Raise SnapshotError where OLD and NEW are not collections of the same projects.

    The instance, the targets and the filters must be the same; the API, the version of GitLab and the
    authentication log may differ.
    """
    check_same(
        ("OLD", old.identity()),
        ("NEW", new.identity()),
        SAME_PROJECTS,
        error=SnapshotError,
        hint="Compare two collections of the same targets with the same filters.",
    )


def compare(old: Inventory, new: Inventory, findings: FindingChanges | None = None) -> Diff:
    """Return what changed from OLD to NEW; `findings` are compared by `compare_findings`.

    Both are read twice, as streams; memory grows with the groups and the changes. They must be
    comparable (`check_comparable`).
    """
    return _Comparison(old, new).diff(findings or FindingChanges())


def lists_deleted(inventory: Inventory) -> bool:
    """Tell whether an inventory lists entries whose target was deleted.

    GitLab's REST API lists targets only, so such an entry is not in its lists (docs.gitlab.com, "CI/CD
    job token scope API").
    """
    return inventory.scan.api == "graphql"


class _Comparison:
    def __init__(self, old: Inventory, new: Inventory) -> None:
        self._old, self._new = old, new
        self._deleted = (lists_deleted(old), lists_deleted(new))
        self._translation = PathTranslation(old, new)
        self._membership = MembershipCounter()
        self._moved: dict[int, tuple[Chain, Chain]] = {}
        self._find_moves()
        self._access = AccessComparison(old, new, self._translation, self._moved)
        self._changes: list[ProjectChange] = []
        self._appeared: list[OneSidedProject] = []
        self._disappeared: list[OneSidedProject] = []
        self._unknown: list[UnknownProject] = []
        self._facts: Counter[str] = Counter()
        self._with_group: Counter[str] = Counter()

    def diff(self, findings: FindingChanges) -> Diff:
        for before, after in pairs_by_id(_listed_projects(self._old), _listed_projects(self._new)):
            if before is not None and after is not None:
                self._in_both(before, after)
            elif after is not None:
                self._in_one(after, "old", listed=self._old.enumerated)
            elif before is not None:
                self._in_one(before, "new", listed=self._new.enumerated)
        return Diff(
            _scan_info(self._old),
            _scan_info(self._new),
            instance=tuple(self._instance()),
            projects=tuple(sorted(self._changes, key=lambda one: one.project.path)),
            appeared=tuple(sorted(self._appeared, key=lambda one: one.project.path)),
            disappeared=tuple(sorted(self._disappeared, key=lambda one: one.project.path)),
            groups=tuple(self._group_moves()),
            membership=tuple(self._membership.changes()),
            unknown=tuple(sorted(self._unknown, key=lambda one: one.project.path)),
            unknown_facts=dict(sorted(self._facts.items())),
            findings=findings,
        )

    def _group_moves(self) -> Iterator[GroupMove]:
        """Yield the groups that moved; of a part, those that took some of its projects along."""
        part = bool(self._new.scan.filters.chosen)
        for move in self._translation.moves(self._with_group):
            if move.projects or not part:
                yield move

    def _instance(self) -> Iterator[SettingChange]:
        before, after = self._old.scan.enforcement, self._new.scan.enforcement
        if before != after and "unknown" not in (before, after):
            yield SettingChange("enforcement", before, after)

    def _find_moves(self) -> None:
        """Note which projects are in other groups than before, new or gone; excluded ones too."""
        for before, after in pairs_by_id(_states(self._old), _states(self._new)):
            if before is not None and after is not None:
                if before.path == after.path and not self._translation.any_moved:
                    continue
                was = self._translation.chain_of_old(_namespace(before))
                now = chain(_namespace(after))
            elif after is not None and self._old.enumerated:
                was, now = _NO_GROUPS, chain(_namespace(after))
            elif before is not None and self._new.enumerated:
                was, now = self._translation.chain_of_old(_namespace(before)), _NO_GROUPS
            else:
                continue
            if was != now:
                self._moved[(before or after).id] = (was, now)  # type: ignore[union-attr]
                self._membership.add(was, now)

    def _in_one(
        self, listed_project: ListedProject, lacking: Literal["old", "new"], *, listed: bool
    ) -> None:
        """Add a project that one of the two snapshots does not list."""
        if listed_project.state == "excluded":
            return
        other = lacking.upper()
        if listed_project.unread:
            side: Side = "new" if lacking == "old" else "old"
            self._add_unknown(
                listed_project, side, f"{listed_project.why_unread}; {other} does not list it"
            )
        elif not listed:
            self._add_unknown(listed_project, lacking, f"{other}'s list of projects is incomplete")
        else:
            self._add_one_sided(listed_project, "listed", appeared=lacking == "old")

    def _in_both(self, before: ListedProject, after: ListedProject) -> None:
        if before.state == after.state == "excluded":
            return
        if before.unread or after.unread:
            side: Side = "both" if before.unread and after.unread else "new"
            self._add_unknown(
                after,
                side if after.unread else "old",
                after.why_unread if after.unread else before.why_unread,
            )
        elif before.project is None or after.project is None:
            now_there = after.project is not None
            self._add_one_sided(after if now_there else before, "filter", appeared=now_there)
        else:
            self._compare(before.project, after.project)

    def _add_unknown(self, listed_project: ListedProject, side: Side, reason: str) -> None:
        self._unknown.append(
            UnknownProject(ProjectName(listed_project.id, listed_project.path), side, reason)
        )

    def _add_one_sided(
        self, listed_project: ListedProject, why: Literal["listed", "filter"], *, appeared: bool
    ) -> None:
        assert listed_project.project is not None  # noqa: S101 - it was read
        count = self._access.count_after if appeared else self._access.count_before
        found = OneSidedProject(
            ProjectName(listed_project.id, listed_project.path), why, count(listed_project.project)
        )
        (self._appeared if appeared else self._disappeared).append(found)

    def _compare(self, old: Project, new: Project) -> None:
        before, after = old.scope, new.scope
        assert before is not None  # noqa: S101 - both were read
        assert after is not None  # noqa: S101
        settings = tuple(self._settings(old, new))
        entries = tuple(entry_changes(before, after, deleted=self._deleted))
        access, sure, groups = self._access.compare(old, new)
        for group in groups:
            self._membership.add_target(group)
        self._facts.update(_unknown_facts(before, after))
        if not sure:
            self._facts["access"] += 1
        renamed = old.path != new.path
        if not (settings or entries or access or renamed):
            return
        with_group = renamed and self._translation.translate(old.namespace_path) + (
            "/" + old.path.rpartition("/")[2]
        ) == (new.path)
        self._with_group[new.namespace_path] += with_group
        self._changes.append(
            ProjectChange(
                ProjectName(new.id, new.path),
                before_path=old.path if renamed else None,
                with_group=with_group,
                settings=settings,
                entries=entries,
                access=access,
            )
        )

    def _settings(self, old: Project, new: Project) -> Iterator[SettingChange]:
        for name in SETTINGS:
            before, after = _value(old, name), _value(new, name)
            if before is None or after is None:
                self._facts[name] += 1
            elif before != after:
                opened = name in _LIMITS and after is False and self._opened_meanwhile(new)
                yield SettingChange(name, before, after, (opened or None) and new.limit_change)

    def _opened_meanwhile(self, new: Project) -> bool:
        """Tell whether the project's audit events say that it was opened between OLD and NEW."""
        change = new.limit_change
        start, end = self._old.scan.started_at, self._new.as_of
        return change is not None and change.opened_between(start, end)


def _scan_info(inventory: Inventory) -> ScanInfo:
    return ScanInfo(
        inventory.scan,
        inventory.complete,
        inventory.total,
        inventory.read,
        len(inventory.left_out),
    )


def _value(project: Project, name: str) -> bool | str | None:
    owner = project if name in {"visibility", "archived"} else project.scope
    value: bool | str | None = getattr(owner, name)
    return value


def _unknown_facts(old: Scope, new: Scope) -> Iterator[str]:
    if Fact.ENTRIES in old.missing | new.missing:
        yield "entries"
    if old.outbound_entries is None or new.outbound_entries is None:
        yield "outbound_entries"
    if not all(map(permissions_known, (*old.entries, *new.entries))):
        yield "permissions"


def _states(inventory: Inventory) -> Iterator[ListedProject]:
    return (ListedProject(number, path, state) for number, path, state in inventory.states())


def _listed_projects(inventory: Inventory) -> Iterator[ListedProject]:
    """Yield every listed project by id, with its scope where it was requested."""
    projects = inventory.chosen_projects()
    for number, path, state in inventory.states():
        project = next(projects) if state in {"read", "unreadable"} else None
        if project is not None and project.scope is None:
            state = "unreadable"
        yield ListedProject(number, path, state, project)


def pairs_by_id(
    old: Iterator[ListedProject], new: Iterator[ListedProject]
) -> Iterator[tuple[ListedProject | None, ListedProject | None]]:
    """Yield the projects of both by id, None where one does not list it; both must be sorted by id."""
    before, after = next(old, None), next(new, None)
    while before is not None or after is not None:
        if after is None or (before is not None and before.id < after.id):
            yield before, None
            before = next(old, None)
        elif before is None or after.id < before.id:
            yield None, after
            after = next(new, None)
        else:
            yield before, after
            before, after = next(old, None), next(new, None)


def _namespace(listed_project: ListedProject) -> str:
    return listed_project.path.rpartition("/")[0]
