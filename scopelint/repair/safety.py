"""Who gains and who loses access by a change: GitLab's decision for every kind of origin.

Two origins with the same nearest entry get the same answer. So a few origins stand for all, those
of today and of later: one for each entry of the old and the new allowlist, one that no entry
matches, and the project itself.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from scopelint.access import POLICIES, Answer, decide, nearest, with_implied
from scopelint.model import AllowlistEntry, Project, Scope, TokenUse
from scopelint.uses.unused import known_uses
from scopelint.versions import permissions_switched, possible

_Case = tuple[tuple[int, int], bool | None]
"""A version, and whether fine-grained permissions are in force; None where no switch decides."""
_ALL: Final = ("*",)
_FREE: Final = Scope(inbound_own=True, inbound_effective=True)
_Permissions = tuple[str, ...] | None


class _Side(NamedTuple):
    """What decides the answer for an origin, before or after the change."""

    limit: bool
    """Whether the limit is in force."""
    permissions: _Permissions
    """What the origin's nearest entry permits; None where no entry matches."""
    same: bool
    """Whether the origin is the project itself."""


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What GitLab's answers depend on besides the two projects."""

    version: tuple[int, int]
    """GitLab's version; `versions.UNKNOWN` where it is not known."""
    assume_fine_grained: bool | None = None
    """Whether fine-grained permissions are in force from 17.7 to 18.2, where a switch decides
    (`Scan.fine_grained`); None tries both."""

    def each(self) -> Iterator[_Case]:
        """Yield every version and setting of the switch that may be the real one."""
        for version in possible(self.version):
            if not permissions_switched(version):
                yield version, None
            elif self.assume_fine_grained is not None:
                yield version, self.assume_fine_grained
            else:
                yield from ((version, True), (version, False))


@dataclass(frozen=True, slots=True)
class AccessChange:
    """What a change means for one origin; both may be true."""

    gains: bool = False
    """Whether it may do something that it could not do before."""
    loses: bool = False
    """Whether it may no longer do something that it could do before."""

    def __or__(self, other: "AccessChange") -> "AccessChange":
        return AccessChange(self.gains or other.gains, self.loses or other.loses)


NO_CHANGE: Final = AccessChange()


@dataclass(frozen=True, slots=True)
class SafetyCheck:
    """Who gains and who loses access by a change."""

    gains: tuple[str, ...]
    """Who gains access, for a reader, such as `projects below acme`."""
    loses: tuple[str, ...]
    """The paths of the projects that lose access and are known to use it."""
    narrows: bool
    """Whether any origin loses access, logged or not."""
    own: AccessChange
    """What the change means for the project's own token, whose use is in no log."""

    @property
    def safe(self) -> bool:
        """Whether nobody gains, and neither what is known to use it nor the project itself
        loses."""
        return not self.gains and not self.loses and self.own == NO_CHANGE


def check_safety(before: Project, after: Project, assumptions: Assumptions) -> SafetyCheck:
    """Compare the access to a project before and after a change, for every kind of origin.

    Raises ValueError where a scope or an entry's permissions were not read.
    """
    own = access_change(before, after, before, assumptions)
    gains: list[str] = [before.path] if own.gains else []
    narrows = False
    for origin, description in _representatives(before, after):
        found = access_change(before, after, origin, assumptions)
        if found.gains:
            gains.append(description)
        narrows = narrows or found.loses
    lost = losing_origins(before, after, known_uses(_scope(before)), assumptions)
    return SafetyCheck(tuple(gains), tuple(lost), narrows, own)


def losing_origins(
    before: Project, after: Project, uses: Iterable[TokenUse], assumptions: Assumptions
) -> Iterator[str]:
    """Yield the paths of those origins of uses that may do less after the change."""
    for use in uses:
        origin = Project(use.origin_id, use.origin_path)
        if use.origin_id != before.id and access_change(before, after, origin, assumptions).loses:
            yield use.origin_path


def origin_of(entry: AllowlistEntry) -> Project:
    """Return an origin that an entry matches: a project of its group, or its project."""
    path = entry.target_path or "-"
    # No project can be called "-", so only entries for groups match it.
    return (
        Project(-1, f"{path}/-") if entry.kind == "group" else Project(entry.target_id or -1, path)
    )


def access_change(
    before: Project, after: Project, origin: Project, assumptions: Assumptions
) -> AccessChange:
    """Return what a change means for one origin, under any version and setting assumed.

    The origin's own outbound limit is left out: the change does not touch it.
    """
    old, new = _scope(before), _scope(after)
    same = origin.id == before.id
    was, becomes = (
        _permissions(nearest(old.entries, origin)),
        _permissions(nearest(new.entries, origin)),
    )
    result = NO_CHANGE
    for limit, later in _limits(old.inbound_effective, new.inbound_effective):
        if (limit, was) != (later, becomes):
            sides = _Side(limit, was, same), _Side(later, becomes, same)
            for case in assumptions.each():
                result |= _compared(*sides, case)
    return result


def _limits(old: bool | None, new: bool | None) -> list[tuple[bool, bool]]:
    """Return the pairs that may be real; a limit that is not known on either side stays the same."""
    if old is None and new is None:
        return [(True, True), (False, False)]
    before = (True, False) if old is None else (old,)
    later = (True, False) if new is None else (new,)
    return [(one, other) for one in before for other in later]


def _scope(project: Project) -> Scope:
    if project.scope is None:
        raise ValueError(f"the scope of {project.path} was not read")
    return project.scope


def _permissions(entry: AllowlistEntry | None) -> _Permissions:
    if entry is None:
        return None
    if entry.default_permissions:
        return _ALL
    if entry.default_permissions is None or entry.policies is None:
        raise ValueError("the entry's permissions are not known")
    return tuple(sorted(entry.policies))


def _representatives(before: Project, after: Project) -> Iterator[tuple[Project, str]]:
    seen = {f"project:{before.id}"}
    for entry in (*_scope(before).entries, *_scope(after).entries):
        if entry.key not in seen:
            seen.add(entry.key)
            prefix = "projects below " if entry.kind == "group" else ""
            yield origin_of(entry), f"{prefix}{entry.target_path}"
    yield Project(-1, "-"), "any other project"


@lru_cache(maxsize=4096)
def _compared(before: _Side, after: _Side, case: _Case) -> AccessChange:
    listed = {*(before.permissions or ()), *(after.permissions or ())} - {*_ALL}
    named = with_implied(listed, case[0])
    wanted = frozenset({"", *POLICIES, *named})
    had, has = _granted(before, case, wanted), _granted(after, case, wanted)
    return AccessChange(gains=bool(has - had), loses=bool(had - has))


@lru_cache(maxsize=4096)
def _granted(side: _Side, case: _Case, wanted: frozenset[str]) -> frozenset[str]:
    """Return what GitLab grants of these permissions; the empty text stands for none at all."""
    version, assume = case
    origin = Project(1 if side.same else 2, "one" if side.same else "other", scope=_FREE)
    entries: tuple[AllowlistEntry, ...] = ()
    if side.permissions is not None:
        default = side.permissions == _ALL
        policies = () if default else side.permissions
        entries = (AllowlistEntry("project", origin.id, origin.path, default, policies),)
    scope = Scope(side.limit, side.limit, entries=entries)
    target = Project(1, "one", visibility="private", scope=scope)

    def answer(want: str) -> Answer:
        return decide(
            origin, target, [want] if want else [], version=version, assume_fine_grained=assume
        ).answer

    return frozenset(want for want in wanted if answer(want) is Answer.GRANTED)
