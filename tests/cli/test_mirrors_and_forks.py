"""Mirrors and forks' pipelines: read by REST where a rule of the run needs them, of the fewest."""

import json
from typing import Any

import pytest

from scopelint_simulator import Faults, Simulator, load_instance
from tests.cli.kit import TOKEN, call

LISTS = "rest:GET /groups/:id/projects"
SINGLE = "rest:GET /projects/:id"


def instance(*, mirrors: bool = True, more: str = "") -> str:
    return f"""
gitlab: {{version: "19.3.0", enforce_inbound: false, mirrors: {str(mirrors).lower()}}}
users: [{{username: auditor}}]
tokens: [{{token: {TOKEN}, user: auditor, scopes: [read_api]}}]
roles: [{{user: auditor, on: acme, role: maintainer}}, {{user: auditor, on: partner, role: reporter}}]
groups: [{{id: 10, path: acme}}, {{id: 20, path: partner}}]
projects:
  - {{id: 101, path: acme/shop, mirror: {str(mirrors).lower()}, mirror_trigger_builds: true, scope: {{push: true, allowlist: [{{project: acme/lib}}, {{project: acme/tool}}, {{project: partner/sdk}}]}}}}
  - {{id: 102, path: acme/lib, fork_pipelines: false}}
  - {{id: 103, path: acme/tool, scope: {{push: true}}}}
  - {{id: 201, path: partner/sdk}}
{more}"""


def scanned(
    simulator: Simulator, code: str, *options: str
) -> tuple[dict[str, str], dict[str, Any]]:
    """Scan with one rule; return the verdicts by project or entry, and the rule of the report."""
    simulator.reset_counts()
    said = call(
        "scan",
        "acme",
        "--url",
        simulator.url,
        "--select",
        code,
        "-f",
        "json",
        "--exit-zero",
        *options,
    )
    report = json.loads(said.out)
    found = {
        (each["entry"] or each["project"])["path"]: each["verdict"]
        for each in report["findings"]
        if each["rule"] == code
    }
    [rule] = [each for each in report["rules"] if each["code"] == code]
    return found, rule


@pytest.mark.usefixtures("place", "token")
@pytest.mark.parametrize("api", ["graphql", "rest"])
def test_a_mirror_that_takes_pushes_is_found_either_way(api: str) -> None:
    with Simulator(load_instance(instance())) as gitlab:
        found, rule = scanned(gitlab, "SL603", "--api", api)
        assert found == {"acme/shop": "fail"}
        assert rule["outcomes"] == {"pass": 2, "fail": 1, "unknown": 0}
        if api == "graphql":
            # Two projects may take pushes, so two are asked for, and no list is read.
            assert gitlab.counts[SINGLE] == 2
            assert not gitlab.counts[LISTS]


@pytest.mark.usefixtures("place", "token")
@pytest.mark.parametrize("api", ["graphql", "rest"])
def test_where_the_tier_has_no_mirrors_no_project_is_one(api: str) -> None:
    with Simulator(load_instance(instance(mirrors=False))) as gitlab:
        assert scanned(gitlab, "SL603", "--api", api)[1]["outcomes"]["pass"] == 3


@pytest.mark.usefixtures("place", "token")
def test_a_mirror_that_could_not_be_read_is_unknown() -> None:
    refusing = Faults(error_rate=1, error_status=403, only=r"^/api/v4/projects/[0-9]+$")
    with Simulator(load_instance(instance()), faults=refusing) as gitlab:
        found, _ = scanned(gitlab, "SL603")
    assert found == {"acme/shop": "unknown", "acme/tool": "unknown"}


@pytest.mark.usefixtures("place", "token")
def test_many_that_may_push_are_read_from_the_lists() -> None:
    more = "".join(
        f"  - {{id: {number}, path: acme/p{number}, scope: {{push: true}}}}\n"
        for number in range(300, 325)
    )
    with Simulator(load_instance(instance(more=more))) as gitlab:
        found, _ = scanned(gitlab, "SL603")
        assert found == {"acme/shop": "fail"}
        assert (gitlab.counts[LISTS], gitlab.counts[SINGLE]) == (1, 0)


@pytest.mark.usefixtures("place", "token")
def test_forks_of_allowed_projects() -> None:
    with Simulator(load_instance(instance())) as gitlab:
        found, _ = scanned(gitlab, "SL310")
        # Only Maintainers of partner/sdk see its setting.
        assert found == {"acme/tool": "fail", "partner/sdk": "unknown"}


@pytest.mark.usefixtures("place", "token")
def test_nothing_is_asked_where_no_rule_needs_it() -> None:
    with Simulator(load_instance(instance())) as gitlab:
        scanned(gitlab, "SL101")
        assert not gitlab.counts[LISTS]
        assert not gitlab.counts[SINGLE]
        call("collect", "acme", "--url", gitlab.url, "--select", "SL101", "-o", "s").expect(0)
        report = json.loads(call("check", "s", "--select", "SL603", "-f", "json").out)
        assert "no rule" in report["rules"][0]["not_judged"]
