"""Which rules judge a project, with which options and severities, by its path.

All projects that the same overrides match share one plan, so a run makes a handful of them
however many projects there are.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from scopelint.errors import UsageError
from scopelint.finding import Severity
from scopelint.globs import GlobSet
from scopelint.rule import Rule, RuleOptions, UnreadableProjectRule


@dataclass(frozen=True, slots=True)
class Override:
    """What is otherwise for the projects whose full path matches `projects`.

    `select` and `ignore` are codes. `options` hold, by code, the values that are named here, by
    the options' names; `place` says where the override stands, for messages.
    """

    projects: GlobSet
    select: frozenset[str] = frozenset()
    ignore: frozenset[str] = frozenset()
    severities: Mapping[str, Severity] = field(default_factory=dict)
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    place: str = "an override"


Matching = tuple[int, ...]
"""The indices of the overrides that match a project, in their order."""


@dataclass(frozen=True, slots=True)
class RuleSet:
    """How the projects are judged that the same overrides match.

    `number` has the bits of those overrides, so it is the same in every process. `judging` are the rules, each with its bit (one of its own for each code of the run).
    `skipped` are those that cannot judge this inventory with the options they have here.
    `severities` are those that differ from the rules' own, by code.
    """

    number: int
    judging: tuple[tuple[int, Rule], ...]
    skipped: tuple[Rule, ...]
    severities: Mapping[str, Severity]


class RuleSets:
    """Finds a project's plan.

    `rules` are those of the run and `selectable` those that only overrides select; `reason` says
    why a rule cannot judge the inventory, None if it can.
    """

    def __init__(
        self,
        rules: Iterable[Rule],
        selectable: Iterable[Rule],
        severities: Mapping[str, Severity],
        overrides: Sequence[Override],
        reason: Callable[[Rule], str | None],
    ) -> None:
        chosen, others = _of_projects(rules), _of_projects(selectable)
        self._all = others | chosen
        self._chosen = frozenset(chosen)
        self._bits = {code: 1 << index for index, code in enumerate(self._all)}
        self._severities = severities
        self._overrides = tuple(overrides)
        self._any = GlobSet(glob for each in overrides for glob in each.projects.patterns)
        self._reason = reason
        self._variants: dict[tuple[str, Matching], Rule] = {}
        self._plans: dict[Matching, RuleSet] = {}
        self._plain = self._plan(())

    @property
    def bits(self) -> Mapping[str, int]:
        """Every code that may judge a project, with its bit."""
        return self._bits

    def at(self, path: str) -> RuleSet:
        """Return the plan for the project at a full path.

        Raise UsageError where the options of several overrides together do not fit a rule.
        """
        if not self._any.matches(path):
            return self._plain
        matching = tuple(
            index for index, each in enumerate(self._overrides) if each.projects.matches(path)
        )
        return self._plans.get(matching) or self._plan(matching)

    def numbered(self, number: int) -> RuleSet:
        """Return the plan with a number, which another process may have made."""
        matching = tuple(index for index in range(len(self._overrides)) if number >> index & 1)
        return self._plans.get(matching) or self._plan(matching)

    def _plan(self, matching: Matching) -> RuleSet:
        codes, severities = set(self._chosen), dict(self._severities)
        for index in matching:
            each = self._overrides[index]
            codes |= each.select & self._all.keys()
            codes -= each.ignore
            severities |= each.severities
        here = [self._variant(code, matching) for code in self._all if code in codes]
        rules = [_told(rule, codes) if matching else rule for rule in here]
        able = [(rule, self._reason(rule) is None) for rule in rules]
        plan = RuleSet(
            number=sum(1 << index for index in matching),
            judging=tuple((self._bits[rule.code], rule) for rule, can in able if can),
            skipped=tuple(rule for rule, can in able if not can),
            severities=severities,
        )
        self._plans[matching] = plan
        return plan

    def _variant(self, code: str, matching: Matching) -> Rule:
        """Return the rule with the options that hold here, one object for equal options."""
        rule = self._all[code]
        changing = tuple(index for index in matching if self._overrides[index].options.get(code))
        if not changing:
            return rule
        if (code, changing) not in self._variants:
            self._variants[code, changing] = self._changed(rule, changing)
        return self._variants[code, changing]

    def _changed(self, rule: Rule, changing: Matching) -> Rule:
        values = _given(rule.options)
        for index in changing:
            values |= self._overrides[index].options[rule.code]
        try:
            return type(rule)(values, rule.policy)
        except ValidationError as error:
            places = " and ".join(self._overrides[index].place for index in changing)
            fault = error.errors(include_url=False)[0]
            raise UsageError(
                f"the options of {rule.code} ({rule.name}) in {places} do not fit together:"
                f" {fault['msg']}",
                hint="Both overrides match the same projects.",
            ) from None


def _of_projects(rules: Iterable[Rule]) -> dict[str, Rule]:
    return {rule.code: rule for rule in rules if not rule.once}


def _told(rule: Rule, codes: set[str]) -> Rule:
    """Have a rule that names the rules of a project know those that hold there.

    Only rules for unreadable projects are: others may keep what they found of the inventory, and a
    second object would find it again.
    """
    if not isinstance(rule, UnreadableProjectRule):
        return rule
    policy = rule.policy
    kept = {code for code in policy.selected if code in policy.of_instance}
    selected = tuple(sorted(codes | kept))
    return type(rule)(rule.options, replace(policy, selected=selected))


def _given(options: RuleOptions) -> dict[str, Any]:
    fields = type(options).model_fields
    return {fields[name].alias or name: getattr(options, name) for name in options.model_fields_set}
