"""What one rule says of one project or of the instance, gaps and crashes looked after."""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import ParamSpec

from scopelint.errors import PluginError, SnapshotError
from scopelint.estate import Estate
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

_P = ParamSpec("_P")


def verdicts(rule: Rule, estate: Estate) -> Iterator[tuple[Project | None, Verdict]]:
    """Yield everything one rule says of an estate, passes included, in order of project id."""
    if rule.not_judged(estate) is not None:
        return
    if isinstance(rule, InstanceRule):
        for verdict in rule.judge(estate):
            yield None, verdict
        return
    for project in estate.projects():
        for verdict in judge_project(rule, project, estate):
            yield project, verdict


def judge_project(rule: Rule, project: Project, estate: Estate) -> list[Verdict]:
    """Return what one rule says of one project; nothing where it is not the rule's affair.

    A fact that the rule needs and that is missing for this project gives one unknown; an entry
    rule still judges the entries that were read. Called once for each rule and project: it makes
    as few objects as it can.
    """
    scope, kind = project.scope, _kind(type(rule))
    if scope is None or kind is UnreadableProjectRule:
        unread = scope is None and isinstance(rule, UnreadableProjectRule)
        return list(rule.judge(project, estate)) if unread else []  # type: ignore[attr-defined]
    missing = rule.needs & scope.missing if scope.missing else _NOTHING
    if kind is EntryRule:
        return _judge_entries(rule, project, scope, estate, missing)  # type: ignore[arg-type]
    if kind is DeclaredRule:
        return _judge_declared(rule, project, scope, estate, missing)  # type: ignore[arg-type]
    if kind is not ProjectRule:
        return []
    if missing:
        return [_unknown(missing, project)]
    return list(rule.judge(project, scope, estate))  # type: ignore[attr-defined]


_NOTHING: frozenset[Fact] = frozenset()
_PARTLY = frozenset({Fact.ENTRIES})


@cache
def _kind(cls: type[Rule]) -> type[Rule] | None:
    """Return which interface a rule class implements, once a class: ABCs answer slowly."""
    kinds = (EntryRule, UnreadableProjectRule, ProjectRule, DeclaredRule)
    return next((kind for kind in kinds if issubclass(cls, kind)), None)


def _judge_declared(
    rule: DeclaredRule, project: Project, scope: Scope, estate: Estate, missing: frozenset[Fact]
) -> list[Verdict]:
    policy = rule.policy.declared
    if policy is None or not policy.covers(project):
        return []
    declared = policy.scope(project.path)
    if declared is None:
        return []
    return (
        [_unknown(missing, project)] if missing else [*rule.judge(project, scope, declared, estate)]
    )


def _judge_entries(
    rule: EntryRule, project: Project, scope: Scope, estate: Estate, missing: frozenset[Fact]
) -> list[Verdict]:
    said = [_unknown(missing, project)] if missing else []
    if missing and missing != _PARTLY:
        return said
    for entry in scope.entries:
        verdict = rule.judge(entry, project, scope, estate)
        if verdict is PASS:
            said.append(verdict)
        elif verdict is not None:
            said.append(_with_entry(verdict, entry))
    return said


def _with_entry(verdict: Verdict, entry: AllowlistEntry) -> Verdict:
    if getattr(verdict, "outcome", Outcome.PASS) is Outcome.PASS:
        return verdict
    return Verdict(
        verdict.outcome,
        verdict.message,
        verdict.evidence,
        verdict.remediation,
        verdict.entry or entry,
        verdict.key,
        verdict.confidence,
    )


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


def guarded_all(
    rules: Iterable[tuple[int, Rule]], project: Project, estate: Estate
) -> list[tuple[int, Rule, list[Verdict]]]:
    """Ask each rule about one project; return those that said something, with the number given.

    A crash of a rule is named with the rule and the project.
    """
    answers = []
    current: Rule | None = None
    try:
        for number, rule in rules:
            current = rule
            said = judge_project(rule, project, estate)
            if said:
                for verdict in said:
                    if verdict is not PASS:
                        _checked(verdict)
                answers.append((number, rule, said))
    except (PluginError, SnapshotError):
        raise
    except (Exception, SystemExit) as error:
        assert current is not None  # noqa: S101 - only a rule's code can raise here
        raise _crash(current, project, error) from error
    return answers


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
