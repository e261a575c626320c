"""Changes to a job token scope, with GitLab's rules and texts; REST and GraphQL share them.

Sources: `doc/api/project_job_token_scopes.md`, GitLab's `app/services/ci/job_token_scope/`.
"""

from dataclasses import replace
from typing import Literal, TypeAlias

from scopelint_simulator.audit import Audited, record
from scopelint_simulator.context import NOT_AVAILABLE
from scopelint_simulator.instance import Direction, Entry, Group, Instance, Kind, Outside, Project
from scopelint_simulator.permissions import Caller
from scopelint_simulator.versions import (
    ENFORCEMENT_REFUSES,
    NEW_DUPLICATE_TEXT,
    OWN_POLICIES_MAKE_ROW,
    SELF_ENTRIES,
    UNREADABLE_TARGET_REMOVABLE,
)

Target: TypeAlias = Project | Group | Outside
Reason: TypeAlias = Literal["invalid", "forbidden", "not_found"]

LINK_LIMIT = 200
INSUFFICIENT = "Insufficient permissions to modify the job token scope"
ENFORCED = (
    "Job token scope cannot be disabled for this project because it is enforced for the "
    "instance. Contact your administrator to modify this setting."
)


class ServiceError(Exception):
    """A change that GitLab refuses; `message` is its text."""

    def __init__(self, message: str, reason: Reason = "invalid") -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason


def kind_of(target: Target) -> Kind:
    """Whether a target is a group or a project."""
    if isinstance(target, Outside):
        return target.kind
    return "project" if isinstance(target, Project) else "group"


def add_entry(
    instance: Instance,
    caller: Caller,
    project: Project,
    target: Target,
    *,
    direction: Direction = "inbound",
    default_permissions: bool = True,
    policies: tuple[str, ...] = (),
) -> Entry:
    """Add one row; raises ServiceError."""
    kind = kind_of(target)
    if not caller.can_admin(project):
        raise ServiceError(INSUFFICIENT, "forbidden")
    if not caller.can_read_target(target):
        raise ServiceError(NOT_AVAILABLE.replace("The resource", f"The target_{kind}"))
    version = instance.settings.version
    if find_entry(project, target, direction) is not None:
        if version >= NEW_DUPLICATE_TEXT:
            raise ServiceError(f"This {kind} is already in the job token allowlist.")
        raise ServiceError(f"Target {kind} is already in the job token scope")
    if kind == "project" and target.id == project.id and version < SELF_ENTRIES:
        text = "Target project can't be the same as the source project"
        raise ServiceError(f"Validation failed: {text}")
    links = [e for e in project.scope.entries if e.kind == kind and e.direction == direction]
    if len(links) >= LINK_LIMIT:
        where = "project links in this direction" if kind == "project" else "group links"
        text = f"Source project exceeds the allowable number of {where}"
        raise ServiceError(f"Validation failed: {text}")
    entry = Entry(
        id=instance.next_row(),
        source=project.id,
        kind=kind,
        target=target.id,
        direction=direction,
        created_at=instance.now(),
        added_by=caller.user,
        default_permissions=default_permissions,
        policies=() if default_permissions else policies,
    )
    project.scope.entries = (*project.scope.entries, entry)
    if direction == "inbound":
        event: Audited = "group_added" if kind == "group" else "project_added"
        record(instance, project, event, caller.user, target=target.path)
    return entry


def find_entry(project: Project, target: Target, direction: Direction = "inbound") -> Entry | None:
    """The row of a target, where there is one."""
    kind = kind_of(target)
    for entry in project.scope.entries:
        if (entry.kind, entry.target, entry.direction) == (kind, target.id, direction):
            return entry
    return None


def remove_entry(
    instance: Instance,
    caller: Caller,
    project: Project,
    target: Target,
    direction: Direction = "inbound",
) -> Entry:
    """Remove one row and return it; raises ServiceError."""
    kind = kind_of(target)
    if not caller.can_admin(project):
        raise ServiceError(INSUFFICIENT, "forbidden")
    must_read = kind == "project" and instance.settings.version < UNREADABLE_TARGET_REMOVABLE
    if must_read and not caller.can_read_target(target):
        raise ServiceError(INSUFFICIENT, "forbidden")
    if kind == "project" and target.id == project.id:
        raise ServiceError("Source project cannot be removed from the job token scope")
    entry = find_entry(project, target, direction)
    if entry is None:
        raise ServiceError(f"Target {kind} is not in the job token scope")
    project.scope.entries = tuple(row for row in project.scope.entries if row is not entry)
    if direction == "inbound":
        event: Audited = "group_removed" if kind == "group" else "project_removed"
        record(instance, project, event, caller.user, target=target.path)
    return entry


def update_policies(
    instance: Instance,
    caller: Caller,
    project: Project,
    target: Target,
    *,
    default_permissions: bool,
    policies: tuple[str, ...],
) -> Entry:
    """Change the permissions of an inbound row and return it; raises ServiceError.

    Where the target is the project itself and has no row, one is made.
    """
    if not caller.can_admin(project):
        text = "You have insufficient permission to update this job token scope"
        raise ServiceError(text, "forbidden")
    entry = find_entry(project, target)
    own = kind_of(target) == "project" and target.id == project.id
    if entry is None and own and instance.settings.version >= OWN_POLICIES_MAKE_ROW:
        return add_entry(
            instance,
            caller,
            project,
            target,
            default_permissions=default_permissions,
            policies=policies,
        )
    if entry is None:
        raise ServiceError("Unable to find a job token scope for the given project & target")
    changed = replace(
        entry,
        default_permissions=default_permissions,
        policies=() if default_permissions else policies,
    )
    rows = (changed if row is entry else row for row in project.scope.entries)
    project.scope.entries = tuple(rows)
    return changed


def set_inbound(instance: Instance, project: Project, enabled: bool) -> None:
    """Change the project's own flag; raises ServiceError where enforcement forbids it."""
    refuses = instance.settings.version >= ENFORCEMENT_REFUSES
    if not enabled and instance.enforced() and refuses:
        raise ServiceError(ENFORCED)
    project.settings_row = True
    project.scope.inbound = enabled
