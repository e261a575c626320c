"""Who gets in from outside, as the HTML page lists it before any other picture."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from scopelint.globs import GlobSet
from scopelint.report import Report
from scopelint.text import number, visible

FIRST_ORIGINS = 10
"""Origins that the list shows at first; the others are folded, up to the report's 200."""


def outside_context(report: Report) -> dict[str, Any] | None:
    """Return the rows of the list, None where the report does not know (one of an older version)."""
    found = (report.overview or {}).get("outside")
    if found is None:
        return None
    trusted = GlobSet(report.choices.trusted)
    rows = [_origin(origin, trusted) for origin in found["origins"]]
    return {
        "rows": rows[:FIRST_ORIGINS],
        "folded": rows[FIRST_ORIGINS:],
        "unlisted": max(0, found["total"] - len(rows)),
        "total": found["total"],
    }


def _origin(origin: Mapping[str, Any], trusted: GlobSet) -> dict[str, Any]:
    raw = origin["path"] or ""
    path = visible(raw)
    kinds = {"group": "group", "project": "project"}
    kind = "personal project" if origin["personal"] else kinds.get(origin["kind"], "")
    return {
        "path": path or f"number {origin['id']}",
        "kind": kind,
        "projects": origin["projects"],
        "since": (origin["since"] or "")[:10],
        "added_by": [visible(name) for name in origin["added_by"]],
        "used": _used(origin),
        "trusted": bool(raw) and trusted.matches(raw),
        "href": "#" + urlencode({"from": path}),
    }


def _used(origin: Mapping[str, Any]) -> str:
    """Say when it was used last, and how much the logs can tell."""
    if origin["last_used"]:
        return str(origin["last_used"][:10])
    logged, projects = origin["logged"], origin["projects"]
    if not logged:
        return "not known"
    return "no use seen" if logged == projects else f"no use seen in {number(logged)} logs"


def outside_pairs(overview: Mapping[str, Any]) -> Sequence[tuple[str, Mapping[int, int]]]:
    """Return each origin's path with the projects that let it in, by cell of the matrix."""
    found = overview.get("outside") or {"origins": ()}
    return [
        (visible(origin["path"]), dict(origin["into"]))
        for origin in found["origins"]
        if origin["path"] and origin["into"]
    ]
