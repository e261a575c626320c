"""The tables of a snapshot file: one SQLite database a collection.

A snapshot holds what was observed and what could not be read. It also holds the state of an
unfinished collection (`walks`, and `projects.state`), so resuming needs no second file.
"""

import sqlite3
from typing import Final

FORMAT: Final = 4
"""Version of these tables, in SQLite's `user_version`."""
OLDEST: Final = 2
"""The oldest version that is read; another one is refused."""
ADDED: Final = {"limit_changes": 3, "project_kinds": 4}
"""Tables that a version brought; an older file has none, and what they hold is not known there."""
COUNTED: Final = 3
"""Since this version the header of a finished file says how many rows each table has."""

APPLICATION_ID: Final = 0x5C09E117
"""SQLite's `application_id`: tells a snapshot from any other database."""

TABLES: Final = {
    # One JSON value a key; the keys are those of `scopelint.snapshot.header.Header`.
    "meta": "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "groups": """CREATE TABLE groups (
  id INTEGER PRIMARY KEY, path TEXT NOT NULL, name TEXT NOT NULL, parent_id INTEGER,
  visibility TEXT, web_url TEXT, deletion TEXT
) STRICT""",
    # state: listed (seen while enumerating, not yet read), excluded (filtered out, counted only),
    # elsewhere (another shard reads it), read, unreadable (a gap says why). NULL in a fact's column: not known.
    "projects": """CREATE TABLE projects (
  id INTEGER PRIMARY KEY, path TEXT NOT NULL, state TEXT NOT NULL,
  name TEXT NOT NULL DEFAULT '', web_url TEXT, visibility TEXT, archived INTEGER,
  jobs_enabled INTEGER, deletion TEXT, last_activity_at TEXT, access_level INTEGER,
  group_id INTEGER, personal INTEGER, access_levels TEXT,
  inbound_own INTEGER, inbound_effective INTEGER, outbound INTEGER, push INTEGER,
  cross_project_push INTEGER, outbound_entries_known INTEGER NOT NULL DEFAULT 0,
  uses_known INTEGER NOT NULL DEFAULT 0, missing TEXT NOT NULL DEFAULT '',
  mirror INTEGER, mirror_trigger_builds INTEGER, fork_pipelines INTEGER
) STRICT""",
    "entries": """CREATE TABLE entries (
  project_id INTEGER NOT NULL, direction TEXT NOT NULL, kind TEXT NOT NULL,
  position INTEGER NOT NULL, target_id INTEGER, target_path TEXT, default_permissions INTEGER,
  policies TEXT, created_at TEXT, added_by TEXT, autopopulated INTEGER,
  PRIMARY KEY (project_id, direction, kind, position)
) STRICT, WITHOUT ROWID""",
    "uses": """CREATE TABLE uses (
  project_id INTEGER NOT NULL, origin_id INTEGER NOT NULL, origin_path TEXT NOT NULL,
  last_used_at TEXT NOT NULL, PRIMARY KEY (project_id, origin_id)
) STRICT, WITHOUT ROWID""",
    # What the newest audit event about the limit of an open project says; no row: not read.
    "limit_changes": """CREATE TABLE limit_changes (
  project_id INTEGER PRIMARY KEY, last TEXT NOT NULL, at TEXT, author TEXT, author_id INTEGER
) STRICT""",
    "targets": """CREATE TABLE targets (
  kind TEXT NOT NULL, id INTEGER NOT NULL, path TEXT, visible INTEGER NOT NULL, visibility TEXT,
  archived INTEGER, deletion TEXT, personal INTEGER, project_count INTEGER,
  fork_pipelines INTEGER, PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID""",
    # What a project is chosen by besides its path, lists as JSON; no row, or NULL: not read.
    "project_kinds": """CREATE TABLE project_kinds (
  project_id INTEGER PRIMARY KEY, topics TEXT, frameworks TEXT, created_at TEXT
) STRICT""",
    "gaps": """CREATE TABLE gaps (
  id INTEGER PRIMARY KEY, fact TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL,
  subject_kind TEXT, subject_id INTEGER, subject_path TEXT
) STRICT""",
    # How far each enumeration is: the cursor of the next page, and how many objects were seen.
    "walks": """CREATE TABLE walks (
  name TEXT PRIMARY KEY, cursor TEXT, done INTEGER NOT NULL, seen INTEGER NOT NULL,
  expected INTEGER
) STRICT, WITHOUT ROWID""",
}
"""Every table's exact text: a file whose tables have another text is refused before it is used."""


def _no_time(column: str) -> str:
    """Return a condition for a text that is no time with a zone, or is far from any of GitLab's."""
    return (
        f"{column} NOT BETWEEN '0002' AND '9999' OR length({column}) < 25"
        f" OR substr({column}, -6, 1) NOT IN ('+', '-')"
    )


_NO_STATE = (
    "state NOT IN ('listed', 'excluded', 'elsewhere', 'read', 'unreadable')"
    " OR state = 'elsewhere' AND (SELECT value FROM meta WHERE key = 'shard') = 'null'"
)
"""A state that is none, or that leaves a project to another shard where there are no shards."""

FLAGS: Final[dict[str, tuple[str, ...]]] = {
    "projects": (
        "archived",
        "jobs_enabled",
        "personal",
        "inbound_own",
        "inbound_effective",
        "outbound",
        "push",
        "cross_project_push",
        "outbound_entries_known",
        "uses_known",
        "mirror",
        "mirror_trigger_builds",
        "fork_pipelines",
    ),
    "entries": ("default_permissions", "autopopulated"),
    "targets": ("visible", "archived", "personal", "fork_pipelines"),
    "walks": ("done",),
}
"""The columns that hold 0, 1 or NULL, by table."""


def _no_flags(table: str) -> str:
    """Return a condition for a row with a flag that is neither 0 nor 1."""
    return " OR ".join(f"{column} NOT IN (0, 1)" for column in FLAGS[table])


NEVER: Final = {
    "projects": (
        f"{_NO_STATE} OR instr(path, char(0)) OR id < 1 OR {_no_time('last_activity_at')}"
        f" OR {_no_flags('projects')}"
    ),
    "groups": "instr(path, char(0)) OR id < 1",
    "entries": (
        "direction NOT IN ('inbound', 'outbound') OR kind NOT IN ('project', 'group')"
        f" OR {_no_flags('entries')} OR {_no_time('created_at')} OR target_id < 1"
    ),
    "uses": f"{_no_time('last_used_at')} OR origin_id < 1",
    "limit_changes": (
        f"last NOT IN ('off', 'on', 'none', 'not_reached') OR {_no_time('at')} OR author_id < 1"
        " OR (last IN ('off', 'on')) <> (at IS NOT NULL)"
    ),
    "project_kinds": (
        f"{_no_time('created_at')} OR project_id < 1"
        " OR coalesce(json_type(topics), 'array') <> 'array'"
        " OR coalesce(json_type(frameworks), 'array') <> 'array'"
    ),
    "targets": f"kind NOT IN ('project', 'group') OR {_no_flags('targets')} OR id < 1",
    "gaps": "subject_kind NOT IN ('project', 'group')",
    "walks": _no_flags("walks"),
}
"""What no row of a table says: a condition that holds for a row that scopelint never writes.

A query that asks for known values would pass over such a row in silence.
"""

ENTRY_TWICE: Final = """SELECT project_id, direction, kind FROM entries
GROUP BY project_id, direction, kind
HAVING count(*) > count(DISTINCT coalesce(target_id, created_at, '')) LIMIT 1"""
"""Finds two entries of one key (`AllowlistEntry.key`) in one list: the readers keep one a key.

Grouped as the table's key is, so SQLite sorts nothing.
"""

INDEXES: Final = {
    "projects_by_state": "CREATE INDEX projects_by_state ON projects (state)",
}


def statements() -> list[str]:
    """Return the statements that create an empty snapshot."""
    return [
        *TABLES.values(),
        *INDEXES.values(),
        f"PRAGMA application_id = {APPLICATION_ID}",
        f"PRAGMA user_version = {FORMAT}",
    ]


def expected(number: int = FORMAT) -> dict[str, str]:
    """Return what the catalogue of a file of this format must hold: texts by table and index."""
    there = {name: text for name, text in TABLES.items() if ADDED.get(name, OLDEST) <= number}
    return there | INDEXES


def upgrade() -> list[str]:
    """Return the statements that bring an older file to this format; they change no newer one."""
    # SQLite keeps a table's text without these words (sqlite.org/schematab.html).
    added = (TABLES[name].replace("TABLE", "TABLE IF NOT EXISTS", 1) for name in ADDED)
    return [*added, f"PRAGMA user_version = {FORMAT}"]


def row_counts(db: sqlite3.Connection, number: int = FORMAT) -> dict[str, int]:
    """Count the rows of every table but `meta`, which keeps these counts of a finished file.

    `number` is the file's format.
    """
    count = "SELECT count(*) FROM {}"
    names = [name for name in TABLES if name != "meta" and name in expected(number)]
    return {name: int(db.execute(count.format(name)).fetchone()[0]) for name in names}
