"""The JSON report (outside contract, section 5): its models, its schema, and how it is read back.

The reporters `json` and `jsonl` write what the models say; `load_report` reads such a file. It may
import the report and what is below it.
"""

from scopelint.report_file.finding_records import FindingRecord
from scopelint.report_file.reading import load_report
from scopelint.report_file.report_records import (
    SCHEMA,
    GapRecord,
    ReportRecord,
    RuleRecord,
    report_schema,
    run_data,
)

__all__ = [
    "SCHEMA",
    "FindingRecord",
    "GapRecord",
    "ReportRecord",
    "RuleRecord",
    "load_report",
    "report_schema",
    "run_data",
]
