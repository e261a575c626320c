"""Asks rules about one project or about the instance; gaps become unknowns, a crash is named."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from scopelint.declared import DeclaredPolicy
from scopelint.errors import PluginError, SnapshotError
from scopelint.finding import PASS, Outcome, Verdict
from scopelint.model import AllowlistEntry, Fact, Project
from scopelint.rule import (
    DeclaredContext,
    DeclaredFileContext,
    DeclaredFileRule,
    DeclaredRule,
    EntryContext,
    EntryRule,
    InstanceContext,
    InstanceRule,
    ProjectContext,
    ProjectRule,
    Rule,
    UnreadableContext,
    UnreadableProjectRule,
    Verdicts,
)
from scopelint.snapshot.inventory import Inventory

_Judge = Callable[[Any], Verdicts]
"""A rule's `judge`; its place in the evaluator decides which context it is given."""
_Context = ProjectContext | UnreadableContext
_Judges = list[tuple[int, int, _Judge]]
"""Rules of one kind: the number, the bit and `judge` of each."""


def verdicts(rule: Rule, inventory: Inventory) -> Iterator[tuple[Project | None, Verdict]]:
    """Yield every verdict of one rule on an inventory, passes included, in order of project id."""
    if rule.not_judged(inventory) is not None:
        return
    if rule.once:
        for verdict in judge_once(rule, inventory):
            yield None, verdict
        return
    evaluator = Evaluator([(1, rule)])
    for project in inventory.chosen_projects():
        before = evaluator.passes[0]
        for _, verdict, entry in evaluator.ask(project, inventory).others:
            complete = verdict.outcome is Outcome.PASS or verdict.entry is not None
            yield project, verdict if complete else replace(verdict, entry=entry)
        for _ in range(evaluator.passes[0] - before):
            yield project, PASS


class RuleAnswer(NamedTuple):
    """A verdict that is not the object `PASS`: the number of the rule, and what it was asked about.

    `entry` is None where the rule was asked about the whole project.
    """

    number: int
    verdict: Verdict
    entry: AllowlistEntry | None


class ProjectAnswers(NamedTuple):
    """The answers of an evaluator's rules about one project.

    `passed` has the bits of the rules that answered `PASS`; `others` are all other verdicts.
    """

    others: list[RuleAnswer]
    passed: int


class Evaluator:
    """Rules that judge the same projects, to be asked about one project after another.

    Each comes with a bit of its own; its number is its place in `rules`. Nearly all verdicts are
    the one object `PASS`: they are only counted, in `passes`, by the rule's number. `_ask` runs
    millions of times, so it holds nothing that can be done before.
    """

    def __init__(self, rules: Sequence[tuple[int, Rule]]) -> None:
        self.bits = tuple(bit for bit, _ in rules)
        self.rules = tuple(rule for _, rule in rules)
        self.passes = [0] * len(self.rules)
        self._of_entries: _Judges = []
        self._of_projects: _Judges = []
        self._of_unreadable: _Judges = []
        self._of_declared: dict[DeclaredPolicy, _Judges] = {}
        for number, (bit, rule) in enumerate(rules):
            match rule:
                case EntryRule():
                    self._of_entries.append((number, bit, rule.judge))
                case UnreadableProjectRule():
                    self._of_unreadable.append((number, bit, rule.judge))
                case ProjectRule():
                    self._of_projects.append((number, bit, rule.judge))
                case DeclaredRule() if rule.policy.declared is not None:
                    judges = self._of_declared.setdefault(rule.policy.declared, [])
                    judges.append((number, bit, rule.judge))
                case _:
                    pass  # Rules about the instance are asked once a run, not here.

    def ask(self, project: Project, inventory: Inventory) -> ProjectAnswers:
        """Ask every rule that is about this project.

        A fact that a rule needs and that is missing for this project gives one unknown; an entry
        rule still judges the entries that were read. Raises PluginError where a rule crashes: it
        names the rule and the project.
        """
        others: list[RuleAnswer] = []
        scope = project.scope
        if scope is None:
            unreadable = UnreadableContext(inventory, project)
            return ProjectAnswers(others, self._ask(self._of_unreadable, (unreadable,), others))
        of_projects, of_entries = self._of_projects, self._of_entries
        lacking: dict[int, frozenset[Fact]] = {}
        if scope.missing:
            lacking = self._lacking(scope.missing)
            others += self._unknowns(project, lacking)
            of_projects = [each for each in of_projects if each[0] not in lacking]
            of_entries = [e for e in of_entries if lacking.get(e[0], _PARTLY) == _PARTLY]
        passed = self._ask(of_projects, (ProjectContext(inventory, project, scope),), others)
        for policy, judges in self._of_declared.items():
            declared = policy.scope(project.path, project.id) if policy.covers(project) else None
            if declared is not None:
                able = [each for each in judges if each[0] not in lacking]
                context = DeclaredContext(inventory, project, scope, declared)
                passed |= self._ask(able, (context,), others)
        if of_entries and scope.entries:
            entries = [EntryContext(inventory, project, scope, entry) for entry in scope.entries]
            passed |= self._ask(of_entries, entries, others)
        return ProjectAnswers(others, passed)

    def _ask(
        self,
        judges: _Judges,
        contexts: Iterable[_Context],
        others: list[RuleAnswer],
    ) -> int:
        """Give rules each context; return the bits of those that passed, add the other answers."""
        passes, passed, number, context = self.passes, 0, 0, None
        try:
            for context in contexts:
                for number, bit, judge in judges:
                    answer = judge(context)
                    if answer is PASS:
                        passes[number] += 1
                        passed |= bit
                    elif answer is not None:
                        for verdict in (answer,) if isinstance(answer, Verdict) else answer:
                            if verdict is PASS:
                                passes[number] += 1
                                passed |= bit
                            else:
                                entry = getattr(context, "entry", None)
                                others.append(RuleAnswer(number, _checked(verdict), entry))
        except (PluginError, SnapshotError):
            raise
        except (Exception, SystemExit) as error:
            project = context.project if context else None
            raise _crash(self.rules[number], project, error) from error
        return passed

    def _lacking(self, missing: frozenset[Fact]) -> dict[int, frozenset[Fact]]:
        """Return, by rule, the facts that it needs and that are missing."""
        needs = {number: rule.needs & missing for number, rule in enumerate(self.rules)}
        return {number: facts for number, facts in needs.items() if facts}

    def _unknowns(
        self, project: Project, lacking: dict[int, frozenset[Fact]]
    ) -> Iterator[RuleAnswer]:
        for number, facts in lacking.items():
            rule = self.rules[number]
            if rule.once or isinstance(rule, UnreadableProjectRule):
                continue
            if not isinstance(rule, DeclaredRule) or _is_declared(rule, project):
                yield RuleAnswer(number, _unknown(facts, project), None)


