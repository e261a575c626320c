"""The routes of notes on a merge request, what all notes have in common, and external controls.

Sources: `doc/api/notes.md`; `doc/api/external_controls.md`: a status is signed by HMAC-SHA256 with the
control's secret over time, nonce, path and data; how old the time may be is not documented.
"""

import hashlib
import hmac
import time
from collections.abc import Sequence
from typing import Any

from scopelint_simulator.answer import Answer, json_answer
from scopelint_simulator.delivery import MAX_NOTE, Author, Control, Note, now
from scopelint_simulator.permissions import MAINTAINER
from scopelint_simulator.request import (
    RestError,
    bad_parameter,
    forbidden,
    not_found,
    unauthorized,
)
from scopelint_simulator.rest_call import Call
from scopelint_simulator.rest_paging import offset_page


def get_notes(call: Call) -> Answer:
    """GET /projects/:id/merge_requests/:iid/notes, the newest first unless `sort=asc`."""
    call.require_user()
    return offset_page(call.request, sorted_notes(call, _notes(call)), note_data)


def post_merge_request_note(call: Call) -> Answer:
    """POST /projects/:id/merge_requests/:iid/notes."""
    return json_answer(201, note_data(post_note(call, _notes(call))))


def put_note(call: Call) -> Answer:
    """PUT …/notes/:note_id: its author's alone, and a Maintainer's."""
    note = _note(call)
    note.body, note.updated_at = _body(call), now()
    return json_answer(200, note_data(note))


def delete_note(call: Call) -> Answer:
    """DELETE …/notes/:note_id."""
    note = _note(call)
    _notes(call).remove(note)
    return Answer(204)


def post_note(call: Call, notes: list[Note]) -> Note:
    """Add a note of the caller."""
    moment = now()
    body = _body(call)
    note = Note(call.instance.delivery.number(), author(call), body, moment, moment)
    notes.append(note)
    return note


def author(call: Call) -> Author:
    """Return the caller as the author of something; nobody where there is no user."""
    user = call.caller.user
    return Author(0, "") if user is None else Author(user.id, user.username)


def sorted_notes(call: Call, notes: Sequence[Note]) -> list[Note]:
    """Return notes in the order that was asked for."""
    oldest_first = call.request.query.get("sort", "desc") == "asc"
    return list(notes) if oldest_first else list(reversed(notes))


def note_data(note: Note) -> dict[str, Any]:
    """What a note shows of itself."""
    return {
        "id": note.id,
        "body": note.body,
        "author": {"id": note.author.id, "username": note.author.username},
        "system": False,
        "created_at": note.created_at.isoformat(),
        "updated_at": note.updated_at.isoformat(),
    }


def _notes(call: Call) -> list[Note]:
    number = call.path_id("merge_request_iid")
    project = call.project()
    found = call.instance.delivery.notes.get(
        (project.id, int(number) if number.isascii() and number.isdigit() else 0)
    )
    if found is None:
        raise not_found("Merge Request")
    return found


def _note(call: Call) -> Note:
    number = call.path_id("note_id")
    for note in _notes(call):
        if str(note.id) == number:
            role = call.caller.role(call.project())
            if note.author != author(call) and role < MAINTAINER:
                raise forbidden()
            return note
    raise not_found("Note")


def _body(call: Call) -> str:
    given = call.request.parameters().get("body")
    if not given:
        raise bad_parameter("body", "is missing")
    if len(str(given)) > MAX_NOTE:
        raise RestError(400, {"message": {"note": [f"is too long (maximum is {MAX_NOTE})"]}})
    return call.instance.delivery.take_text(str(given))


_LONGEST = 15
"""Seconds that a timestamp may be old."""


def patch_status(call: Call) -> Answer:
    """PATCH /projects/:id/compliance_external_controls/:control_id/status."""
    if not call.instance.settings.enterprise:
        raise RestError(404, {"error": "404 Not Found"})
    number = call.path_id("id")
    if not (number.isascii() and number.isdigit()):
        raise bad_parameter("id", "is invalid")
    status = call.request.parameters().get("status")
    if status not in ("pass", "fail"):
        raise bad_parameter("status", "does not have a valid value")
    control_number = call.path_id("control_id")
    controls = call.instance.delivery.controls
    control = controls.get(int(control_number)) if control_number.isdigit() else None
    if control is None:
        raise not_found("External Control")
    _check_signature(call, control, str(status))
    if int(number) not in call.instance.projects or int(number) not in control.projects:
        raise not_found("Project")
    control.statuses[int(number)] = str(status)
    return json_answer(200, {"status": status})


def _check_signature(call: Call, control: Control, status: str) -> None:
    headers = call.request.headers
    moment, nonce = headers.get("x-gitlab-timestamp", ""), headers.get("x-gitlab-nonce", "")
    told = f"{moment}{nonce}{call.request.full_path}status={status}"
    expected = hmac.new(control.secret.encode(), told.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, headers.get("x-gitlab-hmac-sha256", "")):
        raise unauthorized()
    if not moment.isdigit() or abs(time.time() - int(moment)) > _LONGEST:
        raise RestError(401, {"message": "401 Unauthorized - Request timestamp expired"})
    if not nonce or nonce in control.nonces:
        raise RestError(401, {"message": "401 Unauthorized - Nonce was used already"})
    control.nonces.add(nonce)
