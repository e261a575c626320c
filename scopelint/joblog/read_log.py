"""Reads a job's log: its lines, what it says of its own job, and each refusal in it."""

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote

from scopelint.access.entries import POLICIES
from scopelint.access.token_requests import Address, NamedProject, Subject, image_project
from scopelint.joblog.addresses import addresses, image_target
from scopelint.joblog.causes import OF_OTHERS, Cause, causes_of
from scopelint.joblog.job import is_own_fetch, job_project
from scopelint.joblog.requests import Request, asked
from scopelint.joblog.wordings import HINTS, WORDINGS, Wording
from scopelint.text import clean, hide_queries, lines_of_job_log, redact

MAX_CHARS: Final = 4 * 2**20
"""Of a longer log the end is read: what a job was refused stands there."""

_NEAR: Final = 12
"""Lines between two wordings that can still be about one request."""
_EARLIER: Final = 400
"""Lines above a refusal in which a token, or the address of a registry, may have been set up."""
_MOST: Final = 200
"""Refusals of one log that are kept, the last ones."""
_BEFORE: Final = 60
"""Lines above a refusal in which its command is looked for."""
_AROUND: Final = 6
"""Lines above and below a refusal in which the address of its request is looked for."""

_COMMAND: Final = re.compile(r"^(?:\$|\+{1,3})\s+(?P<text>\S.*)")
_USED: Final = re.compile(r"\$\{?(?P<name>CI_[A-Z0-9_]+)\}?")
_VARIABLE: Final = re.compile(
    r"\b(?P<name>CI_PROJECT_PATH|CI_SERVER_URL)=[\"']?(?P<value>[^\s\"';$]+)"
)

Mark = tuple[int, Wording, re.Match[str]]
"""A line's place, the wording that it holds, and where."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One request of a job that was refused, as far as the log tells."""

    line: int
    """The number of the line that says so, from 1."""
    text: str
    """That line, fit to be shown, without secrets."""
    wording: str
    """The name of the wording."""
    token_refused: bool | None
    """Whether it is the job token that was refused; None where the log does not tell."""
    causes: tuple[Cause, ...]
    """What the log leaves open."""
    certain: bool
    """Whether GitLab itself said so; else a client made something of its answer."""
    origin: NamedProject | None = None
    """The job's project, where the refusal itself names it."""
    target: NamedProject | None = None
    client: str | None = None
    """The program that asked: `git`, `npm`, `curl`."""
    subject: Subject = "other"
    permissions: tuple[str, ...] = ()
    """The permissions that the request needs; empty where none governs it or it is not known."""
    route: str | None = None
    """The REST route: `GET /projects/:id/packages`."""


@dataclass(frozen=True, slots=True)
class LogReading:
    """What a log says."""

    origin: NamedProject | None
    """The project whose job it is."""
    instance: str | None
    """GitLab's address, where the log has one."""
    refusals: tuple[Refusal, ...]
    """In the order of the log; all that is said about one request is one of them."""

    @property
    def chosen(self) -> Refusal | None:
        """The refusal to explain: the last of a job token, by GitLab's own word if there is one."""
        for certain in (True, False):
            for refusal in reversed(self.refusals):
                if refusal.token_refused is not False and refusal.certain >= certain:
                    return refusal
        return self.refusals[-1] if self.refusals else None


def read_log(text: str, environment: Mapping[str, str] | None = None) -> LogReading:
    """Read a job's log, or any part of it.

    `environment` are the job's own variables, where it is read in the same job. Nothing in the text
    is acted on, and what is kept of it has no secrets.
    """
    lines = _unframed(lines_of_job_log(text[-MAX_CHARS:]))
    variables = {
        match["name"]: match["value"] for line in lines for match in _VARIABLE.finditer(line)
    }
    variables |= {name: value for name, value in (environment or {}).items() if value}
    instance = _instance(lines, variables)
    origin = job_project(lines, variables.get("CI_PROJECT_PATH"))
    lines = _with_variables(lines, origin, instance)
    incidents = deque(_incidents(lines), maxlen=_MOST)
    refusals = tuple(_refusal(lines, incident, origin) for incident in incidents)
    if origin is None:
        own = next((each.target for each in refusals if is_own_fetch(lines, each.line - 1)), None)
        origin = own if own is not None and own.path is not None else None
        refusals = tuple(_about_itself(each, origin) for each in refusals)
    return LogReading(origin, instance, refusals)


