"""What an address, and a command that asks it, want of GitLab: the project, the route, what for.

For `why`, which reads the log of a refused job, and for finders, which read the files that jobs run.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import unquote, urlsplit

from scopelint.access.token_routes import TokenRoute, find_route

Subject = Literal[
    "clone",
    "push",
    "read_packages",
    "write_packages",
    "read_registry",
    "write_registry",
    "artifacts",
    "trigger",
    "release",
    "terraform_state",
    "terraform_module",
    "api",
    "other",
]
"""What a job wants."""

SUBJECTS: Final[dict[Subject, str]] = {
    "clone": "Git clone or fetch",
    "push": "Git push",
    "read_packages": "downloading packages",
    "write_packages": "publishing packages",
    "read_registry": "pulling container images",
    "write_registry": "pushing container images",
    "artifacts": "job artifacts",
    "trigger": "starting a pipeline",
    "release": "releases",
    "terraform_state": "Terraform state",
    "terraform_module": "Terraform modules",
    "api": "the API",
    "other": "something that the log does not name",
}
"""The same in words."""

URL: Final = re.compile(r"(?:git\+)?https?://[^\s'\"<>()\[\]|\\^`,;]+", re.IGNORECASE)
JOB_TOKEN: Final = re.compile(
    r"JOB[-_]TOKEN(?!_scope)|gitlab-ci-token|CI_REGISTRY_PASSWORD|Bearer glcb|credentials from job payload|"
    r"\bcli=release-cli\b",
    re.IGNORECASE,
)
"""Signs that a request is sent with the job token."""
OTHER_TOKEN: Final = re.compile(
    r"PRIVATE-TOKEN|DEPLOY-TOKEN|deploy-token|CI_DEPLOY_(?:USER|PASSWORD)|oauth2:|"
    r"DOCKER_AUTH_CONFIG|[A-Z]_(?:ACCESS|API)_TOKEN|_PAT\b|GITLAB_TOKEN|GL_TOKEN|"
    r"No authorization header was set|authInfoToken\W+undefined",
    re.IGNORECASE,
)
"""Signs that a request is sent with another token."""

_METHOD: Final = re.compile(
    r"(?:-X|--request|--method)[ =]?[\"']?(?P<given>GET|POST|PUT|PATCH|DELETE|HEAD)\b|"
    r"\b(?P<shown>GET|POST|PUT|PATCH|DELETE)(?: request)?:? ['\"]?https?://"
)
_UPLOAD: Final = re.compile(r"\s(?:--upload-file|-T)\s")
_POST: Final = re.compile(r"\bcurl\b.{0,2000}?\s(?:--data\S*|-d|--form|-F)\s")
_SEGMENT: Final = r"[A-Za-z0-9_.][A-Za-z0-9_.-]{0,254}"
_PATH: Final = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT}){{1,20}}")
_API: Final = re.compile(r"(?P<root>.*?)/api/v4(?P<rest>/.*)")
_OF_PROJECT: Final = re.compile(r"/projects/(?P<project>[^/]+)(?P<rest>/.*)?")
_GIT_END: Final = re.compile(
    r"\.git(?:/(?:info/(?:refs|lfs).*|git-(?:upload|receive)-pack|gitlab-lfs/.*))?$"
)
_NO_PROJECT: Final = frozenset({"help", "groups", "users", "admin", "api", "oauth", "v2", "jwt"})
_OF_ROUTES: Final[tuple[tuple[str, Subject, Subject], ...]] = (
    ("/packages/terraform/", "terraform_module", "terraform_module"),
    ("/packages", "read_packages", "write_packages"),
    ("/terraform/state", "terraform_state", "terraform_state"),
    ("artifacts", "artifacts", "artifacts"),
    ("/trigger/", "trigger", "trigger"),
    ("/releases", "release", "release"),
    ("/registry/", "read_registry", "write_registry"),
)
"""A part of an API's path, and what is wanted there by reading and by writing."""


