"""Which entry of an allowlist decides for an origin, and whether all entries are known."""

from collections.abc import Iterable

from scopelint.model import AllowlistEntry, Fact, Project, Scope
from scopelint.paths import is_inside
from scopelint.versions import EVERY_TARGET_SHOWN, since


def covers(entry: AllowlistEntry, origin: Project) -> bool:
    """Tell whether an entry matches an origin: it is the project, or a group above it.

    An entry whose target is gone, or has no known path, matches nothing here.
    """
    if entry.kind == "project":
        return entry.target_id == origin.id
    path = entry.target_path
    return path is not None and path != origin.path and is_inside(origin.path, path)


def nearest(entries: Iterable[AllowlistEntry], origin: Project) -> AllowlistEntry | None:
    """Return the entry that decides for an origin, None where no entry matches it."""
    best: AllowlistEntry | None = None
    depth = -1
    for entry in entries:
        if not covers(entry, origin):
            continue
        if entry.kind == "project":
            return entry
        if len(entry.target_path or "") > depth:
            best, depth = entry, len(entry.target_path or "")
    return best


def is_whole(scope: Scope, version: tuple[int, int]) -> bool:
    """Tell whether every inbound entry is known, and which projects each one matches.

    `version` is GitLab's; before 17.9 a target that the token cannot read is shown as none at
    all, so such a row may match anything; later it is one that was just deleted.
    """
    if Fact.ENTRIES in scope.missing:
        return False
    hidden = not since(version, EVERY_TARGET_SHOWN)
    return not any(
        hidden if entry.target_id is None else entry.kind == "group" and entry.target_path is None
        for entry in scope.entries
    )