def _with_variables(
    lines: Sequence[str], origin: NamedProject | None, instance: str | None
) -> list[str]:
    """Put in the variables that every job has, where their values are known."""
    values: dict[str, str] = {}
    if origin is not None and origin.path is not None:
        values |= {"CI_PROJECT_PATH": origin.path, "CI_PROJECT_ID": _quoted(origin)}
    if instance is not None:
        host = instance.partition("://")[2]
        values |= {"CI_SERVER_URL": instance, "CI_SERVER_HOST": host, "CI_SERVER_FQDN": host}
    values["CI_API_V4_URL"] = f"{instance or 'https://$CI_SERVER_HOST'}/api/v4"
    return [
        _USED.sub(lambda match: values.get(match["name"], match.group()), line) for line in lines
    ]


def _unframed(lines: list[str]) -> list[str]:
    """Join what Terraform breaks at its frame's width; the lines that it takes stay, empty."""
    start: int | None = None
    for number, line in enumerate(lines):
        text = line.removeprefix("\u2502").strip()
        if not line.startswith("\u2502") or not text:
            start = None
            continue
        if start is None:
            start, lines[number] = number, text
        else:
            lines[start] += f" {text}"
            lines[number] = ""
    return lines


def _instance(lines: Sequence[str], variables: Mapping[str, str]) -> str | None:
    given = variables.get("CI_SERVER_URL")
    if given:
        return given.rstrip("/")
    found = [address for line in lines for address in addresses(line)]
    best = [each for each in found if each.api or each.user == "gitlab-ci-token"]
    best += [each for each in found if each.git]
    return best[0].instance if best else None


def _incidents(lines: Sequence[str]) -> Iterator[list[Mark]]:
    """Yield the marked lines of each refused request: near each other, after one command."""
    incident: list[Mark] = []
    for number, line in enumerate(lines):
        if _COMMAND.match(line):
            if incident:
                yield incident
            incident = []
            continue
        mark = _mark(number, line)
        if mark is None:
            continue
        if incident and number - incident[-1][0] > _NEAR:
            yield incident
            incident = []
        incident.append(mark)
    if incident:
        yield incident


def _mark(number: int, line: str) -> Mark | None:
    if not HINTS.search(line.lower()):
        return None
    for wording in WORDINGS:
        match = wording.pattern.search(line)
        if match is not None:
            return number, wording, match
    return None


def _refusal(lines: Sequence[str], incident: Sequence[Mark], job: NamedProject | None) -> Refusal:
    number, wording, match = min(incident, key=lambda mark: WORDINGS.index(mark[1]))
    first, last = incident[0][0], incident[-1][0]
    command = _command(lines, first)
    around = _around(lines, first, last)
    earlier = lines[max(first - _EARLIER, 0) : first]
    request = asked(command, around, earlier, wording.subject)
    target, address = _target(match, request, [*around, command or ""], job)
    route = address.route if address is not None else None
    if wording.keeps_doubt:
        request = replace(request, job_token=None)
    own = _is_own(target, job, request)
    causes = _causes(wording, match, request, own=own)
    if route is not None and not route.governed:
        causes = tuple(cause for cause in causes if cause != "permission_missing")
    permissions = _permissions(match) or (route.permissions if route is not None else ())
    if not permissions and request.subject == "terraform_state":
        lock = any("state lock" in line for line in around)
        permissions = ("ADMIN_TERRAFORM_STATE" if lock else "READ_TERRAFORM_STATE",)
    if not permissions and request.client == "conan":
        permissions = (
            "ADMIN_PACKAGES" if request.subject == "write_packages" else "READ_PACKAGES",
        )
    if not permissions and request.subject == "release":
        permissions = ("ADMIN_RELEASES",)
    name = _group(match, "origin_name")
    refusal = Refusal(
        number + 1,
        clean(hide_queries(redact(lines[number]))),
        wording.name,
        _token_refused(wording, causes, request),
        causes,
        wording.certain,
        _project(name) if name else None,
        None if causes == ("not_job_token",) and request.elsewhere else target,
        request.client or wording.client,
        request.subject,
        permissions if {*causes} - {"other", "not_job_token"} else (),
        f"{route.method} {route.path}" if route is not None else None,
    )
    return _about_itself(refusal, job)


def _is_own(target: NamedProject | None, job: NamedProject | None, request: Request) -> bool | None:
    if request.client in ("release-cli", "semantic-release") and request.subject == "release":
        return True
    if target is None or job is None or target.path is None or job.path is None:
        return None
    return target.path.lower() == job.path.lower()


def _about_itself(refusal: Refusal, job: NamedProject | None) -> Refusal:
    """Drop what no project can be refused by itself: it is always on its own list."""
    path = refusal.target.path if refusal.target is not None else None
    if job is None or path is None or job.path is None or path.lower() != job.path.lower():
        return refusal
    left = [cause for cause in refusal.causes if cause not in OF_OTHERS]
    return replace(refusal, causes=tuple(left) or refusal.causes)


