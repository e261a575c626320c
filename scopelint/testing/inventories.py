"""A compact description of what was observed, made into an inventory through a real snapshot."""

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import scopelint
from scopelint.filters import Filters
from scopelint.limit_change import LimitChange
from scopelint.model import (
    AllowlistEntry,
    Fact,
    Gap,
    Group,
    Project,
    Scope,
    Target,
    TokenUse,
    split_uses,
)
from scopelint.paths import is_inside
from scopelint.snapshot import Cursor, Header, Listed, Snapshot, SnapshotWriter
from scopelint.snapshot.inventory import Inventory
from scopelint.testing.specs import EntrySpec, GroupSpec, InventorySpec, ProjectSpec, UseSpec
from scopelint.yaml import load, to_python


class _Ids:
    """Hands out GitLab's numbers by path: those that are given, else the next free one."""

    def __init__(self, spec: InventorySpec) -> None:
        self._known: dict[tuple[str, str], int] = {}
        self._next = {"group": 1, "project": 1001}
        for group in spec.groups:
            self._remember("group", group.path, group.id)
        for path, project in spec.projects.items():
            self._remember("project", path, project.id)
        lists = (p.entries + (p.outbound_entries or ()) for p in spec.projects.values())
        pointing = (*spec.resolved, *spec.gaps, *(entry for entries in lists for entry in entries))
        for item in pointing:
            if item.path is not None:
                self._remember(item.kind, item.path, item.id)

    def _remember(self, kind: str, path: str, number: int | None) -> None:
        if number is None:
            return
        if self._known.setdefault((kind, path), number) != number:
            raise ValueError(f"{kind} {path} has two ids: {self._known[kind, path]} and {number}")

    def of(self, kind: str, path: str) -> int:
        if (kind, path) not in self._known:
            taken = {number for (other, _), number in self._known.items() if other == kind}
            while self._next[kind] in taken:
                self._next[kind] += 1
            self._known[kind, path] = self._next[kind]
        return self._known[kind, path]


