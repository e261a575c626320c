"""Reading a snapshot: opened read-only, checked before use, streamed in order of project id."""

import sqlite3
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from datetime import datetime
from functools import wraps
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, ParamSpec, Self, TypeVar

from scopelint.errors import ScratchError, SnapshotError
from scopelint.model import (
    Enforcement,
    EntryKind,
    Flags,
    Gap,
    Group,
    Project,
    Scope,
    Target,
    split_uses,
)
from scopelint.project_pattern import ProjectKind
from scopelint.snapshot import row_checks
from scopelint.snapshot import sqlite_kinds as kind_rows
from scopelint.snapshot import sqlite_rows as rows
from scopelint.snapshot import sqlite_tables as tables
from scopelint.snapshot.file_checks import (
    NOT_OURS,
    check_not_broken_off,
    check_readable,
    check_size,
    identity,
)
from scopelint.snapshot.header import Cursor, Header
from scopelint.snapshot.sqlite_limits import COLUMNS, to_limit_change

_DISK_FULL = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_IOERR_WRITE,
        sqlite3.SQLITE_IOERR_GETTEMPPATH,
    }
)
"""SQLite's codes where it cannot write the temporary files that it sorts with."""
_P = ParamSpec("_P")
_T = TypeVar("_T")


def _check_scratch(error: Exception) -> None:
    """Raise ScratchError for an error of the temporary files, not of the snapshot."""
    if getattr(error, "sqlite_errorcode", None) in _DISK_FULL:
        raise ScratchError(str(error), tempfile.gettempdir()) from error


def _checked(read: Callable[_P, Iterator[_T]]) -> Callable[_P, Iterator[_T]]:
    """Make a method that reads rows raise SnapshotError for a damaged value."""

    @wraps(read)
    def checked(*args: _P.args, **kwargs: _P.kwargs) -> Iterator[_T]:
        try:
            yield from read(*args, **kwargs)
        except (
            ValueError,
            TypeError,
            AttributeError,
            LookupError,
            OverflowError,
            RecursionError,
            sqlite3.Error,
        ) as error:
            _check_scratch(error)
            raise SnapshotError(
                f"the snapshot holds a value that scopelint never writes: {error}",
                hint="The file was damaged or changed; collect again.",
            ) from None

    return checked


Completion = Callable[[Flags, Enforcement], Flags]
"""Completes a project's observed inbound flags by what its own collection found of enforcement."""


def as_observed(flags: Flags, enforcement: Enforcement) -> Flags:  # noqa: ARG001
    """Return the flags unchanged."""
    return flags


