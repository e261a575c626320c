"""What closes the most: findings grouped by the change that fixes them.

A rule declares its remedy; findings of whatever rules about one entry are closed by its removal,
findings about one setting by its switch. Only new failing findings count: what is waived or known
from a baseline asks for nothing, and what is unknown is to be read first.
"""

import heapq
import shlex
from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
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
_BASE = 1 << 32
_UNITS = {level: _BASE**at for at, level in enumerate(reversed(_LEVELS))}
_PLAN = "scopelint.plan.json"
_Key = Change | EntryRef
"""A change, or the entry to remove."""
_REMOVAL = Change("remove-entry")


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


class _Tallies:
    """What each change closes. There may be as many changes as findings, so each is a few numbers.

    Objects of their own would cost more than all the rest: the garbage collector walks them.
    """

    def __init__(self) -> None:
        self._at: dict[_Key, int] = {}
        self._counts: list[int] = []
        """The counts by severity in one number, the worst in its highest digits."""
        self._projects = _ProjectSets()
        self._rules: list[int] = []
        self._asking: list[int] = []
        self._codes: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._at)

    def add(self, key: _Key, project: int, finding: Finding, *, asks: bool) -> None:
        """Take in a finding that a change closes; `asks` says that its rule asks for this one."""
        at = self._at.setdefault(key, len(self._counts))
        if at == len(self._counts):
            self._counts.append(0)
            self._rules.append(0)
            self._asking.append(0)
        rule = 1 << self._codes.setdefault(finding.rule, len(self._codes))
        self._counts[at] += _UNITS[finding.severity]
        self._rules[at] |= rule
        self._asking[at] |= rule if asks else 0
        self._projects.add(at, project)

    def first(self, most: int) -> list[ChangeGroup]:
        """Return those that close the most findings of the worst severity, then by name."""
        return [self._group(key) for key in heapq.nsmallest(most, self._at, key=self._rank)]

    def _rank(self, key: _Key) -> tuple[object, ...]:
        count = -self._counts[self._at[key]]
        if isinstance(key, Change):
            return count, "", "", 0, key.kind, key.setting or "", key.switch or ""
        return count, key.path or "", key.kind, key.id or 0, _REMOVAL.kind, "", ""

    def _group(self, key: _Key) -> ChangeGroup:
        at = self._at[key]
        change, entry = (key, None) if isinstance(key, Change) else (_REMOVAL, key)
        counts = {level: self._counts[at] // unit % _BASE for level, unit in _UNITS.items()}
        return ChangeGroup(
            change=change,
            entry=entry,
            projects=self._projects.of(at),
            rules=self._named(self._rules[at]),
            asking=self._named(self._asking[at]),
            counts=Counter(counts),
        )

    def _named(self, rules: int) -> set[str]:
        return {code for code, at in self._codes.items() if rules >> at & 1}


class _ProjectSets:
    """Sets of projects by a key; most have one member, which is kept without a set."""

    def __init__(self) -> None:
        self._sets: dict[Hashable, int | set[int]] = {}

    def add(self, key: Hashable, project: int) -> None:
        known = self._sets.setdefault(key, project)
        if isinstance(known, set):
            known.add(project)
        elif known != project:
            self._sets[key] = {known, project}

    def of(self, key: Hashable) -> set[int]:
        known = self._sets.get(key, set[int]())
        return known if isinstance(known, set) else {known}

    def holds(self, key: Hashable, project: int) -> bool:
        known = self._sets.get(key)
        return project in known if isinstance(known, set) else known == project


def changes(
    findings: Collection[Finding], rules: Iterable[RuleSummary], most: int
) -> tuple[list[ChangeGroup], int]:
    """Return the changes that close the most of these findings, at most so many, and how many others.

    A finding about an entry is closed by the entry's removal even where only another rule asks for
    it in that project. It is counted once, with the entry before a setting. The findings are
    walked twice, because there may be too many to keep.
    """
    remedies = {rule.code: rule.change for rule in rules}
    removed = _ProjectSets()
    for finding, project in _asking(findings):
        if finding.entry and _removes(remedies.get(finding.rule)):
            removed.add(finding.entry, project.id)
    tallies = _Tallies()
    for finding, project in _asking(findings):
        change, entry = remedies.get(finding.rule), finding.entry
        if entry is not None and removed.holds(entry, project.id):
            tallies.add(entry, project.id, finding, asks=_removes(change))
        elif change is not None and change.kind != "remove-entry":
            tallies.add(change, project.id, finding, asks=True)
    first = tallies.first(most)
    return first, len(tallies) - len(first)


def first_changes(report: Report) -> tuple[list[str], int]:
    """Return the few changes that close the most, a sentence each, and how many others there are.

    The sentences are clean text. `Remove group acme from 9 projects' allowlists: closes 12
    findings, 4 high`.
    """
    groups, others = changes(report.findings, report.rules, FEW_CHANGES)
    return [f"{group.title}: {group.closes}" for group in groups], others


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
