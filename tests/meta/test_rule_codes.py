"""Rule codes stand in their rules: other parts ask a rule what it declares."""

import re

from tests.meta.sources import ROOT

EXAMPLES = {
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

SUMMING_UP = {
    "scopelint/engine/gate.py",
    *(
        f"reports/scopelint_reports/{name}.py"
        for name in ("annotations", "codequality", "github", "gitlab_sast", "sarif", "unknowns")
    ),
}
"""Modules that know the contract's one result for all that is unknown, SL902."""


def test_no_other_module_of_the_core_or_the_reporters_knows_a_rule_code() -> None:
    found = {
        str(file.relative_to(ROOT)): set(re.findall(r"\bSL\d{3}\b", file.read_text("utf-8")))
        for folder in ("scopelint", "reports", "simulator")
        for file in (ROOT / folder).rglob("*.py")
    }
    knowing = {name: codes for name, codes in found.items() if codes}
    assert knowing.keys() <= EXAMPLES | SUMMING_UP
    assert {code for name in knowing.keys() & SUMMING_UP for code in knowing[name]} == {"SL902"}
