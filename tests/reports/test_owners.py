"""Every format says whose the project of a finding is, and none lets the name do anything."""

import csv
import io
import json
import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from scopelint import engine
from scopelint.globs import GlobSet
from scopelint.owners import Owner, OwnerRule
from scopelint.project_pattern import ProjectPattern
from scopelint.registry import find_reporters
from scopelint.report import RenderOptions, Report
from scopelint.testing import rendered, report
from scopelint_rules.inbound_limit_disabled import InboundLimitDisabled
from scopelint_rules.scan_incomplete import ScanIncomplete

OPEN = {"inbound_own": False, "inbound_effective": False}
TREE: dict[str, Any] = {
    "projects": {
        "acme/web/shop": OPEN,
        "acme/web/calm": {},
        "acme/ops/tool": OPEN,
        "else/x": OPEN,
    }
}
NAMES = [name for name in find_reporters() if name != "openmetrics"]


def owned(name: str = "@web/leads") -> Report:
    rules = tuple(
        OwnerRule(ProjectPattern(GlobSet([glob])), Owner(owner, contact))
        for glob, owner, contact in (("acme/web/**", name, "@web"), ("acme/ops/**", "ops", None))
    )
    settings = engine.Settings(owners=rules)
    return report(TREE, (InboundLimitDisabled, ScanIncomplete), settings)


def written(name: str, what: Report, **options: Any) -> str:
    return rendered(find_reporters()[name].cls(RenderOptions(**options)), what).decode()


@pytest.mark.parametrize("name", NAMES)
def test_every_format_names_the_owner(name: str) -> None:
    text = written(name, owned("zebra-team"))
    assert "zebra-team" in text
    assert "zebra-team" not in written(name, owned("other"))


def test_csv_has_the_owner_in_its_column() -> None:
    rows = list(csv.DictReader(io.StringIO(written("csv", owned()).removeprefix("\ufeff"))))
    assert {row["project"]: row["owner"] for row in rows} == {
        "acme/web/shop": "'@web/leads",  # a spreadsheet would run @
        "acme/ops/tool": "ops",
        "else/x": "",
    }


def test_sarif_has_it_as_a_property() -> None:
    results = json.loads(written("sarif", owned()))["runs"][0]["results"]
    found = {each["properties"].get("owner") for each in results}
    assert found == {"@web/leads", "ops", None}


def test_junit_has_it_as_a_property_of_each_suite_of_a_project() -> None:
    tree = ET.fromstring(written("junit", owned()))
    found = {
        suite.get("name"): [each.get("value") for each in suite.iter("property")]
        for suite in tree.iter("testsuite")
    }
    assert found["acme/web/shop"] == found["acme/web/calm"] == ["@web/leads"]
    assert found["acme/ops/tool"] == ["ops"]
    assert found["else/x"] == []


def test_gitlab_shows_it_in_the_description_of_a_vulnerability() -> None:
    found = json.loads(written("gitlab-sast", owned()))["vulnerabilities"]
    texts = {each["location"]["file"]: each["description"] for each in found}
    assert len(texts) == 3
    assert sum("Owner: " in text for text in texts.values()) == 2
    assert any("Owner: ops." in text for text in texts.values())
    # A mention in a vulnerability would notify people.
    assert not any(re.search(r"(?<![`\\\w])@web", text) for text in texts.values())


def test_the_identity_of_a_vulnerability_does_not_depend_on_its_owner() -> None:
    def tracked(what: Report) -> list[Any]:
        return [
            each["tracking"] for each in json.loads(written("gitlab-sast", what))["vulnerabilities"]
        ]

    assert tracked(owned("a")) == tracked(owned("b"))


def test_the_widget_and_the_job_page_name_it() -> None:
    issues = json.loads(written("gitlab-codequality", owned()))
    assert sum(each["description"].endswith("Owner: ops.") for each in issues) == 1
    links = json.loads(written("annotations", owned()))["scopelint"]
    assert any(each["external_link"]["label"].endswith("(ops)") for each in links)


def test_people_see_it_beside_the_project() -> None:
    text = written("console", owned())
    assert re.search(r"^acme/web/shop  1 high  owner @web/leads$", text, re.MULTILINE)
    assert re.search(r"^else/x  1 high$", text, re.MULTILINE)
    note = written("markdown", owned())
    assert "owner `@web/leads`" in note


def test_the_page_groups_by_owner() -> None:
    page = written("html", owned())
    block = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL)
    assert block is not None
    data = json.loads(block[1])
    owners = [n if n < 0 else data["strings"][n] for n in data["columns"]["owner"]]
    assert sorted(map(str, owners)) == ["-1", "@web/leads", "ops"]


def test_json_lines_begin_with_the_owners() -> None:
    first, *others = map(json.loads, written("jsonl", owned()).splitlines())
    assert first["owners"] == [{"name": "@web/leads", "contact": "@web"}, {"name": "ops"}]
    assert {each.get("owner") for each in others if each["record"] == "finding"} == {
        "@web/leads",
        "ops",
        None,
    }


def test_metrics_count_by_owner() -> None:
    lines = written("openmetrics", owned()).splitlines()
    found = [line for line in lines if line.startswith("scopelint_owner_findings")]
    assert found == [
        'scopelint_owner_findings{owner="@web/leads"} 1',
        'scopelint_owner_findings{owner="ops"} 1',
        'scopelint_owner_findings{owner="unowned"} 1',
    ]
    odd = written("openmetrics", owned('a"} 1\n$(x)'))
    assert 'scopelint_owner_findings{owner="other"} 1' in odd
    without = written("openmetrics", report(TREE, (InboundLimitDisabled,)))
    assert "scopelint_owner" not in without


HOSTILE = "<img src=x>\x1b[31m @all ](http://x) /close |x| ::error::x ##vso[x]"


@pytest.mark.parametrize("name", NAMES)
def test_a_name_does_nothing_in_any_format(name: str) -> None:
    text = written(name, owned(HOSTILE))
    assert "\x1b" not in text
    if name in {"html", "junit"}:
        assert "<img src=x>" not in text
    if name == "markdown":
        assert re.search(r"owner `[^`]*<img", text), "inside a code span"
    if name in {"console", "github"}:
        assert not re.search(r"^(::error::x|##vso)", text, re.MULTILINE)
