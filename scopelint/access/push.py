"""Whether a job of one project may push Git commits to another one with its job token.

Source: docs.gitlab.com, "CI/CD job token", "Allow Git push requests to your project repository"
and "… from allowlisted projects": behind a flag in GitLab 19.0, generally available in 19.1.
"""

from dataclasses import replace

from scopelint.access.decision import Answer, decide
from scopelint.access.entries import PUSH_POLICY
from scopelint.model import Project, Scope
from scopelint.versions import (
    CROSS_PROJECT_PUSH,
    CROSS_PROJECT_PUSH_GENERAL,
    at_least,
    before,
    since,
)


def accepts_push(target: Project, version: tuple[int, int]) -> bool | None:
    """Tell whether a project takes pushes from the projects of its allowlist; None is unknown.

    Needs both push settings and the limit on, and a project that is not archived.
    """
    if before(version, CROSS_PROJECT_PUSH):
        return False
    if target.scope is None:
        return False if target.archived else None
    scope = target.scope
    facts = [scope.push, scope.cross_project_push, scope.inbound_effective]
    facts += [None if target.archived is None else not target.archived]
    if not since(version, CROSS_PROJECT_PUSH_GENERAL):
        # An unknown version may lack it, and in 19.0 a flag that is off by default decides.
        facts.append(None)
    return _all(facts)


def may_push(origin: Project, target: Project, *, version: tuple[int, int]) -> bool | None:
    """Tell whether a job of `origin` may push to `target`, another project; None is unknown.

    Such an origin can change what the target's next pipeline runs, and so act with its token.
    """
    accepted = accepts_push(target, version)
    if accepted is False:
        return False
    scope = replace(target.scope or _NOTHING, inbound_effective=True)
    general = at_least(version, CROSS_PROJECT_PUSH_GENERAL)
    decision = decide(origin, replace(target, scope=scope), {PUSH_POLICY}, version=general)
    granted = {Answer.GRANTED: True, Answer.UNKNOWN: None}.get(decision.answer, False)
    if target.scope is None and granted is False:
        granted = None
    return _all([accepted, granted])


_NOTHING = Scope(None, None, None, None, None)


def _all(facts: list[bool | None]) -> bool | None:
    if False in facts:
        return False
    return None if None in facts else True
