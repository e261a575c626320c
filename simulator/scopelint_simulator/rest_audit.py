"""GET /projects/:id/audit_events: the newest first, by keyset or offset pages.

Sources: `doc/api/audit_events.md`; `ee/lib/ee/api/projects.rb` (role and tier: 403 without either;
below Maintainer only one's own events); `ee/lib/api/entities/audit_event.rb` (fields);
`app/models/concerns/audit_events/common_model.rb` (keyset by `id`, descending alone).
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from scopelint_simulator.answer import Answer
from scopelint_simulator.instance import AuditEvent, Project
from scopelint_simulator.permissions import ROLES
from scopelint_simulator.request import RestError, bad_parameter, forbidden
from scopelint_simulator.rest_call import Call
from scopelint_simulator.rest_paging import cursor_page, offset_page


def get_audit_events(call: Call) -> Answer:
    """GET /projects/:id/audit_events."""
    call.require_user()
    settings, caller = call.instance.settings, call.caller
    if not settings.enterprise:
        # The Community Edition has no such route.
        raise RestError(404, {"error": "404 Not Found"})
    project = call.project()
    if not (caller.admin or caller.role(project) >= ROLES["developer"]):
        raise forbidden()
    if not settings.audit_events:
        raise forbidden()
    rows = sorted(project.scope.events, key=lambda event: event.id, reverse=True)
    if not caller.can_admin(project):
        rows = [event for event in rows if event.author is caller.user]
    query = call.request.query

    def show(event: AuditEvent) -> dict[str, Any]:
        return shown(event, project)

    if query.get("pagination") != "keyset":
        return offset_page(call.request, rows, show)
    if (query.get("order_by") or "id", query.get("sort") or "desc") != ("id", "desc"):
        text = "Keyset pagination is not yet available for this type of request"
        raise RestError(405, {"error": text})
    if query.get("cursor"):
        bound = _read_cursor(query["cursor"])
        rows = [event for event in rows if event.id < bound]
    return cursor_page(call.request, rows, show, lambda event: _cursor(event.id))


def shown(event: AuditEvent, project: Project) -> dict[str, Any]:
    """An event as the API shows it; the simulator's people have no addresses worth keeping."""
    author = event.author
    return {
        "id": event.id,
        "author_id": -1 if author is None else author.id,
        "entity_id": project.id,
        "entity_type": "Project",
        "event_name": event.name,
        "details": {
            "event_name": event.name,
            "author_name": None if author is None else author.name,
            "author_class": "User",
            "author_email": None if author is None else f"{author.username}@example.com",
            "target_id": project.id,
            "target_type": "ProjectCiCdSetting",
            "target_details": project.path,
            "custom_message": event.message,
            "ip_address": "192.0.2.1",
            "entity_path": project.path,
        },
        "created_at": event.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }


def _cursor(number: int) -> str:
    return urlsafe_b64encode(f'{{"id":"{number}","_kd":"n"}}'.encode()).decode()


def _read_cursor(text: str) -> int:
    try:
        found = urlsafe_b64decode(text.encode()).decode()
        return int(found.split('"')[3])
    except (ValueError, IndexError):
        raise bad_parameter("cursor", "is invalid") from None
