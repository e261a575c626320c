"""Random wanted states, and rules of others that ask whatever an inventory can answer."""

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from scopelint.declared import DeclaredAt
from scopelint.finding import PASS, Severity, Verdict
from scopelint.model import EntryKind, Project
from scopelint.rule import (
    EntryContext,
    EntryRule,
    InstanceContext,
    InstanceRule,
    ProjectContext,
    ProjectRule,
)
from scopelint.snapshot.inventory import Inventory
from scopelint.wanted import NotKnown, WantedEntry, WantedProject, WantedSetting, WantedState
from tests.access import strategies as random

_AT = DeclaredAt("wanted.yml", 7)
_WHY = NotKnown("var.x", "it has no value", _AT)
_SETTINGS = ("inbound_own", "outbound", "push", "cross_project_push")
STRANGE_GROUP, STRANGE_PROJECT = "partner", "a/new"
_TARGETS: list[tuple[EntryKind, int, str]] = [
    *(("group", number, path) for number, path in enumerate(random.GROUPS, 1)),
    *(("project", number, path) for path, number in random.IDS.items()),
]
for _ in range(4):  # They are wanted often, because nothing else is known of them.
    _TARGETS += [("group", 77, STRANGE_GROUP), ("project", 1099, STRANGE_PROJECT)]


@st.composite
def _entries(draw: st.DrawFn, *, permissions: bool) -> tuple[WantedEntry, ...]:
    made = []
    for kind, number, path in draw(st.lists(st.sampled_from(_TARGETS), max_size=3, unique=True)):
        default = draw(st.sampled_from([None, True, False])) if permissions else None
        given = tuple(sorted(draw(st.sets(st.sampled_from(random.POLICIES), max_size=2))))
        what = None if default is None else (default, () if default else given)
        made.append(WantedEntry(kind, number, path, _AT, what))
    return tuple(made)


@st.composite
def wanted_projects(draw: st.DrawFn, project: Project) -> WantedProject:
    """What is wanted of a project: any of its settings and entries, some of it not known."""
    value: st.SearchStrategy[bool | NotKnown] = st.booleans() | st.sampled_from([True, _WHY])
    names = draw(st.sets(st.sampled_from(_SETTINGS), min_size=1))
    entries = draw(_entries(permissions=True))
    named = {entry.key for entry in entries}
    removed = tuple(each for each in draw(_entries(permissions=False)) if each.key not in named)
    return WantedProject(
        project.id,
        project.path,
        _AT,
        {name: WantedSetting(draw(value), _AT) for name in sorted(names)},  # type: ignore[misc]
        tuple(each for each in entries if each.key != f"project:{project.id}"),
        removed,
        exact=draw(st.booleans()),
        removed_outbound=draw(_entries(permissions=False)),
        unknown=draw(st.sampled_from([(), (), (), (_WHY,)])),
    )


@st.composite
def wanted_states(draw: st.DrawFn, projects: list[Project]) -> WantedState:
    """A wanted state for some of these projects; a policy names those of which nothing was read."""
    chosen = draw(st.sets(st.sampled_from(range(len(projects))), min_size=1, max_size=3))
    found = {projects[each].id: draw(wanted_projects(projects[each])) for each in sorted(chosen)}
    return WantedState("policy", "wanted.yml", found, (), draw(st.sampled_from([(), (), (_WHY,)])))


@st.composite
def policies(draw: st.DrawFn, *, strangers: bool = False) -> str:
    """A gitlabform config that declares something for some of the projects.

    With `strangers` it names a project and a group too that no snapshot holds.
    """
    groups = [*random.GROUPS, *([STRANGE_GROUP] * 3 if strangers else ())]
    places = [*sorted(random.PLACES), *([STRANGE_PROJECT] * 4 if strangers else ())]
    levels: dict[str, Any] = {}
    for path in draw(st.sets(st.sampled_from(sorted(random.PLACES)), min_size=1, max_size=4)):
        lists = {
            "enforce": draw(st.booleans()),
            "groups": draw(st.lists(st.sampled_from(groups), max_size=2, unique=True)),
            "projects": draw(st.lists(st.sampled_from(places), max_size=3, unique=True)),
        }
        section = {"limit_access_to_this_project": draw(st.booleans()), "allowlist": lists}
        levels[path] = {"job_token_scope": section}
    return json.dumps({"config_version": 4, "projects_and_groups": levels})


class _Pageless:
    @classmethod
    def page(cls) -> str:
        return "# A page"


class OpenElsewhere(_Pageless, ProjectRule):
    """Counts how many projects are open, this one left out: it reads the scopes of all others."""

    code = "ACME801"
    name = "open-elsewhere"
    title = "Others are open"
    severity = Severity.HIGH

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._open: tuple[Inventory, set[int]] | None = None

    def judge(self, context: ProjectContext) -> Verdict:
        if self._open is None or self._open[0] is not context.inventory:
            found = {
                each.id
                for each in context.inventory.projects()
                if each.scope and each.scope.inbound_effective is False
            }
            self._open = context.inventory, found
        others = self._open[1] - {context.project.id}
        return self.fail(f"{len(others)} are open") if others else PASS


class ListedTwice(_Pageless, EntryRule):
    """Flags entries by all that is known of names: numbers, paths, what exists."""

    code = "ACME802"
    name = "listed-twice"
    title = "Partners are known"
    severity = Severity.MEDIUM

    def judge(self, context: EntryContext) -> Verdict:
        inventory = context.inventory
        known = inventory.number_of("group", "partner"), inventory.path_of("group", 77)
        if known == (None, None) and not inventory.knows("group", 77):
            return PASS
        return self.unknown(f"{known}") if context.project.archived else self.fail(f"{known}")


class OnlyWhereWhole(_Pageless, ProjectRule):
    """Judges only what is complete, and nothing where the number of entries is odd."""

    code = "ACME803"
    name = "only-where-whole"
    title = "The number of entries"
    severity = Severity.LOW

    def not_judged(self, inventory: Inventory) -> str | None:
        return None if inventory.complete else "it is not complete"

    def judge(self, context: ProjectContext) -> Iterator[Verdict]:
        number = context.inventory.entry_count
        if number % 2 == 0:
            yield self.fail(f"{number} entries")
        if context.project.archived:
            yield self.unknown(f"{number} entries of an archived project", key="archived")


class ManyGaps(_Pageless, InstanceRule):
    """Flags an instance with gaps."""

    code = "ACME804"
    name = "many-gaps"
    title = "There are gaps"
    severity = Severity.INFO

    def judge(self, context: InstanceContext) -> Verdict:
        number = len(context.inventory.gaps)
        return self.fail(f"{number} gaps") if number else PASS


class OwnEntries(_Pageless, ProjectRule):
    """Flags long allowlists; it says of itself that it looks at nothing else."""

    code = "ACME805"
    name = "own-entries"
    title = "Many entries"
    severity = Severity.HIGH
    by_own_scope = True

    def judge(self, context: ProjectContext) -> Verdict:
        number = len(context.scope.entries)
        return self.fail(f"{number} entries") if number > 1 else PASS


THIRD_PARTY = (OpenElsewhere, ListedTwice, OnlyWhereWhole, ManyGaps, OwnEntries)
"""Rules as others may write them; nothing is known of them but what they declare."""
