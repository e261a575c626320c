"""A declared policy as a wanted state: what GitLab has once the policy has been applied."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from scopelint.declared import DeclaredName, DeclaredPolicy, DeclaredScope, DeclaredUnknown
from scopelint.model import EntryKind, Project, Reason
from scopelint.wanted.state import (
    LeftAlone,
    NotKnown,
    Setting,
    WantedEntry,
    WantedProject,
    WantedSetting,
    WantedState,
)

if TYPE_CHECKING:
    from scopelint.snapshot import Inventory

_NOT_LISTED: Final = "the snapshot does not list it (it is new, moved, misspelled or not visible)"
_NOT_COLLECTED: Final = (
    "nothing of it was read: name the file under `policy:` in the configuration that `collect` gets,"
    " so that it is looked up"
)
_KINDS: Final[tuple[EntryKind, ...]] = ("group", "project")


def wanted_by_policy(policy: DeclaredPolicy, inventory: "Inventory") -> WantedState:
    """Return what a policy makes of the projects of an inventory.

    A group or project that it names is looked for in the read tree, then among all that the
    snapshot knows; one that is not there is not known, and so is the list that it stands in.
    """
    found: dict[int, WantedProject] = {}
    left: list[LeftAlone] = []
    unknown = [_not_known(each) for each in policy.unknowns() if each.about == "resource"]
    for project in inventory.projects():
        declared = policy.scope(project.path, project.id)
        if declared is None:
            continue
        if not policy.covers(project):
            reason = "it is archived or to be deleted, and the policy does not cover such projects"
            left.append(LeftAlone(project.path, reason))
        elif project.scope is None:
            unknown.append(NotKnown(project.path, "its scope was not read", declared.at))
        else:
            found[project.id] = _wanted(project, declared, inventory)
    outside: list[str] = []
    for subject in _not_listed(policy.subjects(), inventory):
        if _is_inside(subject, inventory):
            unknown.append(_not_there(subject))
        else:
            outside.append(str(subject.name))
    return WantedState(
        "policy", policy.source, found, tuple(left), tuple(unknown), outside=tuple(outside)
    )


def _not_listed(subjects: Iterable[DeclaredName], inventory: "Inventory") -> Iterator[DeclaredName]:
    """Yield the groups and projects that a policy is for and of which no project is listed."""
    paths = {path.lower(): number for number, path in inventory.seen()}
    numbers = set(paths.values())
    groups = {path.lower() for path in inventory.tree.paths()}
    for subject in subjects:
        name = subject.name.lower() if isinstance(subject.name, str) else subject.name
        if name not in paths and name not in numbers and name not in groups:
            yield subject


def _not_there(subject: DeclaredName) -> NotKnown:
    name = f"the {subject.kind} {subject.name}"
    return NotKnown(name, _NOT_LISTED, subject.at, Reason.NOT_FOUND)


def _is_inside(name: DeclaredName, inventory: "Inventory") -> bool:
    return isinstance(name.name, str) and inventory.names_inside(name.name)


def _wanted(
    project: Project,
    declared: DeclaredScope,
    inventory: "Inventory",
) -> WantedProject:
    settings: dict[Setting, WantedSetting] = {}
    if (limit := _limit(declared)) is not None:
        settings["inbound_own"] = WantedSetting(limit, declared.limit_at)
    if declared.push is not None and declared.push_at is not None:
        settings["push"] = WantedSetting(declared.push, declared.push_at)
    entries: dict[str, WantedEntry] = {}
    unknown: list[NotKnown] = []
    for kind in _KINDS:
        unknown += (_not_known(each) for each in declared.unknown_of(kind))
        names = declared.names(kind)
        if names is None:
            unknown.append(NotKnown(f"the list of {kind}s", "it cannot be read", declared.at))
        for name in names or ():
            entry = _entry(name, inventory)
            if isinstance(entry, NotKnown):
                unknown.append(entry)
            elif entry.key != f"project:{project.id}":
                entries.setdefault(entry.key, entry)
    return WantedProject(
        project.id,
        project.path,
        declared.at,
        settings,
        tuple(entries.values()),
        tuple(_removed(declared, entries, inventory)),
        exact=declared.enforce,
        unknown=tuple(unknown),
    )


def _limit(declared: DeclaredScope) -> bool | NotKnown | None:
    """Return what the limit gets, None where nothing is said of it."""
    for each in declared.unknown_of("limit"):
        return _not_known(each)
    if not declared.says_limit:
        return None
    unclear = NotKnown("the limit", "what is declared is no boolean", declared.limit_at)
    return unclear if declared.limit is None else declared.limit


def _removed(
    declared: DeclaredScope, entries: Mapping[str, WantedEntry], inventory: "Inventory"
) -> Iterator[WantedEntry]:
    """Yield the entries that go; one whose target the snapshot does not know is on no list."""
    for name in declared.removed:
        entry = _entry(name, inventory)
        if isinstance(entry, WantedEntry) and entry.key not in entries:
            yield entry


def _not_known(unknown: DeclaredUnknown) -> NotKnown:
    return NotKnown(unknown.address, unknown.why, unknown.at)


def _entry(name: DeclaredName, inventory: "Inventory") -> WantedEntry | NotKnown:
    if isinstance(name.name, int):
        number: int | None = name.name
    else:
        number = inventory.number_of(name.kind, name.name)
    path = inventory.path_of(name.kind, number) if number is not None else None
    if path is None and number is not None and isinstance(name.name, str):
        path = name.name
    if number is None or path is None:
        why = _NOT_LISTED if _is_inside(name, inventory) else _NOT_COLLECTED
        return NotKnown(f"the {name.kind} {name.name}", why, name.at, Reason.NOT_FOUND)
    return WantedEntry(name.kind, number, path, name.at)
