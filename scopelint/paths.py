"""Where an entry's target lies, seen from the project that lists it: for rules of all kinds.

Everything here compares full paths exactly; nothing reads a snapshot or knows a rule.
"""

import re
from datetime import UTC

from scopelint.model import AllowlistEntry, EntryKind, Project, ProjectCount

SETTINGS_PAGE = "/-/settings/ci_cd#js-token-access"
"""Behind a project's web address: where its job token scope is set."""


def is_inside(path: str, namespace: str) -> bool:
    """Tell whether `path` (a project or a group) is `namespace` itself or lies below it."""
    return path == namespace or path.startswith(namespace + "/")


_DELETION = re.compile(r"-(?:deletion_scheduled|deleted)-[0-9]+(?:/|$)")


def scheduled_for_deletion(path: str) -> bool:
    """Tell whether a full path says that its project or group, or one above, is to be deleted.

    GitLab then ends the path's segment in `-deletion_scheduled-ID`, before 18.x in `-deleted-ID`.
    """
    # Few paths say so, and looking for the word first is ten times quicker.
    return "-delet" in path and _DELETION.search(path) is not None


def is_self(entry: AllowlistEntry, project: Project) -> bool:
    """Tell whether an entry is the project's entry for itself (legal since GitLab 18.1).

    Such an entry lets nobody in; fine-grained, it narrows the project's own token.
    """
    return entry.kind == "project" and entry.target_id == project.id


def inside_path(entry: AllowlistEntry, project: Project, kind: EntryKind) -> str | None:
    """Return the target's path if the entry is of this kind and inside the top-level group.

    None where the rule does not apply: another kind, the project itself, a target whose path is
    gone, or one outside.
    """
    if entry.kind != kind:
        return None
    path = _target_path(entry, project)
    return path if path is not None and is_inside(path, project.top_level_path) else None


def outside_path(entry: AllowlistEntry, project: Project, kind: EntryKind) -> str | None:
    """Return the target's path if the entry is of this kind and outside the top-level group.

    For a project in a personal namespace that namespace stands for the top-level group.
    """
    if entry.kind != kind:
        return None
    path = _target_path(entry, project)
    return None if path is None or is_inside(path, project.top_level_path) else path


def _target_path(entry: AllowlistEntry, project: Project) -> str | None:
    return None if is_self(entry, project) else entry.target_path


def entry_evidence(entry: AllowlistEntry, count: ProjectCount | None = None) -> dict[str, object]:
    """Return what helps a reader judge an entry, as JSON data.

    `projects` is how many lie below its group, or the least number where `projects_exact` is
    False. Who added it, when (ISO 8601, UTC), and whether GitLab did, are in it where they were
    read: REST shows none of the three.
    """
    evidence: dict[str, object] = {}
    if count is not None:
        evidence |= {"projects": count.number, "projects_exact": count.exact}
    if entry.added_by is not None:
        evidence["added_by"] = entry.added_by
    if entry.created_at is not None:
        made = entry.created_at
        evidence["created_at"] = (made if made.tzinfo is UTC else made.astimezone(UTC)).isoformat()
    if entry.autopopulated:
        evidence["autopopulated"] = True
    return evidence
