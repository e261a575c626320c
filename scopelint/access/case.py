"""GitLab's decision where every fact is known: one case, one answer, the steps in words.

Source: docs.gitlab.com, "CI/CD job token" and "Fine-grained permissions for CI/CD job tokens", and
GitLab's open source (`Ci::JobToken::Scope`, `Ci::JobToken::Allowlist`).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from scopelint.access.entries import UNGOVERNED
from scopelint.access.open_parts import OpenParts
from scopelint.model import AllowlistEntry

UNREAD: Final = AllowlistEntry("project", None, None)
"""Stands for an entry that may be there and was not read."""


class Answer(StrEnum):
    """What comes of it when a job uses its token on a project."""

    GRANTED = "granted"
    DENIED = "denied"
    PARTIAL = "partial"
    """The allowlist does not let it in; the project's visibility leaves parts open."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that GitLab looks at: a short name for programs, and what it found, in words."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class KnownFacts:
    """All that the decision depends on. Paths are for the words only.

    `policies` are those of the entry with what they imply; None means default permissions.
    `enforced` tells whether fine-grained permissions are in force where the limit is on;
    `self_rows` whether an entry that covers the project itself narrows its own token.
    `shown` is the target's visibility in words; `private` is what counts of it.
    `outbound` is the origin's own limit, already False from GitLab 18.0 on.
    """

    origin: str
    target: str
    same: bool
    outbound: bool
    outbound_listed: bool
    private: bool
    shown: str
    limit: bool
    entry: AllowlistEntry | None
    policies: frozenset[str] | None
    enforced: bool
    self_rows: bool


@dataclass(frozen=True, slots=True)
class Judgement:
    """The answer to one case. `entry` decided it, `lacking` are the policies that stood out.

    `open` are parts left open by visibility, `ungoverned` what an entry's policies do not limit.
    """

    answer: Answer
    steps: tuple[Step, ...]
    entry: AllowlistEntry | None = None
    lacking: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    ungoverned: tuple[str, ...] = ()


def judge(case: KnownFacts, wanted: frozenset[str], parts: OpenParts) -> Judgement:
    """Answer one case; `wanted` empty asks whether the token is accepted at all.

    `parts` is what visibility leaves open. UNKNOWN only where policies are wanted and the levels
    of the features that they stand for were not read.
    """
    if case.same:
        return _judge_self(case, wanted, parts)
    if case.outbound and case.private and not case.outbound_listed:
        step = Step(
            "outbound",
            f"{case.origin} limits its outbound access, and {case.target} is private and not in its"
            " outbound allowlist",
        )
        return _refused(case, (step,), wanted, parts)
    steps: tuple[Step, ...] = (_outbound_step(case),) if case.outbound else ()
    if not case.limit:
        step = Step(
            "limit", f"{case.target} does not limit access: any project's token is accepted"
        )
        return Judgement(Answer.GRANTED, (*steps, step))
    steps += (Step("limit", f"{case.target} limits access to its allowlist"),)
    if case.entry is None:
        step = Step("entry", f"no entry of {case.target} matches {case.origin}")
        return _refused(case, (*steps, step), wanted, parts)
    return _judge_policies(case, (*steps, _entry_step(case.entry, case)), wanted, parts)


def _judge_self(case: KnownFacts, wanted: frozenset[str], parts: OpenParts) -> Judgement:
    own = Step("self", "a project's own token is always accepted on the project itself")
    if not wanted or not case.self_rows or not case.limit or case.entry is None:
        return Judgement(Answer.GRANTED, (own,))
    return _judge_policies(case, (own, _entry_step(case.entry, case)), wanted, parts)


def _judge_policies(
    case: KnownFacts, steps: tuple[Step, ...], wanted: frozenset[str], parts: OpenParts
) -> Judgement:
    if case.policies is None:
        step = Step("permissions", "the entry has default permissions: all that the user may do")
        return Judgement(Answer.GRANTED, (*steps, step), case.entry)
    if not case.enforced:
        step = Step("permissions", "fine-grained permissions are not in force: nothing is limited")
        return Judgement(Answer.GRANTED, (*steps, step), case.entry)
    named = ", ".join(sorted(case.policies)) or "none"
    steps += (Step("permissions", f"the entry grants fine-grained permissions: {named}"),)
    lacking = tuple(sorted(wanted - case.policies))
    if not lacking:
        return Judgement(Answer.GRANTED, steps, case.entry, ungoverned=UNGOVERNED)
    step = Step("permissions", f"not among them: {', '.join(lacking)}")
    return _refused(case, (*steps, step), frozenset(lacking), parts, case.entry)


def _refused(
    case: KnownFacts,
    steps: tuple[Step, ...],
    lacking: frozenset[str],
    parts: OpenParts,
    entry: AllowlistEntry | None = None,
) -> Judgement:
    """Look at what the target's visibility leaves open to a token that is not let in."""
    parts = parts.asked_by(lacking) if lacking else parts
    answer, step = _by_visibility(case, parts, any_part=not lacking)
    return Judgement(
        answer,
        (*steps, step),
        entry,
        tuple(sorted(lacking)),
        tuple(part.words for part in parts.open) if answer is Answer.PARTIAL else (),
        UNGOVERNED if entry is not None else (),
    )


def _by_visibility(case: KnownFacts, parts: OpenParts, *, any_part: bool) -> tuple[Answer, Step]:
    if parts.open:
        words = "; ".join(part.words for part in parts.open)
        return Answer.PARTIAL, Step(
            "visibility", f"{case.target} is {case.shown}, open to any: {words}"
        )
    if parts.unread:
        words = "; ".join(part.words for part in parts.unread)
        text = f"{case.target} is {case.shown}; which features are open to everyone was not read: {words}"
        answer = Answer.PARTIAL if any_part else Answer.UNKNOWN
        return answer, Step("visibility", text)
    return Answer.DENIED, Step(
        "visibility", f"{case.target} is {case.shown} and leaves none of it open"
    )


def _outbound_step(case: KnownFacts) -> Step:
    why = "is in its outbound allowlist" if case.private else "is not private"
    return Step("outbound", f"{case.origin} limits its outbound access; {case.target} {why}")


def _entry_step(entry: AllowlistEntry, case: KnownFacts) -> Step:
    if entry is UNREAD:
        return Step("entry", f"an entry of {case.target} that was not read may match {case.origin}")
    if entry.kind == "project":
        return Step("entry", f"{case.target} lists the project {case.origin} itself")
    return Step(
        "entry",
        f"{case.target} lists the group {entry.target_path}, the nearest one above {case.origin}",
    )
