"""Plans as text: lines for a reader, single actions in words, the declared policy a plan leads to.

Names come from GitLab and are passed on as they are; what prints them makes them fit to be shown.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import yaml

from scopelint.finding import Severity
from scopelint.model import EntryKind
from scopelint.repair.actions import SETTINGS, entry_permissions, state_after
from scopelint.repair.plan_file import (
    Action,
    ChangedFinding,
    EntryState,
    Plan,
    ProjectPlan,
    ScopeState,
)

SETTING_LABELS: Final = {
    "set-inbound": "limit",
    "set-push": "push setting",
    "set-cross-project-push": "cross-project push setting",
    "set-outbound": "outbound setting",
}
"""The short name of the setting that each operation switches."""
_SETTING_TITLES: Final = {
    "set-inbound": "limit access to this project",
    "set-outbound": "limit access from this project (deprecated)",
    "set-push": "push by the project's own jobs",
    "set-cross-project-push": "push by jobs of allowlisted projects",
}
_SIGNS: Final = {"add-entry": "+", "remove-entry": "-", "remove-outbound-entry": "-"}
_SHOWN: Final = 5
"""Paths that are listed for a reason."""
_FINDINGS: Final = 20
"""Findings that are listed."""
_POLICY_HEAD: Final = """\
# The job token scopes that a plan of {instance} leads to, observed at {observed_at}.
# Permissions of entries are not part of a declared policy; see the plan for these.
"""


def plan_lines(plan: Plan) -> Iterator[str]:
    """Yield a plan's lines: projects, skipped ones, what undo cannot restore, totals, findings."""
    yield from _headline(plan)
    for project in plan.projects:
        yield from _project_lines(project)
        yield ""
    yield from _skipped_lines(plan)
    planned = [(one.path, a) for one in plan.projects for a in one.actions if a.irreversible]
    yield from _final_lines("No undo brings this back:", planned)
    left = [(one.path, one.action) for one in plan.left]
    yield from _final_lines("Left out, since no undo would bring it back (--irreversible):", left)
    if plan.removals:
        yield (
            "GitLab keeps an entry's age and author: undo restores a removed entry, but not these."
        )
    yield _totals_line(plan)
    yield from _finding_lines(plan)


def describe_action(action: Action) -> str:
    """Say what an action does, such as `add group acme (default permissions)`."""
    entry = action.entry
    if entry is None:
        return f"switch the {SETTING_LABELS[action.operation]} {_on_off(bool(action.value))}"
    match action.operation:
        case "add-entry":
            return f"add {_name(entry)} ({_permissions(entry)})"
        case "change-permissions":
            return f"change {_name(entry)} to {_permissions(entry)}"
        case "remove-outbound-entry":
            return f"remove the outbound entry {_name(entry)}"
        case _:
            return f"remove {_name(entry)}"


def describe_differences(planned: ScopeState, found: ScopeState) -> list[str]:
    """Say where the found state differs from the planned one, a text for each difference."""
    return list(differences(planned, found).values())


def differences(planned: ScopeState, found: ScopeState) -> dict[str, str]:
    """Return what differs in the found state, by the name that `actions.subject` has for it."""
    texts = {}
    for operation, field in SETTINGS.items():
        expected, actual = getattr(planned, field), getattr(found, field)
        if expected != actual:
            label = SETTING_LABELS[operation]
            texts[field] = f"the {label} is {_on_off(actual)}, not {_on_off(expected)}"
    texts |= _entry_differences("", planned.entries, found.entries)
    texts |= _entry_differences("outbound ", planned.outbound_entries, found.outbound_entries)
    return texts


def declared_policy(plan: Plan, *, include_archived: bool = False) -> str:
    """Return YAML text that declares the plan's projects as they are once it is applied.

    The text has the form of `declared:` in scopelint.yml, with gitlabform's keys. Its lists are
    exact (`enforce`). A project's own entry is not in them: the project always has access to
    itself. With `include_archived` the policy holds for archived projects too.
    """
    policy = {"policy": {"archived": "include"}} if include_archived else {}
    projects = {project.path: _declared_project(project) for project in plan.projects}
    head = _POLICY_HEAD.format(instance=plan.instance, observed_at=plan.observed_at)
    body = yaml.safe_dump(
        {**policy, "declared": {"projects_and_groups": projects}},
        allow_unicode=True,
        sort_keys=False,
        default_flow_style=False,
        width=1000,
    )
    return head + str(body)


def _headline(plan: Plan) -> Iterator[str]:
    """Yield how much wider than their use the group entries are that the plan narrows."""
    found = [a.narrows for project in plan.projects for a in project.actions if a.narrows]
    if not found:
        return
    entries = "1 group entry lets" if len(found) == 1 else f"{len(found):,} group entries let"
    known = [each.projects for each in found if each.projects is not None]
    least = "" if len(known) == len(found) else "at least "
    used = sum(each.used for each in found)
    yield f"{entries} in {least}{sum(known):,} projects, of which {used:,} used them"
    yield ""


def _project_lines(project: ProjectPlan) -> Iterator[str]:
    sure = "" if project.confidence == "high" else f"  ({project.confidence} confidence)"
    yield f"{project.path}{sure}"
    for action in project.actions:
        warning = "" if action.safe else "  [unsafe]"
        yield f"  {_sign(action)} {_change(action)}{warning}"
        yield f"      {action.reason}"
    for note in project.notes:
        yield f"    note: {note}"


