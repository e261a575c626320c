"""Issues, notes and external controls: what `publish` reads and writes, by REST.

Sources: doc/api/issues.md, doc/api/notes.md, doc/api/external_controls.md. Where the next page of a
list is, GitLab says; a list that does not end is cut and said to be so.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, TypeVar
from urllib.parse import quote

import gitlab

from scopelint.errors import GitLabError
from scopelint.gitlab.ask import ask_required, translate
from scopelint.gitlab.connection import Connection
from scopelint.gitlab.rest_write import LostAnswerError, send, send_signed
from scopelint.gitlab.values import FormError
from scopelint.text import Secret

PUBLISH_HINT: Final = (
    "Use a project or group access token with the scope api and the role Reporter or higher, as"
    " SCOPELINT_TOKEN; a job token (CI_JOB_TOKEN) can write neither issues, notes nor controls."
)
MAX_DESCRIPTION: Final = 1_048_576
"""Characters that an issue's description takes (doc/administration/instance_limits.md)."""
_PAGE: Final = 20
"""Issues a request: each comes with its description, which may be a megabyte."""
_MOST: Final = 20_000
"""Items of a list that are looked at."""
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who writes."""

    id: int
    username: str


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue, as far as it matters whether it must be changed."""

    iid: int
    """Its number in the project."""
    author: User
    description: str
    labels: tuple[str, ...]
    closed: bool
    confidential: bool
    web_url: str


@dataclass(frozen=True, slots=True)
class Note:
    """A note on an issue or a merge request."""

    id: int
    author: User
    body: str


