"""An HTTP request as the server read it, and the failures that REST answers with."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from scopelint_simulator.answer import Answer, json_answer


@dataclass(slots=True)
class Request:
    """One request. `path` lies below the relative root; `url` is where that root is."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes
    url: str
    full_path: str = ""
    """The path as it was sent, with the relative root."""

    def token(self) -> str | None:
        """The token that came with it, in whichever header."""
        for name in ("private-token", "job-token"):
            if self.headers.get(name):
                return self.headers[name]
        kind, _, value = self.headers.get("authorization", "").partition(" ")
        return value.strip() if kind.lower() == "bearer" and value.strip() else None

    def parameters(self) -> dict[str, Any]:
        """Parameters of the body (JSON or form) over those of the query.

        Raises RestError 400 for a body that is no JSON object.
        """
        values: dict[str, Any] = dict(self.query)
        if not self.body:
            return values
        if "json" in self.headers.get("content-type", "json"):
            try:
                loaded = json.loads(self.body)
            except ValueError as error:
                raise RestError(400, {"error": "The request body is invalid JSON"}) from error
            if not isinstance(loaded, dict):
                raise bad_request("The request body is no object")
            values.update(loaded)
        else:
            values.update(parse_qsl(self.body.decode(), keep_blank_values=True))
        return values


class RestError(Exception):
    """A REST failure with its status and JSON body."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body

    def answer(self) -> Answer:
        """The answer that tells it."""
        return json_answer(self.status, self.body)


def unauthorized() -> RestError:
    """401: no token, or a wrong one."""
    return RestError(401, {"message": "401 Unauthorized"})


def forbidden(reason: str | None = None) -> RestError:
    """403, with the reason where GitLab gives one."""
    return RestError(403, {"message": f"403 Forbidden - {reason}" if reason else "403 Forbidden"})


def not_found(thing: str) -> RestError:
    """404 for "Project" or "Group", or for what GitLab puts in its place."""
    return RestError(404, {"message": f"404 {thing} Not Found"})


def bad_request(reason: str) -> RestError:
    """400 with a reason."""
    return RestError(400, {"message": f"400 Bad request - {reason}"})


def bad_parameter(name: str, fault: str) -> RestError:
    """400 for a parameter that "is missing", "is invalid" or "is empty"."""
    return RestError(400, {"error": f"{name} {fault}"})
