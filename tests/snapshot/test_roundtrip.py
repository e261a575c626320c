"""The snapshot gives back what was written, and refuses what it did not write."""

import os
import sqlite3
import stat
import threading
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scopelint.errors import ScratchError, SnapshotError
from scopelint.filters import Filters
from scopelint.model import (
    AllowlistEntry,
    Fact,
    Gap,
    Group,
    Project,
    Reason,
    Scope,
    Target,
    TokenUse,
)
from scopelint.snapshot import (
    Cursor,
    Header,
    Listed,
    Snapshot,
    SnapshotWriter,
    open_snapshots,
)
from scopelint.snapshot.inventory import Inventory
from tests.examples import examples

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
HEADER = Header(
    tool_version="0.1.0",
    instance="https://gitlab.example.com/gitlab",
    targets=("acme", "partner/sdk"),
    api="graphql",
    gitlab_version="18.5.0-ee",
    started_at=NOW,
    filters=Filters(include=("acme/**",), archived="exclude", usage=True),
    finished_at=NOW,
    enforcement="on",
    administrator=True,
    requests=12,
    retries=3,
    shard=(1, 4),
    unavailable={Fact.LOG: "not read"},
)

_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_flag = st.none() | st.booleans()
_moments = st.datetimes(datetime(1000, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC))
_times = st.none() | _moments
_entries = st.builds(
    AllowlistEntry,
    kind=st.sampled_from(["group", "project"]),
    target_id=st.none() | st.integers(1, 50),
    target_path=st.none() | _text,
    default_permissions=_flag,
    policies=st.none()
    | st.lists(st.sampled_from(["READ_JOBS", "ADMIN_PACKAGES"]), unique=True).map(tuple),
    created_at=_times,
    added_by=st.none() | _text,
    autopopulated=_flag,
)
_lists = st.lists(_entries, max_size=4, unique_by=lambda entry: entry.key).map(tuple)
_scopes = st.builds(
    Scope,
    inbound_own=_flag,
    inbound_effective=_flag,
    outbound=_flag,
    push=_flag,
    cross_project_push=_flag,
    entries=_lists,
    outbound_entries=st.none() | _lists,
    uses=st.none()
    | st.lists(
        st.builds(
            TokenUse,
            origin_id=st.integers(31, 39),
            origin_path=_text,
            last_used_at=_moments,
        ),
        unique_by=lambda use: use.origin_id,
        max_size=3,
    ).map(lambda uses: tuple(sorted(uses, key=lambda use: use.origin_id))),
    missing=st.frozensets(st.sampled_from(list(Fact))),
    own_token_last_used=_times,
)


def _projects() -> st.SearchStrategy[list[Project]]:
    def project(number: int, scope: Scope | None, name: str, archived: bool | None) -> Project:
        path = f"acme/p{number}"
        if scope is not None and scope.uses is None:
            # Without a log there is no use of the own token either.
            scope = replace(scope, own_token_last_used=None)
        gap = Gap(Fact.SCOPE, Reason.FORBIDDEN, name, "project", number, path)
        return Project(
            id=number,
            path=path,
            name=name,
            archived=archived,
            visibility="private",
            deletion="none",
            last_activity_at=NOW,
            access_levels={"repository": "enabled"},
            scope=scope,
            gap=None if scope else gap,
        )

    one = st.builds(project, st.integers(1, 30), st.none() | _scopes, _text, _flag)
    return st.lists(one, unique_by=lambda p: p.id, max_size=5)


def _sorted(scope: Scope) -> Scope:
    """The order of entries is the snapshot's own; compare without it."""

    def order(entries: tuple[AllowlistEntry, ...]) -> tuple[AllowlistEntry, ...]:
        return tuple(sorted(entries, key=lambda e: (e.kind, e.key)))

    outbound = None if scope.outbound_entries is None else order(scope.outbound_entries)
    return replace(scope, entries=order(scope.entries), outbound_entries=outbound)


def _comparable(project: Project) -> tuple[Project, Scope | None]:
    bare = Project(
        project.id,
        project.path,
        project.name,
        archived=project.archived,
        last_activity_at=project.last_activity_at,
        access_levels=project.access_levels,
        gap=project.gap,
    )
    return bare, None if project.scope is None else _sorted(project.scope)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(60))