@dataclass(frozen=True, slots=True)
class NamedProject:
    """What an address or a message calls a project; several may be known, at least one is."""

    path: str | None = None
    """The full path."""
    id: int | None = None
    name: str | None = None
    """The last segment of the path alone."""

    def __str__(self) -> str:
        if self.path is not None:
            return self.path
        return f"project {self.id}" if self.id is not None else f"a project named {self.name}"

    @property
    def last(self) -> str | None:
        """The last segment of the path, None where only the number is known."""
        return self.name if self.path is None else self.path.rpartition("/")[2]

    def joined(self, other: "NamedProject") -> "NamedProject | None":
        """Return what both say together, None where they are two projects."""
        paths = {each.path.lower() for each in (self, other) if each.path is not None}
        ids = {each.id for each in (self, other) if each.id is not None}
        names = {each.last.lower() for each in (self, other) if each.last is not None}
        if max(len(paths), len(ids), len(names)) > 1:
            return None
        return NamedProject(self.path or other.path, self.id or other.id, self.name or other.name)


@dataclass(frozen=True, slots=True)
class Address:
    """One address that a program asks."""

    instance: str | None
    """Scheme, host, port, and the relative root where the address shows it. None where it is not
    told: SSH, Go modules, a variable for the host."""
    user: str | None
    """The user's name in the address, such as `gitlab-ci-token`."""
    project: NamedProject | None
    """The project that it names; None for groups, the instance, and what names none."""
    route: TokenRoute | None = None
    """The REST route, None where it is none that takes a job token."""
    api: bool = False
    git: bool = False
    """Whether it is surely that of a repository."""


def read_url(url: str, methods: tuple[str, ...]) -> Address | None:
    """Return what a URL asks; `methods` are what the request may use. None where it is no URL."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host:
        return None
    origin = f"{parts.scheme.lower()}://{host}" + (f":{port}" if port else "")
    known = "$" not in host
    api = _API.fullmatch(parts.path)
    if api is not None:
        rest = re.sub(r"/{2,}", "/", api["rest"]).rstrip("/")
        of_project = _OF_PROJECT.fullmatch(rest)
        return Address(
            origin + api["root"] if known else None,
            parts.username,
            named_project(of_project["project"]) if of_project else None,
            next(filter(None, (find_route(method, rest) for method in methods or (None,))), None),
            api=True,
        )
    path, git = repository_path(parts.path)
    names = "/" in path and path.partition("/")[0] not in _NO_PROJECT
    return Address(
        origin if known else None, parts.username, named_project(path) if names else None, git=git
    )


def repository_path(path: str) -> tuple[str, bool]:
    """Return the repository that the path of an address is of, and whether it is surely one.

    >>> repository_path("/acme/lib.git/info/refs"), repository_path("/acme/lib/-/tree/main")
    (('acme/lib', True), ('acme/lib', False))
    """
    path = path.strip("/").split("/-/")[0]
    return _GIT_END.sub("", path), _GIT_END.search(path) is not None


def named_project(text: str) -> NamedProject | None:
    """Return the project that a path or number names, percent-encoded or not; None for no name."""
    text = unquote(text)
    if text.isascii() and text.isdigit():
        return NamedProject(id=int(text)) if len(text) < 19 else None
    return NamedProject(path=text) if _PATH.fullmatch(text) else None


def image_project(image: str) -> NamedProject | None:
    """Return the project of an image's name, None where it names no registry of its own.

    `registry.example.com/acme/lib/runtime:1.2` may be the image `runtime` of `acme/lib`, or that of
    a project `acme/lib/runtime`: GitLab allows both, so the whole path stands for it.
    """
    host, _, rest = image.partition("/")
    path = re.split(r"[:@]", rest, maxsplit=1)[0]
    if ("." not in host and ":" not in host) or "/" not in path:
        return None
    return named_project(path)


def api_subject(path: str, *, writes: bool) -> Subject | None:
    """Return what is wanted at a path below `/api/v4`; None where the path alone does not say it."""
    for part, reading, writing in _OF_ROUTES:
        if part in path:
            return writing if writes else reading
    return None


def methods_of(text: str, command: str | None, *, writes: bool) -> tuple[str, ...]:
    """Return the HTTP methods that a request may use, the likeliest first.

    `text` is all that is known of the request, `command` the command that sends it; `writes` says
    whether the words make it one that changes something.
    """
    match = _METHOD.search(text)
    if match is not None:
        return ((match["given"] or match["shown"]).upper().replace("HEAD", "GET"),)
    if command and _UPLOAD.search(command):
        return ("PUT",)
    if command and _POST.search(command):
        return ("POST",)
    if re.search(r"state lock", text):
        return ("POST",)
    return ("PUT", "POST") if writes else ("GET",)
