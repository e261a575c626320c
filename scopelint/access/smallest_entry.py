"""The smallest change of an allowlist that lets one project's jobs do what they were refused.

Source: docs.gitlab.com, "Fine-grained permissions for CI/CD job tokens": the entry of the project
itself decides before one of a group above it, so it must grant what the group's does too.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from scopelint.access.decision import Answer, Decision
from scopelint.access.entries import nearest, with_implied
from scopelint.model import Project
from scopelint.versions import PERMISSIONS_STORED, before


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
        name = names[self.operation]
        return f"mutation {{ {name}(input: {{{', '.join(given)}}}) {{ errors }} }}"


def smallest_entry(
    origin: Project,
    target: Project,
    wanted: Iterable[str],
    decision: Decision,
    *,
    version: tuple[int, int],
) -> SmallestEntry | None:
    """Return the smallest entry that would do, None where no entry would change the answer.

    `decision` is that of `decide` for the same question. None too where the allowlist was not read:
    nobody can tell then which entry decides today.
    """
    if decision.answer not in (Answer.DENIED, Answer.PARTIAL) or origin.id == target.id:
        return None
    if target.scope is None or any(step.name == "outbound" for step in decision.steps[-2:]):
        return None
    asked = frozenset(wanted)
    entry = nearest(target.scope.entries, origin)
    if before(version, PERMISSIONS_STORED):
        return SmallestEntry("add", None)
    held: frozenset[str] = frozenset()
    if entry is not None:
        if entry.policies is None:
            return None
        held = frozenset(entry.policies)
    needed = tuple(sorted(held | (asked - with_implied(held, version))))
    own = entry is not None and entry.kind == "project"
    return SmallestEntry("widen" if own else "add", needed)
