"""Described inventories for the round trip, made by hypothesis, and the rules that judge it."""

from typing import Any

from hypothesis import strategies as st

from scopelint import engine
from scopelint.declared import DeclaredPolicy
from scopelint.finding import Outcome
from scopelint.rule import Policy, Rule
from scopelint.snapshot.inventory import Inventory
from scopelint_rules.declared_entry_missing import DeclaredEntryMissing
from scopelint_rules.declared_policy_fault import DeclaredPolicyFault
from scopelint_rules.declared_setting_differs import DeclaredSettingDiffers
from scopelint_rules.declared_target_unknown import DeclaredTargetUnknown
from scopelint_rules.undeclared_entry import UndeclaredEntry

RULES: tuple[type[Rule], ...] = (
    DeclaredSettingDiffers,
    DeclaredEntryMissing,
    UndeclaredEntry,
    DeclaredTargetUnknown,
    DeclaredPolicyFault,
)
PROJECTS = (
    "acme/web/shop", "acme/web/yes", "acme/Web-2/null", "acme/1e3", "acme/hr/2001-01-01", "mia/no",
)  # fmt: skip
TARGETS: tuple[dict[str, Any], ...] = (
    {"group": "acme", "id": 10},
    {"group": "acme/web", "id": 11},
    {"project": "acme/web/yes", "id": 1002},
    {"project": "acme/1e3", "id": 1004},
    {"group": "partner", "id": 20},
    {"group": "hidden/vault", "id": 666},
    {"project": "hidden/on", "id": 6667},
    {"project": "partner/0x10", "id": 1010},
    {"project": "acme/web/shop", "id": 1001},
    {"gone": "group"},
)
RESOLVED = ({"group": "partner", "id": 20}, {"project": "partner/0x10", "id": 1010})


@st.composite
def inventories(draw: st.DrawFn) -> dict[str, Any]:
    """An inventory of a few projects in which everything was read."""
    names = draw(st.lists(st.sampled_from(PROJECTS), min_size=1, unique=True))
    projects = {}
    for name in names:
        limit = draw(st.booleans())
        entries = draw(st.lists(st.sampled_from(TARGETS), max_size=5, unique_by=repr))
        projects[name] = {
            "id": 1001 + PROJECTS.index(name),
            "inbound_own": limit,
            "inbound_effective": limit,
            "archived": draw(st.booleans()),
            "entries": entries,
            "personal": name.startswith("mia"),
        }
    targets = ["acme", *(name for name in names if name.startswith("mia"))]
    ids = [{"path": "acme", "id": 10}, {"path": "acme/web", "id": 11}]
    return {"projects": projects, "groups": ids, "resolved": RESOLVED, "targets": targets}


def found(
    inventory: Inventory, policy: DeclaredPolicy
) -> list[tuple[str, str | None, Outcome, str]]:
    """All that the rules about declared policy say: code, project, outcome, key."""
    declared = Policy(declared=policy)
    return sorted(
        (cls.code, project.path if project else None, verdict.outcome, key)
        for cls in RULES
        for project, verdict in engine.verdicts(cls(None, declared), inventory)
        if verdict.outcome is not Outcome.PASS
        for key in [verdict.key if verdict.key is not None else _entry_key(verdict.entry)]
    )


def _entry_key(entry: Any) -> str:
    return entry.key if entry else ""