class Snapshot:
    """One snapshot file, open for reading. Use as a context manager.

    The file is untrusted: it is opened read-only with SQLite's untrusted-schema mode, and the text
    of its tables must equal ours before anything in them is used. Raises SnapshotError.
    """

    def __init__(self, path: Path, *, checked: bool = False) -> None:
        """Open the file; `checked`: this process wrote its rows, or its parent looked at them."""
        self.path = path
        check_readable(path)
        check_not_broken_off(path)
        check_size(path)
        self._identity = identity(path)
        with ExitStack() as stack:
            try:
                self._db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
                stack.callback(self._db.close)
                self._db.execute("PRAGMA trusted_schema = OFF")
                self._db.execute("PRAGMA query_only = ON")
                number = row_checks.check_tables(self._db, path)
                self._tables = tables.expected(number)
                if not checked:
                    row_checks.check_rows(self._db, path, self._tables)
                meta = dict(self._db.execute("SELECT key, value FROM meta"))
            except (sqlite3.Error, UnicodeDecodeError) as error:
                # SQLite's own messages may repeat damaged text, which Python cannot decode.
                raise SnapshotError(
                    f"{path} {NOT_OURS}: {error}",
                    hint="Make one with: scopelint collect TARGET -o FILE",
                ) from None
            self.header = Header.from_rows(meta)
            if not checked and number >= tables.COUNTED:
                row_checks.check_row_counts(self._db, path, self.header, number)
            stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def reopened(self) -> "Snapshot":
        """Open the same file again, for another process: SQLite's connections must not be inherited.

        Raises SnapshotError where another file is there now. Source: sqlite.org/howtocorrupt.html,
        section 2.6.
        """
        again = Snapshot(self.path, checked=True)
        if again._identity != self._identity:
            again.close()
            raise SnapshotError(
                f"{self.path} was replaced or changed while it was read", hint="Check it again."
            )
        return again

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @_checked
    def groups(self) -> Iterator[Group]:
        """Yield the groups that were read."""
        found = self._db.execute(f"SELECT {rows.GROUP_COLUMNS} FROM groups ORDER BY id")  # noqa: S608
        return map(rows.to_group, found)

    @_checked
    def gaps(self) -> Iterator[Gap]:
        """Yield the gaps, in a stable order."""
        order = "fact, subject_path, subject_id, reason, detail"
        found = self._db.execute(f"SELECT {rows.GAP_COLUMNS} FROM gaps ORDER BY {order}")  # noqa: S608
        return map(rows.to_gap, found)

    @_checked
    def targets(self) -> Iterator[Target]:
        """Yield the resolved targets of entries outside the read tree."""
        found = self._db.execute(f"SELECT {rows.TARGET_COLUMNS} FROM targets ORDER BY kind, id")  # noqa: S608
        return map(rows.to_target, found)

    @_checked
    def targets_inside(self, also: Collection[int] = ()) -> Iterator[Target]:
        """Yield the projects of the read tree that some entry points to, as targets.

        `also` are the ids of projects of which the same is asked; others are passed over.
        """
        columns = "'project', id, path, 1, visibility, archived, deletion, personal, NULL"
        query = f"SELECT {columns}, fork_pipelines FROM projects WHERE visibility IS NOT NULL"  # noqa: S608
        pointed_to = f"{query} AND id IN (SELECT target_id FROM entries WHERE kind = 'project')"  # noqa: S608
        yield from map(rows.to_target, self._db.execute(pointed_to))
        for number in also:
            yield from map(rows.to_target, self._db.execute(f"{query} AND id = ?", (number,)))

    @_checked
    def listed_targets(self) -> Iterator[tuple[EntryKind, int, str | None]]:
        """Yield kind, id and path of every target of an inbound entry, each once."""
        yield from self._each(
            """SELECT kind, target_id, max(target_path) FROM entries
               WHERE direction = 'inbound' AND target_id IS NOT NULL
               GROUP BY kind, target_id ORDER BY kind, target_id"""
        )

    @_checked
    def cursors(self) -> Iterator[Cursor]:
        """Yield how far each enumeration got."""
        found = self._db.execute(
            "SELECT name, cursor, done, seen, expected FROM walks ORDER BY name"
        )
        for name, cursor, done, seen, expected in found:
            yield Cursor(name, cursor, rows.flag(done) is True, seen, expected)

    @_checked
    def project_paths(self) -> Iterator[tuple[int, str]]:
        """Yield id and path of every enumerated project by id, excluded ones too."""
        yield from self._each("SELECT id, path FROM projects ORDER BY id")

    @_checked
    def kinds(self) -> Iterator[tuple[int, str, ProjectKind]]:
        """Yield id, path and kind of every enumerated project by id."""
        query = kind_rows.query(known="project_kinds" in self._tables)
        for number, path, visibility, *kind in self._db.execute(query):
            yield number, path, kind_rows.to_kind(visibility, kind)

    @_checked
    def project_states(self) -> Iterator[tuple[int, str, str]]:
        """Yield id, path and state of every enumerated project by id."""
        yield from self._each("SELECT id, path, state FROM projects ORDER BY id")

    def _each(self, query: str) -> Iterator[Any]:
        # A cursor itself cannot be left behind once the file is closed.
        return map(tuple, self._db.execute(query))

    def count(self, *states: str) -> int:
        """Count the projects in these states."""
        wanted = ", ".join("?" * len(states))
        query = f"SELECT count(*) FROM projects WHERE state IN ({wanted})"  # noqa: S608
        return self._number(query, *states)

    def count_entries(self) -> int:
        """Count the inbound entries."""
        query = "SELECT count(*) FROM entries WHERE direction = 'inbound'"
        return self._number(query)

    def _number(self, query: str, *values: str) -> int:
        try:
            return int(self._db.execute(query, values).fetchone()[0])
        except (sqlite3.Error, UnicodeDecodeError) as error:
            _check_scratch(error)
            raise SnapshotError(f"{self.path} is damaged: {error}", hint="Collect again.") from None

    @_checked
    def oldest_use(self) -> Iterator[datetime]:
        """Yield the earliest of all last uses by other projects in the log, or nothing if it holds none."""
        # With min(), SQLite takes the other columns from the row that has it.
        query = "SELECT last_used_at, min(julianday(last_used_at)) FROM uses"
        # A project's uses of its own token say nothing of what its log shows of others.
        query += " WHERE origin_id <> project_id"
        last_used_at, _ = self._db.execute(query).fetchone()
        if last_used_at is not None:
            yield datetime.fromisoformat(last_used_at)

    @_checked
    def inbound_flags(self) -> Iterator[tuple[Flags, Enforcement, int]]:
        """Yield the inbound flags that read projects have, and how many have them."""
        found = self._db.execute(
            "SELECT inbound_own, inbound_effective, count(*) FROM projects WHERE state = 'read'"
            " GROUP BY inbound_own, inbound_effective"
        )
        for own, effective, number in found:
            yield (rows.flag(own), rows.flag(effective)), self.header.enforcement, number

    @_checked
    def projects(
        self,
        only: Collection[int] | None = None,
        flags: Completion = as_observed,
    ) -> Iterator[Project]:
        """Yield read and unreadable projects by id.

        `only` limits them to these ids: at most 500, or a range of any size. Scopes are as they
        were observed, but for the two inbound flags: `flags` gets the observed ones and returns
        those to use.
        """
        among, wanted = _among(only)
        gaps = {
            gap.subject_id: gap
            for gap in self.gaps()
            if gap.fact == "scope" and gap.subject_kind == "project"
        }
        entries = _Grouped(
            self._db.execute(
                "SELECT project_id, direction, kind, target_id, target_path, default_permissions,"  # noqa: S608
                " policies, created_at, added_by, autopopulated FROM entries"
                f" WHERE project_id {among} ORDER BY project_id, direction, kind, position",
                wanted,
            )
        )
        uses = _Grouped(
            self._db.execute(
                "SELECT project_id, origin_id, origin_path, last_used_at FROM uses"  # noqa: S608
                f" WHERE project_id {among} ORDER BY project_id, origin_id",
                wanted,
            )
        )
        changes = _Grouped(
            self._db.execute(
                f"SELECT {COLUMNS} FROM limit_changes"  # noqa: S608
                f" WHERE project_id {among} ORDER BY project_id",
                wanted,
            )
            if "limit_changes" in self._tables
            else iter(())
        )
        kinds = _Grouped(
            self._db.execute(
                f"SELECT {kind_rows.KIND_COLUMNS} FROM project_kinds"  # noqa: S608
                f" WHERE project_id {among} ORDER BY project_id",
                wanted,
            )
            if "project_kinds" in self._tables
            else iter(())
        )
        found = self._db.execute(
            f"SELECT {rows.PROJECT_COLUMNS} FROM projects"  # noqa: S608
            f" WHERE state IN ('read', 'unreadable') AND id {among} ORDER BY id",
            wanted,
        )
        for row in found:
            number, scope = row[0], None
            if row[2] == "read":
                inbound = flags((rows.flag(row[14]), rows.flag(row[15])), self.header.enforcement)
                scope = _scope(row, inbound, entries.of(number), uses.of(number))
            change = next(map(to_limit_change, changes.of(number)), None)
            kind = next(iter(kinds.of(number)), kind_rows.NOT_READ)
            yield rows.to_project(row, scope, gaps.get(number), change, kind)


