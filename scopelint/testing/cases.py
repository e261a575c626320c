"""Cases: described inventories, and exactly what a rule must say of them."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from scopelint import engine
from scopelint.declared import DeclaredPolicy
from scopelint.finding import Confidence, Outcome, Verdict
from scopelint.globs import GlobSet
from scopelint.policy import read_levels
from scopelint.rule import Boundary, Policy, Rule
from scopelint.snapshot.inventory import Inventory
from scopelint.terraform import read_plan
from scopelint.testing.inventories import inventory as build
from scopelint.yaml import load, to_python

ProjectVerdict = tuple[str | None, Verdict]
"""A verdict, and the full path of the project it is about; None where it is about the instance."""
PREFIXES = ("fail_", "pass_", "unknown_", "skip_")


class Expected(BaseModel):
    """One verdict that must be given: what is named must be so, the rest is free."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    project: str | None = None
    """The full path; None for a verdict about the instance."""
    outcome: Outcome
    entry: str | None = None
    """The target's full path, or `gone` for a target that is no longer there."""
    message_has: str = ""
    """A part of the message."""
    remediation_has: str = ""
    """A part of the remediation."""
    confidence: Confidence | None = None
    """The one that the verdict itself names."""
    evidence: dict[str, Any] = Field(default_factory=dict)
    """Every key must be in the verdict's evidence, with that value."""

    def matches(self, given: ProjectVerdict) -> bool:
        """Tell whether this is the verdict that was expected."""
        project, verdict = given
        return (
            project == self.project
            and verdict.outcome is self.outcome
            and self.message_has in verdict.message
            and self.remediation_has in verdict.remediation
            and self.confidence in (None, verdict.confidence)
            and (self.entry is None or self.entry == _entry_path(verdict))
            and _covers(_as_json(verdict.evidence), self.evidence)
        )


