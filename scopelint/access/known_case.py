"""GitLab's decision where every fact is known: one case, one answer, the steps in words.

Source: docs.gitlab.com, "CI/CD job token" and "Fine-grained permissions for CI/CD job tokens", and
GitLab's open source (`Ci::JobToken::Scope`, `Ci::JobToken::Allowlist`).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from scopelint.access.visibility import OpenPart, OpenParts
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
    """All that the decision depends on. Paths are for the words only."""

    origin: str
    target: str
    same: bool
    """Whether both are one project."""
    outbound: bool
    """Whether the origin's own limit counts: never from GitLab 18.0 on."""
    outbound_listed: bool
    private: bool
    """Whether the target is private."""
    shown: str
    """The target's visibility in words."""
    limit: bool
    entry: AllowlistEntry | None
    policies: frozenset[str] | None
    """The policies of the entry with what they imply; None is default permissions."""
    enforced: bool
    """Whether fine-grained permissions are in force where the limit is on."""
    self_rows: bool
    """Whether an entry that covers the project itself narrows its own token."""
    ungoverned: tuple[str, ...]
    """What no permission governs in this release."""
    stranger_parts: OpenParts
    """What visibility leaves open to a token without an entry."""
    listed_parts: OpenParts
    """What it leaves open to a token whose entry lacks the permission."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The answer to one case."""

    answer: Answer
    steps: tuple[Step, ...]
    entry: AllowlistEntry | None = None
    """The entry that decided."""
    lacking: tuple[str, ...] = ()
    """The wanted policies that it does not grant."""
    open: tuple[OpenPart, ...] = ()
    """The parts that visibility leaves open."""
    ungoverned: tuple[str, ...] = ()
    """What the entry's policies do not limit."""
    missing: tuple[str, ...] = ()
    """The facts that an unknown answer hangs on."""


LEVELS: Final = "which features are open to everyone"
RELEASE: Final = "what this release of GitLab leaves open to tokens that are not let in"


def judge(case: KnownFacts, wanted: frozenset[str]) -> Judgement:
    """Answer one case; `wanted` empty asks whether the token is accepted at all.

    UNKNOWN only where it hangs on what visibility leaves open, and levels of features were not
    read or the release is not known to open them.
    """
    if case.same:
        return _judge_self(case, wanted)
    if case.outbound and case.private and not case.outbound_listed:
        step = Step(
            "outbound",
            f"{case.origin} limits its outbound access, and {case.target} is private and not in its"
            " outbound allowlist",
        )
        return _refused(case, (step,), wanted)
    steps: tuple[Step, ...] = (_outbound_step(case),) if case.outbound else ()
    if not case.limit:
        step = Step(
            "limit", f"{case.target} does not limit access: any project's token is accepted"
        )
        return Judgement(Answer.GRANTED, (*steps, step))
    steps += (Step("limit", f"{case.target} limits access to its allowlist"),)
    if case.entry is None:
        step = Step("entry", f"no entry of {case.target} matches {case.origin}")
        return _refused(case, (*steps, step), wanted)
    return _judge_policies(case, (*steps, _entry_step(case.entry, case)), wanted)


def _judge_self(case: KnownFacts, wanted: frozenset[str]) -> Judgement:
    own = Step("self", "a project's own token is always accepted on the project itself")
    if not wanted or not case.self_rows or not case.limit or case.entry is None:
        return Judgement(Answer.GRANTED, (own,))
    return _judge_policies(case, (own, _entry_step(case.entry, case)), wanted)


def _judge_policies(case: KnownFacts, steps: tuple[Step, ...], wanted: frozenset[str]) -> Judgement:
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
        return Judgement(Answer.GRANTED, steps, case.entry, ungoverned=case.ungoverned)
    step = Step("permissions", f"not among them: {', '.join(lacking)}")
    return _refused(case, (*steps, step), frozenset(lacking), case.entry)


def _refused(
    case: KnownFacts,
    steps: tuple[Step, ...],
    lacking: frozenset[str],
    entry: AllowlistEntry | None = None,
) -> Judgement:
    """Look at what the target's visibility leaves open to a token that is not let in."""
    parts = case.stranger_parts if entry is None else case.listed_parts
    parts = parts.asked_by(lacking) if lacking else parts
    answer, step, missing = _by_visibility(case, parts, any_part=not lacking)
    return Judgement(
        answer,
        (*steps, step),
        entry,
        tuple(sorted(lacking)),
        parts.open if answer is Answer.PARTIAL else (),
        case.ungoverned if entry is not None else (),
        missing,
    )


def _by_visibility(
    case: KnownFacts, parts: OpenParts, *, any_part: bool
) -> tuple[Answer, Step, tuple[str, ...]]:
    if parts.open:
        text = f"{case.target} is {case.shown}, open to any: {_words(parts.open)}"
        return Answer.PARTIAL, Step("visibility", text), ()
    if not parts.unread and not parts.by_release:
        text = f"{case.target} is {case.shown} and leaves none of it open to job tokens"
        return Answer.DENIED, Step("visibility", text), ()
    shown = f"{case.target} is {case.shown}; "
    if parts.unread:
        text = f"{shown}which features are open to everyone was not read: {_words(parts.unread)}"
        # Features are open to everyone unless somebody closed all of them.
        if any_part:
            return Answer.PARTIAL, Step("visibility", text), ()
        return Answer.UNKNOWN, Step("visibility", text), (LEVELS,)
    text = f"{shown}some releases leave this open and some do not: {_words(parts.by_release)}"
    return Answer.UNKNOWN, Step("visibility", text), (RELEASE,)


def _words(parts: tuple[OpenPart, ...]) -> str:
    return "; ".join(part.words for part in parts)


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
