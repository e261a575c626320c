"""What python-gitlab's errors mean for a run: a gap of one thing, or its end."""

import gitlab

from scopelint.collector.answers import refused
from scopelint.collector.connection import Connection
from scopelint.errors import GitLabError, ScopelintError, TargetNotFoundError
from scopelint.model import Reason


class UnreadableError(TargetNotFoundError):
    """One thing that REST refused or could not give; the run goes on with a gap."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def no_api(connection: Connection) -> GitLabError:
    """Return the error for an address that has no GitLab API at all."""
    return GitLabError(
        f"{connection.server.url} has no GitLab API (HTTP 404)",
        hint="Check --url; a GitLab below a relative URL needs that path too.",
        status=404,
    )


def translate(connection: Connection, error: gitlab.GitlabError) -> ScopelintError:
    """Return what a refusal means: the token is refused, one thing is unreadable, or it failed."""
    status = error.response_code or 0
    text = (error.response_body or b"").decode("utf-8", "replace")
    job_token = connection.server.token.reveal().startswith("glcbt-")
    refusal = refused(status, text, job_token=job_token)
    if refusal is not None:
        return refusal
    if status == 403 and "granular" in text:
        detail = "the fine-grained token lacks a permission to read the job token scope here"
        return UnreadableError(Reason.FORBIDDEN, detail)
    if status == 403:
        return UnreadableError(Reason.FORBIDDEN, "the token's role here is below Maintainer")
    if status == 404:
        return UnreadableError(Reason.NOT_FOUND, "not found or not visible to this token")
    if status == 405:
        # The cap on offsets, 50,000 by default (doc/administration/instance_limits.md).
        return UnreadableError(Reason.CAPPED, "GitLab pages no further into this list by REST")
    said = connection.server.token.redact(str(error.error_message))
    message = f"{connection.server.url} answered HTTP {status}: {said:.200}"
    return GitLabError(message, status=status)
