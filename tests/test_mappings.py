"""Mappings of rules to standards: the built-in ones, a team's own, and broken ones."""

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from scopelint import mappings
from scopelint.errors import PluginError
from scopelint.mappings import find_mappings, references, with_references
from scopelint.registry import find_rules
from scopelint.report import Report, RuleSummary
from scopelint.rule import Rule
from scopelint.testing import report


def rule_of(report: Report, code: str) -> RuleSummary:
    return next(rule for rule in report.rules if rule.code == code)


def own() -> list[type[Rule]]:
    return [found.cls for found in find_rules().values() if found.distribution == "scopelint"]


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of a team, with a folder for its mappings."""
    folder = tmp_path / "acme_mappings_bundle"
    (folder / "mappings").mkdir(parents=True)
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    points = [EntryPoint("acme", "acme_mappings_bundle", "scopelint.rules")]
    monkeypatch.setattr(mappings, "bundles", lambda group: points)
    return folder / "mappings"


def test_built_in_ones_name_rules_that_are_there() -> None:
    found = find_mappings()
    assert [(one.name, one.version, one.relation) for one in found] == [
        ("CIS GitLab Benchmark", "1.0.1", "supports"),
        ("ISO/IEC 27001 Annex A", "2022", "supports"),
        ("NIST SP 800-53", "Rev. 5", "supports"),
        ("NIST SSDF (SP 800-218)", "1.1", "supports"),
        ("PCI DSS", "4.0.1", "supports"),
        ("SOC 2 Trust Services Criteria", "2017 (2022)", "supports"),
    ]
    codes = {rule.code for rule in own()}
    for mapping in found:
        assert set(mapping.rules) <= codes
        used = {item for items in mapping.rules.values() for item in items}
        assert used == set(mapping.items)


def test_nothing_claims_to_comply_and_no_item_has_a_blank_in_its_number() -> None:
    for mapping in find_mappings():
        for item, title in mapping.items.items():
            assert " " not in item, "readers take what stands before the first blank for the number"
            assert "compl" not in title.lower()


def test_references_of_a_rule() -> None:
    found = references("SL104", find_mappings())
    assert found == {
        "CIS GitLab Benchmark 1.0.1": ("4.2.5 Artifacts cannot be read anonymously",),
        "PCI DSS 4.0.1": (
            "7.3.1 An access control system restricts access to what users need to know",
        ),
        "ISO/IEC 27001 Annex A 2022": (
            "8.3 Access to information is restricted",
            "8.4 Access to source code is managed",
        ),
        "NIST SP 800-53 Rev. 5": ("AC-3 Approved authorisations are enforced",),
        "NIST SSDF (SP 800-218) 1.1": ("PS.1.1 All forms of code are stored by least privilege",),
        "SOC 2 Trust Services Criteria 2017 (2022)": (
            "CC6.1 Logical access to what is protected is secured",
        ),
    }
    assert references("SL902", find_mappings()) == {}


def test_a_report_carries_them() -> None:
    made = report("projects: {acme/web/shop: {inbound_own: false}}", own())
    assert rule_of(made, "SL101").references == {}
    assert rule_of(with_references(made), "SL101").references == references(
        "SL101", find_mappings()
    )


def test_a_team_brings_its_own(bundle: Path) -> None:
    text = "name: ACME\nversion: 7\nitems: {1.2: Tokens are scoped}\nrules: {SL101: [1.2], X1: []}"
    (bundle / "acme.yml").write_text(text, encoding="utf-8")
    found = find_mappings()
    assert references("SL101", found) == {"ACME 7": ("1.2 Tokens are scoped",)}
    assert references("X1", found) == {}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "name: ACME\nversion: 7\nitems: {}\nrules: {SL101: [B-1]}",
            "items that are not listed: B-1",
        ),
        ("name: ACME\nversion: 7\nitems: {}\nrules: {}\nmore: 1", "more: Extra inputs"),
        ("name: ACME\nitems: {}\nrules: {}", "version: Field required"),
        ("name: ACME\nversion: 7\nrelation: is\nitems: {}\nrules: {}", "relation"),
        ("a: [", "while parsing"),
        ("!!python/object/apply:os.getcwd []", "could not determine a constructor"),
    ],
)
def test_a_broken_one_is_named(bundle: Path, text: str, why: str) -> None:
    (bundle / "acme.yml").write_text(text, encoding="utf-8")
    with pytest.raises(PluginError, match=r"acme\.yml cannot be read") as failure:
        find_mappings()
    assert why in str(failure.value)
