"""What the formats for people say alike: the gate's sentence, gaps by fact, the scan in words."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from scopelint.finding import Finding, Outcome, Severity, State
from scopelint.model import Assumption, Fact, Gap, Scan
from scopelint.report import Report, RuleSummary
from scopelint.text import counted, number, visible

FACT_WORDS: dict[str, str] = {
    Fact.ENUMERATION: "the list of projects",
    Fact.GROUP: "groups",
    Fact.COUNT: "projects that GitLab counts and does not show",
    Fact.UNFINISHED: "the rest of a collection that was interrupted",
    Fact.SHARD: "shards of the collection",
    Fact.SCOPE: "job token scopes of projects",
    Fact.ENTRIES: "allowlists of projects",
    Fact.LOG: "the authentication log",
    Fact.PERMISSIONS: "permissions, age and origin of entries",
    Fact.OWN_FLAG: "the projects' own inbound flags",
    Fact.ENFORCEMENT: "the instance's enforcement setting",
    Fact.TARGET: "targets of entries outside the scanned tree",
}
"""Each fact in words, as the subject of "could not be read"; fields name themselves."""

_SEVERITY_REASON = re.compile(r"\d+ (?:critical|high|medium|low|info)")
_LARGE = re.compile(r"\b\d{4,}\b")
_EXAMPLES = 3
_ORIGINS = 5
"""Origins that are named of those that gain or lose access to one project."""
ACCESS = 20
"""Projects of which is said who gains or loses access; the rest are counted."""


def fact_words(fact: str) -> str:
    """Return a gap's fact in words; a `field:` fact is named by GitLab's field."""
    name = str(fact)
    if name.startswith("field:"):
        return f"the field {visible(name[6:])}"
    return FACT_WORDS.get(name, visible(name))


@dataclass(slots=True)
class GapGroup:
    """All gaps of one fact: how many, why, whether they make the scan incomplete, and the first few.

    `reasons` counts them by reason. `examples` are cleaned paths (or details, for gaps of the
    whole run), at most three.
    """

    fact: str
    words: str
    breaks: bool
    count: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    @property
    def reason_words(self) -> str:
        """The reasons in words with their counts: `12 forbidden, 2 timed out`."""
        ordered = sorted(self.reasons.items(), key=lambda pair: (-pair[1], pair[0]))
        if len(ordered) == 1:
            return ordered[0][0]
        return ", ".join(f"{number(count)} {reason}" for reason, count in ordered)

    @property
    def more(self) -> int:
        """How many gaps the examples do not show."""
        return self.count - len(self.examples)


def gap_subject(gap: Gap) -> str:
    """Return whose gap it is, cleaned: a path, a kind and number, or the detail of a run's gap."""
    if gap.subject_path:
        return visible(gap.subject_path)
    if gap.subject_id is not None:
        return f"{gap.subject_kind or 'project'} {gap.subject_id}"
    return visible(gap.detail)


def gaps_by_fact(gaps: Iterable[Gap]) -> list[GapGroup]:
    """Group gaps by fact: those that make the scan incomplete first, then by count and name."""
    groups: dict[str, GapGroup] = {}
    for gap in gaps:
        fact = str(gap.fact)
        group = groups.get(fact)
        if group is None:
            group = groups[fact] = GapGroup(fact, fact_words(fact), gap.breaks_completeness)
        group.count += 1
        group.reasons[str(gap.reason).replace("_", " ")] += 1
        if len(group.examples) < _EXAMPLES and (subject := gap_subject(gap)):
            group.examples.append(subject)
    return sorted(groups.values(), key=lambda group: (not group.breaks, -group.count, group.fact))


def not_judged(rules: Iterable[RuleSummary]) -> list[RuleSummary]:
    """Return the rules that could not judge at all, in the order given."""
    return [rule for rule in rules if rule.not_judged is not None]


def not_judged_by_reason(rules: Iterable[RuleSummary]) -> list[tuple[str, list[str]]]:
    """Return the reasons why rules judged nothing, each with its rules' codes; both are clean."""
    found: dict[str, list[str]] = {}
    for rule in not_judged(rules):
        found.setdefault(visible(rule.not_judged or "no reason given"), []).append(
            visible(rule.code)
        )
    return list(found.items())


def coverage(report: Report) -> str:
    """Say in a clause what could not be read, empty where the scan is complete."""
    if report.scan.complete:
        return ""
    counts = report.scan.projects
    if counts.unreadable:
        noun = "project" if counts.total == 1 else "projects"
        return f"{number(counts.unreadable)} of {number(counts.total)} {noun} could not be read"
    broken = [group for group in gaps_by_fact(report.scan.gaps) if group.breaks]
    if not broken:
        return "the scan is incomplete"
    return "could not be read: " + ", ".join(group.words for group in broken)


def gate_words(report: Report) -> str:
    """Say why the gate passes or does not, in one line without its verdict."""
    gate = report.gate
    reasons = [visible(reason) for reason in gate.reasons]
    levels = [reason for reason in reasons if _SEVERITY_REASON.fullmatch(reason)]
    reasons, levels = ([_LARGE.sub(_grouped, each) for each in some] for some in (reasons, levels))
    parts = [f"{', '.join(levels)} (fails at {visible(gate.fail_on)} or above)"] if levels else []
    parts += [reason for reason in reasons if reason not in levels]
    if gate.result == "pass":
        parts.insert(0, _pass_words(report))
    if report.after is not None:
        parts.insert(0, after_words(report))
    missing = coverage(report)
    if missing and not any("could not be read" in p or "incomplete" in p for p in parts):
        parts.append(missing)
    return "; ".join(parts)


def _grouped(digits: re.Match[str]) -> str:
    return number(int(digits[0]))


