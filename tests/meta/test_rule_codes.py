"""Rule codes stand in their rules: other parts ask a rule what it declares."""

import re

from tests.meta.sources import ROOT

EXAMPLES = {
    "scopelint/bundles.py",
    "scopelint/cli/commands.py",
    "scopelint/cli/explain.py",
    "scopelint/config/declared_models.py",
    "scopelint/config/models.py",
    "scopelint/config/selection.py",
    "scopelint/config/starter.py",
    "scopelint/mappings.py",
    "scopelint/policy/gitlabform.py",
    "scopelint/registry.py",
}
"""Modules that name a code only as an example, in a help text or a docstring."""


def test_no_other_module_of_the_core_or_the_reporters_knows_a_rule_code() -> None:
    knowing = {
        str(file.relative_to(ROOT))
        for folder in ("scopelint", "reports", "finders", "simulator")
        for file in (ROOT / folder).rglob("*.py")
        if re.search(r"\bSL\d{3}\b", file.read_text("utf-8"))
    }
    assert knowing == EXAMPLES
