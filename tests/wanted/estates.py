"""Random instances and random plans for them, done on the simulator."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from scopelint.collect.collection import collect
from scopelint.collect.reader import TargetRef
from scopelint.collect.request import CollectRequest
from scopelint.finding import Finding
from scopelint.model import Project, Scope
from scopelint.repair.plan_file import Action, EntryState, Plan, ProjectPlan, SkippedProject
from scopelint.repair.planning import make_plan, ordered, project_plan, state_of
from scopelint.snapshot import Filters, Source, open_snapshots
from scopelint.snapshot.inventory import Inventory
from scopelint.versions import CROSS_PROJECT_PUSH, since
from scopelint_simulator import Simulator
from tests.repair import applying

VERSIONS: Final = ("17.11.0", "18.5.0", "19.3.0")
_FINE: Final = ((), ("READ_JOBS",), ("ADMIN_JOBS", "READ_JOBS"), ("READ_PACKAGES",))


def instance(version: str, seed: int, log: int) -> dict[str, Any]:
    """Return a random instance with open projects, entries of every form and logs."""
    made = applying.instance(version)
    made["generate"] = [
        {
            "under": "acme",
            "projects": 12,
            "groups": 4,
            "entries": 3,
            "open_share": 0.4,
            "log": log,
            "seed": seed,
        }
    ]
    return made


@contextmanager
def collected(gitlab: Simulator, path: Path) -> Iterator[Source]:
    """Give what a collection with the log finds."""
    order = CollectRequest((TargetRef("group", "acme"),), Filters(usage=True))
    with applying.connected(gitlab.url) as connection:
        collect(connection, order, path)
    with open_snapshots([path]) as source:
        yield source


def random_plan(inventory: Inventory, seed: int) -> Plan:
    """Return a plan of random actions for the projects of an inventory that can be planned for."""
    chance = random.Random(seed)
    targets = [("group", group.id, group.path) for group in inventory.groups.values()]
    targets += [("project", number, path) for number, path in inventory.seen()]
    parts: list[ProjectPlan] = []
    for project in inventory.projects():
        state = state_of(project)
        if isinstance(state, SkippedProject) or project.scope is None or chance.random() < 0.5:
            continue
        actions = list(_actions(project, project.scope, targets, inventory, chance))
        if actions:
            parts.append(project_plan(project, state, ordered(actions)))
    return make_plan(inventory, "findings", parts, unsafe=True)


def _actions(
    project: Project,
    scope: Scope,
    targets: list[tuple[Any, int, str]],
    inventory: Inventory,
    chance: random.Random,
) -> Iterator[Action]:
    yield from _settings(scope, inventory, chance)
    for old in scope.entries:
        yield from _change(EntryState.of(old), chance)
    for old in scope.outbound_entries or ():
        if chance.random() < 0.5:
            yield _act("remove-outbound-entry", entry=EntryState.of(old))
    there = {f"project:{project.id}", *(entry.key for entry in scope.entries)}
    for kind, number, path in chance.sample(targets, chance.randint(0, 3)):
        new = EntryState(kind=kind, id=number, path=path)
        if new.key not in there:
            yield _act("add-entry", entry=_fine(new, chance) if chance.random() < 0.4 else new)


def _settings(scope: Scope, inventory: Inventory, chance: random.Random) -> Iterator[Action]:
    flags = {"set-inbound": scope.inbound_own, "set-push": scope.push}
    if since(inventory.scan.version, CROSS_PROJECT_PUSH):
        flags["set-cross-project-push"] = scope.cross_project_push
    for name, value in flags.items():
        if chance.random() < 0.4:
            yield _act(name, value=not value)
    if scope.outbound and chance.random() < 0.5:
        yield _act("set-outbound", value=False)


def _change(old: EntryState, chance: random.Random) -> Iterator[Action]:
    luck = chance.random()
    if luck < 0.4:
        yield _act("remove-entry", entry=old)
    elif luck < 0.6 and (new := _fine(old, chance)) != old:
        yield _act("change-permissions", entry=new, was=old)


def _fine(entry: EntryState, chance: random.Random) -> EntryState:
    update = {"default_permissions": False, "policies": chance.choice(_FINE)}
    return entry.model_copy(update=update)


def _act(operation: Any, **values: Any) -> Action:
    return Action(operation=operation, reason="a test wants it", **values)


def judged_as(finding: Finding) -> tuple[str, str, str, str, str]:
    """Return what two findings must share to be the same."""
    project = finding.project.path if finding.project else ""
    return (finding.fingerprint, finding.rule, project, finding.verdict, finding.severity)