def after_words(report: Report) -> str:
    """Say in a clause that a report is of GitLab after a change, empty where it is of today."""
    after = report.after
    if after is None:
        return ""
    parts = [f"{number(len(after.new))} new", f"{number(len(after.fixed))} fixed"]
    if after.unsure:
        parts.append(f"{number(len(after.unsure))} that may be new")
    parts.append(f"{number(after.unchanged)} unchanged")
    source = visible(after.source)
    return f"judged as after {source}, not as GitLab is today: {', '.join(parts)}"


def access_words(report: Report, name: Callable[[str], str] = visible) -> list[str]:
    """Say who gains and who loses access by a change, a sentence a project; empty for today's."""
    after = report.after
    if after is None:
        return []
    found = []
    for shift in after.access[:ACCESS]:
        sides = (("gains", shift.gained), ("loses", shift.lost))
        found += [
            f"{name(shift.project)} {'lets in' if verb == 'gains' else 'shuts out'}"
            f" {_listed(origins, name)}"
            for verb, origins in sides
            if origins
        ]
    if more := len(after.access[ACCESS:]):
        found.append(f"{counted(more, 'more project')}: the JSON report has all")
    if not after.access_known:
        found.append("there may be more: not all was read")
    return found or ["nobody gains or loses any"]


def _listed(origins: Sequence[str], name: Callable[[str], str]) -> str:
    more = f" and {number(len(origins) - _ORIGINS)} more" if len(origins) > _ORIGINS else ""
    return ", ".join(map(name, origins[:_ORIGINS])) + more


def _pass_words(report: Report) -> str:
    gate, counts = report.gate, report.summary.severities
    if gate.fail_on == "never":
        return "the gate is off (fail on: never)"
    tolerated = [
        f"{counts[severity]} {severity} of at most {most}"
        for severity, most in gate.most.items()
        if counts.get(severity)
    ]
    below = sum(count for severity, count in counts.items() if severity not in gate.most)
    tail = f"; tolerated: {', '.join(tolerated)}" if tolerated else ""
    tail += f"; {counted(below, 'finding')} below it" if below else ""
    return f"no new finding at or above {visible(gate.fail_on)}{' beyond what is tolerated' if tolerated else ''}{tail}"


def label(finding: Finding) -> Severity:
    """Return the level a person is shown: unknown for an unknown verdict, else the severity."""
    return Severity.UNKNOWN if finding.verdict is Outcome.UNKNOWN else finding.severity


def state_words(finding: Finding) -> str:
    """Return what marks a finding that is not new: `baselined`, `waived until … (reason)`, or empty."""
    if finding.state is State.BASELINED:
        return "baselined"
    if finding.state is not State.WAIVED:
        return ""
    waiver = finding.waiver
    if waiver is None:
        return "waived"
    until = f" until {visible(waiver.expires)}" if waiver.expires else " without end"
    owner = f", {visible(waiver.owner)}" if waiver.owner else ""
    return f"waived{until}: {visible(waiver.reason)}{owner}"


def utc(moment: datetime | None) -> str:
    """Return a time as `2026-11-21 09:08:00 UTC`, empty for None; naive times are taken as UTC."""
    if moment is None:
        return ""
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return f"{aware:%Y-%m-%d %H:%M:%S} UTC"


def api_words(api: str) -> str:
    """Return the name of the API as people write it."""
    return {"graphql": "GraphQL", "rest": "REST"}.get(api, visible(api))


def concluded(scan: Scan) -> list[str]:
    """Return what was concluded for the whole run, a sentence each, cleaned."""
    return [_conclusion(each) for each in scan.assumptions]


def concluded_in_short(scan: Scan) -> Iterator[str]:
    """Yield the same with one sentence for what shards, or other collections, agree on."""
    agreed: dict[tuple[str, str], list[Assumption]] = {}
    for each in scan.assumptions:
        agreed.setdefault((each.what, each.value), []).append(each)
    for first, *others in agreed.values():
        same = f"; {counted(len(others), 'other part')} of this scan concluded the same"
        yield f"{_conclusion(first)}{same if others else ''}"


def _conclusion(one: Assumption) -> str:
    return (
        f"{visible(one.what)} is {visible(one.value) or 'not known'}: concluded from"
        f" {visible(one.source)}, at {utc(one.at)}"
    )


def enforcement_words(enforcement: str) -> str:
    """Say whether the instance makes every project restricted."""
    return {"on": "enforced", "off": "not enforced"}.get(enforcement, "enforcement not known")


def severity_counts(report: Report) -> list[tuple[str, int]]:
    """Return the summary's counts in the report's order, those above zero only."""
    return [(name, count) for name, count in report.summary.as_dict().items() if count]


CARRIED_TITLE = "Carried over from the last report, not judged now"


def since_words(report: Report) -> str:
    """Say what changed since the last report in a clause, empty where there is none."""
    since = report.since
    if since is None:
        return ""
    gone = sum(each.how == "gone" for each in since.fixed)
    parts = [f"{number(len(since.new))} new"]
    if since.first_judged:
        parts.append(f"{number(len(since.first_judged))} judged for the first time")
    parts.append(
        f"{number(len(since.fixed))} fixed"
        + (f" ({number(gone)} because the project is gone)" if gone else "")
    )
    parts.append(f"{number(report.summary.carried)} carried over")
    if since.expired:
        parts.append(f"{number(since.expired)} dropped, not judged for too long")
    return f"since {utc(since.finished_at)}: {', '.join(parts)}"


def seen_words(finding: Finding) -> str:
    """Say when a finding that was carried over was seen last, empty for any other one."""
    return f"last seen {utc(finding.carried.last_seen)}" if finding.carried else ""
