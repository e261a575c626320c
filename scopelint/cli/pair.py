"""What `reach` and `can-access` have in common: an inventory to ask, and the projects it is about."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from scopelint.cli.collection import collect_into, keeping
from scopelint.cli.console import Console
from scopelint.cli.session import open_session, read_config
from scopelint.errors import TargetNotFoundError, UsageError
from scopelint.gitlab.targets import parse_targets
from scopelint.model import AllowlistEntry, Project
from scopelint.registry import find_rules
from scopelint.snapshot import open_snapshots
from scopelint.snapshot.inventory import Inventory
from scopelint.text import clean

_COMPARED = 20_000
"""So many paths are compared at most for a suggestion."""
_NO_TARGETS: Mapping[str, Any] = {"targets": (), "groups": (), "projects": (), "instance": False}


@dataclass(frozen=True, slots=True)
class Question:
    """An inventory that can be asked, and what the user knows that no API shows."""

    inventory: Inventory
    assume_fine_grained: bool | None


@contextmanager
def asking(
    given: Mapping[str, Any], face: Console, projects: Sequence[str], *, whole_group: bool = False
) -> Iterator[Question]:
    """Give the inventory of `--from`, or one that is collected now: these projects.

    `whole_group` goes on to all that lies in the first project's top-level group, which is what
    may reach it and be reached.
    """
    config = read_config(given, find_rules(), face)
    if given["sources"]:
        with open_snapshots(given["sources"]) as source:
            yield Question(Inventory(source), config.assume_fine_grained)
        return
    with tempfile.TemporaryDirectory(prefix="scopelint-") as folder:
        path = Path(folder) / "projects.snapshot"
        _collect(path, {**given, **_NO_TARGETS, "projects": tuple(projects)}, face)
        if whole_group:
            path = _widen(path, given, face)
        with open_snapshots([path]) as source:
            yield Question(Inventory(source), config.assume_fine_grained)


def _collect(path: Path, given: Mapping[str, Any], face: Console) -> None:
    session = open_session(given, face)
    with keeping(path):
        collect_into(path, session, face)


def _widen(path: Path, given: Mapping[str, Any], face: Console) -> Path:
    """Collect the top-level group of the one project in a snapshot; return the new snapshot."""
    with open_snapshots([path]) as source:
        project = next(source.projects())
        server = source.header.instance
    if project.personal:
        return path
    wider = path.with_name("group.snapshot")
    asked = {**given, **_NO_TARGETS, "url": server, "groups": (project.top_level_path,)}
    try:
        _collect(wider, asked, face)
    except TargetNotFoundError as error:
        face.warn(f"{error.message}: what lies in it is not looked at")
        return path
    return wider


def find_project(inventory: Inventory, text: str) -> Project:
    """Return the project of an inventory that a path, an id or a URL names.

    Raise UsageError, with the nearest names, where it was not seen.
    """
    [spec] = parse_targets(projects=[text], known=(inventory.scan.instance,))
    wanted = (spec.path or "").lower()
    close: list[str] = []
    name = wanted.rpartition("/")[2]
    for project_id, path in inventory.seen():
        if project_id == spec.id or path.lower() == wanted:
            found = inventory.project(project_id)
            if found is not None:
                return found
        elif path.lower().rpartition("/")[2] == name:
            close.append(path)
    if not close and wanted:
        paths = [path for _, (_, path) in zip(range(_COMPARED), inventory.seen(), strict=False)]
        close = get_close_matches(spec.path or "", paths, 3)
    hint = f"Did you mean {' or '.join(close[:3])}?" if close else "Name a project that was read."
    raise UsageError(f"project {text} is not in the snapshot", hint=hint)


def entry_words(entry: AllowlistEntry | None) -> str:
    """Return an entry as a person reads it."""
    if entry is None:
        return "no entry"
    return f"{entry.kind} {clean(entry.target_path or '(gone)')}"


def entry_data(entry: AllowlistEntry | None) -> dict[str, Any] | None:
    """Return an entry as JSON data."""
    if entry is None:
        return None
    return {"kind": entry.kind, "id": entry.target_id, "path": entry.target_path}
