"""The addresses in a log's line: which project each one names, and what a request there asks for."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from scopelint.access.token_routes import TokenRoute, find_route

_URL: Final = re.compile(r"(?:git\+)?https?://[^\s'\"<>()\[\]|\\^`,;]+", re.IGNORECASE)
_SSH: Final = re.compile(r"\bgit@[\w.-]+:(?P<path>[\w./-]+?)(?:\.git)?(?=[\s'\"]|$)")
_GO: Final = re.compile(r"(?<![\w/.:@])(?P<host>[\w-]+(?:\.[\w-]+)+)/(?P<path>[\w./-]+?)@v[0-9]")
_CONAN: Final = re.compile(r"@(?P<path>[\w.-]+(?:\+[\w.-]+)+)/\w")
_HOST: Final = r"(?:[\w-]+(?:\.[\w-]+)+(?::[0-9]+)?|[\w-]+:[0-9]+)"
_IMAGES: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?:denied for|repository \[|docker://|image \"?|permission for \"|push |pull )(?P<image>{_HOST}/[\w./-]+)",
        r"/v2/(?P<path>[\w./-]+?)/(?:manifests|blobs|tags)/",
    )
)
_SECRET: Final = re.compile(
    r"\[(?:MASKED|FILTERED|hidden)\]|\$\{?[A-Z_]*(?:TOKEN|PASSWORD)[A-Z_]*\}?|\*{4,}"
)
_SEGMENT: Final = r"[A-Za-z0-9_.][A-Za-z0-9_.-]{0,254}"
_PATH: Final = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT}){{1,20}}")
_API: Final = re.compile(r"(?P<root>.*?)/api/v4(?P<rest>/.*)")
_OF_PROJECT: Final = re.compile(r"/projects/(?P<project>[^/]+)(?P<rest>/.*)?")
_GIT_END: Final = re.compile(
    r"\.git(?:/(?:info/(?:refs|lfs).*|git-(?:upload|receive)-pack|gitlab-lfs/.*))?$"
)
_NO_PROJECT: Final = frozenset({"help", "groups", "users", "admin", "api", "oauth", "v2", "jwt"})


@dataclass(frozen=True, slots=True)
class NamedProject:
    """What a log calls a project; several may be known, at least one is."""

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
    """One address of a log."""

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


def addresses(line: str, methods: tuple[str, ...] = ()) -> Iterator[Address]:
    """Yield the addresses of one line, in their order; `methods` are what the request may use."""
    line = _SECRET.sub("secret", line)
    for match in _URL.finditer(line):
        found = _read(match.group().removeprefix("git+").rstrip(".:"), methods)
        if found is not None:
            yield found
    for match in _SSH.finditer(line):
        yield Address(None, "git", _named(match["path"]))
    for match in _GO.finditer(line):
        yield Address(f"https://{match['host']}", None, _named(match["path"]))
    for match in _CONAN.finditer(line):
        yield Address(None, None, _named(match["path"].replace("+", "/")))


def _read(url: str, methods: tuple[str, ...]) -> Address | None:
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
            _named(of_project["project"]) if of_project else None,
            next(filter(None, (find_route(method, rest) for method in methods or (None,))), None),
            api=True,
        )
    path = parts.path.strip("/").split("/-/")[0]
    git = _GIT_END.search(path) is not None
    path = _GIT_END.sub("", path)
    names = "/" in path and path.partition("/")[0] not in _NO_PROJECT
    return Address(
        origin if known else None, parts.username, _named(path) if names else None, git=git
    )


def _named(text: str) -> NamedProject | None:
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
    return _named(path)


def image_target(lines: Iterable[str], job: NamedProject | None) -> NamedProject | None:
    """Return the project of the first image that these lines name.

    An image below the job's own project is that project's.
    """
    for pattern in _IMAGES:
        for line in lines:
            match = pattern.search(line)
            if match is None:
                continue
            groups = match.groupdict()
            found = _named(groups["path"]) if groups.get("path") else image_project(groups["image"])
            below = job.path if job is not None else None
            if found is not None and below and (found.path or "").startswith(f"{below}/"):
                return job
            if found is not None:
                return found
    return None
