"""The Code Quality report, for the merge request widget of every GitLab tier.

One JSON array, checked here because GitLab does not say what is wrong with it: it stops reading
at the first entry that does not fit its schema, lets the last of two equal fingerprints win, and
fails on a severity that is not lower case. GitLab compares two branches by fingerprint, and does
not show `check_name`, so the description begins with the rule's code. What the newest report of a
branch does not have is "fixed" there: findings that this run could not judge are kept where they
were carried over.
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any, BinaryIO

from scopelint.finding import Finding, Severity
from scopelint.report import Report, Reporter
from scopelint.text import json_text, plain_line, shorten
from scopelint_reports.location import place
from scopelint_reports.titles import named_message, owner_sentences, state_sentences
from scopelint_reports.unknowns import results, survey

# `blocker` is left to gates; what is unknown is no small thing, and no proven one.
_SEVERITIES: Mapping[Severity, str] = {
    Severity.CRITICAL: "critical",
    Severity.HIGH: "major",
    Severity.MEDIUM: "minor",
    Severity.LOW: "info",
    Severity.INFO: "info",
    Severity.UNKNOWN: "minor",
}
_DESCRIPTION_CHARS = 1_000


class CodeQualityReporter(Reporter):
    """Issues of Code Quality. Waived findings are left out; one stands for all that is unknown."""

    name = "gitlab-codequality"
    title = "GitLab Code Quality: the merge request widget of every tier"
    compared = True
    standing = True

    def render(self, report: Report, out: BinaryIO) -> None:
        """Write the report; an empty array where there is nothing."""
        before = "[\n"
        for issue in _issues(report):
            out.write(f"{before}{json_text(issue, compact=True)}".encode())
            before = ",\n"
        out.write(b"[]\n" if before == "[\n" else b"\n]\n")


def _issues(report: Report) -> Iterator[dict[str, Any]]:
    instance = report.scan.scan.instance
    taken: set[bytes] = set()
    for finding in results(report, survey(report, most_notices=0, compared=True), compared=True):
        identity = _unique(finding.fingerprint, taken)
        yield {
            "description": _description(finding),
            "check_name": f"{finding.rule} {plain_line(finding.name)}",
            "fingerprint": identity,
            "severity": _SEVERITIES[finding.severity],
            "location": {"path": place(finding, instance).uri, "lines": {"begin": 1}},
        }


def _description(finding: Finding) -> str:
    """Return one line that names rule, project and entry: the widget shows nothing else of them."""
    said = [f"{finding.rule}: {named_message(finding)}", *state_sentences(finding)]
    said += owner_sentences(finding)
    return shorten(plain_line(" ".join(said)), _DESCRIPTION_CHARS)


def _unique(fingerprint: str, taken: set[bytes]) -> str:
    """Return the fingerprint, another one where it was given before (a report made by hand)."""
    identity = bytes.fromhex(fingerprint)
    number = 1
    while identity in taken:
        identity = sha256(f"{fingerprint}\n{number}".encode()).digest()
        number += 1
    taken.add(identity)
    return identity.hex()
