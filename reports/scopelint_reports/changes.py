"""What closes the most: findings grouped by the change that fixes them.

A rule declares its remedy; findings of whatever rules about one entry are closed by its removal,
findings about one setting by its switch. Only new failing findings count: what is waived or known
from a baseline asks for nothing, and what is unknown is to be read first.
"""

import shlex
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from scopelint.finding import EntryRef, Finding, Outcome, ProjectRef, Severity, State
from scopelint.remedy import Change, setting_words
from scopelint.report import Report, RuleSummary
from scopelint.text import counted, number, visible

MOST_CHANGES = 5
"""Changes that a report names at first."""

FIRST_TITLE = "Do these first"
FEW_CHANGES = 3
"""Changes that a text of few lines names."""

_LEVELS = tuple(Severity)
_PLAN = "scopelint.plan.json"
_Key = tuple[Change | EntryRef, ...]


@dataclass(slots=True)
class ChangeGroup:
    """One change to make in some projects, and the findings that it closes."""

    change: Change
    entry: EntryRef | None
    """The entry to remove, None for another change."""
    projects: set[int] = field(default_factory=set)
    """The ids of the projects to change."""
    rules: set[str] = field(default_factory=set)
    """The codes of the rules whose findings it closes."""
    asking: set[str] = field(default_factory=set)
    """Those of them that ask for this change; the others are closed along with it."""
    counts: Counter[Severity] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        """How many findings it closes."""
        return self.counts.total()

    @property
    def rank(self) -> tuple[object, ...]:
        """Sorts what closes the most findings of the worst severity first, then by name."""
        worst = [-self.counts[level] for level in _LEVELS]
        entry, change = self.entry, self.change
        name = (entry.path or "", entry.kind, entry.id or 0) if entry else ("", "", 0)
        return (*worst, *name, change.kind, change.setting or "", change.switch or "")

    @property
    def title(self) -> str:
        """Say what to do: `Remove group acme from 9 projects' allowlists`; clean text."""
        count = len(self.projects)
        if self.entry is not None:
            where = (
                "1 project's allowlist" if count == 1 else f"{number(count)} projects' allowlists"
            )
            return f"Remove {entry_name(self.entry)} from {where}"
        where = counted(count, "project")
        if self.change.kind == "restrict-project":
            return f"Switch on the job token limit of {where}"
        if self.change.setting is not None:
            return f"Switch {self.change.switch} {setting_words(self.change.setting)} of {where}"
        return f"Remove the leftover outbound entries of {where}"

    @property
    def closes(self) -> str:
        """Say what it closes: `closes 12 findings, 4 high`."""
        worst = next(level for level in _LEVELS if self.counts[level])
        several = counted(self.total, "finding")
        if self.counts[worst] == self.total:
            return f"closes {several}, {worst.value if self.total == 1 else f'all {worst.value}'}"
        return f"closes {several}, {number(self.counts[worst])} {worst.value}"


def entry_name(entry: EntryRef) -> str:
    """Name an entry's target: `group acme`, `project 7`; clean text."""
    return f"{entry.kind} {visible(entry.path) if entry.path else entry.id or 'that is gone'}"


def changes(findings: Collection[Finding], rules: Iterable[RuleSummary]) -> list[ChangeGroup]:
    """Return the changes that these findings ask for, those that close the most first.

    A finding about an entry is closed by the entry's removal even where only another rule asks for
    it in that project. It is counted once, with the entry before a setting. The findings are
    walked twice, because there may be too many to keep.
    """
    remedies = {rule.code: rule.change for rule in rules}
    removed = {
        (project.id, finding.entry)
        for finding, project in _asking(findings)
        if finding.entry and _removes(remedies.get(finding.rule))
    }
    groups: dict[_Key, ChangeGroup] = {}
    for finding, project in _asking(findings):
        change, entry = remedies.get(finding.rule), finding.entry
        asks = change is not None
        if entry is not None and (project.id, entry) in removed:
            asks = _removes(change)
            change = Change("remove-entry")
        elif change is None or change.kind == "remove-entry":
            continue
        else:
            entry = None
        key: _Key = (change, entry) if entry else (change,)
        group = groups.get(key)
        if group is None:
            group = groups[key] = ChangeGroup(change, entry)
        group.projects.add(project.id)
        group.counts[finding.severity] += 1
        group.rules.add(finding.rule)
        if asks:
            group.asking.add(finding.rule)
    return sorted(groups.values(), key=lambda group: group.rank)


def first_changes(report: Report) -> tuple[list[str], int]:
    """Return the few changes that close the most, a sentence each, and how many others there are.

    The sentences are clean text. `Remove group acme from 9 projects' allowlists: closes 12
    findings, 4 high`.
    """
    groups = changes(report.findings, report.rules)
    said = [f"{group.title}: {group.closes}" for group in groups[:FEW_CHANGES]]
    return said, len(groups) - len(said)


def _asking(findings: Iterable[Finding]) -> Iterator[tuple[Finding, ProjectRef]]:
    for finding in findings:
        new = finding.state is State.NEW and finding.verdict is Outcome.FAIL
        if new and finding.project is not None and finding.carried is None:
            yield finding, finding.project


def _removes(change: Change | None) -> bool:
    return change is not None and change.kind == "remove-entry"


def plan_commands(
    group: ChangeGroup, report: Report, next_steps: Sequence[tuple[str, str]] = ()
) -> list[str]:
    """Return the commands that plan a change; they write nothing to GitLab.

    It is the plan of `base_commands`, narrowed to the rules that ask for the change and the entry.
    """
    remedies = {rule.code: rule.change for rule in report.rules}
    unsafe = any(_unsafe(remedies, code) for code in group.asking)
    chosen = ["--select", ",".join(sorted(group.asking))] + ["--unsafe"] * unsafe
    if group.entry is not None and group.entry.path:
        chosen += ["--entry", group.entry.path]
    *before, plan = base_commands(report, next_steps)
    return [*before, f"{plan} {' '.join(map(shlex.quote, chosen))}"]


def base_commands(report: Report, next_steps: Sequence[tuple[str, str]] = ()) -> list[str]:
    """Return the commands up to the plan of everything, the last one; options may follow it.

    `next_steps` are those of the run: its own `plan` names the files that are there. Without one
    the scopes are collected first.
    """
    for command, _ in next_steps:
        if command.startswith("scopelint plan "):
            return [command]
    plan = shlex.join(["scopelint", "plan", "scopelint.db", "-o", _PLAN])
    return [shlex.join(_collect(report)), plan]


def _unsafe(remedies: Mapping[str, Change | None], code: str) -> bool:
    change = remedies.get(code)
    return change is not None and change.unsafe


def _collect(report: Report) -> Iterator[str]:
    scan = report.scan.scan
    yield from ("scopelint", "collect")
    for target in scan.targets:
        yield "--instance" if target == "instance" else target
    yield from ("--url", scan.instance, "-o", "scopelint.db")
