"""The status of a compliance framework's external control, project by project.

A project fails where it has a new finding at or above a severity, and passes where all that was
asked for was judged and nothing such was found. What is neither is *unknown*, and is never sent as
a pass: by default it is sent as a fail, since GitLab keeps the last status and would go on showing
an earlier pass.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, Literal

from scopelint.errors import GitLabError, UsageError
from scopelint.finding import Outcome, Severity, State
from scopelint.gitlab.delivery import Delivery
from scopelint.gitlab.rest_write import WriteRefusedError
from scopelint.publish.control_state import ABSENT, ControlState, Sent
from scopelint.publish.steps import PublishStep, repeated
from scopelint.report import Report, RuleSummary
from scopelint.rule import NOTHING_TO_JUDGE
from scopelint.text import Secret, counted

ProjectVerdict = Literal["pass", "fail", "unknown"]
_ABSENT: Final = "it is without the control's framework, or there is no such control"
ABSENT_FOR: Final = timedelta(days=7)
"""How long a project without the control's framework is not asked again."""


@dataclass(frozen=True, slots=True)
class ControlOptions:
    """What the user chose."""

    control: int
    """The external control's number."""
    secret: Secret
    fail_on: Severity
    unknown: Literal["fail", "skip"] = "fail"
    """What is sent for a project of which it is not known."""
    resend_after: timedelta | None = None
    """How old a status may be before it is sent again; None sends only what changed."""


def verdicts(report: Report, fail_on: Severity) -> dict[str, ProjectVerdict]:
    """Return the verdict of every project that the report judged or could not read, by full path.

    What was carried over from an earlier report was not judged: unknown. Where a rule that could
    fail a project judged nothing, no project passes. Raise UsageError for a report that does not
    list its projects, or whose rules `--select` or `--ignore` chose.
    """
    if report.projects is None:
        raise UsageError(
            "the report does not list its projects, so nobody knows which of them pass",
            hint="Make it again with this scopelint.",
        )
    _check_rules(report)
    best: ProjectVerdict = "unknown" if blind_rules(report, fail_on) else "pass"
    found: dict[str, ProjectVerdict] = dict.fromkeys(report.projects, best)
    for gap in report.scan.gaps:
        if gap.breaks_completeness and gap.subject_path in found:
            found[gap.subject_path] = "unknown"
    could_fail = _rules_that_could_fail(report, fail_on)
    for finding in report.findings:
        path = finding.project.path if finding.project else None
        if path is None or path not in found or finding.state is not State.NEW:
            continue
        if finding.verdict is Outcome.UNKNOWN:
            doubtful = finding.rule in could_fail
        else:
            doubtful = finding.carried is not None and finding.severity.reaches(fail_on)
            if not doubtful and finding.carried is None and finding.severity.reaches(fail_on):
                found[path] = "fail"
        if doubtful and found[path] == "pass":
            found[path] = "unknown"
    return found


def blind_rules(report: Report, fail_on: Severity) -> list[RuleSummary]:
    """Return the rules that could fail a project and judged nothing, for lack of facts.

    A rule with nothing to judge by, such as a policy that is not declared, is none of them.
    """
    could_fail = _rules_that_could_fail(report, fail_on)
    return [
        rule
        for rule in report.rules
        if rule.code in could_fail
        and rule.subject != "instance"
        and rule.not_judged is not None
        and rule.not_judged not in NOTHING_TO_JUDGE
    ]


def team_choices(report: Report) -> list[str]:
    """Return what the configuration leaves out: the rules that are off, and those off in places."""
    found: dict[str, list[str]] = {}
    for rule in report.choices.rules_off:
        found.setdefault(rule.reason, []).append(rule.code)
    told = [
        f"{', '.join(codes)} ({reason})"
        for reason, codes in found.items()
        if not reason.startswith("strict, ")
    ]
    told += [
        f"{', '.join(each.ignore)} (an override for {', '.join(each.projects)})"
        for each in report.choices.overrides
        if each.ignore
    ]
    return told


