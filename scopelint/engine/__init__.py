"""The engine: rules and inventory in, report out.

It offers `run`, the whole way from an inventory to a report, with its `Settings`; `judge_change`, the
same of an `InventoryChange` and of what is there before it; `gate`, which says
what fails a run; and `verdicts`, one rule's answers, for `scopelint.testing`.

It may import `access`, `declared`, `errors`, `extent`, `filters`, `finding`, `globs`, `model`,
`owners`, `paths`, `project_pattern`, `report`, `rule`, `run_choices`, `run_identity`, `snapshot` and `versions`. It knows no configuration, no network
and no format: `config` turns scopelint.yml into what is given to it.

`parallel` shares the projects out to processes, `evaluation` asks the rules, `collector` makes
findings of their answers, `spill` keeps more of them than memory holds.
"""

from scopelint.engine.change import InventoryChange, JudgedChange
from scopelint.engine.engine_settings import Settings
from scopelint.engine.evaluation import verdicts
from scopelint.engine.gate import FailOn, gate
from scopelint.engine.inventory_report import run, scan_summary
from scopelint.engine.judged_change import judge_change

__all__ = [
    "FailOn",
    "InventoryChange",
    "JudgedChange",
    "Settings",
    "gate",
    "judge_change",
    "run",
    "scan_summary",
    "verdicts",
]
