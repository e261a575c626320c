"""What may have caused a refusal, and what a client's HTTP status leaves open of it."""

from typing import Final, Literal

from scopelint.joblog.requests import Request
from scopelint.versions import OUTBOUND_REMOVED

Cause = Literal[
    "no_entry",
    "outbound_limit",
    "permission_missing",
    "user_role",
    "visibility",
    "endpoint_not_open",
    "pushes_off",
    "token_expired",
    "not_job_token",
    "not_there",
    "other",
]

CAUSES: Final[dict[Cause, str]] = {
    "no_entry": "the project's allowlist has no entry for the job's project",
    "outbound_limit": f"the job's own project limits its outbound access (before GitLab {OUTBOUND_REMOVED})",
    "permission_missing": "the entry that lets the job's project in lacks the permission",
    "user_role": "the user who started the pipeline may not do this there",
    "visibility": "the user who started the pipeline cannot see the project",
    "endpoint_not_open": "this request takes no job token",
    "pushes_off": "the project takes no Git pushes by job token",
    "token_expired": "the token was no longer valid: the job was over, or it is no job token",
    "not_job_token": "it was not the job token that was refused",
    "not_there": "there is nothing at this address, or its path is misspelt",
    "other": "something that has nothing to do with the job token",
}
"""What may have caused a refusal, in words."""

OF_OTHERS: Final = frozenset({"no_entry", "permission_missing", "visibility"})
"""Causes that only another project's refusal has: a project is always on its own list."""

NOT_FOUND: Final[tuple[Cause, ...]] = ("no_entry", "user_role", "not_there")
_HIDES_PRIVATE: Final = frozenset({"read_packages", "write_packages", "terraform_module"})


def causes_of(status: str, request: Request, *, own: bool | None) -> tuple[Cause, ...]:
    """Return what an HTTP status leaves open; without one, what a refusal by a registry does.

    `own` says whether the job's own project was asked, None where that is not known. A package
    route may answer 401 where others answer 403: GitLab hides private projects there. A registry
    takes images only from the jobs of its own project.
    """
    if request.subject == "write_registry":
        return ("other",) if own is False and request.job_token else ("user_role", "other")
    if request.subject == "read_registry":
        return NOT_FOUND
    if status == "404":
        return (*NOT_FOUND, "endpoint_not_open") if request.subject == "api" else NOT_FOUND
    if status == "403":
        more: tuple[Cause, ...] = ("permission_missing", "other")
        return ("no_entry", "user_role", *(() if request.subject == "clone" else more))
    hides = request.subject in _HIDES_PRIVATE
    return (
        "token_expired",
        *(("no_entry", "user_role", "other") if hides else ("endpoint_not_open",)),
    )
