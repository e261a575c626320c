"""Exactly the expected findings: every version, both ways of reading, enforced or not."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from scopelint.versions import parse_version
from scopelint_simulator import Simulator, load_instance
from tests.cli.kit import call

HERE = Path(__file__).parent
EXPECTED: dict[str, Any] = yaml.safe_load((HERE / "expected.yml").read_text("utf-8"))
VERSIONS = {
    "16.11.0": (False,),
    "17.4.0": (False,),
    "18.5.0": (False, True),
    "19.3.0": (False, True),
}
"""GitLab versions, each with what the instance setting can be there."""


class Case(NamedTuple):
    """One instance and one way to read it."""

    version: str
    enforced: bool
    api: str
    who: str

    def holds(self, when: dict[str, Any]) -> bool:
        """Tell whether a block of expected.yml is about this case."""
        version = parse_version(self.version)
        return (
            when.get("enforced", self.enforced) == self.enforced
            and when.get("api", self.api) == self.api
            and when.get("as", self.who) == self.who
            and version >= parse_version(when.get("since", "0.0"))
            and version < parse_version(when.get("before", "99.0"))
        )


CASES = [
    Case(version, enforced, api, who)
    for version, settings in VERSIONS.items()
    for enforced in settings
    for api in ("graphql", "rest")
    for who in ("bot", "admin")
]


def instance(case: Case) -> Any:
    """Load the instance on one version of GitLab."""
    gitlab = (
        f'gitlab: {{version: "{case.version}", enforce_inbound: {str(case.enforced).lower()}}}\n'
    )
    return load_instance(gitlab + (HERE / "instance.yml").read_text("utf-8"))


def scan(case: Case, monkeypatch: pytest.MonkeyPatch, *target: str) -> dict[str, Any]:
    """Scan over HTTP as the user would, and return the JSON report."""
    Path("scopelint.yml").write_text(yaml.safe_dump(EXPECTED["config"]))
    monkeypatch.setenv("SCOPELINT_TOKEN", f"glpat-e2e-{case.who}")
    with Simulator(instance(case)) as gitlab:
        result = call(
            *("scan", "--url", gitlab.url, "-f", "json", "--api", case.api),
            *(target or ("--group", "acme")),
            *("--select", ",".join(EXPECTED["select"]), *EXPECTED["options"]),
        )
        assert gitlab.crashes == []
    result.expect(1)
    report: dict[str, Any] = json.loads(result.raw)
    return report


def lines(report: dict[str, Any]) -> list[str]:
    """Write a report's findings as expected.yml does."""
    found = []
    for finding in report["findings"]:
        project, entry = finding["project"], finding["entry"]
        words = [finding["rule"], finding["verdict"], project["path"] if project else "-"]
        found.append(" ".join([*words, f"{entry['kind']}:{entry['id']}"] if entry else words))
    return sorted(found)


def expected(case: Case, part: str, key: str) -> list[str]:
    """Join the blocks of expected.yml that hold for a case."""
    blocks = [block for block in EXPECTED[part] if case.holds(block["when"])]
    return sorted(line for block in blocks for line in block[key])


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(str, case)))
def test_a_scan_finds_exactly_what_is_there(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    report = scan(case, monkeypatch)
    assert lines(report) == expected(case, "findings", "lines")
    assert [rule["code"] for rule in report["rules"] if rule["not_judged"]] == expected(
        case, "not_judged", "rules"
    )
    seen = report["scan"]
    unread = 2 if case.who == "bot" else 1
    assert seen["projects"] == {"total": 16, "read": 16 - unread, "unreadable": unread}
    assert (seen["groups"], seen["api"], seen["complete"]) == (6, case.api, False)
    assert seen["gitlab_version"].startswith(case.version)
    assert report["gate"]["result"] == "fail"


@pytest.mark.parametrize("version", VERSIONS)
def test_the_default_way_of_reading_finds_the_same(
    version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = Case(version, VERSIONS[version][-1], "auto", "bot")
    report = scan(case, monkeypatch)
    assert report["scan"]["api"] == "graphql"
    assert lines(report) == expected(case._replace(api="graphql"), "findings", "lines")


@pytest.mark.parametrize("api", ["graphql", "rest"])
def test_enforcement_is_told_as_far_as_it_is_known(
    monkeypatch: pytest.MonkeyPatch, api: str
) -> None:
    def told(*, enforced: bool, who: str) -> str:
        report = scan(Case("19.3.0", enforced, api, who), monkeypatch)
        return str(report["scan"]["enforcement"])

    assert told(enforced=False, who="bot") == "off"
    assert told(enforced=True, who="admin") == "on"
    # Through REST a flag that is on may be the project's own: nothing tells.
    assert told(enforced=True, who="bot") == ("on" if api == "graphql" else "unknown")


def test_the_targets_together_are_the_group(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case("19.3.0", enforced=False, api="graphql", who="bot")
    parts = ["acme/web", "acme/lib", "acme/ops", "acme/closed/vault", "acme/web/front"]
    assert lines(scan(case, monkeypatch, *parts)) == lines(scan(case, monkeypatch))
