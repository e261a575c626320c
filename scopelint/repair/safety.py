"""Who gains and who loses by a change: GitLab's decision asked for every kind of origin there is.

Two origins with the same nearest entry are answered alike. So it takes one for each entry of the
old and the new allowlist, one that no entry matches, and the project itself, to speak for all that
there are and will be.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from scopelint.access import POLICIES, Answer, decide, nearest, with_implied
from scopelint.model import AllowlistEntry, Project, Scope, TokenUse
from scopelint.versions import permissions_switched, possible

_World = tuple[tuple[int, int], bool | None]
_ALL: Final = ("*",)
_FREE: Final = Scope(inbound_own=True, inbound_effective=True)
_Permit = tuple[str, ...] | None


class _Side(NamedTuple):
    """All that an origin's answer hangs on: the limit, what its nearest entry permits, whose it is."""

    limit: bool
    permit: _Permit
    same: bool


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What the answers hang on besides the two projects: the version, and a switch of GitLab's.

    `version` is `versions.UNKNOWN` where it is not known. `assume_fine_grained` answers for the switch that
    decides from 17.7 to 18.2 and that no API shows; None tries both.
    """

    version: tuple[int, int]
    assume_fine_grained: bool | None = None

    def each(self) -> Iterator[_World]:
        """Yield every version and position of the switch that may be the real one."""
        for version in possible(self.version):
            if not permissions_switched(version):
                yield version, None
            elif self.assume_fine_grained is not None:
                yield version, self.assume_fine_grained
            else:
                yield from ((version, True), (version, False))


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one origin: whether it may do something more, something less, or both."""

    gains: bool = False
    loses: bool = False

    def __or__(self, other: "Change") -> "Change":
        return Change(self.gains or other.gains, self.loses or other.loses)


SAME: Final = Change()


@dataclass(frozen=True, slots=True)
class Proof:
    """Who gains by a change, in words, and which origins of the log lose; `narrows`: anybody loses.

    `own` is what becomes of the project's own token, whose use is in no log.
    """

    gains: tuple[str, ...]
    loses: tuple[str, ...]
    narrows: bool
    own: Change

    @property
    def safe(self) -> bool:
        """Whether nobody gains, and neither a logged origin nor the project itself loses."""
        return not self.gains and not self.loses and self.own == SAME


def prove(before: Project, after: Project, worlds: Assumptions) -> Proof:
    """Compare a project with what becomes of it, for every origin; both scopes are read whole."""
    own = change(before, after, before, worlds)
    gains: list[str] = [before.path] if own.gains else []
    narrows = False
    for origin, words in _representatives(before, after):
        found = change(before, after, origin, worlds)
        if found.gains:
            gains.append(words)
        narrows = narrows or found.loses
    uses = (before.scope.uses if before.scope else None) or ()
    return Proof(tuple(gains), tuple(losers(before, after, uses, worlds)), narrows, own)


def losers(
    before: Project, after: Project, uses: Iterable[TokenUse], worlds: Assumptions
) -> Iterator[str]:
    """Yield the paths of those logged origins that may do less afterwards."""
    for use in uses:
        origin = Project(use.origin_id, use.origin_path)
        if use.origin_id != before.id and change(before, after, origin, worlds).loses:
            yield use.origin_path


def of_entry(entry: AllowlistEntry) -> Project:
    """Return an origin that an entry decides for, if any does: one of its group, or its project."""
    path = entry.target_path or "-"
    # No project can be called "-", so none but the group's entries match it.
    return (
        Project(-1, f"{path}/-") if entry.kind == "group" else Project(entry.target_id or -1, path)
    )


def change(before: Project, after: Project, origin: Project, worlds: Assumptions) -> Change:
    """Return what becomes of one origin in any of the worlds.

    Its own outbound limit is left out: it holds back as much before as after.
    """
    old, new = _scope(before), _scope(after)
    same = origin.id == before.id
    was, will = _permit(nearest(old.entries, origin)), _permit(nearest(new.entries, origin))
    result = SAME
    for limit, later in _limits(old.inbound_effective, new.inbound_effective):
        if (limit, was) != (later, will):
            sides = _Side(limit, was, same), _Side(later, will, same)
            for world in worlds.each():
                result |= _compared(*sides, world)
    return result


def _limits(old: bool | None, new: bool | None) -> list[tuple[bool, bool]]:
    """Return the pairs that may be real; what is unknown before and after stays the same."""
    if old is None and new is None:
        return [(True, True), (False, False)]
    before = (True, False) if old is None else (old,)
    later = (True, False) if new is None else (new,)
    return [(one, other) for one in before for other in later]


def _scope(project: Project) -> Scope:
    if project.scope is None:
        raise ValueError(f"the scope of {project.path} was not read")
    return project.scope


def _permit(entry: AllowlistEntry | None) -> _Permit:
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
            what = "projects below " if entry.kind == "group" else ""
            yield of_entry(entry), f"{what}{entry.target_path}"
    yield Project(-1, "-"), "any other project"


@lru_cache(maxsize=4096)
def _compared(before: _Side, after: _Side, world: _World) -> Change:
    named = with_implied({*(before.permit or ()), *(after.permit or ())} - {*_ALL})
    wanted = frozenset({"", *POLICIES, *named})
    had, has = _granted(before, world, wanted), _granted(after, world, wanted)
    return Change(gains=bool(has - had), loses=bool(had - has))


@lru_cache(maxsize=4096)
def _granted(side: _Side, world: _World, wanted: frozenset[str]) -> frozenset[str]:
    """Ask for each permission, and (the empty text) for none: what does GitLab grant?"""
    version, assume = world
    origin = Project(1 if side.same else 2, "one" if side.same else "other", scope=_FREE)
    entries: tuple[AllowlistEntry, ...] = ()
    if side.permit is not None:
        default = side.permit == _ALL
        policies = () if default else side.permit
        entries = (AllowlistEntry("project", origin.id, origin.path, default, policies),)
    scope = Scope(side.limit, side.limit, entries=entries)
    target = Project(1, "one", visibility="private", scope=scope)

    def answer(want: str) -> Answer:
        return decide(
            origin, target, [want] if want else [], version=version, assume_fine_grained=assume
        ).answer

    return frozenset(want for want in wanted if answer(want) is Answer.GRANTED)
