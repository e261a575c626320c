"""What rules say of one project or of the instance, gaps and crashes looked after."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple, ParamSpec, cast

from scopelint.declared import DeclaredScope
from scopelint.errors import PluginError, SnapshotError
from scopelint.finding import PASS, Outcome, Verdict
from scopelint.model import AllowlistEntry, Fact, Project, Scope
from scopelint.rule import (
    DeclaredRule,
    EntryRule,
    InstanceRule,
    ProjectRule,
    Rule,
    UnreadableProjectRule,
)
from scopelint.snapshot.inventory import Inventory

_P = ParamSpec("_P")
_JudgeEntry = Callable[[AllowlistEntry, Project, Scope, Inventory], Verdict | None]
_JudgeProject = Callable[[Project, Scope | None, Inventory], Iterable[Verdict]]


def verdicts(rule: Rule, inventory: Inventory) -> Iterator[tuple[Project | None, Verdict]]:
    """Yield everything one rule says of an inventory, passes included, in order of project id."""
    if rule.not_judged(inventory) is not None:
        return
    if isinstance(rule, InstanceRule):
        for verdict in rule.judge(inventory):
            yield None, verdict
        return
    panel = Evaluator([(1, rule)])
    for project in inventory.projects():
        before = panel.passes[0]
        for _, verdict, entry in panel.ask(project, inventory).others:
            told = verdict.outcome is Outcome.PASS or verdict.entry is not None
            yield project, verdict if told else replace(verdict, entry=entry)
        for _ in range(panel.passes[0] - before):
            yield project, PASS


class RuleAnswer(NamedTuple):
    """A verdict that is not the object `PASS`: the number of the rule, and what it was asked about.

    `entry` is None where the rule was asked about the whole project.
    """

    number: int
    verdict: Verdict
    entry: AllowlistEntry | None


class ProjectAnswers(NamedTuple):
    """What the rules of a panel say of one project; `passed` has the bits of those that said `PASS`."""

    others: list[RuleAnswer]
    passed: int


class Evaluator:
    """Rules that judge the same projects, to be asked about one project after another.

    Each comes with a bit of its own; its number is its place in `rules`. Nearly all verdicts are
    the one object `PASS`: they are only counted, in `passes`, by the rule's number. Millions of
    questions are asked in the two loops below, so they hold nothing that can be done before.
    """

    def __init__(self, rules: Sequence[tuple[int, Rule]]) -> None:
        self.bits = tuple(bit for bit, _ in rules)
        self.rules = tuple(rule for _, rule in rules)
        self.passes = [0] * len(self.rules)
        self._of_entries: list[tuple[int, int, _JudgeEntry]] = []
        self._of_projects: list[tuple[int, int, _JudgeProject]] = []
        self._of_unreadable: list[tuple[int, int, _JudgeProject]] = []
        for number, (bit, rule) in enumerate(rules):
            match rule:
                case EntryRule():
                    self._of_entries.append((number, bit, rule.judge))
                case UnreadableProjectRule():
                    self._of_unreadable.append((number, bit, _unreadable_judge(rule)))
                case ProjectRule():
                    self._of_projects.append((number, bit, _project_judge(rule)))
                case DeclaredRule():
                    self._of_projects.append((number, bit, _declared_judge(rule)))
                case _:
                    pass  # Rules about the instance are asked once a run, not here.

    def ask(self, project: Project, inventory: Inventory) -> ProjectAnswers:
        """Ask every rule that this project is an affair of.

        A fact that a rule needs and that is missing for this project gives one unknown; an entry
        rule still judges the entries that were read. Raises PluginError where a rule crashes: it
        names the rule and the project.
        """
        others: list[RuleAnswer] = []
        scope = project.scope
        if scope is None:
            return ProjectAnswers(
                others, self._ask_whole(self._of_unreadable, project, inventory, others)
            )
        of_projects, of_entries = self._of_projects, self._of_entries
        if scope.missing:
            lacking = self._lacking(scope.missing)
            others += self._unknowns(project, lacking)
            of_projects = [seat for seat in of_projects if seat[0] not in lacking]
            of_entries = [s for s in of_entries if lacking.get(s[0], _PARTLY) == _PARTLY]
        passed = self._ask_whole(of_projects, project, inventory, others)
        if scope.entries:
            passed |= self._ask_entries(of_entries, project, scope, inventory, others)
        return ProjectAnswers(others, passed)

    def _ask_whole(
        self,
        judges: Iterable[tuple[int, int, _JudgeProject]],
        project: Project,
        inventory: Inventory,
        others: list[RuleAnswer],
    ) -> int:
        scope, passes, passed, number = project.scope, self.passes, 0, 0
        try:
            for number, bit, judge in judges:
                for verdict in judge(project, scope, inventory):
                    if verdict is PASS:
                        passes[number] += 1
                        passed |= bit
                    else:
                        others.append(RuleAnswer(number, _checked(verdict), None))
        except (PluginError, SnapshotError):
            raise
        except (Exception, SystemExit) as error:
            raise _crash(self.rules[number], project, error) from error
        return passed

    def _ask_entries(
        self,
        judges: Sequence[tuple[int, int, _JudgeEntry]],
        project: Project,
        scope: Scope,
        inventory: Inventory,
        others: list[RuleAnswer],
    ) -> int:
        passes, passed, number = self.passes, 0, 0
        try:
            for entry in scope.entries:
                for number, bit, judge in judges:
                    verdict = judge(entry, project, scope, inventory)
                    if verdict is PASS:
                        passes[number] += 1
                        passed |= bit
                    elif verdict is not None:
                        others.append(RuleAnswer(number, _checked(verdict), entry))
        except (PluginError, SnapshotError):
            raise
        except (Exception, SystemExit) as error:
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
            if isinstance(rule, UnreadableProjectRule | InstanceRule):
                continue
            if not isinstance(rule, DeclaredRule) or _declared_for(rule, project):
                yield RuleAnswer(number, _unknown(facts, project), None)


_PARTLY = frozenset({Fact.ENTRIES})
"""What may be missing while the entries that were read are still judged."""


def _project_judge(rule: ProjectRule) -> _JudgeProject:
    return cast("_JudgeProject", rule.judge)  # It is only asked where there is a scope.


def _unreadable_judge(rule: UnreadableProjectRule) -> _JudgeProject:
    return lambda project, _scope, inventory: rule.judge(project, inventory)


def _declared_for(rule: DeclaredRule, project: Project) -> DeclaredScope | None:
    policy = rule.policy.declared
    return policy.scope(project.path) if policy and policy.covers(project) else None


def _declared_judge(rule: DeclaredRule) -> _JudgeProject:
    def judge(project: Project, scope: Scope | None, inventory: Inventory) -> Iterable[Verdict]:
        declared = _declared_for(rule, project)
        return rule.judge(project, scope, declared, inventory) if scope and declared else ()

    return judge


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


def guarded(
    rule: Rule,
    judge: Callable[_P, Iterable[Verdict]],
    *args: _P.args,
    **kwargs: _P.kwargs,
) -> list[Verdict]:
    """Collect what a rule says of the instance; a crash of the rule is named."""
    try:
        return [_checked(verdict) for verdict in judge(*args, **kwargs)]
    except (PluginError, SnapshotError):
        raise
    except (Exception, SystemExit) as error:
        raise _crash(rule, None, error) from error


def _crash(rule: Rule, project: Project | None, error: BaseException) -> PluginError:
    where = f"project {project.path} (id {project.id})" if project else "the instance"
    return PluginError(
        f"rule {rule.code} ({rule.name}) crashed on {where}: {type(error).__name__}: {error}",
        hint=f"This is a fault of the rule in {type(rule).__module__}, not of your settings."
        f" Leave it out with --ignore {rule.code} until it is mended.",
    )


def _checked(verdict: object) -> Verdict:
    if not isinstance(verdict, Verdict):
        raise TypeError(f"it gave {type(verdict).__name__} instead of a verdict")
    return verdict
