"""Facts that cost requests of their own are read where something needs them, and only there."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scopelint_simulator import Simulator, load_instance
from tests.cli.kit import TOKEN, call

LISTS = "rest:GET /groups/:id/projects"
INSTANCE = f"""
gitlab: {{version: "19.3.0", enforce_inbound: false}}
users: [{{username: auditor}}]
tokens: [{{token: {TOKEN}, user: auditor, scopes: [read_api]}}]
roles: [{{user: auditor, on: acme, role: maintainer}}]
groups: [{{id: 10, path: acme}}, {{id: 11, path: acme/web}}]
projects:
  - {{id: 101, path: acme/web/shop, visibility: internal}}
  - {{id: 102, path: acme/tool}}
"""


@pytest.fixture(scope="module")
def open_company() -> Iterator[Simulator]:
    with Simulator(load_instance(INSTANCE)) as simulator:
        yield simulator
    assert simulator.crashes == []


@pytest.fixture(autouse=True)
def _fresh(open_company: Simulator, token: str) -> None:
    open_company.reset_counts()


def lists(simulator: Simulator) -> int:
    """How many requests asked REST for the attributes of projects."""
    return sum(n for kind, n in simulator.counts.items() if "/projects" in kind and "scope" not in kind)  # fmt: skip


def judged(text: str, code: str) -> dict[str, Any]:
    [rule] = [rule for rule in json.loads(text)["rules"] if rule["code"] == code]
    return dict(rule)


@pytest.mark.parametrize(
    ("options", "config", "read"),
    [
        ((), None, False),
        (("--extend-select", "SL104"), None, True),
        (("--select", "SL1"), None, True),
        (("--select", "SL1", "--ignore", "SL104"), None, False),
        ((), "profile: strict\n", True),
        ((), 'overrides: [{projects: ["acme/web/**"], select: [SL104]}]\n', True),
    ],
)
def test_levels_of_features_are_read_where_a_rule_of_the_run_needs_them(
    open_company: Simulator, options: tuple[str, ...], config: str | None, read: bool
) -> None:
    if config:
        Path("scopelint.yml").write_text(config)
    for command in (("scan", "acme"), ("collect", "acme", "-o", "acme.snapshot")):
        open_company.reset_counts()
        call(*command, "--url", open_company.url, *options).expect(0)
        assert (lists(open_company) > 0) is read, command


def test_a_rule_whose_fact_was_not_collected_is_not_judged_and_says_why(
    open_company: Simulator,
) -> None:
    call("collect", "acme", "-o", "plain", "--url", open_company.url).expect(0)
    call("collect", "acme", "-o", "more", "--url", open_company.url, "--extend-select", "SL104")
    plain = call("check", "plain", "--extend-select", "SL104", "-f", "json").expect(0)
    rule = judged(plain.out, "SL104")
    assert "no rule that was chosen when collecting needed it" in str(rule["not_judged"])
    assert rule["outcomes"] == {"pass": 0, "fail": 0, "unknown": 0}
    more = judged(call("check", "more", "--extend-select", "SL104", "-f", "json").out, "SL104")
    assert more["not_judged"] is None
    assert more["outcomes"]["fail"] == 1


def test_commands_that_answer_from_visibility_read_the_levels(open_company: Simulator) -> None:
    answer = call(
        "can-access", "acme/tool", "acme/web/shop", "--url", open_company.url, "-f", "json"
    )
    assert answer.code in (0, 1)
    assert lists(open_company) > 0
    open_company.reset_counts()
    call("reach", "acme/web/shop", "--url", open_company.url).expect(0)
    assert lists(open_company) > 0


def test_reading_by_rest_brings_the_levels_with_each_project(open_company: Simulator) -> None:
    call("collect", "acme", "-o", "rest", "--url", open_company.url, "--api", "rest").expect(0)
    rule = judged(call("check", "rest", "--extend-select", "SL104", "-f", "json").out, "SL104")
    assert rule["not_judged"] is None
