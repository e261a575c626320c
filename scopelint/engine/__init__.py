"""The engine: rules and estate in, report out.

running   the whole way, from an estate to a report
shares    which process judges which projects
judging   asks the rules; what they need and is missing is unknown
ledger    makes findings of what they say, and keeps them
tally     counts findings
spool     holds more findings than memory does
"""

from scopelint.engine.judging import verdicts
from scopelint.engine.running import run, scan_summary
from scopelint.policy.gate import FailOn, gate
from scopelint.policy.settings import Settings

__all__ = ["FailOn", "Settings", "gate", "run", "scan_summary", "verdicts"]