def _among(only: Collection[int] | None) -> tuple[str, tuple[int, ...]]:
    """Return a condition on a column of ids, and its values."""
    if only is None:
        return "NOT NULL", ()
    if isinstance(only, range):
        return "BETWEEN ? AND ?", (only.start, only.stop - 1)
    return f"IN ({', '.join('?' * len(only))})", tuple(only)


class _Grouped:
    """Rows ordered by project id, given out project by project in the order of another cursor."""

    def __init__(self, cursor: Iterator[rows.Row]) -> None:
        self._groups = groupby(cursor, key=itemgetter(0))
        self._next = next(self._groups, None)

    def of(self, project_id: int) -> list[rows.Row]:
        while self._next is not None and self._next[0] < project_id:
            self._next = next(self._groups, None)
        if self._next is None or self._next[0] != project_id:
            return []
        return list(self._next[1])


def _scope(row: rows.Row, inbound: Flags, entries: list[rows.Row], uses: list[rows.Row]) -> Scope:
    outbound, push, cross, outbound_known, uses_known, missing = row[16:22]
    allowed = [rows.to_entry(entry) for entry in entries if entry[1] == "inbound"]
    others, own = split_uses(row[0], (rows.to_use(use[1:]) for use in uses))
    leftover = [rows.to_entry(entry) for entry in entries if entry[1] == "outbound"]
    return Scope(
        inbound_own=inbound[0],
        inbound_effective=inbound[1],
        outbound=rows.flag(outbound),
        push=rows.flag(push),
        cross_project_push=rows.flag(cross),
        entries=tuple(allowed),
        outbound_entries=tuple(leftover) if rows.flag(outbound_known) else None,
        uses=others if rows.flag(uses_known) else None,
        own_token_last_used=own if uses_known else None,
        missing=rows.facts(missing),
    )