_PARTLY = frozenset({Fact.ENTRIES})
"""What may be missing while the entries that were read are still judged."""


def _is_declared(rule: DeclaredRule, project: Project) -> bool:
    policy = rule.policy.declared
    if policy is None or not policy.covers(project):
        return False
    return policy.scope(project.path, project.id) is not None


_FACT_WORDS = {
    Fact.ENTRIES: "a part of its allowlist",
    Fact.LOG: "its authentication log",
    Fact.PERMISSIONS: "the permissions of its entries",
    Fact.OUTBOUND_ENTRIES: "its leftover outbound entries",
}


def _unknown(missing: Iterable[Fact], project: Project) -> Verdict:
    names = sorted(missing)
    words = " and ".join(_FACT_WORDS.get(fact, fact.value) for fact in names)
    return Verdict(
        Outcome.UNKNOWN,
        f"{project.path}: {words} could not be read, so this rule cannot tell",
        {"missing": [fact.value for fact in names]},
        "Scan again; if it stays so, check the token's role with: scopelint doctor",
    )


def judge_once(rule: Rule, inventory: Inventory) -> list[Verdict]:
    """Return the verdicts of a rule that is judged once a run; PluginError names one that crashes."""
    try:
        answer = _answer_once(rule, inventory)
        found = (answer,) if isinstance(answer, Verdict) else answer or ()
        return [_checked(verdict) for verdict in found]
    except (PluginError, SnapshotError):
        raise
    except (Exception, SystemExit) as error:
        raise _crash(rule, None, error) from error


def _answer_once(rule: Rule, inventory: Inventory) -> Verdicts:
    match rule:
        case InstanceRule():
            return rule.judge(InstanceContext(inventory))
        case DeclaredFileRule() if rule.policy.declared is not None:
            return rule.judge(DeclaredFileContext(inventory, rule.policy.declared))
        case _:
            return None


def _crash(rule: Rule, project: Project | None, error: BaseException) -> PluginError:
    where = f"project {project.path} (id {project.id})" if project else "the instance"
    return PluginError(
        f"rule {rule.code} ({rule.name}) crashed on {where}: {type(error).__name__}: {error}",
        hint=f"This is a fault of the rule in {type(rule).__module__}, not of your settings."
        f" Leave it out with --ignore {rule.code} until it is fixed.",
    )


def _checked(verdict: object) -> Verdict:
    if not isinstance(verdict, Verdict):
        raise TypeError(f"it returned {type(verdict).__name__} instead of a verdict")
    return verdict
