"""Which unknown makes a scan incomplete: docs/reports.md, "What makes a scan incomplete"."""

import json
from typing import Any

import pytest

from scopelint.model import BREAKS_COMPLETENESS, Fact
from scopelint_simulator.answer import Answer
from scopelint_simulator.request import Request
from tests.collect.kit import PEOPLE, Seen, collected, head, intercept, serve
from tests.meta.sources import ROOT

OWN = "inboundJobTokenScopeEnabled"
PUSH = "pushRepositoryForJobTokenAllowed"
CROSS = "crossProjectPushForJobTokenAllowed"
OUTBOUND = "jobTokenScopeEnabled"
ENTRY = "defaultPermissions"


def seen_without(*fields: str, cross: bool = True, entry: str = "permissions: [READ_JOBS]") -> Seen:
    """Collect one project that lets others push, with some fields of the answers null."""
    text = f"""{PEOPLE}
{head("19.3.0", enforce_inbound=True)}
roles: [{{user: bot, on: acme, role: maintainer}}]
groups: [{{id: 10, path: acme}}]
projects:
  - {{id: 1, path: acme/lib}}
  - id: 2
    path: acme/app
    scope:
      push: true
      cross_project_push: {str(cross).lower()}
      allowlist: [{{project: acme/lib, {entry}}}]
"""

    def blank(node: Any) -> Any:
        if isinstance(node, list):
            return [blank(item) for item in node]
        if not isinstance(node, dict):
            return node
        return {key: None if key in fields else blank(value) for key, value in node.items()}

    def after(request: Request, answer: Answer) -> None:
        if request.path.endswith("/graphql") and b"ciCdSettings" in request.body:
            answer.body = json.dumps(blank(json.loads(answer.body))).encode()

    with serve(text) as simulator:
        intercept(simulator, after=after)
        return collected(simulator.url, api="graphql")


def test_with_all_fields_it_is_complete() -> None:
    assert seen_without().gaps == ()


@pytest.mark.parametrize(
    ("fields", "fact"),
    [
        ((OWN,), Fact.OWN_FLAG),
        ((CROSS,), Fact.CROSS_PUSH),
        ((PUSH,), Fact.CROSS_PUSH),
        ((ENTRY,), Fact.CROSS_PUSH),
    ],
)
def test_unknown_that_a_rule_of_severity_high_needs_is_incomplete(
    fields: tuple[str, ...], fact: Fact
) -> None:
    """SL101 needs the own flag, SL602 the push settings and what the entries permit."""
    seen = seen_without(*fields)
    assert seen.gaps_of(fact)
    assert not seen.complete


@pytest.mark.parametrize(
    ("fields", "options"),
    [
        ((OUTBOUND,), {}),
        ((PUSH,), {"cross": False}),
        ((ENTRY,), {"cross": False}),
    ],
)
def test_unknown_that_only_rules_of_severity_low_need_is_listed(
    fields: tuple[str, ...], options: dict[str, Any]
) -> None:
    seen = seen_without(*fields, **options)
    assert seen.gaps
    assert seen.complete


def test_the_documented_table_is_what_the_code_does() -> None:
    page = (ROOT / "docs" / "reports.md").read_text(encoding="utf-8")
    table = page.partition("## What makes a scan incomplete")[2].partition("\n## ")[0]
    decided: dict[str, bool] = {}
    for line in table.splitlines():
        if line.startswith("| `"):
            facts, breaks, *_ = line.strip("| ").split(" | ")
            for fact in facts.replace("`", "").split():
                decided[fact] = breaks.startswith("yes")
    assert decided == {fact.value: fact in BREAKS_COMPLETENESS for fact in Fact}
