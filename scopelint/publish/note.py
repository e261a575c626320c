"""One note on a merge request, made by one run and changed by the next ones.

It is found by the hidden comment in it, among the notes of the token's own user. The comment names the
instance and targets of the report, so that the notes of two jobs do not replace each other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from scopelint.errors import UsageError
from scopelint.gitlab.delivery import Delivery, Note
from scopelint.gitlab.rest_write import LostAnswerError, WriteRefusedError
from scopelint.publish.marker import Marker, holds, key_of, read_marker
from scopelint.publish.steps import PublishStep, repeated
from scopelint.text import hide_secrets, utc

_PIPELINE: Final = (
    'Run it in a job with `rules: [{if: $CI_PIPELINE_SOURCE == "merge_request_event"}]`, or name'
    " both with --project and --merge-request."
)


@dataclass(frozen=True, slots=True)
class MergeRequest:
    """Where the note goes."""

    project: str
    """The full path or number of the project that the merge request is of."""
    iid: int
    of_fork: bool = False
    """Whether the job runs for a merge request from a fork."""

    def __str__(self) -> str:
        return f"{self.project}!{self.iid}"


def find_merge_request(
    environment: Mapping[str, str], project: str | None, iid: int | None
) -> MergeRequest:
    """Return the merge request of the job, or the one that is named.

    In a pipeline of a merge request from a fork CI_PROJECT_ID may be the fork's; the number is
    always of CI_MERGE_REQUEST_PROJECT_ID. Raise UsageError where there is none.
    """
    target = environment.get("CI_MERGE_REQUEST_PROJECT_ID") or environment.get("CI_PROJECT_ID")
    source = environment.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID")
    given = environment.get("CI_MERGE_REQUEST_IID", "")
    number = iid if iid is not None else int(given) if given.isascii() and given.isdigit() else None
    where = project or target
    if number is None or not where:
        missing = "CI_MERGE_REQUEST_IID" if number is None else "CI_PROJECT_ID"
        raise UsageError(f"this is no job of a merge request: {missing} is not set", hint=_PIPELINE)
    return MergeRequest(where, number, bool(source and target and source != target))


def plan_note(
    delivery: Delivery,
    place: MergeRequest,
    body: str,
    *,
    about: tuple[str, ...],
    at: datetime,
    former: frozenset[str] = frozenset(),
) -> list[PublishStep]:
    """Return the steps that leave one note with this body. Only reads GitLab.

    `about` is the instance and the targets, `at` the end of the scan. `former` are usernames of
    earlier tokens, whose notes are taken over.
    """
    key = key_of("note", *about)
    text = f"{hide_secrets(body).rstrip()}\n\n{Marker(key, at).text('note')}"
    trusted = {delivery.own_user().username, *former}

    def own() -> list[Note]:
        return [
            note
            for note in delivery.merge_request_notes(place.project, place.iid)
            if note.author.username in trusted and holds(note.body, "note", key)
        ]

    notes = own()
    if not notes:
        make = partial(_make, delivery, place, text, own)
        return [PublishStep("create", str(place), "a new note", "", 1, make)]
    first, *others = notes
    marker = read_marker(first.body, "note", key)
    where = f"note {first.id}"
    if marker is not None and marker.at > at:
        reason = f"a newer report, of {utc(marker.at)}, has written it; this one is of {utc(at)}"
        return [PublishStep("left", str(place), where, reason, attention=True)]
    steps = [_changed(delivery, place, first, text)]
    for extra in others:
        remove = partial(_remove, delivery, place, extra.id)
        steps.append(
            PublishStep("delete", str(place), f"note {extra.id}", "a second one", 1, remove)
        )
    return steps


def _changed(delivery: Delivery, place: MergeRequest, note: Note, text: str) -> PublishStep:
    where = f"note {note.id}"
    if note.body.replace("\r\n", "\n").strip() == text.strip():
        return PublishStep("none", str(place), where, "as before")
    write = partial(delivery.update_note, place.project, place.iid, note.id, text)
    return PublishStep("update", str(place), where, "", 1, partial(repeated, write))


def _make(
    delivery: Delivery, place: MergeRequest, text: str, own: Callable[[], list[Note]]
) -> None:
    try:
        delivery.add_note(place.project, place.iid, text)
    except LostAnswerError:
        if not own():
            raise


def _remove(delivery: Delivery, place: MergeRequest, note: int) -> None:
    """Take a note off; one that is gone already is no fault."""
    try:
        repeated(partial(delivery.delete_note, place.project, place.iid, note))
    except WriteRefusedError as error:
        if error.status != 404:
            raise
