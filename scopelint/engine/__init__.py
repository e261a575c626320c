"""The engine: rules and inventory in, report out.

running   the whole way, from an inventory to a report
shares    which process judges which projects
judging   asks the rules; what they need and is missing is unknown
ledger    makes findings of what they say, and keeps them
tally     counts findings
spool     holds more findings than memory does
"""

from scopelint.engine.evaluation import verdicts
from scopelint.engine.gate import FailOn, gate
from scopelint.engine.run import run, scan_summary
from scopelint.engine.settings import Settings

__all__ = ["FailOn", "Settings", "gate", "run", "scan_summary", "verdicts"]
