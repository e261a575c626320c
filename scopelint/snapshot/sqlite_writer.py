"""Writes a snapshot while collecting: in transactions, so that a killed run can be resumed."""

import json
import shlex
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from scopelint.errors import OutputError, SnapshotError
from scopelint.model import EntryKind, Fact, Gap, Group, Project, Reason, Target
from scopelint.snapshot import sqlite_rows as rows
from scopelint.snapshot import sqlite_tables as tables
from scopelint.snapshot.file_checks import check_readable, make_private
from scopelint.snapshot.header import Cursor, Header
from scopelint.snapshot.sqlite_limits import LimitChangeTable
from scopelint.snapshot.sqlite_reader import Snapshot


@dataclass(frozen=True, slots=True)
class Listed:
    """A project as the enumeration shows it, before its scope is read."""

    project: Project
    push: bool | None = None
    """The push setting where the enumeration shows it (REST), else None."""
    wanted: bool = True
    """Whether the filters keep it; one that they exclude is only counted."""
    elsewhere: bool = False
    """Whether another shard reads it."""

    @property
    def state(self) -> Literal["listed", "excluded", "elsewhere", "unreadable"]:
        """The state that the snapshot gives it until it is read; a gap says why it never is."""
        if not self.wanted:
            return "excluded"
        if self.elsewhere:
            return "elsewhere"
        return "listed" if self.project.gap is None else "unreadable"


def _roll_back(path: Path) -> None:
    """Undo what a killed writer left half done; only a connection that writes can."""
    check_readable(path)
    recovery = sqlite3.connect(path)
    try:
        recovery.execute("PRAGMA user_version").close()
    except sqlite3.Error:
        return  # reading it, which comes next, says what it is
    finally:
        recovery.close()


def _open(path: Path) -> sqlite3.Connection:
    """Open for writing, for this process alone, without waiting for the disk after each page.

    What a killed process had committed is kept by the operating system; an unfinished snapshot is
    lost only if the machine itself goes down. The last transaction waits for the disk.
    """
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA synchronous = OFF")
    database.execute("PRAGMA locking_mode = EXCLUSIVE")
    return database


