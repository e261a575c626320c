"""What `reach` and `can-access` have in common: an inventory to ask, and the projects it is about."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scopelint.cli.console import Console
from scopelint.cli.option_groups import ServerOptions, TargetOptions
from scopelint.errors import TargetNotFoundError, UsageError
from scopelint.gitlab.targets import parse_targets
from scopelint.model import AllowlistEntry, Project
from scopelint.snapshot import open_snapshots
from scopelint.snapshot.inventory import Inventory
from scopelint.text import clean

if TYPE_CHECKING:
    from scopelint.cli.settings import RunSettings
    from scopelint.gitlab.members import Maintainers

_COMPARED = 20_000
"""So many paths are compared at most for a suggestion."""


@dataclass(frozen=True, slots=True)
class ReadInventory:
    """An inventory that can be asked, and what the user knows that no API shows."""

    inventory: Inventory
    assume_fine_grained: bool | None


@contextmanager
def read_inventory(
    projects: tuple[str, ...],
    sources: tuple[Path, ...],
    server: ServerOptions,
    settings: "RunSettings",
    console: Console,
    *,
    whole_group: bool = False,
) -> Iterator[ReadInventory]:
    """Give the inventory of `--from`, or one that is collected now: these projects.

    `whole_group` goes on to all that lies in the first project's top-level group, which is what
    may reach it and be reached.
    """
    assume = settings.config.assume_fine_grained
    if sources:
        with open_snapshots(sources) as source:
            yield ReadInventory(Inventory(source), assume)
        return
    with tempfile.TemporaryDirectory(prefix="scopelint-") as folder:
        path = Path(folder) / "projects.snapshot"
        _collect(path, TargetOptions(projects=projects), server, settings, console)
        if whole_group:
            path = _widen(path, server, settings, console)
        with open_snapshots([path]) as source:
            yield ReadInventory(Inventory(source), assume)


def _collect(
    path: Path,
    target: TargetOptions,
    server: ServerOptions,
    settings: "RunSettings",
    console: Console,
) -> None:
    from scopelint.cli.collect_session import collect_into
    from scopelint.cli.session import open_session

    session = open_session(target, server, settings, console)
    collect_into(path, session, console)


def _widen(path: Path, server: ServerOptions, settings: "RunSettings", console: Console) -> Path:
    """Collect the top-level group of the one project in a snapshot; return the new snapshot."""
    with open_snapshots([path]) as source:
        project = next(source.projects())
        instance = source.header.instance
    if project.personal:
        return path
    wider = path.with_name("group.snapshot")
    group = TargetOptions(groups=(project.top_level_path,))
    try:
        _collect(wider, group, replace(server, url=instance), settings, console)
    except TargetNotFoundError as error:
        console.warn(f"{error.message}: what lies in it is not looked at")
        return path
    return wider


def who_can(
    project: Project, server: ServerOptions, settings: "RunSettings", console: Console
) -> "Maintainers | None":
    """Ask GitLab for the Maintainers of a project; None where it does not show them."""
    from scopelint.cli.session import open_session
    from scopelint.gitlab.members import maintainers

    target = TargetOptions(projects=(str(project.id),))
    with open_session(target, server, settings, console).connect() as connection:
        return maintainers(connection, project.id)


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


def find_named(
    inventory: Inventory, path: str | None, number: int | None, name: str | None
) -> Project | str:
    """Return the project with a path, an id, or else a last segment; or why there is none, in words."""
    found: list[tuple[int, str]] = []
    for project_id, seen in inventory.seen():
        if path is not None:
            fits = seen.lower() == path.lower()
        elif number is not None:
            fits = project_id == number
        else:
            fits = seen.lower().rpartition("/")[2] == (name or "").lower()
        if fits:
            found.append((project_id, seen))
    given = path or (f"#{number}" if number is not None else f"named {name}")
    if len(found) == 1:
        project = inventory.project(found[0][0])
        return (
            project if project is not None else f"what the project {given} allows: it was not read"
        )
    if not found:
        return f"what the project {given} allows: this token, or the snapshot, does not show it"
    names = ", ".join(seen for _, seen in found[:5])
    return f"which project {given} is meant: {names}{'' if len(found) <= 5 else ' and more'}"


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
