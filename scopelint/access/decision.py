"""The decision over what was read: every unknown fact is tried both ways.

Where all ways lead to one answer, that is the answer; else it is unknown, and the facts on which
it hangs are named.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product, takewhile
from typing import Any, Final

from scopelint.access.case import UNREAD, Answer, Judgement, KnownFacts, Step, judge
from scopelint.access.entries import is_whole, nearest, with_implied
from scopelint.access.open_parts import open_parts
from scopelint.model import AllowlistEntry, Project, Scope
from scopelint.versions import (
    PERMISSIONS_ALWAYS_IN_FORCE,
    SELF_ENTRIES,
    outbound_counts,
    permissions_switched,
    possible,
    since,
)

__all__ = ["Answer", "Decision", "Step", "decide"]

_NOTHING: Final = Scope(None, None, None, None, None, outbound_entries=None)
_NO_POLICIES: Final[frozenset[str]] = frozenset()
_LEVELS: Final = "which features are open to everyone"
_USER: Final = (
    "the user who started the pipeline must have access too: no entry gives any by itself"
)
_NOT_READ: Final = "not known"
_VISIBILITIES: Final = frozenset({"private", "internal", "public"})


@dataclass(frozen=True, slots=True)
class Decision:
    """What GitLab says when a job of `origin` uses its token on `target`.

    `steps` tell in words how it came to that; with an unknown answer they end where the ways
    part. `entry` is the entry that decided, None where none did. `lacking` are the wanted
    policies it does not grant. `open_parts` stay open by visibility (partial). `ungoverned` is
    what the entry's fine-grained permissions do not limit. `missing` names the facts that an
    unknown answer hangs on. `notes` is what else a reader should know.
    """

    answer: Answer
    steps: tuple[Step, ...]
    entry: AllowlistEntry | None = None
    lacking: tuple[str, ...] = ()
    open_parts: tuple[str, ...] = ()
    ungoverned: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Era:
    """How a release decides; `enforced` None means that a setting no API shows decides."""

    outbound: bool
    enforced: bool | None
    self_rows: bool


@dataclass(frozen=True, slots=True)
class _Choice:
    """A fact and the values it may have; more than one where it was not read."""

    name: str
    options: Sequence[Any]


def decide(
    origin: Project,
    target: Project,
    wanted: Iterable[str] = (),
    *,
    version: tuple[int, int],
    assume_fine_grained: bool | None = None,
) -> Decision:
    """Decide whether a job of `origin` may use its token on `target`.

    `wanted` are policies (`READ_PACKAGES`) that the request asks for; none asks whether the token
    is accepted at all. `version` is GitLab's, `versions.UNKNOWN` where it is not known.
    `assume_fine_grained` says whether fine-grained permissions are in force in GitLab 17.7 to
    18.2, where a setting that no API shows decides. The user who started the pipeline needs
    rights on the target too; that is not part of this answer.
    """
    asked = frozenset(wanted)
    choices = _choices(origin, target, version, assume_fine_grained)
    ways = [choice.options for choice in choices]
    said = [_judged(origin, target, asked, values) for values in product(*ways)]
    notes = _notes(origin, target)
    if len({one.answer for one in said}) > 1:
        return _undecided(choices, said, notes)
    return Decision(
        said[0].answer,
        _shared_steps(said),
        next((one.entry for one in said if one.entry not in (None, UNREAD)), None),
        _common([one.lacking for one in said]),
        _common([one.open for one in said]),
        _common([one.ungoverned for one in said]),
        (_LEVELS,) if said[0].answer is Answer.UNKNOWN else (),
        notes,
    )


def _undecided(
    choices: Sequence[_Choice], said: Sequence[Judgement], notes: tuple[str, ...]
) -> Decision:
    answers = {one.answer for one in said}
    names = _deciding(choices, [one.answer for one in said])
    if Answer.UNKNOWN in answers:
        answers = answers - {Answer.UNKNOWN} | {Answer.PARTIAL, Answer.DENIED}
        names.append(_LEVELS)
    either = " or ".join(sorted(answer.value for answer in answers))
    end = Step("unknown", f"{_NOT_READ}: {'; '.join(names)}. So it is {either}")
    return Decision(Answer.UNKNOWN, (*_prefix(said), end), missing=tuple(names), notes=notes)


def _choices(
    origin: Project, target: Project, version: tuple[int, int], assume: bool | None
) -> list[_Choice]:
    scope = target.scope or _NOTHING
    seen = target.visibility if target.visibility in _VISIBILITIES else None
    eras = possible(version)
    return [
        _Choice("the version of GitLab", [_era(one) for one in eras]),
        _Choice(
            "whether fine-grained permissions are switched on for"
            f" {target.top_level_path} (no API shows it; assume.fine_grained decides)",
            _switch(eras, assume),
        ),
        *_outbound_choices(origin, target, eras),
        _Choice(
            f"the visibility of {target.path}",
            (True, False) if seen is None else (seen == "private",),
        ),
        _Choice(f"whether {target.path} limits access", _both(scope.inbound_effective)),
        *_entry_choices(origin, target, scope, version),
    ]


@lru_cache(maxsize=64)
def _era(version: tuple[int, int]) -> _Era:
    always = since(version, PERMISSIONS_ALWAYS_IN_FORCE)
    enforced = None if permissions_switched(version) else always
    return _Era(bool(outbound_counts(version)), enforced, bool(since(version, SELF_ENTRIES)))


def _switch(eras: Iterable[tuple[int, int]], assume: bool | None) -> Sequence[bool]:
    if all(_era(one).enforced is not None for one in eras):
        return (False,)
    return _both(assume)


def _outbound_choices(
    origin: Project, target: Project, eras: Iterable[tuple[int, int]]
) -> Iterator[_Choice]:
    if not any(_era(one).outbound for one in eras):
        yield from (_Choice("", (False,)), _Choice("", (False,)))
        return
    scope = origin.scope or _NOTHING
    yield _Choice(f"the outbound setting of {origin.path}", _both(scope.outbound))
    listed: bool | None = None
    if scope.outbound_entries is not None:
        listed = any(
            entry.kind == "project" and entry.target_id == target.id
            for entry in scope.outbound_entries
        )
    # Only an origin that limits its outbound access has its list looked at.
    yield _Choice(
        f"the outbound allowlist of {origin.path}",
        (False,) if scope.outbound is False else _both(listed),
    )


def _entry_choices(
    origin: Project, target: Project, scope: Scope, version: tuple[int, int]
) -> Iterator[_Choice]:
    entry = nearest(scope.entries, origin)
    whole = target.scope is not None and is_whole(scope, version)
    options = [(entry, policies) for policies in _policies(entry)]
    unread = not whole and (entry is None or entry.kind == "group")
    if not unread and len(options) > 1:
        yield _Choice(f"the permissions of the entry of {target.path}", options)
        return
    if unread:
        # A nearer entry that was not read would decide: at its widest, and at its narrowest.
        options += [(UNREAD, None), (UNREAD, _NO_POLICIES)]
    yield _Choice(f"the whole allowlist of {target.path}", options)


def _policies(entry: AllowlistEntry | None) -> Sequence[frozenset[str] | None]:
    """Return what an entry may grant: None is default permissions, at least and at most else."""
    if entry is None or entry.default_permissions:
        return (None,)
    if entry.default_permissions is False and entry.policies is not None:
        return (with_implied(entry.policies),)
    return (None, _NO_POLICIES)


def _both(value: bool | None) -> Sequence[bool]:
    return (True, False) if value is None else (value,)


def _judged(
    origin: Project, target: Project, wanted: frozenset[str], values: Sequence[Any]
) -> Judgement:
    era, switch, outbound, listed, private, limit, (entry, policies) = values
    case = KnownFacts(
        origin=origin.path,
        target=target.path,
        same=origin.id == target.id,
        outbound=era.outbound and outbound,
        outbound_listed=listed,
        private=private,
        shown=target.visibility or ("private" if private else "public or internal"),
        limit=limit,
        entry=entry,
        policies=policies,
        enforced=switch if era.enforced is None else era.enforced,
        self_rows=era.self_rows,
    )
    return judge(case, wanted, open_parts(target, private=private))


def _deciding(choices: Sequence[_Choice], answers: Sequence[Answer]) -> list[str]:
    """Name the facts of which some value, all others being equal, changes the answer."""
    places = list(product(*(range(len(choice.options)) for choice in choices)))
    found = []
    for number, choice in enumerate(choices):
        by_rest: dict[tuple[int, ...], set[Answer]] = {}
        for place, answer in zip(places, answers, strict=True):
            by_rest.setdefault((*place[:number], *place[number + 1 :]), set()).add(answer)
        if any(len(several) > 1 for several in by_rest.values()):
            found.append(choice.name)
    return found


def _prefix(said: Sequence[Judgement]) -> tuple[Step, ...]:
    """Return the steps with which all ways begin."""
    levels = zip(*(one.steps for one in said), strict=False)
    return tuple(steps[0] for steps in takewhile(lambda steps: len(set(steps)) == 1, levels))


def _shared_steps(said: Sequence[Judgement]) -> tuple[Step, ...]:
    """Return the steps that all ways have in common; what was not read ends them."""
    prefix = _prefix(said)
    if all(one.steps == prefix for one in said):
        return prefix
    text = f"whatever was not read here, it is {said[0].answer.value}"
    return (*prefix, Step("unread", text))


def _common(lists: Collection[tuple[str, ...]]) -> tuple[str, ...]:
    first = next(iter(lists))
    return tuple(item for item in first if all(item in other for other in lists))


def _notes(origin: Project, target: Project) -> tuple[str, ...]:
    notes = []
    if origin.archived:
        notes.append(f"{origin.path} is archived, so it can start no job today")
    if target.deletion in ("scheduled", "in_progress"):
        notes.append(f"{target.path} is to be deleted")
    return (*notes, _USER)
