"""The JSON report (outside contract, section 5): its models, its schema, and how it is read back.

The reporters `json` and `jsonl` write what the models say; `reading.load_report` reads such a file,
and refuses one that contradicts itself. It is not named here: it asks the engine what follows from
the counts, and reporters must not know the engine.

It may import `engine`, `errors`, `extent`, `filters`, `finding`, `json_schema`, `model`, `owners`,
`remedy`, `report` and `run_choices`.
"""

from scopelint.report_file.choice_records import OwnerRecord, project_owners
from scopelint.report_file.finding_records import FindingRecord
from scopelint.report_file.report_records import (
    SCHEMA,
    GapRecord,
    ReportRecord,
    report_schema,
    run_data,
)
from scopelint.report_file.rule_records import RuleRecord

__all__ = [
    "SCHEMA",
    "FindingRecord",
    "GapRecord",
    "OwnerRecord",
    "ReportRecord",
    "RuleRecord",
    "project_owners",
    "report_schema",
    "run_data",
]
