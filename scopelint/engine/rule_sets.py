"""Which rules judge a project, with which options and severities, by its path.

All projects that the same overrides match share one rule set, so a run makes a handful of them
however many projects there are.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from scopelint.errors import UsageError
from scopelint.finding import Outcome, Severity, Verdict
from scopelint.globs import GlobSet
from scopelint.model import Project
from scopelint.project_pattern import ANY_KIND, ProjectKind, ProjectPattern
from scopelint.rule import Rule, RuleOptions, UnreadableProjectRule

if TYPE_CHECKING:
    from scopelint.snapshot.inventory import Inventory


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
    kind: ProjectPattern = ANY_KIND
    """What a project must be besides."""
    place: str = "an override"
    """Where the override stands, for messages."""


Matching = tuple[int, ...]
"""The indices of the overrides that match a project, in their order."""
_Answers = tuple[Matching, Matching]
"""Those that match for sure, and those of which that is not known."""


@dataclass(frozen=True, slots=True)
class RuleSet:
    """How the projects are judged that the same overrides match."""

    number: int
    """The bits of those overrides, so it is the same in every process; behind the bits of all those
    that match for sure come those of the others."""
    judging: tuple[tuple[int, Rule], ...]
    """The rules that judge, each with its bit; a code has the same bit in all sets of a run."""
    skipped: tuple[Rule, ...]
    """Those that cannot judge this inventory with the options they have here."""
    severities: Mapping[str, Severity]
    """Those that differ from the rules' own, by code."""
    unsure: tuple[tuple[Rule, Override], ...] = ()
    """Rules of which it is not known whether they have other options here, each with the override
    that would give some."""
    perhaps: Matching = ()
    """The indices of the overrides of which it is not known whether they match."""


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
        self._made: dict[_Answers, RuleSet] = {}
        self._plain = self._make((), ())

    @property
    def bits(self) -> Mapping[str, int]:
        """Every code that may judge a project, with its bit."""
        return self._bits

    def at(self, path: str, kind: Callable[[], ProjectKind] | None = None) -> RuleSet:
        """Return the rule set for the project at a full path; `kind` tells what else it is.

        Where it is not known whether an override is for the project, the stricter of both holds:
        rules that it selects judge too, rules that it ignores judge all the same, and of two
        severities the higher one counts. Raise UsageError where the options of several overrides together do not fit a rule.
        """
        if not self._any.matches(path):
            return self._plain
        sure: list[int] = []
        unsure: list[int] = []
        known = None
        for index, each in enumerate(self._overrides):
            if not each.projects.matches(path):
                continue
            if not each.kind.by_path and known is None and kind is not None:
                known = kind()
            answer = each.kind.matches(path, known)
            if answer is not False:
                (unsure if answer is None else sure).append(index)
        answers = tuple(sure), tuple(unsure)
        return self._made.get(answers) or self._make(*answers)

    def numbered(self, number: int) -> RuleSet:
        """Return the rule set with a number, which another process may have made."""
        count = len(self._overrides)
        matching = tuple(index for index in range(count) if number >> index & 1)
        unsure = tuple(index for index in range(count) if number >> count + index & 1)
        return self._made.get((matching, unsure)) or self._make(matching, unsure)

    def _make(self, matching: Matching, unsure: Matching) -> RuleSet:
        codes, severities = set(self._chosen), dict(self._severities)
        for index in sorted((*matching, *unsure)):
            each = self._overrides[index]
            codes |= each.select & self._all.keys()
            if index in matching:
                codes -= each.ignore
                severities |= each.severities
            else:
                severities |= self._higher(each.severities, severities)
        here = [self._variant(code, matching) for code in self._all if code in codes]
        rules = [_with_selected(rule, codes) if matching or unsure else rule for rule in here]
        able = [(rule, self._reason(rule) is None) for rule in rules]
        rule_set = RuleSet(
            number=sum(1 << index for index in matching)
            + sum(1 << index + len(self._overrides) for index in unsure),
            judging=tuple((self._bits[rule.code], rule) for rule, can in able if can),
            skipped=tuple(rule for rule, can in able if not can),
            severities=severities,
            unsure=tuple(
                (rule, self._overrides[found])
                for rule, can in able
                if can and (found := self._options_from(rule.code, unsure)) is not None
            ),
            perhaps=unsure,
        )
        self._made[matching, unsure] = rule_set
        return rule_set

    def _higher(
        self, given: Mapping[str, Severity], known: Mapping[str, Severity]
    ) -> dict[str, Severity]:
        """Return those of the given severities that are above what holds so far."""
        held = {code: known.get(code, rule.severity) for code, rule in self._all.items()}
        return {
            code: level
            for code, level in given.items()
            if code in held and level.rank < held[code].rank
        }

    def _options_from(self, code: str, unsure: Matching) -> int | None:
        """Return the first of these overrides that gives a rule options."""
        return next((index for index in unsure if self._overrides[index].options.get(code)), None)

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


def cannot_judge(rule: Rule, path: str, inventory: "Inventory") -> Verdict:
    """Return the verdict of a rule on a project where its options keep it from judging."""
    return Verdict(
        Outcome.UNKNOWN,
        f"{path}: with the options that an override gives it here, this rule cannot judge:"
        f" {rule.not_judged(inventory)}",
        {"options": rule.options.model_dump(mode="json")},
        "Change the rule's options in that override, or ignore the rule there.",
    )


def cannot_choose(project: Project, override: Override) -> Verdict:
    """Return the verdict of a rule where it is not known whether an override gives it options."""
    missing = override.kind.unread(project.kind)
    return Verdict(
        Outcome.UNKNOWN,
        f"{project.path}: whether {override.place} gives this rule other options here is not known:"
        f" {' and '.join(missing)} of the project was not read",
        {"override": override.place, "not_read": missing},
        "Scan again with a token that reads it, or choose the projects by path.",
        key="overrides",
    )