@given(projects=_projects())
def test_projects_come_back_as_they_were(tmp_path: Path, projects: list[Project]) -> None:
    """Every fact, null and list survives the file; projects come by id."""
    path = tmp_path / "s.db"
    path.unlink(missing_ok=True)
    with SnapshotWriter(path, HEADER) as writer:
        writer.add_projects(projects)
    with Snapshot(path) as snapshot:
        found = list(snapshot.projects())
    assert [p.id for p in found] == sorted(p.id for p in projects)
    expected = sorted(projects, key=lambda p: p.id)
    assert [_comparable(p) for p in found] == [_comparable(p) for p in expected]


def test_header_groups_targets_gaps_and_cursors_are_read_again(tmp_path: Path) -> None:
    """The frame of the collection and all that is not a project."""
    path = tmp_path / "s.db"
    group = Group(1, "acme", "Acme", None, "private", "https://x/acme", "none")
    target = Target("group", 9, "partner", True, "public", None, "none", False, 12)
    hidden = Target("project", 8, None, visible=False)
    gap = Gap(Fact.TARGET, Reason.NOT_VISIBLE, "x", "project", 8, None)
    with SnapshotWriter(path, HEADER) as writer:
        writer.add_groups([group], Cursor("groups:acme", "c1", done=False, seen=1, expected=2))
        writer.add_targets([target, hidden])
        writer.add_gaps([gap])
        assert writer.cursor("groups:acme") == Cursor("groups:acme", "c1", False, 1, 2)
        assert writer.cursor("projects:acme") == Cursor("projects:acme")
    with Snapshot(path) as snapshot:
        assert snapshot.header.with_changes(row_counts={}) == HEADER
        assert list(snapshot.groups()) == [group]
        assert set(snapshot.targets()) == {target, hidden}
        assert list(snapshot.gaps()) == [gap]
        assert [cursor.done for cursor in snapshot.cursors()] == [False]


def test_a_listed_project_is_read_once_however_often_it_is_shown(tmp_path: Path) -> None:
    """Two targets may hold the same project, and a page may show one again."""
    with SnapshotWriter(tmp_path / "s.db", HEADER) as writer:
        one, two = Listed(Project(1, "acme/a")), Listed(Project(2, "acme/b"), wanted=False)
        assert writer.add_listed([one, two]) == [1]
        assert writer.add_listed([one, Listed(Project(3, "acme/c"))]) == [3]
        writer.add_projects([Project(1, "acme/a", scope=Scope(True, True))])
        assert writer.add_listed([one]) == []
        assert writer.listed_ids() == [3]
        assert (writer.count("read"), writer.count("excluded")) == (1, 1)
        assert [x.project.path for x in writer.listed([3, 1])] == ["acme/c", "acme/a"]


def test_a_new_snapshot_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    """Mode 0600, whatever the umask, and never over a file that is there."""
    path = tmp_path / "s.db"
    old = os.umask(0)
    try:
        SnapshotWriter(path, HEADER).close()
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(SnapshotError, match="already exists"):
        SnapshotWriter(path, HEADER)


TAMPERED = {
    "a trigger": "CREATE TRIGGER t AFTER INSERT ON gaps BEGIN SELECT 1; END",
    "a view": "CREATE VIEW v AS SELECT * FROM projects",
    "a table": "CREATE TABLE more (x)",
    "a column": "ALTER TABLE projects ADD COLUMN more TEXT",
    "a missing table": "DROP TABLE gaps",
    "another version": "PRAGMA user_version = 99",
    "another program": "PRAGMA application_id = 7",
    "no header": "DELETE FROM meta WHERE key = 'instance'",
    "a broken header": "UPDATE meta SET value = '{' WHERE key = 'targets'",
    "a header of another type": "UPDATE meta SET value = '17' WHERE key = 'instance'",
}


@pytest.mark.parametrize("change", TAMPERED.values(), ids=TAMPERED.keys())
def test_a_changed_file_is_refused_before_use(tmp_path: Path, change: str) -> None:
    """Its tables must read exactly as ours, and its header must be whole."""
    path = tmp_path / "s.db"
    SnapshotWriter(path, HEADER).close()
    database = sqlite3.connect(path)
    database.execute(change)
    database.commit()
    database.close()
    with pytest.raises(SnapshotError):
        Snapshot(path)


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO gaps VALUES (1, 'scope', 'because', '', 'project', 1, 'x')",
        "UPDATE projects SET last_activity_at = 'yesterday'",
        "UPDATE projects SET missing = 'nonsense'",
        "UPDATE projects SET access_levels = '['",
        "INSERT INTO uses VALUES (1, 2, 'x', 'never')",
    ],
)
def test_a_damaged_value_is_an_error_with_words(tmp_path: Path, change: str) -> None:
    """A value that scopelint never writes ends the run as a fault of the file, no traceback."""
    path = tmp_path / "s.db"
    scope = Scope(True, True, uses=())
    with SnapshotWriter(path, HEADER) as writer:
        writer.add_projects([Project(1, "acme/a", scope=scope)])
    database = sqlite3.connect(path)
    database.execute(change)
    database.commit()
    database.close()
    with pytest.raises(SnapshotError, match=r"never writes|it says"), Snapshot(path) as snapshot:
        [*snapshot.projects(), *snapshot.gaps()]


