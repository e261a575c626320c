"""A change judged: what the rules say of the projects as they are, and as they are after it.

Both sides are judged in one pass over the projects. Of a project that the change leaves as it is,
the rules that judge by its own scope alone (`Rule.by_own_scope`) are asked once for both sides.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from scopelint.engine.baseline import Baseline, create
from scopelint.engine.change import ChangeOfFindings, InventoryChange, JudgedChange, Watcher
from scopelint.engine.codec import CollectedPart, PartFiles
from scopelint.engine.collector import FindingsCollector
from scopelint.engine.engine_settings import Settings
from scopelint.engine.evaluation import Evaluator, ProjectAnswers
from scopelint.engine.inventory_report import no_garbage_collection, report_of
from scopelint.engine.parallel import chunks_of, in_processes, process_count
from scopelint.engine.rule_sets import RuleSet
from scopelint.engine.spill import Scratch
from scopelint.finding import Finding, Outcome, State
from scopelint.model import Project
from scopelint.rule import Rule

_AT_ONCE: Final = 500
"""Ids that an inventory is asked for at a time."""


class _KnownBefore:
    """Marks as baselined what fails before the change too, and is no more than it was.

    What else was accepted is so afterwards too.
    """

    def __init__(self, accepted: Baseline | None, instance: str) -> None:
        self._accepted = accepted or Baseline(instance, {})
        self._instance = instance
        self.fails: Mapping[str, Finding] = {}
        """Those of the subject that is judged, by fingerprint."""
        self.same: frozenset[str] = frozenset()
        """Codes of rules that say the same of it before and after."""

    def hold(self, findings: Iterable[Finding], same: frozenset[str] = frozenset()) -> None:
        """Take what was found of the next subject before the change."""
        fails = (each for each in findings if each.verdict is Outcome.FAIL)
        self.fails = {each.fingerprint: each for each in fails if each.state is not State.WAIVED}
        self.same = same

    def mark(self, finding: Finding) -> Finding:
        """Return the finding, marked where it fails before the change or was accepted."""
        if finding.state is not State.NEW:
            return finding
        if finding.rule in self.same and finding.verdict is Outcome.FAIL:
            return _baselined(finding)
        known = self.fails.get(finding.fingerprint)
        if known is None:
            return self._accepted.mark(finding)
        if _is_as_it_was(known, finding):
            return _baselined(finding)
        return create(self._instance, (known,)).mark(finding)

    def accepts_any_extent(self, finding: Finding) -> bool:
        """Tell it of what was accepted by a baseline alone."""
        if finding.rule in self.same or finding.fingerprint in self.fails:
            return False
        return self._accepted.accepts_any_extent(finding)


def _is_as_it_was(before: Finding, after: Finding) -> bool:
    """Tell whether a finding of a project is surely no more than before."""
    about_project = after.project is not None and after.verdict is Outcome.FAIL
    return about_project and (before.severity, before.extent) == (after.severity, after.extent)


def _baselined(finding: Finding) -> Finding:
    message = finding.rule_message
    return replace(finding, state=State.BASELINED, outgrown=None, message=message)


@dataclass(frozen=True, slots=True)
class _Rest:
    """How a rule set's rules are asked about a project that stays as it is."""

    same: Evaluator
    """The rules that are asked once for both sides."""
    codes: frozenset[str]
    """Their codes."""
    before: Evaluator
    """The others, before the change."""
    after: Evaluator
    """The others, after it."""


@dataclass(frozen=True, slots=True)
class _ChangePart:
    before: CollectedPart
    after: CollectedPart
    found: ChangeOfFindings
    watched: Any


@dataclass(frozen=True, slots=True)
class _Files:
    before: PartFiles
    after: PartFiles


@dataclass(frozen=True, slots=True)
class _ChangeRun:
    """A run over both sides; with `whole` every finding afterwards is kept."""

    change: InventoryChange
    rules: Sequence[Rule]
    rules_after: Sequence[Rule]
    settings: Settings
    settings_after: Settings
    watcher: Watcher | None
    whole: bool

    def begin(self) -> "_ChangeJudge":
        """Judge the instance, and return the work on the projects."""
        for inventory in (self.change.before, self.change.after):
            inventory.targets()  # Read once, before there are several who would each read them.
        work = _ChangeJudge(self, None)
        work.judge_instance()
        return work

    def files(self) -> _Files:
        """Make a helper's files."""
        return _Files(*(PartFiles(Scratch(), Scratch()) for _ in range(2)))

    def help(self, files: _Files) -> "_ChangeJudge":
        """Return the work of a helper."""
        return _ChangeJudge(self, files)

    @contextmanager
    def _both_reopened(self) -> Iterator[None]:
        with ExitStack() as stack:
            stack.enter_context(self.change.before.reopened())
            stack.enter_context(self.change.after.reopened())
            yield

    def reopened(self) -> AbstractContextManager[object]:
        """Open the files of both inventories again."""
        return self._both_reopened()

    @property
    def only_changed(self) -> bool:
        """Whether projects that stay as they are need not be judged."""
        all_rules = (*self.rules, *self.settings.selectable)
        return not self.whole and all(rule.once or self.is_by_own_scope(rule) for rule in all_rules)

    def is_by_own_scope(self, rule: Rule) -> bool:
        """Tell whether a rule says the same on both sides of a project that stays as it is."""
        sides = self.change.before, self.change.after
        return all(type(rule).judges_by_own_scope(inventory) for inventory in sides)

    @property
    def processes(self) -> int:
        """In how many processes it is done."""
        if self.settings.processes:
            return self.settings.processes
        number = len(self.change.changed) if self.only_changed else None
        return process_count(self.change.before, number)

    def chunks(self, number: int) -> Sequence[Collection[int] | None]:
        """Return the ids of all projects, or of those that change."""
        if not self.only_changed:
            return chunks_of(self.change.before, number)
        ids = sorted(self.change.changed)
        return [ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE)]