class Delivery:
    """Reads and writes what others get of a report. Threads may use it at the same time.

    Writes raise WriteRefusedError and LostAnswerError (`scopelint.gitlab.rest_write`); reads an
    UnreadableError where GitLab does not show what was asked for. Both raise a GitLabError for what
    ends the run. A project is given by its full path or its number.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def own_user(self) -> User:
        """Return whose token it is."""
        return self._get("/user", _user)

    def issues(self, project: str, label: str) -> list[Issue]:
        """Return the issues of a project that have a label, open and closed, oldest first."""
        return self._issues(project, {"labels": label})

    def issues_with(self, project: str, words: str) -> list[Issue]:
        """Return the issues of a project whose description holds these words, whatever their case."""
        return self._issues(project, {"search": words, "in": "description"})

    def _issues(self, project: str, query: Mapping[str, str]) -> list[Issue]:
        path = f"/projects/{_part(project)}/issues"
        common = {"state": "all", "order_by": "created_at", "sort": "asc", "per_page": _PAGE}
        found = self._list(path, {**common, **query}, _issue)
        return sorted(found, key=lambda issue: issue.iid)

    def create_issue(
        self, project: str, *, title: str, description: str, labels: Sequence[str], hidden: bool
    ) -> Issue:
        """Make an issue; `hidden` makes it confidential."""
        data = {
            "title": title,
            "description": description,
            "labels": ",".join(labels),
            "confidential": hidden,
        }
        return _written(self._send("post", f"/projects/{_part(project)}/issues", data), _issue)

    def update_issue(self, project: str, iid: int, changes: Mapping[str, Any]) -> None:
        """Change an issue. It may be repeated: the same changes leave the same issue."""
        self._send("put", f"/projects/{_part(project)}/issues/{iid}", changes)

    def issue_notes(self, project: str, iid: int) -> list[Note]:
        """Return the notes on an issue, oldest first."""
        return self._notes(f"/projects/{_part(project)}/issues/{iid}/notes")

    def add_issue_note(self, project: str, iid: int, body: str) -> None:
        """Add a note to an issue."""
        self._send("post", f"/projects/{_part(project)}/issues/{iid}/notes", {"body": body})

    def merge_request_notes(self, project: str, iid: int) -> list[Note]:
        """Return the notes on a merge request, oldest first."""
        return self._notes(_merge_request(project, iid))

    def add_note(self, project: str, iid: int, body: str) -> None:
        """Add a note to a merge request."""
        self._send("post", _merge_request(project, iid), {"body": body})

    def update_note(self, project: str, iid: int, note: int, body: str) -> None:
        """Change a note on a merge request."""
        self._send("put", f"{_merge_request(project, iid)}/{note}", {"body": body})

    def delete_note(self, project: str, iid: int, note: int) -> None:
        """Take a note off a merge request."""
        self._send("delete", f"{_merge_request(project, iid)}/{note}", None)

    def set_control(self, project_id: int, control_id: int, status: str, secret: Secret) -> None:
        """Tell an external control `pass` or `fail` of a project."""
        send_signed(
            self._connection,
            "PATCH",
            f"/projects/{project_id}/compliance_external_controls/{control_id}/status",
            {"status": status},
            sign=lambda path: signature(path, status, secret),
        )

    def _notes(self, path: str) -> list[Note]:
        query = {"sort": "asc", "order_by": "created_at", "per_page": 100}
        return self._list(path, query, _note)

    def _send(self, verb: str, path: str, data: Mapping[str, Any] | None) -> Any:
        return send(self._connection, verb, path, data, hint=PUBLISH_HINT)

    def _get(self, path: str, read: Callable[[Any], _T]) -> _T:
        return self._ask(lambda: read(self._connection.rest.http_get(path, obey_rate_limit=False)))

    def _list(self, path: str, query: Mapping[str, Any], read: Callable[[Any], _T]) -> list[_T]:
        def ask() -> list[_T]:
            rows = self._connection.rest.http_list(
                path, query_data=dict(query), iterator=True, obey_rate_limit=False
            )
            found = [read(row) for row in islice(rows, _MOST + 1)]
            if len(found) > _MOST:
                raise GitLabError(f"{path} lists more than {_MOST:,} items: it is not read on")
            return found

        return self._ask(ask)

    def _ask(self, ask: Callable[[], _T]) -> _T:
        try:
            return ask_required(ask, self._connection.server.url)
        except gitlab.GitlabError as error:
            raise translate(self._connection, error) from None


def signature(path: str, status: str, secret: Secret) -> dict[str, str]:
    """Return the headers that prove a status: HMAC-SHA256 over time, nonce, path and the data.

    `path` is the request's whole path. GitLab takes a time for some seconds and a nonce once.
    """
    moment, nonce = str(int(time.time())), secrets.token_hex(16)
    told = f"{moment}{nonce}{path}status={status}".encode()
    return {
        "X-Gitlab-Timestamp": moment,
        "X-Gitlab-Nonce": nonce,
        "X-Gitlab-Hmac-Sha256": hmac.new(
            secret.reveal().encode(), told, hashlib.sha256
        ).hexdigest(),
    }


def _part(project: str) -> str:
    return quote(project, safe="")


def _merge_request(project: str, iid: int) -> str:
    return f"/projects/{_part(project)}/merge_requests/{iid}/notes"


def _written(answer: Any, read: Callable[[Any], _T]) -> _T:
    try:
        return read(answer)
    except FormError as error:
        raise LostAnswerError(f"the answer to a write has another form: {error}") from None


def _field(row: Any, name: str, kind: type[_T]) -> _T:
    value = row.get(name) if isinstance(row, dict) else None
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise FormError(f"{name} is no {kind.__name__}")
    return value


def _user(row: Any) -> User:
    return User(_field(row, "id", int), _field(row, "username", str))


def _issue(row: Any) -> Issue:
    labels = _field(row, "labels", list)
    state = _field(row, "state", str)
    if state not in {"opened", "closed"} or not all(isinstance(label, str) for label in labels):
        raise FormError("an issue's state or labels")
    return Issue(
        _field(row, "iid", int),
        _user(row.get("author")),
        "" if row.get("description") is None else _field(row, "description", str),
        tuple(labels),
        state == "closed",
        _field(row, "confidential", bool),
        _field(row, "web_url", str),
    )


def _note(row: Any) -> Note:
    return Note(_field(row, "id", int), _user(row.get("author")), _field(row, "body", str))
