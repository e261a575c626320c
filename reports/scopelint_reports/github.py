"""Annotations of a GitHub Actions run, as workflow commands on stdout.

GitHub shows ten errors, ten warnings and ten notices a step, so the severest are written and the
rest is counted ("Workflow commands for GitHub Actions").
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from scopelint.finding import Finding, Severity
from scopelint.report import Report, Reporter
from scopelint.text import command_message, command_property, counted, shorten
from scopelint_reports.location import place
from scopelint_reports.summary import gate_words
from scopelint_reports.titles import named_message, owner_sentences
from scopelint_reports.unknowns import results, survey

A_LEVEL = 10
"""Annotations of each level that GitHub shows for a step."""

_LEVELS: Mapping[Severity, str] = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "notice",
    Severity.INFO: "notice",
    Severity.UNKNOWN: "warning",
}
_MESSAGE_CHARS = 1_000


class GithubReporter(Reporter):
    """Workflow commands. Waived findings are left out; one stands for all that is unknown."""

    name = "github"
    title = "annotations of a GitHub Actions run (workflow commands)"

    def render(self, report: Report, out: BinaryIO) -> None:
        """Write the severest of each level, and a last notice with the verdict and the rest."""
        for line in _lines(report):
            out.write(f"{line}\n".encode())


def _lines(report: Report) -> Iterator[str]:
    instance = report.scan.scan.instance
    found = survey(report, most_notices=0)
    # The last notice and the sum have their places: neither may be what is cut off.
    room = Counter(error=A_LEVEL, warning=A_LEVEL, notice=A_LEVEL - 1)
    if found.summed_up is not None:
        room["warning"] -= 1
    left_out = 0
    for finding in results(report, found):
        level = _LEVELS[finding.severity]
        if finding is not found.summed_up:
            room[level] -= 1
            if room[level] < 0:
                left_out += 1
                continue
        yield _annotation(level, finding, instance)
    more = f"; {counted(left_out, 'finding')} more, not shown here" if left_out else ""
    verdict = f"{report.gate.result}: {gate_words(report)}{more}"
    yield f"::notice title=scopelint::{command_message(verdict)}"


def _annotation(level: str, finding: Finding, instance: str) -> str:
    title = command_property(f"{finding.rule} {finding.name}")
    file = command_property(place(finding, instance).uri)
    said = shorten(" ".join([named_message(finding), *owner_sentences(finding)]), _MESSAGE_CHARS)
    return f"::{level} file={file},line=1,title={title}::{command_message(said)}"
