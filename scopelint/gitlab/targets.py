"""What a run is asked to read: group and project paths, numeric ids, GitLab URLs, the instance."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from scopelint.errors import UsageError
from scopelint.gitlab.address import AddressError, normalise_url, split_address
from scopelint.text import shown

TargetKind = Literal["any", "group", "project", "instance"]

MAX_ID = 2**63 - 1
MAX_SEGMENTS = 21
"""GitLab nests groups 20 levels deep; the project is one more."""

# GitLab's namespace path format (docs.gitlab.com, "Rules for usernames, project and group names").
_SEGMENT = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.-]{0,254}")
_ID = re.compile(r"[0-9]+")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_SSH = re.compile(r"[^/\s]+@[^/\s:]+:.+")
_NOT_A_GROUP = frozenset({"-", "api", "users", "admin", "dashboard", "explore", "help"})


@dataclass(frozen=True, slots=True)
class TargetSpec:
    """One target as the user named it, not yet looked up.

    Exactly one of `path` and `id` is set, neither for the kind `instance`.
    """

    kind: TargetKind
    """`any` is a group or a project."""
    path: str | None = None
    """The full path."""
    id: int | None = None
    url_origin: str | None = None
    """The instance's normalised URL where the target was given as a URL."""
    given: str = ""
    """The user's own text."""

    def __str__(self) -> str:
        return self.path or (str(self.id) if self.id is not None else self.kind)


def parse_target(text: str, kind: TargetKind = "any", known: Sequence[str] = ()) -> TargetSpec:
    """Read one target: `acme/web`, `42`, or `https://gitlab.example.com/gitlab/acme/web`.

    `known` are normalised URLs of instances (from `--url`, the environment, an explicit config):
    they tell where a relative root ends and the path begins; without them there is no root.
    Of a URL `/-/…`, `.git`, query and fragment are dropped, and `/groups/acme` names a group.
    Raise AddressError for everything else.
    """
    text = text.strip()
    if _SCHEME.match(text):
        return _from_url(text, kind, known)
    if _ID.fullmatch(text):
        return TargetSpec(kind, id=_number(text), given=text)
    if _SSH.fullmatch(text):
        raise AddressError(f"{shown(text)} is an SSH address", "give the path alone: group/project")
    return TargetSpec(
        kind, path=check_path(text.strip("/") if text != "/" else "", text), given=text
    )


def parse_targets(
    targets: Iterable[str | int] = (),
    *,
    groups: Iterable[str | int] = (),
    projects: Iterable[str | int] = (),
    instance: bool = False,
    known: Sequence[str] = (),
) -> tuple[TargetSpec, ...]:
    """Read all targets of a run, in the order given, each once.

    Raise UsageError for a text that is no target, for URLs on different origins (naming both),
    and for `instance` beside other targets.
    """
    specs: dict[tuple[str, str | None, int | None], TargetSpec] = {}
    given: tuple[tuple[TargetKind, Iterable[str | int]], ...] = (
        ("any", targets),
        ("group", groups),
        ("project", projects),
    )
    for kind, texts in given:
        for text in texts:
            spec = _parse_or_refuse(str(text), kind, known)
            specs.setdefault((spec.kind, spec.path and spec.path.lower(), spec.id), spec)
    if instance and specs:
        raise UsageError(
            "--instance reads everything already; leave out the other targets",
            hint="use --include to read a part of the instance",
        )
    if instance:
        return (TargetSpec("instance", given="--instance"),)
    common_origin(specs.values())
    return tuple(specs.values())


def common_origin(specs: Iterable[TargetSpec]) -> TargetSpec | None:
    """Return the first target that was given as a URL, or None.

    Raise UsageError, naming both, where two targets lie on different instances.
    """
    first: TargetSpec | None = None
    for spec in specs:
        if spec.url_origin is None:
            continue
        if first is not None and spec.url_origin != first.url_origin:
            raise UsageError(
                f"the targets lie on two instances: {first.url_origin} and {spec.url_origin}",
                hint="scan each instance in a run of its own",
            )
        first = first or spec
    return first


def check_path(path: str, given: str = "") -> str:
    """Return a full path as it is; raise AddressError where GitLab cannot have such a path."""
    segments = path.split("/")
    bad = [s for s in segments if not _SEGMENT.fullmatch(s) or s in {".", ".."}]
    if bad or len(segments) > MAX_SEGMENTS:
        raise AddressError(
            f"{shown(given or path)} is not the path of a group or project",
            "give the full path as in the address bar, such as acme/platform, a numeric id, "
            "or the whole URL",
        )
    return path


def _parse_or_refuse(text: str, kind: TargetKind, known: Sequence[str]) -> TargetSpec:
    try:
        return parse_target(text, kind, known)
    except AddressError as error:
        raise UsageError(f"target {error}", hint=error.hint) from None


def _number(text: str) -> int:
    number = int(text) if len(text) <= len(str(MAX_ID)) else 0
    if not 0 < number <= MAX_ID:
        raise AddressError(f"{shown(text)} is not the id of a group or project")
    return number


def _from_url(text: str, kind: TargetKind, known: Sequence[str]) -> TargetSpec:
    origin, path = split_address(text)
    root = _root(origin, path, known, text)
    path = path.removeprefix(root.removeprefix(origin)).strip("/")
    path = re.split(r"/-(?:/|$)", path, maxsplit=1)[0].removesuffix(".git")
    first, _, rest = path.partition("/")
    if first == "projects" and _ID.fullmatch(rest):
        return TargetSpec(_narrow(kind, "project", text), None, _number(rest), root, text)
    if first == "groups" and rest:
        kind, path = _narrow(kind, "group", text), rest
    if not path or first in _NOT_A_GROUP:
        raise AddressError(
            f"{shown(text)} names no group or project",
            "add its full path; for the whole instance use --instance and --url",
        )
    return TargetSpec(kind, check_path(path, text), None, root, text)


def _narrow(kind: TargetKind, found: Literal["group", "project"], text: str) -> TargetKind:
    if kind not in ("any", found):
        raise AddressError(f"{shown(text)} is a {found}, not a {kind}")
    return found


def _root(origin: str, path: str, known: Sequence[str], text: str) -> str:
    same_host = [url for url in known if split_address(url)[0] == origin]
    roots = [url for url in same_host if f"{origin}{path}/".startswith(f"{url}/")]
    if same_host and not roots:
        raise AddressError(f"{shown(text)} is not below {same_host[0]}", "check the relative root")
    return max(roots, key=len, default=origin)


def known_roots(*urls: str | None) -> tuple[str, ...]:
    """Return the addresses that are set and valid, normalised: the `known` of `parse_target`.

    An invalid one is left out here; `resolve_origin` names it.
    """
    found: dict[str, None] = {}
    for url in urls:
        try:
            if url:
                found[normalise_url(url)] = None
        except AddressError:
            continue
    return tuple(found)