class _ChangeJudge:
    """Judges project by project on both sides."""

    def __init__(self, run: _ChangeRun, files: _Files | None) -> None:
        self._run = run
        change = run.change
        self._known = _KnownBefore(run.settings.baseline, change.before.scan.instance)
        self._found_before: list[Finding] = []
        self._found_after: list[Finding] = []
        before, after = (files.before, files.after) if files else (None, None)
        self.before = FindingsCollector(
            *(change.before, run.rules, run.settings, before),
            tell=self._found_before.append,
            keep=False,
        )
        self.after = FindingsCollector(
            *(change.after, run.rules_after, run.settings_after, after),
            baseline=self._known,
            tell=self._found_after.append,
            keep=run.whole,
        )
        self.found = ChangeOfFindings()
        self._rests: dict[int, _Rest] = {}

    def judge_instance(self) -> None:
        """Ask the rules about the instance."""
        self.before.judge_instance()
        self._known.hold(self._found_before)
        self.after.judge_instance()
        self._settle()

    def judge(self, only: Collection[int] | None) -> None:
        """Ask the rules about the chosen projects with these ids."""
        change, watcher = self._run.change, self._run.watcher
        for project in change.before.chosen_projects(only):
            then = change.project_after(project)
            if then is project:
                self._stays(project)
                continue
            self.before.judge_project(project)
            self._known.hold(self._found_before)
            self.after.judge_project(then)
            self._settle()
            if watcher is not None:
                watcher.see(project, then)

    def _stays(self, project: Project) -> None:
        """Judge a project that stays as it is."""
        change, whole = self._run.change, self._run.whole
        rules, rules_after = (side.rule_set(project) for side in (self.before, self.after))
        rest = self._rests.get(rules.number) or self._rest(rules, rules_after)
        others = bool(rest.before.rules or rest.after.rules)
        if others:
            asked = rest.before.ask(project, change.before)
            self.before.take_in(project, rules, [(rest.before, asked)])
        if others or whole:
            self._known.hold(self._found_before, rest.codes)
            answered: list[tuple[Evaluator, ProjectAnswers]] = []
            if whole:
                answered.append((rest.same, rest.same.ask(project, change.before)))
            if others:
                answered.append((rest.after, rest.after.ask(project, change.after)))
            self.after.take_in(project, rules_after, answered)
            self._settle(rest.codes)

    def _rest(self, rules: RuleSet, rules_after: RuleSet) -> _Rest:
        both = {rule.code for _, rule in rules.judging} & {r.code for _, r in rules_after.judging}
        same = [
            (bit, rule)
            for bit, rule in rules.judging
            if rule.code in both and self._run.is_by_own_scope(rule)
        ]
        codes = frozenset(rule.code for _, rule in same)
        before, after = (
            Evaluator([(bit, rule) for bit, rule in side.judging if rule.code not in codes])
            for side in (rules, rules_after)
        )
        made = _Rest(Evaluator(same), codes, before, after)
        for evaluator in (made.same, made.after):
            self.after.count_passes_of(evaluator)
        self._rests[rules.number] = made
        return made

    def _settle(self, same: frozenset[str] = frozenset()) -> None:
        """Compare what was found of one subject."""
        self.found.add(self._found_before, self._found_after, same)
        self._found_before.clear()
        self._found_after.clear()

    def settle_rest(self) -> None:
        """Compare what was found once all projects were judged: findings of verdict unknown."""
        self._known.hold(())
        self._settle()

    def part(self) -> _ChangePart:
        """Return what was found."""
        watched = self._run.watcher.part() if self._run.watcher else None
        return _ChangePart(self.before.part(), self.after.part(), self.found, watched)

    def include(self, part: _ChangePart, files: _Files) -> None:
        """Add what a helper found."""
        self.before.include(part.before, files.before)
        self.after.include(part.after, files.after)
        self.found.include(part.found)
        if self._run.watcher is not None:
            self._run.watcher.include(part.watched)


def judge_change(
    change: InventoryChange,
    rules: Sequence[Rule],
    settings: Settings,
    *,
    distributions: Mapping[str, str] | None = None,
    watcher: Watcher | None = None,
    whole: bool = True,
) -> JudgedChange:
    """Judge a change by these rules; with `whole` its report is made too.

    What fails before the change is baselined in the report, so that only what the change brings
    gates. `distributions` as for `run`, and the same is raised. The last report of the settings has
    no part in it.
    """
    settings = replace(settings, previous=None)
    run = _ChangeRun(
        change,
        rules,
        [_anew(rule) for rule in rules],
        settings,
        replace(settings, selectable=tuple(map(_anew, settings.selectable))),
        watcher,
        whole,
    )
    with no_garbage_collection():
        work = in_processes(run, run.processes)
    work.before.judge_skipped()
    report = None
    if whole:
        report = report_of(change.after, work.after, settings, distributions or {})
    else:
        work.after.judge_skipped()
    work.settle_rest()
    for some in (work.found.before, work.found.after, work.found.grown):
        some.sort(key=lambda finding: finding.sort_key)
    return JudgedChange(work.found, work.before.not_judged, work.after.not_judged, report)


def _anew(rule: Rule) -> Rule:
    """Return the same rule for the other side: it may keep what it works out of an inventory."""
    return type(rule)(rule.options, rule.policy)