class _SnapshotBuilder:
    """Turns a description into the model's objects."""

    def __init__(self, spec: InventorySpec) -> None:
        self.spec = spec
        self._ids = _Ids(spec)
        self.targets = spec.targets if spec.targets is not None else self._default_targets()
        self.groups = list(self._groups())
        self._group_ids = {group.path: group.id for group in self.groups}
        self.projects = [self._project(path, each) for path, each in spec.projects.items()]

    def _default_targets(self) -> tuple[str, ...]:
        if self.spec.whole_instance:
            return ("instance",)
        paths = [
            *self.spec.projects,
            *self.spec.listed,
            *(group.path for group in self.spec.groups),
        ]
        return tuple(dict.fromkeys(path.partition("/")[0] for path in paths))

    def header(self) -> Header:
        spec = self.spec
        return Header(
            tool_version=scopelint.__version__,
            instance=spec.instance,
            targets=self.targets,
            api=spec.api,
            gitlab_version=spec.version,
            started_at=spec.started_at,
            finished_at=spec.finished_at,
            enforcement=spec.enforcement,
            administrator=spec.administrator,
            whole_instance=spec.whole_instance,
            unavailable=spec.unavailable,
            named=spec.named,
            feature_flags=spec.feature_flags,
            filters=spec.filters or Filters(exclude=spec.excluded),
        )

    def _groups(self) -> Iterator[Group]:
        named = {group.path: group for group in self.spec.groups}
        paths = set(named)
        for path, project in self.spec.projects.items():
            while not project.personal and (path := path.rpartition("/")[0]):
                if self.spec.whole_instance or any(is_inside(path, top) for top in self.targets):
                    paths.add(path)
        for path in sorted(paths):
            group = named.get(path) or GroupSpec(path=path)
            parent = path.rpartition("/")[0]
            yield Group(
                id=self._ids.of("group", path),
                path=path,
                name=group.name or path.rpartition("/")[2],
                parent_id=self._ids.of("group", parent) if parent in paths else None,
                visibility=group.visibility,
                web_url=f"{self.spec.instance}/groups/{path}",
                deletion=group.deletion,
            )

    def _project(self, path: str, spec: ProjectSpec) -> Project:
        number = self._ids.of("project", path)
        why = spec.unreadable
        gap = Gap(Fact.SCOPE, why.reason, why.detail, "project", number, path) if why else None
        return Project(
            id=number,
            path=path,
            name=spec.name or path.rpartition("/")[2],
            web_url=f"{self.spec.instance}/{path}",
            visibility=spec.visibility,
            archived=spec.archived,
            jobs_enabled=spec.jobs_enabled,
            deletion=spec.deletion,
            last_activity_at=spec.last_activity_at,
            access_level=spec.access_level,
            group_id=self._group_ids.get(path.rpartition("/")[0]),
            personal=spec.personal,
            topics=spec.topics,
            frameworks=spec.frameworks,
            created_at=spec.created_at,
            access_levels=spec.access_levels,
            mirror=spec.mirror,
            mirror_trigger_builds=spec.mirror_trigger_builds,
            fork_pipelines=spec.fork_pipelines,
            scope=None if gap else self._scope(path, spec),
            gap=gap,
        )

    def _scope(self, path: str, spec: ProjectSpec) -> Scope:
        outbound = spec.outbound_entries
        own_id = self._ids.of("project", path)
        uses, own = split_uses(own_id, map(self._use, spec.uses or ()))
        return Scope(
            inbound_own=spec.inbound_own,
            inbound_effective=spec.inbound_effective,
            outbound=spec.outbound,
            push=spec.push,
            cross_project_push=spec.cross_project_push,
            entries=self._entries(path, spec.entries),
            outbound_entries=None if outbound is None else self._entries(path, outbound),
            uses=None if spec.uses is None else uses,
            own_token_last_used=own,
            missing=spec.missing,
        )

    def _entries(self, path: str, specs: Iterable[EntrySpec]) -> tuple[AllowlistEntry, ...]:
        found = tuple(map(self._entry, specs))
        if len({entry.key for entry in found}) < len(found):
            raise ValueError(f"{path} has two entries of one list for one target; GitLab has one")
        return found

    def _entry(self, spec: EntrySpec) -> AllowlistEntry:
        return AllowlistEntry(
            kind=spec.gone or spec.kind,
            target_id=None if spec.path is None else self._ids.of(spec.kind, spec.path),
            target_path=spec.path,
            default_permissions=spec.default_permissions and not spec.policies,
            policies=spec.policies,
            created_at=spec.created_at,
            added_by=spec.added_by,
            autopopulated=spec.autopopulated,
        )

    def _use(self, spec: UseSpec) -> TokenUse:
        return TokenUse(self._ids.of("project", spec.origin), spec.origin, spec.at)

    def limit_changes(self) -> Iterator[tuple[int, LimitChange]]:
        for path, spec in self.spec.projects.items():
            if spec.limit_change is not None:
                change = LimitChange(**spec.limit_change.model_dump())
                yield self._ids.of("project", path), change

    def listed(self) -> Iterator[Listed]:
        for wanted, paths in ((True, self.spec.listed), (False, self.spec.excluded)):
            for path in paths:
                yield Listed(Project(self._ids.of("project", path), path), wanted=wanted)

    def resolved(self) -> Iterator[Target]:
        for spec in self.spec.resolved:
            number = self._ids.of(spec.kind, spec.path or "")
            if not spec.visible:
                yield Target(spec.kind, number, None, visible=False)
                continue
            yield Target(
                spec.kind,
                number,
                spec.path,
                True,
                spec.visibility,
                spec.archived,
                spec.deletion,
                spec.personal,
                spec.projects,
                spec.fork_pipelines,
            )

    def cursors(self) -> Iterator[Cursor]:
        spec = self.spec
        paths = (*spec.projects, *spec.listed, *spec.excluded)
        for path, expected in spec.counted.items():
            seen = sum(spec.whole_instance or is_inside(each, path) for each in paths)
            yield Cursor(f"projects:{path}", done=True, seen=seen, expected=expected)

    def gaps(self) -> Iterator[Gap]:
        for spec in self.spec.gaps:
            if spec.path is None:
                yield Gap(spec.fact, spec.reason, spec.detail)
            else:
                number = self._ids.of(spec.kind, spec.path)
                yield Gap(spec.fact, spec.reason, spec.detail, spec.kind, number, spec.path)


def write(description: str | Mapping[str, Any], path: Path) -> None:
    """Write the described inventory as a snapshot file at `path`, which must not be there yet.

    `description` is YAML text or the mapping it stands for (`InventorySpec`). Raises pydantic's
    ValidationError where it is off, and ConfigError where it is not YAML.
    """
    data: object = description
    if isinstance(description, str):
        data = to_python(load(description, "<inventory>").root)
    builder = _SnapshotBuilder(InventorySpec.model_validate(data))
    with SnapshotWriter(path, builder.header()) as writer:
        writer.add_groups(builder.groups)
        writer.add_listed(builder.listed())
        writer.add_projects(builder.projects)
        for number, change in builder.limit_changes():
            writer.limit_changes.add(number, change)
        writer.add_targets(builder.resolved())
        writer.add_gaps(builder.gaps())
        for cursor in builder.cursors():
            writer.add_listed((), cursor)


@contextmanager
def inventory(description: str | Mapping[str, Any]) -> Iterator[Inventory]:
    """Give the described inventory, read back through a snapshot in a temporary folder.

    Takes what `write` takes, and raises what it raises.
    """
    with tempfile.TemporaryDirectory(prefix="scopelint-testing-") as folder:
        path = Path(folder) / "inventory.db"
        write(description, path)
        with Snapshot(path) as snapshot:
            yield Inventory(snapshot)
