"""The `details` of a vulnerability in GitLab's security report: what a reader checks it by.

Control identifiers (OWASP and the like) stand here and never among the identifiers: two findings
that share one would be merged.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from scopelint.finding import Finding
from scopelint.report import RuleSummary
from scopelint.text import REPLACEMENT, json_text, plain, plain_line, shorten

_TEXT_CHARS = 2_000
_ROWS = 30
# Pairs of evidence that GitLab shows as a difference: what was found, what should be.
_PAIRS = (("observed", "expected"), ("observed", "declared"), ("actual", "expected"))


def details(
    finding: Finding, rule: RuleSummary | None, url: str | None, covered: str
) -> dict[str, dict[str, Any]]:
    """Return the named items, in the order GitLab shows them.

    `url` is the project's settings page; `covered` says what of the scan could be read.
    """
    items = {
        "rule": _text("Rule", f"{finding.rule} {finding.name}"),
        "project": _project(finding, url),
        "entry": _entry(finding),
        **_evidence(finding.evidence),
        "remedy": _text("Remedy", finding.remediation),
        "controls": _text("Controls", ", ".join(rule.owasp) if rule else ""),
        "standards": _text("Standards it supports", _standards(rule)),
        "confidence": _text("Confidence", finding.confidence.value),
        "coverage": _text("Coverage of the scan", covered),
    }
    return {key: item for key, item in items.items() if item}


@lru_cache(maxsize=4_096)
def _text(name: str, text: str) -> dict[str, Any]:
    text = shorten(plain(text).strip(), _TEXT_CHARS)
    return {"name": name, "type": "text", "value": text} if text else {}


def _standards(rule: RuleSummary | None) -> str:
    supported = rule.references.items() if rule else ()
    return "; ".join(f"{standard}: {', '.join(items)}" for standard, items in supported)


def _project(finding: Finding, url: str | None) -> dict[str, Any]:
    if finding.project is None:
        return {}
    path = f"{plain_line(finding.project.path)} ({finding.project.id})"
    if url is None:
        return _text("Project", path)
    return {"name": "Project", "type": "url", "text": shorten(path, _TEXT_CHARS), "href": url}


def _entry(finding: Finding) -> dict[str, Any]:
    entry = finding.entry
    if entry is None:
        return {}
    number = "gone" if entry.id is None else str(entry.id)
    return _text("Allowlist entry", f"{entry.kind} {plain_line(entry.path or '?')} ({number})")


def _evidence(evidence: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what was observed: as a difference where the rule says what was expected."""
    rest = dict(evidence)
    for observed, expected in _PAIRS:
        if observed in rest and expected in rest:
            before, after = _value(rest.pop(observed)), _value(rest.pop(expected))
            difference = {"type": "diff", "before": before, "after": after}
            items = {"difference": {"name": "Observed and expected"} | difference}
            return items | _table(rest)
    return _table(rest)


def _table(evidence: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    if not evidence:
        return {}
    rows = [[_name(str(key)), _cell(_value(value))] for key, value in evidence.items()]
    if len(rows) > _ROWS:
        rows[_ROWS:] = [[_cell("…"), _cell(f"{len(rows) - _ROWS} more")]]
    header = [_name("what"), _name("observed")]
    return {"observed": {"name": "Observed", "type": "table", "header": header, "rows": rows}}


@lru_cache(maxsize=1_024)
def _name(text: str) -> dict[str, str]:
    return _cell(text)


def _cell(text: str) -> dict[str, str]:
    return {"type": "text", "value": shorten(plain(text), _TEXT_CHARS)}


def _value(value: object) -> str:
    """Return evidence as a person reads it: a text as it is, anything else as JSON."""
    if type(value) is int or type(value) is bool:
        return str(value).lower()
    # GitLab looks for the escape of the null character in the file's text, not in its strings.
    text = value if isinstance(value, str) else json_text(value).replace("\\u0000", REPLACEMENT)
    return shorten(plain(text), _TEXT_CHARS)
