"""What the HTML page shows before any script runs: plain values for its template."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

from scopelint.finding import Finding, ProjectRef, Severity
from scopelint.paths import SETTINGS_PAGE
from scopelint.report import RenderOptions, Report
from scopelint.text import counted, number, visible, visible_lines
from scopelint_reports.changes import FIRST_TITLE, MOST_CHANGES, ChangeGroup, changes, plan_commands
from scopelint_reports.html_after import after_context
from scopelint_reports.html_controls import controls_context, rule_context
from scopelint_reports.html_digest import Digest, Theme
from scopelint_reports.html_outside import outside_context
from scopelint_reports.html_overview import matrix_context, tree_context
from scopelint_reports.html_register import method_context, register
from scopelint_reports.html_trend import trend_context
from scopelint_reports.location import web_link
from scopelint_reports.narrowing import judged_words, rule_words
from scopelint_reports.summary import (
    gate_words,
    label,
    not_judged,
    since_words,
    state_words,
    utc,
)

_VERDICT_WORDS = {"pass": "Pass", "fail": "Fail", "incomplete": "Incomplete"}


class PathParts(NamedTuple):
    """A path for narrow places: `cut` is hidden until a reader points at it, `above` is dimmed."""

    above: str
    cut: str
    name: str


def path_parts(path: str, width: int) -> PathParts:
    """Split a clean path into its parents, what is cut in the middle, and its own name.

    The three together are the path, so a copy of it is whole.
    """
    slash = path.rfind("/") + 1
    above, name = path[:slash], path[slash:]
    if len(path) <= width:
        return PathParts(above, "", name)
    # The end tells one project from another, so it is kept longer than the start.
    tail = min(len(name), width - 14)
    head = min(len(above), width - tail - 1)
    return PathParts(path[:head], path[head : len(path) - tail], name[-tail:])


def link(**state: str) -> str:
    """Return the address of the findings that a state of the filters leaves."""
    return "#" + urlencode(state)


def _settings(project: ProjectRef | None) -> str | None:
    base = web_link(project.web_url) if project else None
    return base + SETTINGS_PAGE if base else None


def row(finding: Finding, titles: dict[str, str]) -> dict[str, Any]:
    """Return one finding as the static table shows it."""
    entry = finding.entry
    return {
        "level": label(finding).value,
        "rule": visible(finding.rule),
        "title": titles.get(finding.rule) or visible(finding.name),
        "project": visible(finding.project.path) if finding.project else "",
        "settings": _settings(finding.project),
        "entry": visible(entry.path or f"{entry.kind} {entry.id or 'gone'}") if entry else "",
        "kind": entry.kind if entry else "",
        "message": visible(finding.message),
        "mark": state_words(finding),
        "fix": visible_lines(finding.remediation).strip(),
    }


def answer(report: Report, seen: Digest) -> str:
    """Say in one sentence what was found, without more than was looked at."""
    judged, total = report.scan.projects.read, report.scan.projects.total
    count = len(seen.violating)
    if count:
        verb = "gives" if count == 1 else "give"
        return (
            f"{number(count)} of {counted(total, 'project')} {verb} job tokens more access than"
            " policy allows."
        )
    if not judged:
        return f"None of {counted(total, 'project')} could be judged."
    if report.gate.result == "fail":
        return "The instance gives job tokens more access than policy allows."
    missing, doubtful = total - judged, len(seen.doubtful)
    rest = f"; of {number(missing)} nothing is known" if missing else ""
    if doubtful:
        rest += f"; of {number(doubtful)} a rule could not tell"
    one = (
        "The one project judged does not give"
        if judged == 1
        else (f"None of the {number(judged)} projects judged gives")
    )
    return f"{one} job tokens more access than policy allows{rest}."


def _theme(theme: Theme, text: str, count: int, *, since: bool) -> dict[str, Any]:
    changed = {
        "new": theme.new,
        "judged for the first time": theme.first_judged,
        "fixed": theme.fixed,
        "not judged now": theme.carried,
    }
    parts = [f"{number(count)} {words}" for words, count in changed.items() if count]
    href = link(rule=",".join(theme.codes), verdict="fail", state="new")
    return {
        "count": count,
        "text": text,
        "href": href if theme.codes else "#controls",
        "change": (", ".join(parts) or "as before") if since else "",
        "judged": bool(theme.codes),
    }


def _figures(report: Report, seen: Digest) -> list[dict[str, Any]]:
    since = report.since is not None
    projects = report.scan.projects
    opened, outside, broad = (seen.themes[name] for name in ("open", "outside", "broad"))
    unread = projects.unreadable + projects.left_out
    parts = [
        f"{number(count)} {word}"
        for count, word in ((projects.unreadable, "not read"), (projects.left_out, "left out"))
        if count
    ]
    return [
        _theme(opened, "open to every project", len(opened.projects), since=since),
        _theme(outside, "let somebody in from outside", len(outside.projects), since=since),
        _theme(broad, "group entries broader than use or policy", broad.findings, since=since),
        {
            "count": unread,
            "text": "not read or left out",
            "href": "#method",
            "change": ", ".join(parts),
            "judged": True,
        },
    ]


def _bar(report: Report) -> list[dict[str, Any]]:
    """Return the parts of the stacked bar: each level with its number and where it begins."""
    counts = report.summary.as_dict()
    levels = [(level.value, counts[level.value]) for level in Severity if counts[level.value]]
    total = sum(count for _, count in levels)
    # A level with one finding in thousands must still be seen, so each has a smallest share.
    least = 1.2
    shares = [max(100 * count / total, least) for _, count in levels]
    scale, begin, made = 100 / sum(shares) if shares else 0, 0.0, []
    for (level, count), share in zip(levels, shares, strict=True):
        width = round(share * scale, 2)
        made.append(
            {
                "level": level,
                "count": count,
                "x": round(begin, 2),
                "width": width,
                "href": link(severity=level, state="new"),
            }
        )
        begin += width
    return made


def _change(group: ChangeGroup, report: Report, steps: Sequence[tuple[str, str]]) -> dict[str, Any]:
    state = {"rule": ",".join(sorted(map(visible, group.rules))), "verdict": "fail", "state": "new"}
    if group.entry is not None:
        state["entry"] = f"{group.entry.kind}:{group.entry.id}"
    worst = next(level for level in Severity if group.counts[level])
    commands = [visible(command) for command in plan_commands(group, report, steps)]
    return {
        "title": group.title,
        "closes": group.closes,
        "level": worst.value,
        "href": link(**state),
        "commands": commands,
        "unsafe": any("--unsafe" in command for command in commands),
    }


def context(report: Report, seen: Digest, options: RenderOptions) -> dict[str, Any]:
    """Return the template's variables; every string is cleaned, none is markup but rules' pages."""
    scan = report.scan.scan
    groups, others = changes(report.findings, report.rules, MOST_CHANGES)
    titles = {rule.code: visible(rule.title) for rule in report.rules}
    failing = seen.failing_below()
    return {
        "tool_version": visible(report.tool_version),
        "instance": visible(scan.instance),
        "instance_link": web_link(scan.instance),
        "targets": [visible(target) for target in scan.targets],
        "finished": utc(scan.finished_at),
        "result": report.gate.result,
        "result_word": _VERDICT_WORDS.get(report.gate.result, visible(report.gate.result)),
        "answer": answer(report, seen),
        "reasons": gate_words(report),
        "fail_on": visible(report.gate.fail_on),
        "since": since_words(report),
        "after": after_context(report),
        "judged": judged_words(report),
        "judged_rules": rule_words(report),
        "figures": _figures(report, seen),
        "bar": _bar(report),
        "waived": report.summary.waived,
        "baselined": report.summary.baselined,
        "first_title": FIRST_TITLE,
        "changes": [_change(each, report, options.next_steps) for each in groups],
        "more_changes": others,
        "controls": controls_context(report),
        "not_judged_count": len(not_judged(report.rules)),
        "trend": trend_context(report.trend),
        "outside": outside_context(report),
        "tree": tree_context(report.overview, failing),
        "matrix": matrix_context(report.overview),
        "projects": report.scan.projects,
        "complete": report.scan.complete,
        "register": register(report.findings).context(report),
        "method": method_context(report),
        "rules": [rule_context(rule) for rule in report.rules],
        "rows": [row(finding, titles) for finding in seen.first],
        "shown": seen.shown,
        "reach": report.allowlists is not None,
    }
