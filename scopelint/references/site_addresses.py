"""Addresses of one GitLab in a line of text, and the references that they are."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import unquote, urlsplit

from scopelint.access.token_requests import (
    OTHER_TOKEN,
    URL,
    NamedProject,
    Subject,
    api_subject,
    named_project,
    repository_path,
)
from scopelint.access.token_routes import TokenRoute, find_route
from scopelint.finder import GitLabSite, Reference, RepositoryFile
from scopelint.references.variables import (
    CLOSE,
    CREDENTIALS,
    MARK,
    OPEN,
    PROXY,
    Variables,
    first_mark,
    mark,
    unmark,
)

_WORD: Final = re.compile(r"[^\s'\"<>()|;,`]+")
_SCHEMELESS: Final = re.compile(r"^//(?P<rest>[^/].*)$|(?<=[=@])//(?P<inner>[^/].*)$")
_PLACE: Final = re.compile(r"/(?P<kind>projects|groups?)/(?P<which>[^/?#]+)(?P<rest>/[^?#]*)?")
_KIND: Final = re.compile(r"/packages/(?P<kind>[a-z]+)(?:/|$)")
_NO_PROJECT: Final = frozenset(
    {"-", "help", "groups", "users", "admin", "api", "oauth", "v2", "jwt", "explore", "dashboard"}
)
_SUFFIX: Final = re.compile(r"\.git(?=[/@?#]|$)")
_MOST_SEGMENTS: Final = 21
"""GitLab nests twenty groups at most."""
_PROBES: Final = ("", "/x", "/x/x")
"""What may follow the base of a registry: one that is configured names no package yet."""


@dataclass(frozen=True, slots=True)
class SiteAddress:
    """One address of the GitLab."""

    path: str
    """Below the relative root, with a slash at its start; marks stand for what is not known."""
    token: bool | None
    """Whether it holds the job token; False where it holds other credentials, None without any."""
    api: bool
    """Whether it is below `/api/v4`, which `path` then does not have."""
    sure: bool = True
    """False where the host is a variable that is not known."""

    @property
    def is_repository(self) -> bool:
        """Whether it is surely that of a repository: it ends in `.git`."""
        return not self.api and _SUFFIX.search(self.path) is not None


def words(marked: str) -> Iterator[str]:
    """Yield the words of a marked line: what stands between blanks, quotes and brackets."""
    yield from (match[0] for match in _WORD.finditer(marked))


def site_addresses(word: str, variables: Variables, *, any_host: bool = False) -> list[SiteAddress]:
    """Return the addresses of the GitLab in one marked word.

    With `any_host` one whose host is not known counts too: where the job token is sent there, it is
    this GitLab's.
    """
    filled = variables.fill(word)
    found = [_address(match[0], variables.site, any_host) for match in URL.finditer(filled)]
    if not found:
        match = _SCHEMELESS.search(filled)
        text = (match["rest"] or match["inner"]) if match is not None else None
        if text is not None:
            found = [_address(f"{variables.site.scheme}://{text}", variables.site, any_host)]
        elif any_host and filled.startswith(OPEN):
            found = [_behind_a_variable(filled)]
    return [each for each in found if each is not None]


def _behind_a_variable(text: str) -> SiteAddress | None:
    """Return `$API/projects/42/…`: the API below an address that a variable holds."""
    match = re.match(f"{OPEN}[^{CLOSE}]*{CLOSE}(?:/api/v4)?(?=/(?:projects|groups)/)", text)
    return None if match is None else SiteAddress(text[match.end() :], None, api=True, sure=False)


def _address(url: str, site: GitLabSite, any_host: bool) -> SiteAddress | None:
    try:
        parts = urlsplit(url.removeprefix("git+"))
        host, port = parts.hostname or "", parts.port
    except ValueError:
        # A variable for the port, or what is no address.
        host, port, parts = "", None, urlsplit("")
    unknown = OPEN in host
    if not host or (unknown and not any_host):
        return None
    standard = {"http": 80, "https": 443}.get(parts.scheme)
    if not unknown and (host != site.host or (port or standard) not in _ports(site, parts.scheme)):
        return None
    path = re.sub(r"/{2,}", "/", parts.path)
    below = path if unknown else _below(path, site.root)
    if below is None:
        return None
    api = below.startswith("/api/v4/") or below == "/api/v4"
    token = _holds_job_token(parts.username, parts.password)
    return SiteAddress(below.removeprefix("/api/v4") if api else below, token, api, not unknown)


def _holds_job_token(user: str | None, password: str | None) -> bool | None:
    if user is None:
        return None
    if password is None:
        return True if user == "gitlab-ci-token" else None
    if first_mark(password) in CREDENTIALS:
        return True
    # Users are free with most tokens: this one is often kept where another token is put in.
    return user == "gitlab-ci-token" and OTHER_TOKEN.search(password) is None


def _ports(site: GitLabSite, scheme: str) -> set[int]:
    if site.port is not None:
        return {site.port}
    return {80, 443} if scheme in {"http", "https"} else {22}


def _below(path: str, root: str) -> str | None:
    if not root:
        return path
    return path.removeprefix(root) if path == root or path.startswith(f"{root}/") else None


def address_reference(
    address: SiteAddress,
    word: str,
    line: int,
    *,
    subject: Subject,
    methods: tuple[str, ...] = ("GET",),
    sends_token: bool = False,
) -> Reference | None:
    """Return the reference that an address is; None where it asks for no project's things.

    `subject` is what for, where the address does not say it itself. `word` is the marked word that
    holds it.
    """
    if address.api:
        return _of_api(address, word, line, subject, methods, sends_token=sends_token)
    path = _repository(address.path)
    first = path.partition("/")[0]
    if first in _NO_PROJECT or ("/" not in path and OPEN not in path) or not path:
        return None
    made = Reference(line, subject, written=written_in(word), sends_token=sends_token)
    if OPEN in path:
        return replace(made, variable=first_mark(path))
    named = named_project(path)
    if named is None or named.path is None:
        return None
    return replace(made, targets=(named,))


def _repository(path: str) -> str:
    """Return the repository of a path that may go on with a folder, a revision or a page."""
    path = re.split(r"[@?#]", path, maxsplit=1)[0].strip("/")
    return repository_path(_SUFFIX.split(path, maxsplit=1)[0])[0]


def _of_api(
    address: SiteAddress,
    word: str,
    line: int,
    subject: Subject,
    methods: tuple[str, ...],
    *,
    sends_token: bool,
) -> Reference | None:
    path = address.path.rstrip("/")
    plain = MARK.sub("0", path)
    writes = methods[0] in {"PUT", "POST", "PATCH", "DELETE"}
    route = route_of(plain, methods)
    kind = _KIND.search(plain)
    made = Reference(
        line,
        api_subject(plain, writes=writes) or (subject if kind else "api"),
        written=written_in(word),
        route=route,
        package=kind["kind"] if kind is not None and kind["kind"] != "package_files" else "",
        sends_token=sends_token,
    )
    place = _PLACE.match(path)
    if place is None:
        # Of the whole instance: packages by name, the running job, what a personal token asks.
        # What follows is no target: npm writes a token there.
        made = replace(made, written="", note="it asks the whole instance")
        return made if kind is not None else None
    which = place["which"]
    if OPEN in which:
        return replace(made, variable=first_mark(which))
    if place["kind"] != "projects":
        return replace(made, group=unquote(which), note="it asks a group") if kind else None
    named = named_project(which)
    return replace(made, targets=(named,)) if named is not None else None


def route_of(path: str, methods: tuple[str, ...]) -> TokenRoute | None:
    """Return the route of a request; `path` may also be the base of a package registry."""
    for probe in _PROBES if "/packages" in path else _PROBES[:1]:
        for method in methods:
            route = find_route(method, path + probe)
            if route is not None:
                return route
    return None


def written_in(word: str) -> str:
    """Return how a marked word writes its target, without scheme, user and host."""
    text = unmark(word)
    place = re.search(r"/(?:projects|groups?)/([^/?#]+)", text)
    if place is not None:
        return unquote(place[1])
    rest = text.rpartition("://")[2]
    rest = rest.rpartition("@")[2] if "@" in rest.partition("/")[0] else rest
    head, _, path = rest.partition("/")
    return _repository(path) if path else (head if head.startswith("$") else "")


def scan_addresses(
    line: tuple[int, str],
    file: RepositoryFile,
    *,
    subject: Subject,
    variables: Variables | None = None,
    repositories: bool = False,
    writes: bool = False,
) -> Iterator[Reference]:
    """Yield a reference for every address of the GitLab in one line of a file.

    `line` is its number and text. `subject` is what an address is asked for that does not say it.
    Addresses of the web pages of GitLab count only with `repositories`, where each address is one
    that Git asks; those that hold credentials of another kind than the job token's never do. With
    `writes` something is published at the address.
    """
    number, text = line
    known = variables or Variables(file.project, file.site)
    for word in words(mark(text)):
        for address in site_addresses(word, known):
            if address.token is False:
                continue
            if address.api or repositories or address.is_repository:
                found = address_reference(
                    address,
                    word,
                    number,
                    subject=subject,
                    methods=("PUT", "POST") if writes else ("GET",),
                    sends_token=address.token is True,
                )
                if found is not None:
                    yield found


def image_reference(
    image: str, variables: Variables, line: int, *, subject: Subject = "read_registry"
) -> Reference | None:
    """Return the reference of a container image, or chart, of the GitLab's registry.

    `image` is its marked name. None for another registry's, and for the project's own. An image
    below `acme/lib` may be one of the project `acme/lib`, or of one that lies deeper.
    """
    filled = variables.fill(image.removeprefix("docker://").removeprefix("oci://"))
    host, _, rest = filled.partition("/")
    if not variables.site.has_registry(host) or not rest:
        return None
    path = re.split(r"[:@]", rest, maxsplit=1)[0].strip("/")
    made = Reference(line, subject, written=written_image(image), package="", sends_token=True)
    if OPEN in path:
        return replace(made, variable=first_mark(path))
    if path.lower() == variables.project.lower() or path.lower().startswith(
        f"{variables.project.lower()}/"
    ):
        return None
    # The dependency proxy belongs to a group, and asks no project.
    if PROXY in path:
        return None
    targets = module_targets(path)
    return replace(made, targets=targets) if targets else None


def written_image(image: str) -> str:
    """Return how a marked image writes its project: without host, tag and digest."""
    text = unmark(image.rpartition("://")[2])
    rest = text.partition("/")[2]
    return re.split(r"[:@]", rest, maxsplit=1)[0] or re.split(r"[:@]", text, maxsplit=1)[0]


def module_targets(path: str) -> tuple[NamedProject, ...]:
    """Return the projects that the longest parts of a path may be, the whole of it first.

    >>> [str(each) for each in module_targets("acme/lib/runtime")]
    ['acme/lib/runtime', 'acme/lib']
    """
    parts = path.split("/")
    if len(parts) > _MOST_SEGMENTS:
        return ()
    found = (named_project("/".join(parts[:length])) for length in range(len(parts), 1, -1))
    return tuple(each for each in found if each is not None and each.path is not None)
