"""Asking rules: all together answer what each alone would, and what is missing is unknown."""

from collections.abc import Iterable
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopelint.engine.evaluation import Evaluator
from scopelint.errors import PluginError, SnapshotError
from scopelint.finding import PASS, Outcome, Severity, Verdict
from scopelint.model import Fact, Project
from scopelint.rule import (
    EntryContext,
    EntryRule,
    ProjectContext,
    ProjectRule,
    Rule,
    UnreadableContext,
    Verdicts,
)
from scopelint.snapshot.inventory import Inventory
from scopelint.testing import inventory
from tests.engine.test_engine import AnyGroup, Incomplete, OpenProject, Unreadable

FACTS = ("entries", "log", "permissions")


class NeedsLog(OpenProject):
    needs: ClassVar[frozenset[Fact]] = frozenset({Fact.LOG})


class NeedsMore(AnyGroup):
    needs: ClassVar[frozenset[Fact]] = frozenset({Fact.ENTRIES, Fact.PERMISSIONS})


class OwnPass(OpenProject):
    """Makes a pass of its own, with words."""

    def judge(self, context: ProjectContext) -> Iterable[Verdict]:
        yield Verdict(Outcome.PASS, "all is well")
        yield from super().judge(context)


class Silent(AnyGroup):
    def judge(self, context: EntryContext) -> Verdict | None:
        return None


class OneVerdict(ProjectRule):
    """Returns a verdict where others yield it, or nothing."""

    code, name, title, severity = "TST011", "one-verdict", "One verdict", Severity.LOW

    def judge(self, context: ProjectContext) -> Verdict | None:
        if len(context.scope.entries) == 1:
            return None
        return PASS if context.scope.entries else self.fail("empty", remediation="Look.")


class SeveralOfAnEntry(EntryRule):
    """Yields two verdicts on one entry, with keys of their own."""

    code, name, title, severity = "TST012", "several", "Several", Severity.LOW

    def judge(self, context: EntryContext) -> Iterable[Verdict]:
        yield PASS
        for part in "ab":
            yield self.fail(part, key=f"{context.entry.key}/{part}", remediation="Look.")


CLASSES: tuple[type[Rule], ...] = (
    OpenProject,
    AnyGroup,
    NeedsLog,
    NeedsMore,
    OwnPass,
    Silent,
    OneVerdict,
    SeveralOfAnEntry,
    Unreadable,
    Incomplete,
)
_SCOPES = st.fixed_dictionaries(
    {
        "inbound_own": st.booleans(),
        "missing": st.lists(st.sampled_from(FACTS), unique=True, max_size=2),
        "entries": st.lists(
            st.sampled_from([{"group": "acme/g"}, {"project": "acme/x"}, {"gone": "group"}]),
            max_size=3,
            unique_by=str,
        ),
    }
) | st.just({"unreadable": "forbidden"})


def by_hand(rule: Rule, project: Project, observed: Inventory) -> list[tuple[str, str | None]]:
    """The verdicts of one rule on one project, as the contract has them: outcome and entry."""
    scope = project.scope
    if scope is None:
        if not isinstance(rule, Unreadable):
            return []
        unreadable = rule.judge(UnreadableContext(observed, project))
        return [(verdict.outcome.value, None) for verdict in unreadable]
    if isinstance(rule, Unreadable | Incomplete):
        return []
    missing = rule.needs & scope.missing
    found: list[tuple[str, str | None]] = [("unknown", None)] if missing else []
    if isinstance(rule, ProjectRule) and not missing:
        verdicts = rule.judge(ProjectContext(observed, project, scope))
        found += [(verdict.outcome.value, None) for verdict in as_list(verdicts)]
    if isinstance(rule, EntryRule) and missing <= {Fact.ENTRIES}:
        for entry in scope.entries:
            for verdict in as_list(rule.judge(EntryContext(observed, project, scope, entry))):
                about = entry.key if verdict is not PASS else None
                found.append((verdict.outcome.value, about))
    return found


def as_list(verdicts: Verdicts) -> list[Verdict]:
    """The same list for each way of giving verdicts."""
    return [verdicts] if isinstance(verdicts, Verdict) else list(verdicts or ())


@given(st.lists(_SCOPES, min_size=1, max_size=4), st.permutations(CLASSES))
def test_against_asking_each_rule_alone(
    described: list[dict[str, Any]], classes: list[type[Rule]]
) -> None:
    rules = [cls() for cls in classes]
    evaluator = Evaluator([(1 << (number * 2), rule) for number, rule in enumerate(rules)])
    projects = {f"acme/p{number}": each for number, each in enumerate(described)}
    with inventory({"projects": projects}) as observed:
        for project in observed.projects():
            before = list(evaluator.passes)
            answers = evaluator.ask(project, observed)
            for number, rule in enumerate(rules):
                passes = evaluator.passes[number] - before[number]
                others = [
                    (other.verdict.outcome.value, other.entry and other.entry.key)
                    for other in answers.others
                    if other.number == number
                ]
                expected = by_hand(rule, project, observed)
                assert sorted(others + [("pass", None)] * passes, key=str) == sorted(
                    expected, key=str
                )
                assert bool(answers.passed & evaluator.bits[number]) == bool(passes)


class Broken(AnyGroup):
    """Does what the test says, for the entry `acme/x`."""

    answer: ClassVar[Any] = None

    def judge(self, context: EntryContext) -> Verdict | None:
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer  # type: ignore[no-any-return]


class BrokenProject(OpenProject):
    def judge(self, context: ProjectContext) -> Iterable[Verdict]:
        yield PASS
        raise KeyError("late")


def ask(rule: Rule) -> None:
    with inventory({"projects": {"acme/a": {"entries": [{"project": "acme/x"}]}}}) as observed:
        [project] = observed.projects()
        Evaluator([(1, AnyGroup()), (2, rule), (4, OpenProject())]).ask(project, observed)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            ZeroDivisionError("x"),
            r"TST002 \(any-group\) crashed on project acme/a .*ZeroDivisionError",
        ),
        (SystemExit(3), "crashed on project acme/a .*SystemExit"),
        (True, "'bool' object is not iterable"),
        ([PASS, "fail"], "it returned str instead of a verdict"),
    ],
)
def test_a_crash_or_a_wrong_answer_names_rule_and_project(answer: Any, words: str) -> None:
    with pytest.raises(PluginError, match=words):
        ask(type("Bad", (Broken,), {"answer": answer})())


def test_a_crash_between_two_verdicts_is_one() -> None:
    with pytest.raises(PluginError, match=r"TST001 .*KeyError: 'late'"):
        ask(BrokenProject())


@pytest.mark.parametrize("error", [SnapshotError("damaged"), PluginError("my own words")])
def test_what_says_its_own_words_is_left_alone(error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        ask(type("Bad", (Broken,), {"answer": error})())
    assert caught.value is error
