"""What the HTML page shows of a change: what it brings and fixes, who gains and who loses access."""

from collections.abc import Sequence
from typing import Any, Final

from scopelint.finding import AfterChange, Finding
from scopelint.report import Report
from scopelint.text import counted, number, visible
from scopelint_reports.summary import label

MOST_SHIFTS: Final = 200
"""Projects whose access is listed."""
MOST_FIXED: Final = 100
"""Findings that the change fixes, and projects that it leaves as they are, that are listed."""
MOST_ORIGINS: Final = 20
"""Origins that are named of a project on either side."""
_KINDS: Final = {"plan": "a plan of scopelint", "policy": "a declared policy"}


def after_context(report: Report) -> dict[str, Any] | None:
    """Return the section's values; None where the report is of GitLab as it is."""
    after = report.after
    if after is None:
        return None
    return {
        "source": visible(after.source),
        "kind": _KINDS[after.kind],
        "counts": [
            {"text": f"{number(len(after.new))} new", "href": "#verdict=fail&state=new"},
            {"text": f"{number(len(after.fixed))} fixed", "href": ""},
            *_unsure(after),
            {
                "text": f"{number(after.unchanged)} unchanged",
                "href": "#verdict=fail&state=baselined",
            },
        ],
        "shifts": [
            {
                "project": visible(shift.project),
                "gained": _named(shift.gained),
                "lost": _named(shift.lost),
            }
            for shift in after.access[:MOST_SHIFTS]
        ],
        "more_shifts": len(after.access[MOST_SHIFTS:]),
        "access_known": after.access_known,
        "fixed": list(map(_fixed, after.fixed[:MOST_FIXED])),
        "more_fixed": len(after.fixed[MOST_FIXED:]),
        "left_alone": [
            {"path": visible(each.path), "reason": visible(each.reason)}
            for each in after.left_alone[:MOST_FIXED]
        ],
        "more_left": len(after.left_alone[MOST_FIXED:]),
    }


def _unsure(after: AfterChange) -> list[dict[str, str]]:
    text = f"{number(len(after.unsure))} that may be new"
    return [{"text": text, "href": ""}] if after.unsure else []


def _named(origins: Sequence[str]) -> list[str]:
    more = len(origins) - MOST_ORIGINS
    tail = [counted(more, "more origin")] if more > 0 else []
    return [*map(visible, origins[:MOST_ORIGINS]), *tail]


def _fixed(finding: Finding) -> dict[str, str]:
    return {
        "level": label(finding).value,
        "rule": visible(finding.rule),
        "project": visible(finding.project.path) if finding.project else "the instance",
        "message": visible(finding.message),
    }
