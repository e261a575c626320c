"""What changed between two snapshots of the same projects: settings, entries, access, findings.

`compare` makes a `Diff` of two inventories, `compare_findings` of what the same rules found in
each. `as_console`, `as_markdown` and `as_json` show it; `diff_records` has the published schema.

Only the command `diff` and `wanted` import this package. It may import `access`, `errors`, `finding`, `json_schema`, `limit_change`, `model`,
`paths`, `report`, `run_identity`, `snapshot` and `text`. It asks GitLab nothing.
"""

from scopelint.diff.changes import Diff
from scopelint.diff.compare import check_comparable, compare, lists_deleted
from scopelint.diff.finding_changes import JudgedSnapshot, compare_findings

__all__ = [
    "Diff",
    "JudgedSnapshot",
    "check_comparable",
    "compare",
    "compare_findings",
    "lists_deleted",
]
