"""What changed between two snapshots of the same projects: settings, entries, access, findings.

Pure: from two estates, and what the same rules said of each, to a `Diff` and its texts.
"""

from scopelint.diff.compare import compare, lists_deleted
from scopelint.diff.findings import Judged, compare_findings
from scopelint.diff.frame import check_comparable
from scopelint.diff.model import Diff

__all__ = ["Diff", "Judged", "check_comparable", "compare", "compare_findings", "lists_deleted"]
