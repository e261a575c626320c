"""Whether a job may push Git commits with its job token, to its own project or to another one.

Source: docs.gitlab.com, "CI/CD job token", "Allow Git push requests to your project repository"
and "… from allowlisted projects". The releases are in `scopelint.versions`.
"""

from collections.abc import Iterable
from dataclasses import replace

from scopelint.access.decision import Answer, Decision, Step, decide
from scopelint.access.entries import PUSH_POLICY
from scopelint.model import Project, Scope
from scopelint.versions import (
    CROSS_PROJECT_PUSH,
    CROSS_PROJECT_PUSH_GENERAL,
    CROSS_PUSH_FLAG,
    NO_FLAGS,
    OWN_PUSH_FLAG,
    PUSH_SETTING_GENERAL,
    FeatureFlags,
    at_least,
    cross_project_push_counts,
    own_push_counts,
)

_NOTHING = Scope(None, None, None, None, None)
_OWN = "Allow Git push requests to the repository"
_CROSS = "Allow cross-project Git push requests from allowlisted projects"


def accepts_push(
    target: Project, version: tuple[int, int], flags: FeatureFlags = NO_FLAGS
) -> bool | None:
    """Tell whether a project takes pushes from the projects of its allowlist; None is unknown.

    Needs both push settings and the limit on, and a project that is neither archived nor, from
    19.0 on, scheduled for deletion.
    """
    era = cross_project_push_counts(version, flags)
    if era is False or target.archived or target.deletion in ("scheduled", "in_progress"):
        return False
    if target.scope is None:
        return None
    scope = target.scope
    facts = [scope.push, scope.cross_project_push, scope.inbound_effective, era]
    facts += [None if target.archived is None else not target.archived]
    facts += [None if target.deletion is None else True]
    return _all(facts)


def accepts_own_push(
    project: Project, version: tuple[int, int], flags: FeatureFlags = NO_FLAGS
) -> bool | None:
    """Tell whether a project's own jobs may push to it; None is unknown.

    From 17.2 to 18.3 a flag decides that is off by default: only one that is on proves anything.
    """
    era = own_push_counts(version, flags)
    if era is False or project.archived:
        return False
    return _all([era, None if project.scope is None else project.scope.push])


def may_push(
    origin: Project,
    target: Project,
    *,
    version: tuple[int, int],
    flags: FeatureFlags = NO_FLAGS,
) -> bool | None:
    """Tell whether a job of `origin` may push to `target`, another project; None is unknown.

    Such an origin can change what the target's next pipeline runs, and so act with its token.
    """
    accepted = accepts_push(target, version, flags)
    if accepted is False:
        return False
    scope = replace(target.scope or _NOTHING, inbound_effective=True)
    # A release that takes such pushes at all decides as the newest one does.
    decision = decide(
        origin,
        replace(target, scope=scope),
        {PUSH_POLICY},
        version=at_least(version, CROSS_PROJECT_PUSH_GENERAL),
    )
    granted = {Answer.GRANTED: True, Answer.UNKNOWN: None}.get(decision.answer, False)
    if target.scope is None and granted is False:
        granted = None
    return _all([accepted, granted])


def decide_with_push(
    origin: Project,
    target: Project,
    wanted: Iterable[str] = (),
    *,
    version: tuple[int, int],
    assume_fine_grained: bool | None = None,
    flags: FeatureFlags = NO_FLAGS,
) -> Decision:
    """Decide as `decide` does, and look at the push settings where a push is wanted.

    The one thing that `ADMIN_REPOSITORIES` permits is a Git push; it takes the target's push
    settings too, whatever the entry grants.
    """
    asked = frozenset(wanted)
    decision = decide(
        origin, target, asked, version=version, assume_fine_grained=assume_fine_grained
    )
    if PUSH_POLICY not in asked or decision.answer in (Answer.DENIED, Answer.PARTIAL):
        return decision
    own = origin.id == target.id
    accepts = accepts_own_push if own else accepts_push
    accepted = accepts(target, version, flags)
    if accepted:
        return decision
    why = _own_obstacle(target, version) if own else _obstacle(target, version)
    if accepted is False:
        step = Step("push", f"{target.path} takes no such push: {why}")
        return replace(
            decision,
            answer=Answer.DENIED,
            steps=(*decision.steps, step),
            lacking=(PUSH_POLICY,),
            missing=(),
        )
    step = Step("push", f"whether {target.path} takes such a push is not known: {why}")
    return replace(
        decision,
        answer=Answer.UNKNOWN,
        steps=(*decision.steps, step),
        missing=(*decision.missing, why),
    )


def _own_obstacle(project: Project, version: tuple[int, int]) -> str:
    era = own_push_counts(version)
    push = project.scope and project.scope.push
    if era is False:
        return "this release takes no pushes by job token"
    if project.archived:
        return "the project is archived"
    if push is False:
        return f'"{_OWN}" is off'
    if push and era is None:
        return (
            f"before GitLab {PUSH_SETTING_GENERAL} only where an administrator switched a feature flag on"
            f" ({OWN_PUSH_FLAG})"
        )
    return f'"{_OWN}" was not read'


def _obstacle(target: Project, version: tuple[int, int]) -> str:
    """Say what keeps pushes of other projects out, or what decides it and is not known."""
    if cross_project_push_counts(version) is False:
        return (
            f"before GitLab {CROSS_PROJECT_PUSH} none takes pushes by another project's job token"
        )
    scope = target.scope or _NOTHING
    leaving = None if target.deletion is None else target.deletion != "none"
    facts = (
        (target.archived, "the project is archived", "whether the project is archived"),
        (leaving, "the project is scheduled for deletion", "whether the project is to be deleted"),
        (_not(scope.push), f'"{_OWN}" is off', f'"{_OWN}"'),
        (_not(scope.cross_project_push), f'"{_CROSS}" is off', f'"{_CROSS}"'),
        (_not(scope.inbound_effective), "it does not limit access", "whether it limits access"),
    )
    for hinders, why, _ in facts:
        if hinders:
            return why
    for hinders, _, name in facts:
        if hinders is None:
            return f"{name} was not read"
    return f"in GitLab {CROSS_PROJECT_PUSH} a feature flag decides ({CROSS_PUSH_FLAG})"


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value


def _all(facts: list[bool | None]) -> bool | None:
    if False in facts:
        return False
    return None if None in facts else True
