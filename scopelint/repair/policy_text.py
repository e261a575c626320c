"""The declared policy that a plan leads to: `declared:` of scopelint.yml, with gitlabform's keys."""

from collections.abc import Iterable
from typing import Any

import yaml

from scopelint.model import EntryKind
from scopelint.repair.effect import state_after
from scopelint.repair.plan_file import EntryState, Plan, ProjectPlan

_HEAD = """\
# The job token scopes that a plan of {instance} leads to, observed at {observed_at}.
# Permissions of entries are not part of a declared policy; see the plan for these.
"""


def declared_policy(plan: Plan, *, include_archived: bool = False) -> str:
    """Return the YAML text of a policy that declares the plan's projects as they are to be.

    The lists are exact (`enforce`). A project's own entry is no part of them: it always has access.
    With `include_archived` the policy holds for archived projects too.
    """
    policy = {"policy": {"archived": "include"}} if include_archived else {}
    projects = {project.path: _project(project) for project in plan.projects}
    head = _HEAD.format(instance=plan.instance, observed_at=plan.observed_at)
    body = yaml.safe_dump(
        {**policy, "declared": {"projects_and_groups": projects}},
        allow_unicode=True,
        sort_keys=False,
        default_flow_style=False,
        width=1000,
    )
    return head + str(body)


def _project(project: ProjectPlan) -> dict[str, Any]:
    state = state_after(project.before, project.actions)
    others = [entry for entry in state.entries if entry.key != f"project:{project.id}"]
    return {
        "job_token_scope": {
            "limit_access_to_this_project": state.inbound,
            "allowlist": {
                "enforce": True,
                "groups": _names(others, "group"),
                "projects": _names(others, "project"),
            },
        }
    }


def _names(entries: Iterable[EntryState], kind: EntryKind) -> list[str | int]:
    chosen = sorted((entry.path, entry.id) for entry in entries if entry.kind == kind)
    # A path of digits would be taken for a number.
    return [number if path.isdigit() else path for path, number in chosen]