def _causes(
    wording: Wording, match: re.Match[str], request: Request, *, own: bool | None
) -> tuple[Cause, ...]:
    status = next(
        (text for name, text in match.groupdict().items() if text and "status" in name), ""
    )
    image = _group(match, "image")
    if image is not None and image_project(image) is None:
        return ("not_job_token", "not_there")
    causes = wording.causes or causes_of(status, request, own=own)
    if wording.name == "job-token-not-allowed" and request.subject not in ("clone", "push"):
        return ("no_entry", "user_role")
    if wording.job_token is not None or (wording.certain and "other" in causes[:1]):
        return causes
    if request.job_token is False or (request.elsewhere and not wording.certain):
        return ("not_job_token",)
    if request.job_token:
        causes = tuple(cause for cause in causes if cause != "not_job_token") or causes
    elif not wording.certain and wording.client != "gitlab" and "not_job_token" not in causes:
        causes = (*causes, "not_job_token")
    if own:
        causes = tuple(cause for cause in causes if cause not in OF_OTHERS) or causes
    return causes


def _token_refused(wording: Wording, causes: Sequence[Cause], request: Request) -> bool | None:
    """Tell whether the job token was sent and refused; None where the lines do not tell."""
    if wording.job_token is not None:
        return wording.job_token
    if request.job_token is False or not {*causes} - {"other", "not_job_token", "not_there"}:
        return bool(request.job_token and request.subject == "write_registry")
    hidden = "not_there" in causes and request.subject != "read_registry"
    if hidden or "not_job_token" in causes:
        return None
    return True if wording.certain or request.job_token else None


def _command(lines: Sequence[str], number: int) -> str | None:
    """Return the command that ran when a line was printed, as the runner shows it.

    What only shows a file (`cat answer.json`) is passed over.
    """
    for line in reversed(lines[max(number - _BEFORE, 0) : number]):
        match = _COMMAND.match(line)
        if match is not None and not re.match(r"(?:cat|echo|jq|head|export)\b", match["text"]):
            return match["text"]
    return None


def _around(lines: Sequence[str], first: int, last: int) -> list[str]:
    """Return the lines at a refusal that belong to the same command."""
    start, end = max(first - _AROUND, 0), min(last + 1 + _AROUND, len(lines))
    commands = [number for number in range(start, end) if _COMMAND.match(lines[number])]
    start = max([start, *(number + 1 for number in commands if number < first)])
    end = min([end, *(number for number in commands if number > last)])
    return [*lines[first : last + 1], *lines[start:first], *lines[last + 1 : end]]


def _group(match: re.Match[str], name: str) -> str | None:
    return match.groupdict().get(name)


def _project(text: str) -> NamedProject:
    return NamedProject(path=text) if "/" in text else NamedProject(name=text)


def _target(
    match: re.Match[str], request: Request, lines: Sequence[str], job: NamedProject | None
) -> tuple[NamedProject | None, Address | None]:
    """Return the project that refused, and the address that was asked, as far as they are told."""
    number, name = (
        _group(match, "target_id"),
        _group(match, "target_name") or _group(match, "target_path"),
    )
    named: NamedProject | None = None
    if number is not None:
        named = NamedProject(id=int(number))
    elif name is not None:
        named = _project(name)
    found = [
        each
        for each in request.addresses
        if each.api or each.git or each.instance is None or not request.of_packages
    ]
    best = [each for each in found if each.route is not None] + found
    for address in found:
        if address.project is None:
            continue
        both = address.project if named is None else named.joined(address.project)
        if both is not None:
            routed = [each for each in best if each.project == address.project]
            return both, routed[0]
    if named is None and request.subject in ("read_registry", "write_registry"):
        return image_target(lines, job), None
    text = " ".join(lines)
    if named is None and job is not None and ("CI_PROJECT_ID" in text or _quoted(job) in text):
        return job, None
    if named is None and request.client == "release-cli":
        ids = re.findall(r"project-id=([0-9]+)", text)
        named = NamedProject(id=int(ids[0])) if ids else None
    return named, next((each for each in best if each.api and each.project is None), None)


def _quoted(project: NamedProject) -> str:
    return quote(project.path or "", safe="")


def _permissions(match: re.Match[str]) -> tuple[str, ...]:
    """Return the permissions that GitLab names: `read_packages and read_jobs`."""
    words = re.split(r"[^a-z_]+", (_group(match, "permissions") or "").lower())
    return tuple(word.upper() for word in words if word.upper() in POLICIES)
