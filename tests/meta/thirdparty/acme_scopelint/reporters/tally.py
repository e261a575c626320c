"""`tally`: one line with the number of findings a rule."""

from collections import Counter
from typing import BinaryIO

from scopelint.report import Report, Reporter


class Tally(Reporter):
    """Counts the shown findings by rule."""

    name = "tally"
    title = "one line: how many findings a rule"

    def render(self, report: Report, out: BinaryIO) -> None:
        """Write the line."""
        counts = Counter(finding.rule for finding in report.shown())
        out.write((" ".join(f"{code}={n}" for code, n in sorted(counts.items())) + "\n").encode())
