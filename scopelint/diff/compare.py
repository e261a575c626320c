"""Two inventories compared, project by project, in one pass over both."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from scopelint.diff.access_changes import AccessComparison
from scopelint.diff.changes import (
    Diff,
    FindingChanges,
    Presence,
    ProjectChange,
    ProjectName,
    Setting,
    Side,
    Unknown,
)
from scopelint.diff.entry_changes import entry_changes, permissions_known
from scopelint.diff.group_moves import Chain, MembershipCounter, PathTranslation, chain
from scopelint.diff.scan_info import frame
from scopelint.model import Fact, Project, Scope
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
_NOWHERE: Chain = frozenset()


@dataclass(frozen=True, slots=True)
class SeenProject:
    """A project as one inventory saw it; `project` is None where it was not read."""

    id: int
    path: str
    state: str
    project: Project | None = None

    @property
    def unread(self) -> bool:
        """Whether it belongs to what was asked for and its scope is not known."""
        return self.state not in {"read", "excluded"}

    @property
    def why_unread(self) -> str:
        """Why its scope is not known, in words."""
        if self.state == "listed":
            return "the collection was broken off before it was read"
        if self.state == "elsewhere":
            return "it is in a shard that is not here"
        gap = self.project.gap if self.project else None
        return "its scope could not be read" + (f": {gap.reason.value}" if gap else "")


def compare(old: Inventory, new: Inventory, findings: FindingChanges | None = None) -> Diff:
    """Return what changed from OLD to NEW; `findings` are compared by `compare_findings`.

    Both are read twice, as streams; the memory it needs grows with the groups and the changes.
    They must be comparable (`check_comparable`).
    """
    return _Comparison(old, new).diff(findings or FindingChanges())


def lists_deleted(inventory: Inventory) -> bool:
    """Tell whether an inventory lists the rows of allowlists whose target was deleted.

    GitLab's REST lists name targets alone, so such a row is not in them (docs.gitlab.com, "CI/CD
    job token scope API").
    """
    return inventory.scan.api == "graphql"


class _Comparison:
    def __init__(self, old: Inventory, new: Inventory) -> None:
        self._old, self._new = old, new
        self._deleted = (lists_deleted(old), lists_deleted(new))
        self._places = PathTranslation(old, new)
        self._movement = MembershipCounter()
        self._moved: dict[int, tuple[Chain, Chain]] = {}
        self._find_moves()
        self._reached = AccessComparison(old, new, self._places, self._moved)
        self._changes: list[ProjectChange] = []
        self._appeared: list[Presence] = []
        self._disappeared: list[Presence] = []
        self._unknown: list[Unknown] = []
        self._facts: Counter[str] = Counter()
        self._with_group: Counter[str] = Counter()

    def diff(self, findings: FindingChanges) -> Diff:
        for before, after in joined(_seen(self._old), _seen(self._new)):
            if before is not None and after is not None:
                self._in_both(before, after)
            elif after is not None:
                self._in_one(after, "old", listed=self._old.enumerated)
            elif before is not None:
                self._in_one(before, "new", listed=self._new.enumerated)
        return Diff(
            frame(self._old),
            frame(self._new),
            instance=tuple(self._instance()),
            projects=tuple(sorted(self._changes, key=lambda one: one.project.path)),
            appeared=tuple(sorted(self._appeared, key=lambda one: one.project.path)),
            disappeared=tuple(sorted(self._disappeared, key=lambda one: one.project.path)),
            groups=tuple(self._places.moves(self._with_group)),
            membership=tuple(self._movement.changes()),
            unknown=tuple(sorted(self._unknown, key=lambda one: one.project.path)),
            unknown_facts=dict(sorted(self._facts.items())),
            findings=findings,
        )

    def _instance(self) -> Iterator[Setting]:
        before, after = self._old.scan.enforcement, self._new.scan.enforcement
        if before != after and "unknown" not in (before, after):
            yield Setting("enforcement", before, after)

    def _find_moves(self) -> None:
        """Note which projects lie in other groups than before, came or went; filtered ones too."""
        for before, after in joined(_states(self._old), _states(self._new)):
            if before is not None and after is not None:
                if before.path == after.path and not self._places.any_moved:
                    continue
                was = self._places.chain_of_old(_namespace(before))
                now = chain(_namespace(after))
            elif after is not None and self._old.enumerated:
                was, now = _NOWHERE, chain(_namespace(after))
            elif before is not None and self._new.enumerated:
                was, now = self._places.chain_of_old(_namespace(before)), _NOWHERE
            else:
                continue
            if was != now:
                self._moved[(before or after).id] = (was, now)  # type: ignore[union-attr]
                self._movement.add(was, now)

    def _in_one(self, seen: SeenProject, lacking: Literal["old", "new"], *, listed: bool) -> None:
        """Enter a project that one of the two does not list."""
        if seen.state == "excluded":
            return
        other = lacking.upper()
        if seen.unread:
            side: Side = "new" if lacking == "old" else "old"
            self._enter_unknown(seen, side, f"{seen.why_unread}; {other} does not list it")
        elif not listed:
            self._enter_unknown(seen, lacking, f"{other}'s list of projects is not whole")
        else:
            self._enter_presence(seen, "listed", appeared=lacking == "old")

    def _in_both(self, before: SeenProject, after: SeenProject) -> None:
        if before.state == after.state == "excluded":
            return
        if before.unread or after.unread:
            side: Side = "both" if before.unread and after.unread else "new"
            self._enter_unknown(
                after,
                side if after.unread else "old",
                after.why_unread if after.unread else before.why_unread,
            )
        elif before.project is None or after.project is None:
            now_there = after.project is not None
            self._enter_presence(after if now_there else before, "filter", appeared=now_there)
        else:
            self._compare(before.project, after.project)

    def _enter_unknown(self, seen: SeenProject, side: Side, reason: str) -> None:
        self._unknown.append(Unknown(ProjectName(seen.id, seen.path), side, reason))

    def _enter_presence(
        self, seen: SeenProject, why: Literal["listed", "filter"], *, appeared: bool
    ) -> None:
        assert seen.project is not None  # noqa: S101 - it was read
        count = self._reached.count_after if appeared else self._reached.count_before
        found = Presence(ProjectName(seen.id, seen.path), why, count(seen.project))
        (self._appeared if appeared else self._disappeared).append(found)

    def _compare(self, old: Project, new: Project) -> None:
        before, after = old.scope, new.scope
        assert before is not None  # noqa: S101 - both were read
        assert after is not None  # noqa: S101
        settings = tuple(self._settings(old, new))
        entries = tuple(entry_changes(before, after, deleted=self._deleted))
        access, sure, groups = self._reached.compare(old, new)
        for group in groups:
            self._movement.allowed(group)
        self._facts.update(_unknown_facts(before, after))
        if not sure:
            self._facts["access"] += 1
        renamed = old.path != new.path
        if not (settings or entries or access or renamed):
            return
        with_group = renamed and self._places.translate(old.namespace_path) + (
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

    def _settings(self, old: Project, new: Project) -> Iterator[Setting]:
        for name in SETTINGS:
            before, after = _value(old, name), _value(new, name)
            if before is None or after is None:
                self._facts[name] += 1
            elif before != after:
                yield Setting(name, before, after)


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


def _states(inventory: Inventory) -> Iterator[SeenProject]:
    return (SeenProject(number, path, state) for number, path, state in inventory.states())


def _seen(inventory: Inventory) -> Iterator[SeenProject]:
    """Yield every project that was seen, with its scope where it was asked for, by id."""
    projects = inventory.projects()
    for number, path, state in inventory.states():
        project = next(projects) if state in {"read", "unreadable"} else None
        if project is not None and project.scope is None:
            state = "unreadable"
        yield SeenProject(number, path, state, project)


def joined(
    old: Iterator[SeenProject], new: Iterator[SeenProject]
) -> Iterator[tuple[SeenProject | None, SeenProject | None]]:
    """Yield what both have, or one alone, by id; both must be ordered by it."""
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


def _namespace(seen: SeenProject) -> str:
    return seen.path.rpartition("/")[0]
