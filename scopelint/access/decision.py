"""The decision over what was read: every unknown fact is tried both ways.

Where all ways lead to one answer, that is the answer; else it is unknown, and the facts on which
it hangs are named.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product, takewhile
from typing import Any, Final, TypeVar

from scopelint.access.entries import exists, is_whole, nearest, ungoverned, with_implied
from scopelint.access.known_case import UNREAD, Answer, Judgement, KnownFacts, Step, judge
from scopelint.access.visibility import OpenPart, level, open_parts, packages_without_token
from scopelint.model import AllowlistEntry, Project, Scope
from scopelint.versions import (
    ADMIN_INCLUDES_READ,
    DELETION_STOPS_JOBS,
    OPEN_TO_ANY_TOKEN,
    PERMISSIONS_ALWAYS_IN_FORCE,
    PERMISSIONS_FLAG,
    SELF_ENTRIES,
    any_token_reads_more,
    before,
    outbound_counts,
    permissions_flagged,
    permissions_switched,
    possible,
    since,
)

__all__ = ["Answer", "Decision", "Step", "decide"]

T = TypeVar("T")
_NOTHING: Final = Scope(None, None, None, None, None, outbound_entries=None)
_NO_POLICIES: Final[frozenset[str]] = frozenset()
_USER: Final = (
    "the user who started the pipeline must have access too: no entry gives any by itself"
)
_NOT_READ: Final = "not known"
_LEAVING: Final = frozenset({"scheduled", "in_progress"})
_VISIBILITIES: Final = frozenset({"private", "internal", "public"})


@dataclass(frozen=True, slots=True)
class Decision:
    """What GitLab says when a job of one project uses its token on another one."""

    answer: Answer
    steps: tuple[Step, ...]
    """How it came to that, in words; with an unknown answer they end where the ways part."""
    entry: AllowlistEntry | None = None
    """The entry that decided, None where none did."""
    lacking: tuple[str, ...] = ()
    """The wanted policies that it does not grant."""
    open_parts: tuple[OpenPart, ...] = ()
    """What the target's visibility leaves open (partial)."""
    ungoverned: tuple[str, ...] = ()
    """What the entry's fine-grained permissions do not limit."""
    missing: tuple[str, ...] = ()
    """The facts that an unknown answer hangs on."""
    packages_without_token: bool | None = None
    """Whether anybody may pull the target's packages without any token; None was not read."""
    notes: tuple[str, ...] = ()
    """What else a reader should know."""


