"""Why a job was refused: what its log leaves open, and GitLab's decision put beside it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from scopelint.access import Answer, Decision, SmallestEntry, decide_with_push, smallest_entry
from scopelint.access.decision import Step
from scopelint.joblog.causes import CAUSES, Cause
from scopelint.joblog.read_log import LogReading, Refusal
from scopelint.model import Project
from scopelint.snapshot.inventory import Inventory

_WITHOUT_PROJECTS = frozenset({"token_expired", "not_job_token", "endpoint_not_open", "other"})
"""Causes that no allowlist has to do with: who refused whom does not matter for them."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """An answer to "why was this job refused?"."""

    refusal: Refusal | None
    """What is explained; None where the text holds no refusal."""
    cause: Cause | None
    """The cause, None where several are left."""
    causes: tuple[Cause, ...]
    """What is left, in the order of the log's."""
    missing: tuple[str, ...] = ()
    """What would have to be known to tell, in words."""
    decision: Decision | None = None
    """GitLab's decision for the two projects as they are now, None where nobody was asked."""
    change: SmallestEntry | None = None
    """The smallest entry that would do, None where no entry would."""
    unseen: tuple[str, ...] = ()
    """What could not be seen of the two projects, in words; it changes nothing about the cause."""
    since: str = ""
    """A sentence where the two projects are not as the log shows them any more."""

    @property
    def explained(self) -> bool:
        """Whether there is one cause, and nothing missing that could change it."""
        return self.cause is not None and not self.missing


def explain(
    reading: LogReading,
    projects: tuple[Project, Project] | None,
    inventory: Inventory | None,
    missing: Iterable[str] = (),
    *,
    assume_fine_grained: bool | None = None,
) -> Explanation:
    """Explain the refusal that a log ends with.

    `projects` are the job's project and the one that refused, as `inventory` has them; None where
    they were not found, or nobody was asked. `missing` says in words why.
    """
    refusal = reading.chosen
    if refusal is None:
        return Explanation(None, None, (), ("a refusal: the text has none that scopelint knows",))
    causes = refusal.causes
    alone = causes[0] if len(causes) == 1 else None
    if refusal.token_refused is False or alone in _WITHOUT_PROJECTS:
        return Explanation(refusal, alone, causes, () if alone else _several(causes))
    if projects is None or inventory is None:
        if alone is not None and refusal.certain:
            unseen = Explanation(refusal, alone, causes, unseen=tuple(missing))
            return replace(unseen, change=_said(refusal, alone))
        return Explanation(refusal, alone, causes, tuple(missing) or _several(causes))
    scan = inventory.scan
    wanted = refusal.permissions if refusal.subject != "push" else ("ADMIN_REPOSITORIES",)
    decision = decide_with_push(
        *projects,
        wanted,
        version=scan.version,
        assume_fine_grained=scan.fine_grained(assume_fine_grained),
        flags=scan.feature_flags,
    )
    known = wanted if _is_known(refusal) else None
    change = smallest_entry(*projects, known, decision, version=scan.version)
    found = _with_decision(Explanation(refusal, alone, causes, (), decision), refusal, decision)
    helps = found.cause in ("no_entry", "permission_missing")
    return replace(found, change=change if helps else None)


def _said(refusal: Refusal, cause: Cause) -> SmallestEntry | None:
    """Return the entry that follows from GitLab's own words, where its allowlist was not seen."""
    if cause == "no_entry":
        return SmallestEntry("add", refusal.permissions if _is_known(refusal) else None)
    if cause == "permission_missing" and refusal.permissions:
        return SmallestEntry("widen", refusal.permissions)
    return None


def _is_known(refusal: Refusal) -> bool:
    """Tell whether it is known which permissions the request needs, none included."""
    plain = refusal.subject in ("clone", "push", "read_registry", "trigger")
    return bool(refusal.permissions) or refusal.route is not None or plain


def _excluded(refusal: Refusal, decision: Decision) -> frozenset[Cause]:
    """Return the causes that a decision for the job excludes."""
    entry = decision.entry
    if _is_known(refusal) or entry is None or entry.default_permissions:
        return frozenset({"no_entry", "permission_missing"})
    # Some entry lets it in; whether with the permission that this request needs is not known.
    return frozenset({"no_entry"})


def _with_decision(given: Explanation, refusal: Refusal, decision: Decision) -> Explanation:
    if decision.answer is Answer.UNKNOWN:
        known = given.cause is not None and refusal.certain
        return given if known else replace(given, cause=None, missing=decision.missing)
    lets_in = decision.answer is Answer.GRANTED or _open_anyway(refusal, decision)
    if lets_in:
        excluded = _excluded(refusal, decision)
        left = tuple(each for each in given.causes if each not in excluded)
        if not left:
            return replace(
                given,
                since="The allowlist lets it in now: it was changed since, or the log is of another"
                " project. Run the job again.",
            )
        cause = left[0] if len(left) == 1 else None
        return replace(given, cause=cause, causes=left, missing=() if cause else _several(left))
    cause = _refused_by(decision.steps, decision)
    # GitLab refuses with the same words whether the origin's limit or the target's stands against it.
    said = "no_entry" if cause == "outbound_limit" else cause
    if said not in given.causes:
        # The log says otherwise, and what GitLab says stands above what follows from today's state.
        return given if given.cause else replace(given, missing=_several(given.causes))
    return replace(given, cause=cause, causes=(cause,))


def _refused_by(steps: tuple[Step, ...], decision: Decision) -> Cause:
    names = {step.name for step in steps}
    if "push" in names:
        return "pushes_off"
    if "limit" not in names:
        return "outbound_limit"
    return "permission_missing" if decision.entry is not None else "no_entry"


def _open_anyway(refusal: Refusal, decision: Decision) -> bool:
    """Tell whether the project's visibility leaves open what the job asked for."""
    names = {part.name for part in decision.open_parts}
    parts = {"clone": "clone", "read_registry": "container_registry"}
    return decision.answer is Answer.PARTIAL and (
        bool(refusal.permissions) or parts.get(refusal.subject) in names
    )


def _several(causes: Iterable[Cause]) -> tuple[str, ...]:
    return tuple(f"whether {CAUSES[cause]}" for cause in causes)