def _check_rules(report: Report) -> None:
    """Raise UsageError where an option of the command left rules out."""
    off = [r for r in report.choices.rules_off if r.reason.startswith(("--select ", "--ignore "))]
    if off:
        raise UsageError(
            f"the report was made with {off[0].reason}: {counted(len(off), 'rule')} did not judge, so"
            " nobody knows which projects pass",
            hint="Make it again without --select and --ignore. What your team leaves out for good"
            " belongs into the configuration: `ignore:`.",
        )


def _rules_that_could_fail(report: Report, fail_on: Severity) -> frozenset[str]:
    """Return the codes of rules whose finding would fail a project, and of those about gaps."""
    reach = {
        rule.code
        for rule in report.described_rules
        if rule.severity is Severity.UNKNOWN or rule.severity.reaches(fail_on)
    }
    for override in report.choices.overrides:
        reach |= {code for code, each in override.severities.items() if each.reaches(fail_on)}
    return frozenset(reach)


def plan_controls(
    delivery: Delivery,
    report: Report,
    options: ControlOptions,
    *,
    numbers: Mapping[str, int],
    state: ControlState,
    now: datetime,
) -> list[PublishStep]:
    """Return a step for each project; those that fail come first. Asks GitLab nothing.

    `numbers` are the projects' numbers by full path, without those that the token does not see.
    `state` is what was sent before.
    """
    found = verdicts(report, options.fail_on)
    end = report.scan.scan.finished_at or report.scan.scan.started_at
    order = {"fail": 0, "unknown": 1, "pass": 2}
    paths = sorted(found, key=lambda path: (order[found[path]], path))
    planner = _Planner(delivery, options, state, end, now)
    return [planner.step(path, found[path], numbers.get(path)) for path in paths]


@dataclass(frozen=True, slots=True)
class _Planner:
    delivery: Delivery
    options: ControlOptions
    state: ControlState
    end: datetime
    """The end of the report's scan."""
    now: datetime

    def step(self, path: str, verdict: ProjectVerdict, number: int | None) -> PublishStep:
        if number is None:
            reason = "not found or not visible to this token: nothing was sent"
            return PublishStep("left", path, "", reason, attention=True)
        where = f"control {self.options.control}"
        before = self.state.get(number)
        if before is not None and before.report_at > self.end:
            reason = "a newer report was sent"
            return PublishStep("left", path, where, reason, attention=True)
        if verdict == "unknown" and self.options.unknown == "skip":
            shown = f"; GitLab goes on showing {before.status}" if before else ""
            return PublishStep("left", path, where, f"not known, so nothing is sent{shown}")
        status = "pass" if verdict == "pass" else "fail"
        told = "fail (not known)" if verdict == "unknown" else status
        if before is not None and self._is_fresh(before, status):
            absent = before.status == ABSENT
            detail = _ABSENT if absent else f"{told}, as sent before"
            return PublishStep("none", path, where, detail)
        run = partial(self._send, number, path, status)
        return PublishStep("send", path, where, told, 1, run)

    def _is_fresh(self, before: Sent, status: str) -> bool:
        age, most = self.now - before.at, self.options.resend_after
        if before.status == ABSENT:
            return age < (most or ABSENT_FOR)
        return before.status == status and (most is None or age < most)

    def _send(self, number: int, path: str, status: str) -> str | None:
        """Send a status; return why it was left alone where the project has no such control."""
        options = self.options
        try:
            repeated(
                partial(self.delivery.set_control, number, options.control, status, options.secret)
            )
        except WriteRefusedError as error:
            if error.status == 401:
                raise GitLabError(
                    f"GitLab does not take the signature for control {options.control}: {error}",
                    hint="Is it this control's secret, and is this machine's clock right?",
                    status=401,
                ) from None
            if error.status != 404:
                raise
            status = ABSENT
        self.state.add(number, Sent(status, datetime.now(UTC), self.end), path)
        return _ABSENT if status == ABSENT else None