@dataclass(frozen=True, slots=True)
class _Era:
    """How a release decides; `enforced` None means that a switch decides."""

    outbound: bool
    enforced: bool | None
    self_rows: bool
    implied: bool
    """Whether `ADMIN_X` includes `READ_X`."""


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
    is accepted at all. `version` is GitLab's major and minor, `(0, 0)` where it is unknown.
    `assume_fine_grained` says whether fine-grained permissions are in force in GitLab 17.7 to
    18.2, where a switch decides (`Scan.fine_grained`). The user who started the pipeline needs
    rights on the target too; that is not part of this answer.
    """
    asked = frozenset(wanted)
    choices = _choices(origin, target, version, assume_fine_grained)
    ways = [choice.options for choice in choices]
    judged = _Judge(origin, target, version)
    judgements = [judged(asked, values) for values in product(*ways)]
    answers = {one.answer for one in judgements}
    open_registry = packages_without_token(target)
    if len(answers) > 1:
        decision = _undecided(choices, judgements)
    else:
        decision = Decision(
            judgements[0].answer,
            _shared_steps(judgements),
            next((one.entry for one in judgements if one.entry not in (None, UNREAD)), None),
            _common([one.lacking for one in judgements]),
            _common([one.open for one in judgements]),
            _common([one.ungoverned for one in judgements]),
            tuple(dict.fromkeys(name for one in judgements for name in one.missing)),
        )
    notes = _notes(origin, target, decision, asked, version)
    return replace(decision, packages_without_token=open_registry, notes=notes)


def _undecided(choices: Sequence[_Choice], judgements: Sequence[Judgement]) -> Decision:
    answers = {one.answer for one in judgements}
    names = _deciding(choices, [one.answer for one in judgements])
    if Answer.UNKNOWN in answers:
        answers = answers - {Answer.UNKNOWN} | {Answer.PARTIAL, Answer.DENIED}
        names += dict.fromkeys(name for one in judgements for name in one.missing)
    either = " or ".join(sorted(answer.value for answer in answers))
    end = Step("unknown", f"{_NOT_READ}: {'; '.join(names)}. So it is {either}")
    return Decision(Answer.UNKNOWN, (*_prefix(judgements), end), missing=tuple(names))


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
            f" {target.top_level_path} ({_switch_words(version)}; assume.fine_grained decides)",
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
    return _Era(
        outbound=bool(outbound_counts(version)),
        enforced=None if permissions_switched(version) else always,
        self_rows=bool(since(version, SELF_ENTRIES)),
        implied=bool(since(version, ADMIN_INCLUDES_READ)),
    )


def _switch_words(version: tuple[int, int]) -> str:
    if permissions_flagged(version):
        return f"the feature flag {PERMISSIONS_FLAG} is not known to be on"
    return "no API shows it"


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
        return (frozenset(entry.policies),)
    return (None, _NO_POLICIES)


def _both(value: bool | None) -> Sequence[bool]:
    return (True, False) if value is None else (value,)


class _Judge:
    """Judges one pair for each way that the unread facts may be."""

    def __init__(self, origin: Project, target: Project, version: tuple[int, int]) -> None:
        self._origin = origin
        self._target = target
        self._ungoverned = ungoverned(version)
        self._parts = {
            (private, listed): open_parts(target, private=private, version=version, listed=listed)
            for private in (True, False)
            for listed in (True, False)
        }

    def __call__(self, wanted: frozenset[str], values: Sequence[Any]) -> Judgement:
        era, switch, outbound, listed, private, limit, (entry, policies) = values
        target = self._target
        if policies is not None and era.implied:
            policies = with_implied(policies, ADMIN_INCLUDES_READ)
        case = KnownFacts(
            origin=self._origin.path,
            target=target.path,
            same=self._origin.id == target.id,
            outbound=era.outbound and outbound,
            outbound_listed=listed,
            private=private,
            shown=target.visibility or ("private" if private else "public or internal"),
            limit=limit,
            entry=entry,
            policies=policies,
            enforced=switch if era.enforced is None else era.enforced,
            self_rows=era.self_rows,
            ungoverned=self._ungoverned,
            stranger_parts=self._parts[private, False],
            listed_parts=self._parts[private, True],
        )
        return judge(case, wanted)


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


def _prefix(judgements: Sequence[Judgement]) -> tuple[Step, ...]:
    """Return the steps with which all ways begin."""
    levels = zip(*(one.steps for one in judgements), strict=False)
    return tuple(steps[0] for steps in takewhile(lambda steps: len(set(steps)) == 1, levels))


def _shared_steps(judgements: Sequence[Judgement]) -> tuple[Step, ...]:
    """Return the steps that all ways have in common; what was not read ends them."""
    prefix = _prefix(judgements)
    if all(one.steps == prefix for one in judgements):
        return prefix
    text = f"whatever was not read here, it is {judgements[0].answer.value}"
    return (*prefix, Step("unread", text))


def _common(lists: Collection[tuple[T, ...]]) -> tuple[T, ...]:
    first = next(iter(lists))
    return tuple(item for item in first if all(item in other for other in lists))


def _notes(
    origin: Project,
    target: Project,
    decision: Decision,
    wanted: frozenset[str],
    version: tuple[int, int],
) -> tuple[str, ...]:
    notes = []
    if origin.archived:
        notes.append(f"{origin.path} is archived, so it can start no job today")
    elif origin.deletion in _LEAVING:
        leaves = f"{origin.path} is scheduled for deletion"
        if not before(version, DELETION_STOPS_JOBS):
            leaves += f": from GitLab {DELETION_STOPS_JOBS} on such a project starts no job"
        notes.append(leaves)
    if target.deletion in _LEAVING:
        notes.append(f"{target.path} is to be deleted")
    unknown_names = [name for name in sorted(wanted) if exists(name, version) is False]
    if unknown_names:
        release = "{}.{}".format(*version)
        notes.append(f"GitLab {release} has no permission {', '.join(unknown_names)}")
    if decision.answer in (Answer.DENIED, Answer.PARTIAL):
        notes += _package_notes(target)
        deployments = "READ_DEPLOYMENTS" in decision.lacking and decision.entry is None
        if deployments and target.visibility != "private" and not any_token_reads_more(version):
            notes.append(
                f"before GitLab {OPEN_TO_ANY_TOKEN} the deployments of {target.path} are open where its metrics"
                " dashboard is open to everyone, which no API shows"
            )
    return (*notes, _USER)


def _package_notes(target: Project) -> Iterator[str]:
    """Yield what the limit does not cover in the target's package registry."""
    registry = level(target, "package_registry")
    if target.visibility == "private" and registry in (None, "public"):
        yield (
            f"job tokens are refused, but anybody may pull the packages of {target.path} without"
            " any token: the limit does not protect them"
            if registry
            else f"whether anybody may pull the packages of {target.path} without any token was"
            " not read"
        )
    if registry != "disabled" and not target.personal:
        yield (
            f"package routes of the groups above {target.path} never ask its allowlist"
            f"{'' if registry else ' (where its package registry is on)'}: a job started by a"
            " Reporter of such a group pulls its PyPI packages there, with the limit on or off"
        )
