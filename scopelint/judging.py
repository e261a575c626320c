"""What one rule says of one project or of the instance, gaps and crashes looked after."""

from collections.abc import Callable, Iterable, Iterator
from typing import ParamSpec

from scopelint.errors import PluginError, SnapshotError
from scopelint.estate import Estate
from scopelint.finding import Outcome, Verdict
from scopelint.model import AllowlistEntry, Fact, Project, Scope
from scopelint.rule import EntryRule, InstanceRule, ProjectRule, Rule, UnreadableProjectRule

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


def judge_project(rule: Rule, project: Project, estate: Estate) -> Iterator[Verdict]:
    """Yield what one rule says of one project; nothing where it is not the rule's affair.

    A fact that the rule needs and that is missing for this project gives one unknown; an entry
    rule still judges the entries that were read.
    """
    if isinstance(rule, UnreadableProjectRule):
        if project.scope is None:
            yield from rule.judge(project, estate)
        return
    if project.scope is None or isinstance(rule, InstanceRule):
        return
    missing = rule.needs & project.scope.missing
    if missing:
        yield _unknown(missing, project)
    if isinstance(rule, EntryRule):
        if missing <= {Fact.ENTRIES}:
            yield from _judge_entries(rule, project, project.scope, estate)
    elif isinstance(rule, ProjectRule) and not missing:
        yield from rule.judge(project, project.scope, estate)


def _judge_entries(
    rule: EntryRule, project: Project, scope: Scope, estate: Estate
) -> Iterator[Verdict]:
    for entry in scope.entries:
        verdict = rule.judge(entry, project, scope, estate)
        if verdict is None or verdict.outcome is Outcome.PASS:
            if verdict is not None:
                yield verdict
        else:
            yield _with_entry(verdict, entry)


def _with_entry(verdict: Verdict, entry: AllowlistEntry) -> Verdict:
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


def guarded(
    rule: Rule,
    project: Project | None,
    judge: Callable[_P, Iterable[Verdict]],
    *args: _P.args,
    **kwargs: _P.kwargs,
) -> list[Verdict]:
    """Collect what `judge` says; a crash of the rule is named with the rule and the project."""
    try:
        return [_checked(verdict) for verdict in judge(*args, **kwargs)]
    except (PluginError, SnapshotError):
        raise
    except (Exception, SystemExit) as error:
        where = f"project {project.path} (id {project.id})" if project else "the instance"
        raise PluginError(
            f"rule {rule.code} ({rule.name}) crashed on {where}: {type(error).__name__}: {error}",
            hint=f"This is a fault of the rule in {type(rule).__module__}, not of your settings."
            f" Leave it out with --ignore {rule.code} until it is mended.",
        ) from error


def _checked(verdict: object) -> Verdict:
    if not isinstance(verdict, Verdict):
        raise TypeError(f"it gave {type(verdict).__name__} instead of a verdict")
    return verdict
