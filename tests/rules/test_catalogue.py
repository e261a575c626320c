"""What rules say together: who speaks of an entry, and what evidence they hand to reports."""

import pytest

from scopelint.finding import Outcome
from scopelint.globs import GlobSet
from scopelint.rule import EntryRule, Policy
from scopelint.testing import inventory, report, verdicts
from scopelint_rules.group_entry_too_broad import GroupEntryTooBroad
from scopelint_rules.outbound_allowlist_not_empty import OutboundAllowlistNotEmpty
from scopelint_rules.scope_unreadable import ScopeUnreadable
from tests.rules.catalogue import RULES

FULL = """
targets: [acme]
enforcement: on
projects:
  acme/web/cart/shop:
    fork_pipelines: false
    entries:
      - {group: acme}
      - {group: acme/web}
      - {group: acme/web/cart}
      - {group: acme/big}
      - {group: partner}
      - {group: acme-shared/tools}
      - {project: acme/web/cart/shop, policies: [READ_PACKAGES]}
      - {project: acme/big/p1}
      - {project: partner/sdk}
      - {project: hidden/vault}
      - {project: mia/scratch}
      - {project: acme-shared/scanner}
      - {gone: group}
      - {gone: project}
  acme/big/p1: {fork_pipelines: false}
  acme/big/p2: {fork_pipelines: false}
  acme/web/p3: {fork_pipelines: false}
resolved:
  - {group: partner, projects: 900}
  - {group: acme-shared/tools, projects: 900}
  - {project: partner/sdk, personal: false, fork_pipelines: false}
  - {project: acme-shared/scanner, personal: false, fork_pipelines: false}
  - {project: mia/scratch, personal: true, fork_pipelines: true}
  - {project: hidden/vault, visible: false}
"""

# Every entry but the one for the project itself has default permissions, hence SL501 (but not
# for a row whose target is gone).
EXPECTED = {
    ("group", "acme"): {"SL301", "SL501"},
    ("group", "acme/web"): {"SL302", "SL303", "SL401", "SL501"},
    ("group", "acme/web/cart"): {"SL401", "SL501"},
    ("group", "acme/big"): {"SL302", "SL401", "SL501"},
    ("group", "partner"): {"SL304", "SL310", "SL501"},
    ("group", "acme-shared/tools"): {"SL310", "SL501"},
    ("group", None): {"SL402"},
    ("project", "acme/big/p1"): {"SL401", "SL501"},
    ("project", "partner/sdk"): {"SL305", "SL401", "SL501"},
    ("project", "hidden/vault"): {"SL305", "SL501"},
    ("project", "mia/scratch"): {"SL306", "SL310", "SL501"},
    ("project", "acme-shared/scanner"): {"SL501"},
    ("project", None): {"SL402"},
}


def test_who_speaks_of_which_entry() -> None:
    found: dict[tuple[str, str | None], set[str]] = {}
    policy = Policy(trusted=GlobSet(["acme-shared/**"]))
    with inventory(FULL) as observed:
        for cls in RULES:
            if not issubclass(cls, EntryRule):
                continue
            options = {"max_projects": 1} if cls is GroupEntryTooBroad else None
            for _, verdict in verdicts(cls(options, policy), observed):
                if verdict.outcome is not Outcome.PASS:
                    assert verdict.entry is not None
                    key = (verdict.entry.kind, verdict.entry.target_path)
                    found.setdefault(key, set()).add(cls.code)
    assert found == EXPECTED


def test_unreadable_project_gets_exactly_one_finding_that_names_the_rules() -> None:
    what = report(
        "projects: {acme/hr/payroll: {unreadable: forbidden}, acme/web/shop: {}}",
        RULES,
    )
    of_project = [finding for finding in what.findings if finding.project is not None]
    assert [(finding.rule, finding.verdict.value) for finding in of_project] == [
        ("SL901", "unknown")
    ]
    assert of_project[0].evidence["rules"] == [
        rule.code
        for rule in RULES
        if rule.code not in {"SL103", "SL804", "SL805", "SL901", "SL902"}
    ]
    assert [f.rule for f in what.findings if f.project is None] == ["SL902"]


def test_unreadable_project_lists_only_selected_rules() -> None:
    policy = Policy(selected=("SL101", "SL103", "SL901"), of_instance=frozenset({"SL103"}))
    with inventory("projects: {acme/hr/payroll: {unreadable: error}}") as observed:
        [(_, verdict)] = verdicts(ScopeUnreadable(None, policy), observed)
    assert verdict.evidence["rules"] == ["SL101"]


@pytest.mark.parametrize(
    "description",
    [
        "projects: {acme/shop: {outbound_entries: [{project: acme/a}, {project: acme/b}]}}",
        "projects: {acme/shop: {outbound_entries: null}}",
    ],
)
def test_leftover_outbound_entries_have_the_key_outbound(description: str) -> None:
    with inventory(description) as observed:
        [(_, verdict)] = verdicts(OutboundAllowlistNotEmpty(), observed)
    assert verdict.key == "outbound"


def test_partly_read_allowlist_gives_one_unknown_a_rule_beside_what_was_read() -> None:
    what = report(
        "projects: {acme/web/shop: {entries: [{group: acme}, {group: partner}], missing: [entries]}}",
        [cls for cls in RULES if issubclass(cls, EntryRule)],
    )
    said = [(finding.rule, finding.verdict.value) for finding in what.findings]
    assert sorted(said) == [
        ("SL301", "fail"),
        ("SL301", "unknown"),
        ("SL302", "unknown"),
        ("SL303", "unknown"),
        ("SL304", "fail"),
        ("SL304", "unknown"),
        ("SL305", "unknown"),
        ("SL306", "unknown"),
        ("SL307", "unknown"),
        ("SL310", "unknown"),
        ("SL310", "unknown"),
        ("SL401", "unknown"),
        ("SL402", "unknown"),
        ("SL403", "unknown"),
        ("SL405", "unknown"),
        ("SL406", "unknown"),
        ("SL501", "fail"),
        ("SL501", "fail"),
        ("SL501", "unknown"),
        ("SL502", "unknown"),
        ("SL503", "unknown"),
        ("SL504", "unknown"),
    ]


@pytest.mark.parametrize("bad", [0, -1, "50", 1.5, True])
def test_max_projects_is_a_whole_number_from_1(bad: object) -> None:
    with pytest.raises(ValueError, match="max_projects"):
        GroupEntryTooBroad({"max_projects": bad})
