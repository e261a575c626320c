"""The rows of what a project is chosen by besides its path: topics, frameworks, when it was made.

The table came with format 4: in older snapshots nothing of it was read.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from scopelint.model import Project
from scopelint.project_pattern import ProjectKind

KIND_COLUMNS: Final = "project_id, topics, frameworks, created_at"
"""Those of the table `project_kinds`."""
NOT_READ: Final = (0, None, None, None)
"""Stands for a row that is not there."""


def query(*, known: bool) -> str:
    """Return the query for id, path, visibility and kind of every enumerated project, by id.

    `known` says whether the file has the table.
    """
    columns = "k.topics, k.frameworks, k.created_at" if known else "NULL, NULL, NULL"
    table = " LEFT JOIN project_kinds AS k ON k.project_id = p.id" if known else ""
    return f"SELECT p.id, p.path, p.visibility, {columns} FROM projects AS p{table} ORDER BY p.id"  # noqa: S608


def kind_rows(projects: Iterable[Project]) -> Iterator[tuple[Any, ...]]:
    """Yield the row of each project of which something was told.

    A project whose details tell nothing keeps the row that the enumeration gave it.
    """
    for project in projects:
        topics, frameworks, made = project.topics, project.frameworks, project.created_at
        if topics is not None or frameworks is not None or made is not None:
            yield (
                project.id,
                None if topics is None else json.dumps(topics),
                None if frameworks is None else json.dumps(frameworks),
                None if made is None else made.isoformat(),
            )


def to_texts(value: str | None) -> tuple[str, ...] | None:
    """Read a nullable column with a JSON list of texts."""
    if value is None or value == "[]":
        return None if value is None else ()
    found = json.loads(value)
    if not all(type(each) is str for each in found):
        raise ValueError("a list of names holds something else")
    return tuple(found)


def to_time(value: str | None) -> datetime | None:
    """Read a nullable column with a time."""
    return None if value is None else datetime.fromisoformat(value)


def to_kind(visibility: str | None, row: Sequence[Any]) -> ProjectKind:
    """Read a kind from topics, frameworks and time."""
    topics, frameworks, made = row
    return ProjectKind.of(to_texts(topics), to_texts(frameworks), visibility, to_time(made))
