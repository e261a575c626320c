"""The smallest change of an allowlist that lets one project's jobs do what they were refused.

Source: docs.gitlab.com, "Fine-grained permissions for CI/CD job tokens": the entry of the project
itself decides before one of a group above it, so it must grant what the group's does too.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from scopelint.access.decision import Answer, Decision
from scopelint.access.entries import exists, nearest, with_implied
from scopelint.model import Project
from scopelint.versions import DEFAULT_PERMISSIONS_FIELD, before


@dataclass(frozen=True, slots=True)
class SmallestEntry:
    """An entry for one project, to be added or to be given more permissions."""

    operation: Literal["add", "widen"]
    permissions: tuple[str, ...] | None
    """All that the entry must grant; None is default permissions. An empty tuple is enough for what
    no permission governs, such as Git clones."""

    def mutation(self, target: str, origin: str) -> str:
        """Return the GraphQL that makes this entry for `origin` in the list of `target`, by paths.

        REST adds entries with default permissions alone (doc/api/project_job_token_scopes.md).
        """
        names = {
            "add": "ciJobTokenScopeAddGroupOrProject",
            "widen": "ciJobTokenScopeUpdatePolicies",
        }
        given = [f"projectPath: {json.dumps(target)}", f"targetPath: {json.dumps(origin)}"]
        if self.permissions is not None:
            chosen = ", ".join(self.permissions)
            given += ["defaultPermissions: false", f"jobTokenPolicies: [{chosen}]"]
        elif self.operation == "widen":
            given += ["defaultPermissions: true", "jobTokenPolicies: []"]
        name = names[self.operation]
        return f"mutation {{ {name}(input: {{{', '.join(given)}}}) {{ errors }} }}"


def smallest_entry(
    origin: Project,
    target: Project,
    wanted: Iterable[str] | None,
    decision: Decision,
    *,
    version: tuple[int, int],
) -> SmallestEntry | None:
    """Return the smallest entry that would do, None where no entry would change the answer.

    `wanted` None is what no permission stands for, or none is known for: only default permissions
    are sure to do. `decision` is that of `decide` for the same question. None too where the
    allowlist was not read: nobody can tell then which entry decides today.
    """
    if decision.answer not in (Answer.DENIED, Answer.PARTIAL) or origin.id == target.id:
        return None
    # Without this step it is the origin's own outbound limit; a push setting stands behind it.
    steps = {step.name for step in decision.steps}
    if target.scope is None or "limit" not in steps or "push" in steps:
        return None
    entry = nearest(target.scope.entries, origin)
    if entry is not None and (entry.default_permissions is not False or entry.policies is None):
        return None
    own = entry is not None and entry.kind == "project"
    known = wanted is not None and not before(version, DEFAULT_PERMISSIONS_FIELD)
    asked = frozenset(wanted or ())
    if not known or any(exists(name, version) is False for name in asked):
        return SmallestEntry("widen" if own else "add", None)
    held = frozenset(entry.policies or ()) if entry is not None else frozenset()
    needed = tuple(sorted(held | (asked - with_implied(held, version))))
    return SmallestEntry("widen" if own else "add", needed)
