"""Makes many projects below a group, the same ones for the same seed: for load, not for beauty."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from scopelint_simulator.instance import Entry, Group, Instance, Kind, LogRow, Project, Scope
from scopelint_simulator.versions import DEFAULT_PERMISSIONS

_EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
_POLICY_SETS: tuple[tuple[str, ...], ...] = (
    ("READ_PACKAGES",),
    ("READ_JOBS", "READ_PACKAGES"),
    ("READ_RELEASES", "ADMIN_PACKAGES"),
    (),
)
_DEPTH = 6
_GROUP_SHARE = 0.3
_FINE_SHARE = 0.2


def generate(
    instance: Instance,
    under: str,
    *,
    projects: int,
    groups: int = 0,
    entries: int = 0,
    open_share: float = 0.0,
    seed: int = 0,
    log: int = 0,
) -> None:
    """Add `projects` projects and `groups` groups below the group `under`, which must be there.

    Each project gets `entries` inbound entries to others of them (about a third of them to
    groups, a fifth of them fine-grained where the version can), up to `log` rows of others in its
    log and, where `log` is not 0, the one of its own jobs (which GitLab shows since 18.1);
    a share of `open_share` has its own inbound flag off.
    """
    start = instance.group_at(under)
    if start is None:
        raise ValueError(f"no group {under!r}")
    random = Random(f"{seed}/{under}")  # noqa: S311 - data, no secret
    places = _groups(instance, start, groups, random)
    made = _projects(instance, places, projects, open_share, random)
    if entries or log:
        fine = _FINE_SHARE if instance.settings.version >= DEFAULT_PERMISSIONS else 0.0
        rows = _Rows(instance, places, made, fine, random)
        for number in made:
            project = instance.projects[number]
            project.scope.entries = rows.entries(project, entries)
            project.scope.log = rows.log(project, log)


def _groups(instance: Instance, start: Group, count: int, random: Random) -> list[Group]:
    places = [start]
    depth = {start.id: 0}
    number = max([*instance.groups, *instance.namespaces])
    while len(places) <= count:
        parent = places[random.randrange(len(places))]
        if depth[parent.id] >= _DEPTH:
            continue
        number += 1
        name = f"g{len(places):05d}"
        group = Group(number, f"{parent.path}/{name}", name, "private", parent.id, _EPOCH)
        instance.add_group(group)
        depth[number] = depth[parent.id] + 1
        places.append(group)
    return places


def _projects(
    instance: Instance, places: list[Group], count: int, open_share: float, random: Random
) -> list[int]:
    first = max(instance.projects, default=0) + 1
    for number in range(first, first + count):
        place = places[random.randrange(len(places))]
        name = f"p{number - first:06d}"
        created = _EPOCH + timedelta(minutes=number - first)
        scope = Scope(inbound=random.random() >= open_share)
        path = f"{place.path}/{name}"
        instance.add_project(
            Project(number, path, name, "private", created, created, scope, group=place.id)
        )
    return list(range(first, first + count))


@dataclass(frozen=True, slots=True)
class _Rows:
    """Draws allowlist and log rows that point to the generated groups and projects."""

    instance: Instance
    places: list[Group]
    made: list[int]
    fine: float
    random: Random

    def entries(self, project: Project, count: int) -> tuple[Entry, ...]:
        rows: dict[tuple[str, int | None], Entry] = {}
        # Twice as many draws as rows: a small instance may not hold that many other targets.
        for _ in range(2 * count):
            if len(rows) == count:
                break
            row = self._entry(project)
            if row.kind == "group" or row.target != project.id:
                rows.setdefault((row.kind, row.target), row)
        return tuple(rows.values())

    def log(self, project: Project, count: int) -> tuple[LogRow, ...]:
        drawn = {self.made[self.random.randrange(len(self.made))] for _ in range(count)}
        """Rows of other projects, and the one of its own jobs, which every busy project has."""
        at = project.created_at + timedelta(days=30)
        origins = sorted(drawn | {project.id}) if count else []
        return tuple(LogRow(self.instance.next_row(), origin, at) for origin in origins)

    def _entry(self, project: Project) -> Entry:
        random = self.random
        limited = random.random() < self.fine
        policies = _POLICY_SETS[random.randrange(len(_POLICY_SETS))] if limited else ()
        kind: Kind = "group" if random.random() < _GROUP_SHARE else "project"
        if kind == "group":
            target = self.places[random.randrange(len(self.places))].id
        else:
            target = self.made[random.randrange(len(self.made))]
        return Entry(
            id=self.instance.next_row(),
            source=project.id,
            kind=kind,
            target=target,
            direction="inbound",
            created_at=project.created_at,
            default_permissions=not limited,
            policies=policies,
        )