class SnapshotWriter:
    """One snapshot being written. Use as a context manager; every method is a transaction.

    Raises OutputError where the disk refuses, SnapshotError where the file is no snapshot.
    """

    def __init__(self, path: Path, header: Header, *, over_empty: bool = False) -> None:
        """Create a snapshot at `path`, mode 0600; raise SnapshotError where the file exists.

        `over_empty` replaces an empty file, which a run that was killed at its start leaves.
        """
        self.path = path
        self.header = header
        if over_empty and path.exists() and not path.stat().st_size:
            path.unlink()
        make_private(path)
        self._db = _open(path)
        with self._transaction():
            for statement in tables.statements():
                self._db.execute(statement)
            self._save_header(header)

    @classmethod
    def resume(cls, path: Path) -> "SnapshotWriter":
        """Open a snapshot that a collection left unfinished, to continue it.

        Raises SnapshotError as reading it would, and for a finished one: the file is checked before
        it is written to.
        """
        _roll_back(path)
        with Snapshot(path) as snapshot:
            header = snapshot.header
        if header.finished_at is not None:
            raise SnapshotError(
                f"{path} is a finished collection ({header.identity().describe()}): there is"
                " nothing to resume, and it is no new scan",
                hint=f"Judge it with: scopelint check {shlex.quote(str(path))}\nor name another file to scan anew.",
            )
        writer = cls.__new__(cls)
        writer.path, writer.header = path, header
        writer._db = _open(path)
        with writer._transaction():
            for statement in tables.upgrade():
                writer._db.execute(statement)
            # To be tried again, and noted again if it stays so.
            again = (Fact.ENUMERATION.value, Fact.ENFORCEMENT.value, Fact.AUDIT_EVENTS.value)
            writer._db.execute("DELETE FROM gaps WHERE fact IN (?, ?, ?)", again)
        return writer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, with the counts of its rows where it is finished."""
        if self.header.finished_at and self.header.row_counts != tables.row_counts(self._db):
            self.save_header(self.header)
        self._db.close()

    @property
    def limit_changes(self) -> LimitChangeTable:
        """What audit events tell about the limits of open projects."""
        return LimitChangeTable(self._db, self._transaction)

    def save_header(self, header: Header) -> None:
        """Replace the header: at the start, and at the very end with the times and the counts."""
        if header.finished_at is not None:
            self._db.execute("PRAGMA synchronous = FULL")
            header = header.with_changes(row_counts=tables.row_counts(self._db))
        self.header = header
        with self._transaction():
            self._save_header(header)

    def add_groups(self, groups: Iterable[Group], cursor: Cursor | None = None) -> None:
        """Store a page of groups, and how far their enumeration is."""
        with self._transaction():
            self._insert("groups", rows.GROUP_COLUMNS, map(rows.group_row, groups))
            self._save_cursor(cursor)

    def add_listed(self, listed: Iterable[Listed], cursor: Cursor | None = None) -> list[int]:
        """Store a page of the enumeration; return the ids whose details are to be read.

        A project that is stored already stays as it is and is not returned: two targets may hold
        the same project, and a later page may show one again that moved meanwhile.
        """
        page = list({one.project.id: one for one in listed}.values())
        columns = rows.PROJECT_COLUMNS
        with self._transaction():
            known = self._known([one.project.id for one in page])
            page = [one for one in page if one.project.id not in known]
            self._db.executemany(
                f"INSERT INTO projects ({columns}) VALUES ({rows.marks(columns)})",  # noqa: S608
                (rows.listed_row(one.project, one.push, one.state) for one in page),
            )
            kinds = rows.kind_rows(one.project for one in page)
            self._insert("project_kinds", rows.KIND_COLUMNS, kinds)
            gaps = (one.project.gap for one in page if one.state == "unreadable")
            self._insert("gaps", rows.GAP_COLUMNS, (rows.gap_row(gap) for gap in gaps if gap))
            self._save_cursor(cursor)
        return [one.project.id for one in page if one.state == "listed"]

    def _known(self, ids: Sequence[int]) -> set[int]:
        marks = ", ".join("?" * len(ids))
        found = self._db.execute(f"SELECT id FROM projects WHERE id IN ({marks})", ids)  # noqa: S608
        return {row[0] for row in found}

    def listed(self, ids: Sequence[int]) -> list[Listed]:
        """Return what the enumeration showed of these projects, in the order of `ids`."""
        found: dict[int, Listed] = {}
        for row in self._db.execute(
            f"SELECT {rows.PROJECT_COLUMNS} FROM projects"  # noqa: S608
            f" WHERE id IN ({', '.join('?' * len(ids))})",
            list(ids),
        ):
            found[row[0]] = Listed(rows.to_project(row, None, None), rows.flag(row[17]))
        return [found[project_id] for project_id in ids]

    def add_projects(self, projects: Iterable[Project], gaps: Iterable[Gap] = ()) -> None:
        """Store projects that were read, or could not be, with their gaps.

        `gaps` are those of single facts; a project itself holds the gap of its whole scope.
        """
        done = list(projects)
        with self._transaction():
            for table in ("entries", "uses"):
                ids = [project.id for project in done]
                marks = ", ".join("?" * len(ids))
                self._db.execute(f"DELETE FROM {table} WHERE project_id IN ({marks})", ids)  # noqa: S608
            self._insert("projects", rows.PROJECT_COLUMNS, map(rows.project_row, done))
            self._insert("project_kinds", rows.KIND_COLUMNS, rows.kind_rows(done))
            entries = (row for project in done for row in rows.entry_rows(project))
            self._insert("entries", rows.ENTRY_COLUMNS, entries)
            uses = (row for project in done for row in rows.use_rows(project))
            self._insert("uses", "project_id, origin_id, origin_path, last_used_at", uses)
            found = [*(project.gap for project in done if project.gap), *gaps]
            self._insert("gaps", rows.GAP_COLUMNS, map(rows.gap_row, found))

    def lacking_mirror(self) -> list[int]:
        """Return the read projects that may take pushes and whose mirror was not read."""
        return self._ids("state = 'read' AND mirror IS NULL AND push IS NOT 0")

    def lacking_fork_pipelines(self) -> list[int]:
        """Return the read projects of which it is not known whether forks' pipelines run in them."""
        return self._ids("state = 'read' AND fork_pipelines IS NULL")

    def _ids(self, condition: str) -> list[int]:
        found = self._db.execute(f"SELECT id FROM projects WHERE {condition} ORDER BY id")  # noqa: S608 - fixed texts
        return [row[0] for row in found]

    def project_targets(self) -> list[int]:
        """Return the visible projects outside the tree of which it is not known either."""
        found = self._db.execute(
            "SELECT id FROM targets WHERE kind = 'project' AND visible AND fork_pipelines IS NULL"
            " AND id NOT IN (SELECT id FROM projects) ORDER BY id"
        )
        return [row[0] for row in found]

    def add_attributes(self, projects: Iterable[Project]) -> None:
        """Store a project's mirror and forks' pipelines, for a project read and for a target."""
        rows_of = [
            (each.mirror, each.mirror_trigger_builds, each.fork_pipelines, each.id)
            for each in projects
        ]
        with self._transaction():
            self._db.executemany(
                "UPDATE projects SET mirror = ?, mirror_trigger_builds = ?, fork_pipelines = ?"
                " WHERE id = ? AND state = 'read'",
                rows_of,
            )
            self._db.executemany(
                "UPDATE targets SET fork_pipelines = ? WHERE kind = 'project' AND id = ?",
                [row[2:] for row in rows_of],
            )

    def without_access_levels(self) -> dict[str, list[int]]:
        """Return, by visibility, the ids of read public and internal projects lacking levels."""
        found: dict[str, list[int]] = {}
        for project_id, visibility in self._db.execute(
            "SELECT id, visibility FROM projects WHERE state = 'read' AND access_levels IS NULL"
            " AND visibility IN ('public', 'internal') ORDER BY id"
        ):
            found.setdefault(visibility, []).append(project_id)
        return found

    def lacking_access_levels(self, ids: Iterable[int]) -> list[int]:
        """Return those of these projects that were read without levels, private ones too."""
        lacking = set(self._ids("state = 'read' AND access_levels IS NULL"))
        return [project_id for project_id in ids if project_id in lacking]

    def add_access_levels(self, levels: Iterable[tuple[int, Mapping[str, str]]]) -> None:
        """Store who may use the features of projects; ignore projects that were not read."""
        with self._transaction():
            self._db.executemany(
                "UPDATE projects SET access_levels = ? WHERE id = ? AND state = 'read'",
                ((json.dumps(dict(found)), project_id) for project_id, found in levels),
            )

    def miss_access_levels(self, ids: Sequence[int], reason: Reason, detail: str) -> None:
        """Note that the access levels of these projects' features could not be read."""
        fact = Fact.ACCESS_LEVELS
        with self._transaction():
            for project_id in ids:
                path, missing = self._db.execute(
                    "SELECT path, missing FROM projects WHERE id = ?", (project_id,)
                ).fetchone()
                facts = sorted({*filter(None, missing.split(",")), fact.value})
                self._db.execute(
                    "UPDATE projects SET missing = ? WHERE id = ?", (",".join(facts), project_id)
                )
                gap = Gap(fact, reason, detail, "project", project_id, path)
                self._insert("gaps", rows.GAP_COLUMNS, [rows.gap_row(gap)])

    def add_targets(self, targets: Iterable[Target], gaps: Iterable[Gap] = ()) -> None:
        """Store what entries point to, and the gaps of those that are not visible."""
        with self._transaction():
            self._insert("targets", rows.TARGET_COLUMNS, map(rows.target_row, targets))
            self._insert("gaps", rows.GAP_COLUMNS, map(rows.gap_row, gaps))

    def add_gaps(self, gaps: Iterable[Gap]) -> None:
        """Store gaps."""
        with self._transaction():
            self._insert("gaps", rows.GAP_COLUMNS, map(rows.gap_row, gaps))

    def cursor(self, name: str) -> Cursor:
        """Return how far the enumeration of this name is; a new cursor if it has not begun."""
        row = self._db.execute(
            "SELECT cursor, done, seen, expected FROM walks WHERE name = ?", (name,)
        ).fetchone()
        if row is None:
            return Cursor(name)
        return Cursor(name, row[0], rows.flag(row[1]) is True, row[2], row[3])

    def listed_ids(self) -> list[int]:
        """Return the ids of wanted projects whose details are still to be read, newest first."""
        found = self._db.execute("SELECT id FROM projects WHERE state = 'listed' ORDER BY id DESC")
        return [row[0] for row in found]

    def own_flag_false(self, limit: int) -> list[Listed]:
        """Return up to `limit` read projects whose own inbound flag was off, by id."""
        found = self._db.execute(
            "SELECT id FROM projects WHERE state = 'read' AND inbound_own = 0 ORDER BY id LIMIT ?",
            (limit,),
        )
        return self.listed([row[0] for row in found])

    def unresolved_targets(self, *, count_groups: bool) -> list[tuple[EntryKind, int, str | None]]:
        """Return kind, id and path of every inbound entry's target whose own facts are not known.

        `count_groups` includes the groups of the read tree: where the tree is only a part of what
        GitLab has, GitLab's own count of their projects is needed.
        """
        query = """SELECT kind, target_id, max(target_path) FROM entries
                   WHERE direction = 'inbound' AND target_id IS NOT NULL
                     AND (? OR kind <> 'group' OR target_id NOT IN (SELECT id FROM groups))
                     AND NOT (kind = 'project' AND target_id IN
                              (SELECT id FROM projects WHERE visibility IS NOT NULL))
                     AND (kind, target_id) NOT IN (SELECT kind, id FROM targets)
                   GROUP BY kind, target_id ORDER BY kind, target_id"""
        return list(self._db.execute(query, (count_groups,)))

    def unresolved_origins(self) -> list[tuple[EntryKind, int, str]]:
        """Return kind, id and path of every origin of a use that is neither listed nor resolved."""
        query = """SELECT 'project', origin_id, max(origin_path) FROM uses
                   WHERE origin_id NOT IN (SELECT id FROM projects) AND origin_id NOT IN
                     (SELECT id FROM targets WHERE kind = 'project') GROUP BY 2 ORDER BY 2"""
        return list(self._db.execute(query))

    def numbers(self, kind: EntryKind, paths: Collection[str]) -> dict[str, int]:
        """Return the numbers of those groups or projects of the read tree that have these paths.

        `paths` are in lower case; the tree's are compared in lower case too.
        """
        found = self._db.execute(f"SELECT id, path FROM {kind}s")  # noqa: S608 - a fixed text
        return {path.lower(): number for number, path in found if path.lower() in paths}

    def is_known(self, kind: EntryKind, number: int) -> bool:
        """Tell whether a group or project is in the read tree, or was resolved as a target."""
        table = "groups" if kind == "group" else "projects"
        query = f"""SELECT EXISTS (SELECT 1 FROM {table} WHERE id = ?)
                        OR EXISTS (SELECT 1 FROM targets WHERE kind = ? AND id = ?)"""  # noqa: S608
        return bool(self._db.execute(query, (number, kind, number)).fetchone()[0])

    def count(self, state: str) -> int:
        """Count the projects in a state."""
        query = "SELECT count(*) FROM projects WHERE state = ?"
        return int(self._db.execute(query, (state,)).fetchone()[0])

    def _save_header(self, header: Header) -> None:
        query = "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)"
        self._db.executemany(query, header.rows())

    def _save_cursor(self, cursor: Cursor | None) -> None:
        if cursor is not None:
            self._db.execute(
                "INSERT OR REPLACE INTO walks (name, cursor, done, seen, expected)"
                " VALUES (?, ?, ?, ?, ?)",
                (cursor.name, cursor.cursor, cursor.done, cursor.seen, cursor.expected),
            )

    def _insert(self, table: str, columns: str, values: Iterable[rows.Row]) -> None:
        self._db.executemany(
            f"INSERT OR REPLACE INTO {table} ({columns}) VALUES ({rows.marks(columns)})",  # noqa: S608 - fixed names
            values,
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            # What GitLab said was checked when it was read: it is never what the file refuses.
            raise OutputError(
                f"{self.path} cannot be written: {error}",
                hint="Is the disk full, or the file open in another program?",
            ) from None
