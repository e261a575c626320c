"""Which rules judge a project, with which options and severities, by its path.

All projects that the same overrides match share one rule set, so a run makes a handful of them
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
    """What is otherwise for the projects whose full path matches `projects`."""

    projects: GlobSet
    select: frozenset[str] = frozenset()
    """Codes of rules that judge here too."""
    ignore: frozenset[str] = frozenset()
    """Codes of rules that do not judge here."""
    severities: Mapping[str, Severity] = field(default_factory=dict)
    """By code."""
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By code, and by the option's name: the values that the override gives."""
    place: str = "an override"
    """Where the override stands, for messages."""


Matching = tuple[int, ...]
"""The indices of the overrides that match a project, in their order."""


@dataclass(frozen=True, slots=True)
class RuleSet:
    """How the projects are judged that the same overrides match."""

    number: int
    """The bits of those overrides, so it is the same in every process."""
    judging: tuple[tuple[int, Rule], ...]
    """The rules that judge, each with its bit; a code has the same bit in all sets of a run."""
    skipped: tuple[Rule, ...]
    """Those that cannot judge this inventory with the options they have here."""
    severities: Mapping[str, Severity]
    """Those that differ from the rules' own, by code."""


class RuleSets:
    """Finds a project's rule set.

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
        self._made: dict[Matching, RuleSet] = {}
        self._plain = self._make(())

    @property
    def bits(self) -> Mapping[str, int]:
        """Every code that may judge a project, with its bit."""
        return self._bits

    def at(self, path: str) -> RuleSet:
        """Return the rule set for the project at a full path.

        Raise UsageError where the options of several overrides together do not fit a rule.
        """
        if not self._any.matches(path):
            return self._plain
        matching = tuple(
            index for index, each in enumerate(self._overrides) if each.projects.matches(path)
        )
        return self._made.get(matching) or self._make(matching)

    def numbered(self, number: int) -> RuleSet:
        """Return the rule set with a number, which another process may have made."""
        matching = tuple(index for index in range(len(self._overrides)) if number >> index & 1)
        return self._made.get(matching) or self._make(matching)

    def _make(self, matching: Matching) -> RuleSet:
        codes, severities = set(self._chosen), dict(self._severities)
        for index in matching:
            each = self._overrides[index]
            codes |= each.select & self._all.keys()
            codes -= each.ignore
            severities |= each.severities
        here = [self._variant(code, matching) for code in self._all if code in codes]
        rules = [_with_selected(rule, codes) if matching else rule for rule in here]
        able = [(rule, self._reason(rule) is None) for rule in rules]
        rule_set = RuleSet(
            number=sum(1 << index for index in matching),
            judging=tuple((self._bits[rule.code], rule) for rule, can in able if can),
            skipped=tuple(rule for rule, can in able if not can),
            severities=severities,
        )
        self._made[matching] = rule_set
        return rule_set

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
        values = _set_values(rule.options)
        for index in changing:
            values |= self._overrides[index].options[rule.code]
        try:
            return type(rule)(values, rule.policy)
        except ValidationError as error:
            places = " and ".join(self._overrides[index].place for index in changing)
            first = error.errors(include_url=False)[0]
            raise UsageError(
                f"the options of {rule.code} ({rule.name}) in {places} do not fit together:"
                f" {first['msg']}",
                hint="Both overrides match the same projects.",
            ) from None


def _of_projects(rules: Iterable[Rule]) -> dict[str, Rule]:
    return {rule.code: rule for rule in rules if not rule.once}


def _with_selected(rule: Rule, codes: set[str]) -> Rule:
    """Return the rule with `policy.selected` as it is here, where it is for unreadable projects.

    Those rules name the rules that could not judge. Any other rule stays the same object: it may
    keep what it has worked out of the inventory, which a second one would work out again.
    """
    if not isinstance(rule, UnreadableProjectRule):
        return rule
    policy = rule.policy
    kept = {code for code in policy.selected if code in policy.of_instance}
    selected = tuple(sorted(codes | kept))
    return type(rule)(rule.options, replace(policy, selected=selected))


def _set_values(options: RuleOptions) -> dict[str, Any]:
    fields = type(options).model_fields
    return {fields[name].alias or name: getattr(options, name) for name in options.model_fields_set}