def test_what_is_no_snapshot_is_refused(tmp_path: Path) -> None:
    """Text, a folder, nothing at all, another database: each with words."""
    text = tmp_path / "text"
    text.write_text("hello" * 1000)
    empty = tmp_path / "empty"
    empty.touch()
    for path, words in (
        (text, "not a scopelint snapshot"),
        (empty, "not a scopelint snapshot"),
        (tmp_path, "is a folder"),
        (tmp_path / "none", "is not there"),
    ):
        with pytest.raises(SnapshotError, match=words):
            Snapshot(path)


def test_reading_changes_nothing(tmp_path: Path) -> None:
    """The file is opened read-only: the same bytes afterwards, and a read-only folder will do."""
    path = tmp_path / "s.db"
    with SnapshotWriter(path, HEADER) as writer:
        writer.add_projects([Project(1, "acme/a", scope=Scope(True, True))])
    before = path.read_bytes()
    with Snapshot(path) as snapshot:
        list(snapshot.projects())
        assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == before


def test_a_full_disk_while_sorting_is_not_reported_as_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite sorts in temporary files: a full disk is reported as one (exit 4), not as damage."""
    full = sqlite3.connect(":memory:")
    full.execute("PRAGMA max_page_count = 1")
    SnapshotWriter(tmp_path / "s.db", HEADER).close()
    no_room = threading.Event()

    class Disk(sqlite3.Connection):
        def execute(self, *given: Any) -> sqlite3.Cursor:
            if no_room.is_set():
                return full.execute("CREATE TABLE more (x)")
            return super().execute(*given)

    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Disk))
    snapshot = Snapshot(tmp_path / "s.db")
    no_room.set()
    for read in (lambda: list(snapshot.groups()), snapshot.count_entries):
        with pytest.raises(ScratchError, match="full") as caught:
            read()
        assert caught.value.exit_code == 4
        assert "TMPDIR" in caught.value.hint
    snapshot.close()
    full.close()


@pytest.mark.parametrize("change", ["PRAGMA user_version = 99", "UPDATE meta SET value = '{'"])
def test_a_refused_file_is_closed(
    tmp_path: Path, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.db"
    SnapshotWriter(path, HEADER).close()
    database = sqlite3.connect(path)
    database.execute(change)
    database.commit()
    database.close()
    opened: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def noted(*given: Any, **options: Any) -> sqlite3.Connection:
        opened.append(connect(*given, **options))
        return opened[-1]

    monkeypatch.setattr(sqlite3, "connect", noted)
    with pytest.raises(SnapshotError):
        Snapshot(path)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        opened[0].execute("SELECT 1")


def test_a_project_that_moved_between_two_shards_counts_where_it_was_read(tmp_path: Path) -> None:
    """Its path is that of its scope, in the tree as among the projects."""
    scope = Scope(True, True)
    paths = [tmp_path / "1.db", tmp_path / "2.db"]
    for index, path in enumerate(paths, 1):
        header = HEADER.with_changes(shard=(index, 2))
        with SnapshotWriter(path, header) as writer:
            mine = index == 1
            here = "acme/b/moved" if mine else "acme/a/moved"
            writer.add_listed([Listed(Project(1, here), elsewhere=not mine)])
            if mine:
                writer.add_projects([Project(1, here, scope=scope)])
    for order in (paths, paths[::-1]):
        with open_snapshots(order) as merged:
            assert [project.path for project in merged.projects()] == ["acme/b/moved"]
            assert list(merged.project_paths()) == [(1, "acme/b/moved")]
            assert list(merged.project_states()) == [(1, "acme/b/moved", "read")]
            assert Inventory(merged).tree.projects_below("acme/a") == 0
