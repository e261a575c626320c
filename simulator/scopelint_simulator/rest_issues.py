"""The routes of issues and their notes.

Source: `doc/api/issues.md`, `doc/api/notes.md`, `doc/user/permissions.md`.
"""

from typing import Any

from scopelint_simulator.answer import Answer, json_answer
from scopelint_simulator.delivery import MAX_DESCRIPTION, Issue, Note, now
from scopelint_simulator.instance import Project
from scopelint_simulator.permissions import ROLES
from scopelint_simulator.request import RestError, bad_parameter, forbidden, not_found
from scopelint_simulator.rest_call import Call
from scopelint_simulator.rest_notes import author, note_data, post_note, sorted_notes
from scopelint_simulator.rest_paging import offset_page
from scopelint_simulator.rest_scope import boolean


def get_issues(call: Call) -> Answer:
    """GET /projects/:id/issues with `labels`, `state`, and `search` in titles or descriptions."""
    call.require_user()
    project = _with_issues(call)
    query = call.request.query
    labels = {label for label in query.get("labels", "").split(",") if label}
    state, word = query.get("state", "all"), query.get("search", "").lower()
    fields = query.get("in", "title,description").split(",")
    found = [
        issue
        for issue in reversed(call.instance.delivery.issues.get(project.id, []))
        if _sees(call, project, issue)
        and labels <= set(issue.labels)
        and (state == "all" or (state == "closed") == issue.closed)
        and any(word in getattr(issue, name).lower() for name in fields)
    ]
    return offset_page(call.request, found, lambda issue: _data(call, project, issue))


def post_issue(call: Call) -> Answer:
    """POST /projects/:id/issues; labels of somebody below Planner are passed over."""
    project = _with_issues(call)
    given = call.request.parameters()
    member = call.caller.admin or call.caller.role(project) >= ROLES["guest"]
    if not member and project.visibility == "private":
        raise forbidden()
    if not given.get("title"):
        raise bad_parameter("title", "is missing")
    delivery, moment = call.instance.delivery, now()
    issues = delivery.issues.setdefault(project.id, [])
    issue = Issue(
        delivery.number(),
        len(issues) + 1,
        author(call),
        str(given["title"]),
        delivery.take_text(_description(given)),
        _labels(given.get("labels", "")) if _may_update(call, project) else [],
        "confidential" in given and boolean(given, "confidential"),
        moment,
        moment,
    )
    issues.append(issue)
    return json_answer(201, _data(call, project, issue))


def put_issue(call: Call) -> Answer:
    """PUT /projects/:id/issues/:issue_iid."""
    project = _with_issues(call)
    issue, given = _issue(call, project), call.request.parameters()
    if issue.author != author(call) and not _may_update(call, project):
        raise forbidden()
    if "description" in given:
        issue.description = call.instance.delivery.take_text(_description(given))
    if "title" in given:
        issue.title = str(given["title"])
    if "confidential" in given:
        issue.confidential = boolean(given, "confidential")
    for label in _labels(given.get("add_labels", "")) if _may_update(call, project) else ():
        if label not in issue.labels:
            issue.labels.append(label)
    event = given.get("state_event")
    if event not in (None, "close", "reopen"):
        raise bad_parameter("state_event", "does not have a valid value")
    if event is not None:
        issue.closed = event == "close"
    issue.updated_at = now()
    return json_answer(200, _data(call, project, issue))


def get_issue_notes(call: Call) -> Answer:
    """GET /projects/:id/issues/:issue_iid/notes."""
    call.require_user()
    issue = _issue(call, _with_issues(call))
    return offset_page(call.request, sorted_notes(call, issue.notes), note_data)


def post_issue_note(call: Call) -> Answer:
    """POST /projects/:id/issues/:issue_iid/notes."""
    issue = _issue(call, _with_issues(call))
    note: Note = post_note(call, issue.notes)
    return json_answer(201, note_data(note))


def _with_issues(call: Call) -> Project:
    project = call.project()
    if project.access_levels.get("issues") == "disabled":
        raise forbidden()
    return project


def _issue(call: Call, project: Project) -> Issue:
    number = call.path_id("issue_iid")
    for issue in call.instance.delivery.issues.get(project.id, []):
        if str(issue.iid) == number and _sees(call, project, issue):
            return issue
    raise not_found("Issue")


def _sees(call: Call, project: Project, issue: Issue) -> bool:
    """Tell whether the caller sees it: a confidential one is for Planners and its author."""
    return not issue.confidential or issue.author == author(call) or _may_update(call, project)


def _may_update(call: Call, project: Project) -> bool:
    return call.caller.admin or call.caller.role(project) >= ROLES["planner"]


def _description(given: dict[str, Any]) -> str:
    text = str(given.get("description") or "")
    if len(text) > MAX_DESCRIPTION:
        fault = f"is too long (maximum is {MAX_DESCRIPTION} characters)"
        raise RestError(400, {"message": {"description": [fault]}})
    return text


def _labels(given: Any) -> list[str]:
    words = given if isinstance(given, list) else str(given).split(",")
    return [word.strip() for word in map(str, words) if word.strip()]


def _data(call: Call, project: Project, issue: Issue) -> dict[str, Any]:
    return {
        "id": issue.id,
        "iid": issue.iid,
        "project_id": project.id,
        "title": issue.title,
        "description": issue.description,
        "state": "closed" if issue.closed else "opened",
        "labels": sorted(issue.labels),
        "confidential": issue.confidential,
        "author": {"id": issue.author.id, "username": issue.author.username},
        "created_at": issue.created_at.isoformat(),
        "updated_at": issue.updated_at.isoformat(),
        "web_url": f"{call.request.url}/{project.path}/-/issues/{issue.iid}",
    }
