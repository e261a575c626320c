"""Audit events about job token scopes: which there are, in GitLab's words, and who makes them.

Sources: `ee/config/audit_events/types/secure_ci_job_token_*.yml`,
`ee/app/graphql/ee/mutations/ci/project_ci_cd_settings_update.rb` (the limit switched by GraphQL,
which GitLab's UI uses; a switch by REST leaves no event) and
`ee/app/services/ee/ci/job_token_scope/` (entries, by either API).
"""

from datetime import datetime
from typing import Literal, TypeAlias

from scopelint_simulator.instance import AuditEvent, Instance, Project, User

Audited: TypeAlias = Literal[
    "inbound_disabled",
    "inbound_enabled",
    "project_added",
    "project_removed",
    "group_added",
    "group_removed",
    "policies_updated",
    "other",
]
"""Names of events after `secure_ci_job_token_`; `other` is one of another subject."""


def name_of(event: Audited) -> str:
    """The name of an event's type."""
    return "project_archived" if event == "other" else f"secure_ci_job_token_{event}"


def message_of(event: Audited, target: str, project: str) -> str:
    """What GitLab's UI and API say of an event."""
    what, _, how = event.partition("_")
    if event in ("inbound_disabled", "inbound_enabled"):
        return f"Secure ci_job_token was {how} for inbound"
    if event == "policies_updated":
        return "CI job token policies updated to: "
    if event == "other":
        return "Project archived"
    direction, way = ("inbound ", "projects") if what == "project" else ("", "groups")
    kept = "to" if how == "added" else "from"
    return (
        f"{what.capitalize()} {target} was {how} {kept} {direction}list of allowed {way}"
        f" for {project}"
    )


def record(
    instance: Instance,
    project: Project,
    event: Audited,
    author: User | None,
    *,
    target: str = "",
    at: datetime | None = None,
) -> None:
    """Write an event, where the tier has them."""
    settings = instance.settings
    if not (settings.enterprise and settings.audit_events):
        return
    message = message_of(event, target, project.path)
    made = AuditEvent(instance.next_row(), name_of(event), message, at or instance.now(), author)
    project.scope.events = (*project.scope.events, made)
