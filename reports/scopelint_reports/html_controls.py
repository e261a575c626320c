"""The controls table of the HTML page: one row a requirement, and what the run says of it."""

from collections.abc import Collection
from typing import Any
from urllib.parse import urlencode

from scopelint.finding import Outcome
from scopelint.report import Report, RuleSummary
from scopelint.text import visible
from scopelint_reports.location import web_link
from scopelint_reports.rule_page import page_html

OWASP = "OWASP CI/CD Top 10"

_SUBJECTS = {
    "instance": ("instance", "instances"),
    "project": ("project", "projects"),
    "entry": ("entry", "entries"),
    "declared": ("declared project", "declared projects"),
}


def controls_context(report: Report) -> dict[str, Any]:
    """Return the table's rows, the standards they name, and the rules that judged nothing.

    A rule that judged nothing is in `silent`: one row a reason, with all its requirements.
    """
    silent: dict[str, list[dict[str, Any]]] = {}
    rows = []
    standards: dict[str, None] = {}
    for rule in report.rules:
        made = _control(rule, report.scan.projects.left_out)
        standards |= dict.fromkeys(name for name, _ in made["items"])
        if rule.not_judged is None:
            rows.append(made)
        else:
            silent.setdefault(visible(rule.not_judged or "no reason given"), []).append(made)
    rows.sort(key=lambda row: (not row["fail"], row["rank"] if row["fail"] else 0, row["code"]))
    return {
        "rows": rows,
        "silent": list(silent.items()),
        "standards": [_standard(name) for name in sorted(standards)],
        "short": _short_names(standards),
        "failed": sum(bool(row["fail"]) for row in rows),
        "unknown": sum(bool(row["unknown"] and not row["fail"]) for row in rows),
        "passed": sum(row["mark"] == "none" for row in rows),
        "idle": sum(row["mark"] == "out" for row in rows),
    }


def _standard(name: str) -> dict[str, str]:
    return {"name": name, "slug": slug(name)}


def _short_names(names: Collection[str]) -> dict[str, str]:
    """Return by standard its first words that no other begins with: `CIS`, `NIST SP`."""
    short = {}
    for name in names:
        words = name.split()
        starts = (" ".join(words[:count]) for count in range(1, len(words) + 1))
        others = [f"{other} " for other in names if other != name]
        short[name] = next(
            (start for start in starts if not any(o.startswith(f"{start} ") for o in others)), name
        )
    return short


def slug(name: str) -> str:
    """Return a standard's name as a word that an attribute can hold."""
    return "".join(char if char.isascii() and char.isalnum() else "-" for char in name.lower())


def _control(rule: RuleSummary, left_out: int) -> dict[str, Any]:
    counts = {outcome: rule.outcomes.get(outcome, 0) for outcome in Outcome}
    one, many = _SUBJECTS.get(rule.subject, ("subject", "subjects"))
    tested = sum(counts.values())
    code = visible(rule.code)
    return {
        "code": code,
        "name": visible(rule.name),
        "title": visible(rule.title),
        "requirement": visible(rule.requirement or rule.title),
        "level": rule.severity.value,
        "rank": rule.severity.rank,
        "items": _items(rule),
        "mark": _mark(rule, tested),
        "tested": tested,
        "subject": one if tested == 1 else many,
        "pass": counts[Outcome.PASS],
        "fail": counts[Outcome.FAIL],
        "unknown": counts[Outcome.UNKNOWN],
        "left_out": 0 if rule.subject == "instance" else left_out,
        "href": "#" + urlencode({"rule": code, "verdict": "fail"}),
        "unknown_href": "#" + urlencode({"rule": code, "verdict": "unknown"}),
    }


def _mark(rule: RuleSummary, tested: int) -> str:
    """Return the mark before a requirement: what fails, is not known, passes, or had no subject."""
    if rule.outcomes.get(Outcome.FAIL):
        return rule.severity.value
    if rule.outcomes.get(Outcome.UNKNOWN):
        return "unknown"
    return "none" if tested else "out"


def _items(rule: RuleSummary) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the standards' items that the rule supports: each standard, their numbers and texts."""
    items = [
        (visible(name), [(visible(item.partition(" ")[0]), visible(item)) for item in items])
        for name, items in rule.references.items()
        if items
    ]
    owasp = [(visible(item), visible(item)) for item in rule.owasp]
    return [*items, (OWASP, owasp)] if owasp else items


def rule_context(rule: RuleSummary) -> dict[str, Any]:
    """Return a rule's page as the template takes it; `page` is the one value that is markup."""
    references = [f"CWE-{number}" for number in rule.cwe] + [visible(name) for name in rule.owasp]
    return {
        "code": visible(rule.code),
        "name": visible(rule.name),
        "title": visible(rule.title),
        "help": web_link(rule.help_uri),
        "confidence": visible(rule.confidence),
        "references": references,
        "distribution": visible(rule.distribution),
        "requirement": visible(rule.requirement),
        "remedy": visible(rule.remedy.replace("`", "")),
        "page": page_html(rule.page, top=3),
    }