def _skipped_lines(plan: Plan) -> Iterator[str]:
    by_reason: dict[str, list[str]] = defaultdict(list)
    for project in plan.skipped:
        by_reason[project.reason].append(project.path)
    if not by_reason:
        return
    yield f"Skipped: {_projects(len({project.id for project in plan.skipped}))}"
    for reason in sorted(by_reason, key=lambda reason: (-len(by_reason[reason]), reason)):
        paths = by_reason[reason]
        more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
        yield f"  {', '.join(paths[:_SHOWN])}{more}"
        yield f"      {reason}"
    yield ""


def _final_lines(title: str, actions: Sequence[tuple[str, Action]]) -> Iterator[str]:
    """Yield actions that no undo takes back, by the reason for it."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for path, action in actions:
        by_reason[action.irreversible or ""].append(f"{path}: {describe_action(action)}")
    if by_reason:
        yield title
    for reason, lines in sorted(by_reason.items()):
        yield from (f"  {line}" for line in lines)
        yield f"      {reason}"
    if by_reason:
        yield ""


def _totals_line(plan: Plan) -> str:
    signs = Counter(_sign(action) for project in plan.projects for action in project.actions)
    if not plan.projects:
        return "Plan: nothing to change." if not plan.left else "Plan: nothing to change but that."
    unsafe = sum(not action.safe for project in plan.projects for action in project.actions)
    return (
        f"Plan: {_projects(len(plan.projects))}:"
        f" {signs['+']} to add, {signs['~']} to change, {signs['-']} to remove"
        + (f" ({unsafe} unsafe)." if unsafe else ".")
    )


def _finding_lines(plan: Plan) -> Iterator[str]:
    """Yield what the plan brings and fixes in findings, where it was judged and changes something."""
    found = plan.findings
    if found is None or not plan.projects:
        return
    fixed = f"fixes {_by_severity(found.fixed)}" if found.fixed else "fixes no finding"
    brings = f"brings {_by_severity(found.new)}" if found.new else "brings none"
    yield f"Findings: the plan {fixed}, and {brings}."
    yield from _named_findings(found.new)
    if found.unknown:
        number = len(found.unknown)
        yield f"Whether {number} more are brought or fixed is not known, as not all was read:"
        yield from _named_findings(found.unknown)


def _named_findings(findings: Sequence[ChangedFinding]) -> Iterator[str]:
    for each in findings[:_FINDINGS]:
        yield f"  {each.severity} {each.rule} {each.project or 'the instance'}: {each.message}"
    if more := len(findings[_FINDINGS:]):
        yield f"  and {more} more; the plan's file has them all"


def _by_severity(findings: Sequence[ChangedFinding]) -> str:
    """Count findings in words, the severest first: `2 high, 1 low`."""
    counts = Counter(Severity(finding.severity) for finding in findings)
    order = sorted(counts, key=lambda severity: severity.rank)
    return ", ".join(f"{counts[severity]} {severity.value}" for severity in order)


def _projects(number: int) -> str:
    return f"{number} {'project' if number == 1 else 'projects'}"


def _sign(action: Action) -> str:
    return _SIGNS.get(action.operation, "~")


def _change(action: Action) -> str:
    """Say what an action changes, without its sign and reason."""
    if action.entry is None:
        before, after = _on_off(not action.value), _on_off(bool(action.value))
        return f"{_SETTING_TITLES[action.operation]}: {before} -> {after}"
    entry = _name(action.entry)
    if action.operation == "remove-outbound-entry":
        return f"outbound {entry}"
    permissions = _permissions(action.entry)
    if action.was is not None:
        return f"{entry}: {_permissions(action.was)} -> {permissions}"
    return entry if action.entry.default_permissions else f"{entry} ({permissions})"


def _permissions(entry: EntryState) -> str:
    if entry.default_permissions:
        return "default permissions"
    return ", ".join(entry.policies) or "no permission"


def _name(entry: EntryState) -> str:
    return f"{entry.kind} {entry.path}"


def _on_off(flag: bool) -> str:
    return "on" if flag else "off"


def _entry_differences(
    direction: str, planned: Sequence[EntryState], found: Sequence[EntryState]
) -> dict[str, str]:
    expected, actual = ({entry.key: entry for entry in entries} for entries in (planned, found))
    texts = {}
    for key in sorted(expected.keys() | actual.keys()):
        name = _name(actual.get(key) or expected[key])
        if key not in actual:
            texts[f"{direction}{key}"] = f"the {direction}entry {name} is gone"
        elif key not in expected:
            texts[f"{direction}{key}"] = f"the {direction}entry {name} is new"
        elif entry_permissions(expected[key]) != entry_permissions(actual[key]):
            texts[f"{direction}{key}"] = f"the {direction}entry {name} has other permissions"
    return texts


def _declared_project(project: ProjectPlan) -> dict[str, Any]:
    state = state_after(project.before, project.actions)
    others = [entry for entry in state.entries if entry.key != f"project:{project.id}"]
    return {
        "job_token_scope": {
            "limit_access_to_this_project": state.inbound,
            "allowlist": {
                "enforce": True,
                "groups": _declared_names(others, "group"),
                "projects": _declared_names(others, "project"),
            },
        }
    }


def _declared_names(entries: Iterable[EntryState], kind: EntryKind) -> list[str | int]:
    chosen = sorted((entry.path, entry.id) for entry in entries if entry.kind == kind)
    # A path of digits would be taken for a number.
    return [number if path.isdigit() else path for path, number in chosen]