class _Boundary(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    projects: tuple[str, ...]
    allow_from: tuple[str, ...] = ()


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    inventory: dict[str, Any]
    options: dict[str, Any] = Field(default_factory=dict)
    trusted: tuple[str, ...] = ()
    boundaries: tuple[_Boundary, ...] = ()
    assume_fine_grained: bool | None = None
    declared: str | None = None
    """The levels of a gitlabform config."""
    declared_plan: str | None = None
    """The JSON of a Terraform plan."""
    declared_archived: bool = False
    expect: tuple[Expected, ...] = ()
    not_judged: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One case of a case file. `kind` is the prefix of its name."""

    name: str
    body: _Body

    @property
    def kind(self) -> str:
        """What the case is an example of: fail, pass, unknown or skip."""
        return self.name.partition("_")[0]

    def rule(self, rule_class: type[Rule]) -> Rule:
        """Return the rule with the case's options, and what the case declares for all rules."""
        boundaries = (
            Boundary(each.name, GlobSet(each.projects), GlobSet(each.allow_from))
            for each in self.body.boundaries
        )
        policy = Policy(
            trusted=GlobSet(self.body.trusted),
            boundaries=tuple(boundaries),
            assume_fine_grained=self.body.assume_fine_grained,
            selected=(rule_class.code,),
            declared=self._declared(),
        )
        # As a config's are validated: a list stands for a tuple, text for an enum's member.
        options = rule_class.Options.model_validate_json(json.dumps(self.body.options, default=str))
        return rule_class(options, policy)

    def _declared(self) -> DeclaredPolicy | None:
        archived, plan = self.body.declared_archived, self.body.declared_plan
        if plan is not None:
            return read_plan(plan, "plan.json", include_archived=archived)
        text = self.body.declared
        return None if text is None else read_levels(text, "config.yml", include_archived=archived)


def load_cases(path: Path) -> tuple[Case, ...]:
    """Read a case file; raise ConfigError or ValueError, with the file's name, where it is off."""
    data = to_python(load(path).root)
    if not isinstance(data, dict) or not data:
        raise ValueError(f"{path}: a case file is a mapping of case names to cases")
    for name in data:
        if not str(name).startswith(PREFIXES):
            raise ValueError(f"{path}: the case name {name!r} starts with none of {PREFIXES}")
    return tuple(Case(name, _body(path, name, body)) for name, body in data.items())


def _body(path: Path, name: str, body: object) -> _Body:
    try:
        return _Body.model_validate(body)
    except ValueError as error:
        raise ValueError(f"{path}: {name}: {error}") from None


def verdicts(rule: Rule, inventory: Inventory) -> list[ProjectVerdict]:
    """Return all that a rule says of an inventory, passes included, each with the project's path.

    The path is None for a verdict about the instance. Empty where the rule is not judged.
    """
    given = engine.verdicts(rule, inventory)
    return [(project.path if project else None, verdict) for project, verdict in given]


def check_case(case: Case, rule_class: type[Rule]) -> None:
    """Run one case; raise AssertionError that lists everything that differs."""
    rule = case.rule(rule_class)
    with build(case.body.inventory) as inventory:
        problems = _not_judged_problems(case, rule.not_judged(inventory))
        given = verdicts(rule, inventory)
    problems += _differences(case.body.expect, given)
    problems += _kind_problems(case, [verdict.outcome for _, verdict in given])
    problems += [problem for each in given for problem in _faults(each)]
    problems += _shared_keys(given)
    if problems:
        lines = "\n".join(f"  - {problem}" for problem in problems)
        raise AssertionError(f"{rule_class.code} {rule_class.name}, {case.name}:\n{lines}")


def run_cases(path: Path, rule_class: type[Rule]) -> int:
    """Run every case of a file and return how many there are.

    Raises one AssertionError that lists what differs in any of them.
    """
    cases = load_cases(path)
    failed = []
    for case in cases:
        try:
            check_case(case, rule_class)
        except AssertionError as error:
            failed.append(str(error))
    if failed:
        raise AssertionError("\n".join(failed))
    return len(cases)


def _not_judged_problems(case: Case, reason: str | None) -> list[str]:
    wanted = case.body.not_judged
    if wanted is None:
        return [] if reason is None else [f"the rule is not judged: {reason}"]
    if reason is None:
        return [f"the rule is judged, expected it not to be: {wanted}"]
    return [] if wanted in reason else [f"not judged because {reason!r}, expected {wanted!r} in it"]


def _differences(expected: Iterable[Expected], given: Sequence[ProjectVerdict]) -> list[str]:
    """Pair each expectation with one verdict of its own; name what stays on either side."""
    left = list(given)
    problems = []
    for want in expected:
        match = next((each for each in left if want.matches(each)), None)
        if match is None:
            problems.append(f"missing: {want.model_dump_json(exclude_defaults=True)}")
        else:
            left.remove(match)
    unlisted = [each for each in left if each[1].outcome is not Outcome.PASS]
    return problems + [f"not expected: {_show(each)}" for each in unlisted]


def _kind_problems(case: Case, outcomes: Sequence[Outcome]) -> list[str]:
    """Check that the case is what its name says, so that none passes by saying nothing."""
    if case.kind == "skip":
        return [f"a skip case says nothing, this one says {outcomes[0]}"] if outcomes else []
    bad = [outcome for outcome in outcomes if outcome is not Outcome.PASS]
    if case.kind == "pass":
        if bad or not outcomes:
            return ["a pass case has a pass and nothing else"]
    elif case.kind not in outcomes:
        return [f"the case is named {case.kind}_ and the rule says {case.kind} of nothing"]
    return []


def _faults(given: ProjectVerdict) -> list[str]:
    """Name what is wrong with a verdict whatever the case: reports rely on it."""
    _, verdict = given
    if verdict.outcome is Outcome.PASS:
        return []
    faults = []
    if not verdict.message or "\n" in verdict.message:
        faults.append(f"the message is not one line: {verdict.message!r}")
    if not verdict.remediation:
        faults.append(f"no remediation: {verdict.message}")
    try:
        json.dumps(dict(verdict.evidence), allow_nan=False)
    except (TypeError, ValueError) as error:
        faults.append(f"the evidence is not JSON data: {error}")
    return faults


def _shared_keys(given: Sequence[ProjectVerdict]) -> list[str]:
    """Name keys that a rule gave twice for one project: two findings would share a fingerprint."""
    keys = Counter(
        (project, _key(verdict))
        for project, verdict in given
        if verdict.outcome is not Outcome.PASS
    )
    return [
        f"{count} verdicts on {where} have the key {key!r}"
        for (where, key), count in keys.items()
        if count > 1
    ]


def _key(verdict: Verdict) -> str:
    """Return the verdict's part of the fingerprint, as the engine takes it."""
    if verdict.key is not None:
        return verdict.key
    return verdict.entry.key if verdict.entry else ""


def _as_json(evidence: Mapping[str, Any]) -> Any:
    """Return evidence as a report's reader gets it: lists for tuples, text for enums."""
    return json.loads(json.dumps(dict(evidence), default=repr))


def _covers(found: object, wanted: object) -> bool:
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        return all(key in found and _covers(found[key], value) for key, value in wanted.items())
    return type(found) is type(wanted) and found == wanted


def _entry_path(verdict: Verdict) -> str | None:
    return None if verdict.entry is None else verdict.entry.target_path or "gone"


def _show(given: ProjectVerdict) -> str:
    project, verdict = given
    data = {
        "project": project,
        "outcome": verdict.outcome.value,
        "entry": _entry_path(verdict),
        "message": verdict.message,
        "evidence": dict(verdict.evidence),
    }
    return json.dumps({key: value for key, value in data.items() if value}, default=repr)
