"""What changed between two snapshots of the same projects: settings, entries, access, findings.

Pure: from two inventories, and what the same rules said of each, to a `Diff` and its texts.
"""

from scopelint.diff.changes import Diff
from scopelint.diff.compare import compare, lists_deleted
from scopelint.diff.finding_changes import JudgedSnapshot, compare_findings
from scopelint.diff.scan_info import check_comparable

__all__ = [
    "Diff",
    "JudgedSnapshot",
    "check_comparable",
    "compare",
    "compare_findings",
    "lists_deleted",
]
