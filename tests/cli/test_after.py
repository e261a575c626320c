"""`check --after FILE`: the report of GitLab as it will be, what gates, and what is refused."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import lxml.html
import pytest

from scopelint.repair.plan_file import Action, ScopeState
from scopelint.repair.planning import make_plan, project_plan, state_of
from scopelint.snapshot import open_snapshots
from scopelint.snapshot.inventory import Inventory
from scopelint.testing import write
from scopelint_simulator import Simulator
from tests.cli.kit import TOKEN, call
from tests.terraform.plans import changed, plan

DESCRIBED: dict[str, Any] = {
    "version": "19.3.0-ee",
    "enforcement": "off",
    "projects": {
        "acme/web/shop": {"entries": [{"group": "acme/web"}, {"project": "acme/web/x"}]},
        "acme/web/x": {},
        "acme/open": {"inbound_own": False},
        "acme/tool": {},
    },
}
POLICY = """config_version: 4
projects_and_groups:
  acme/web/shop:
    job_token_scope:
      allowlist:
        groups:
          - acme
  acme/open:
    job_token_scope:
      limit_access_to_this_project: true
"""
"""Asks for the top-level group in line 7, which a rule calls high, and closes the open project."""


@pytest.fixture
def kept(place: Path) -> Path:
    """A snapshot of a small tree, and the policy beside it."""
    path = place / "kept"
    write({**DESCRIBED, "groups": ["acme", "acme/web"]}, path)
    (place / "policy.yml").write_text(POLICY)
    return path


def report(*arguments: Any, code: int) -> dict[str, Any]:
    """Return the JSON report of a check."""
    found: dict[str, Any] = json.loads(call("check", *arguments, "-f", "json").expect(code).out)
    return found


def test_only_what_the_change_brings_gates(kept: Path) -> None:
    today = report(kept, code=1)
    then = report(kept, "--after", "policy.yml", code=1)
    assert "after" not in today
    after = then["after"]
    assert (after["source"], after["kind"]) == ("policy.yml", "policy")
    [new] = [each for each in then["findings"] if each["rule"] == "SL301"]
    assert new["fingerprint"] in after["new"]
    assert new["state"] == "new"
    assert new["evidence"]["declared_at"] == {"file": "policy.yml", "line": 7}
    assert "policy.yml:7 brings it" in new["message"]
    assert {each["rule"] for each in after["fixed"]} >= {"SL101"}
    there = {each["fingerprint"] for each in today["findings"]}
    for each in then["findings"]:
        assert each["state"] == ("baselined" if each["fingerprint"] in there else "new")
    assert after["unchanged"] == then["summary"]["baselined"]
    assert then["gate"]["reasons"] == ["1 high"]


def test_who_gains_and_who_loses_access(kept: Path) -> None:
    access = report(kept, "--after", "policy.yml", code=1)["after"]["access"]
    assert access == [
        {"project": "acme/open", "lost": ["everyone"]},
        {"project": "acme/web/shop", "gained": ["group acme"]},
    ]


def test_a_change_that_brings_nothing_passes_whatever_is_there(kept: Path) -> None:
    call("plan", kept, "-o", "p.json").expect(0)
    call("check", kept).expect(1)
    then = report(kept, "--after", "p.json", code=0)
    assert then["gate"]["result"] == "pass"
    assert then["after"]["kind"] == "plan"
    assert then["after"]["fixed"]
    assert not then["after"].get("new")


def test_the_first_lines_say_that_it_is_not_of_today(kept: Path) -> None:
    for name in ("console", "markdown", "junit", "csv", "html", "annotations", "github"):
        text = call("check", kept, "--after", "policy.yml", "-f", name).expect(1).out
        assert "after policy.yml" in text, name
    lines = call("check", kept, "--after", "policy.yml").expect(1).out.splitlines()
    assert "judged as after policy.yml, not as GitLab is today" in " ".join(lines[:3])
    assert "acme/web/shop lets in group acme" in "\n".join(lines)
    assert "acme/open shuts out everyone" in "\n".join(lines)


@pytest.mark.parametrize("name", ["gitlab-sast", "gitlab-codequality", "openmetrics"])
def test_formats_that_stand_for_today_are_refused(kept: Path, name: str) -> None:
    result = call("check", kept, "--after", "policy.yml", "-f", name).expect(2)
    assert "takes the last one for GitLab as it is" in result.err
    call("check", kept, "--after", "policy.yml", "-f", "json", "-o", "r.json").expect(1)
    again = call("check", "--from-report", "r.json", "-f", name).expect(2)
    assert "takes the last one for GitLab as it is" in again.err


def test_sarif_has_a_category_of_its_own(kept: Path) -> None:
    for extra, category in (((), "wanted-state"), (("--sarif-category", "mine"), "mine")):
        result = call("check", kept, "--after", "policy.yml", "-f", "sarif", *extra).expect(1)
        [run] = json.loads(result.out)["runs"]
        assert run["automationDetails"]["id"].startswith(category)
        places = [
            place["physicalLocation"]
            for each in run["results"]
            if each["ruleId"] == "SL301"
            for place in each["relatedLocations"]
        ]
        assert [place["region"]["startLine"] for place in places] == [7]


def test_the_report_fits_the_schema_and_is_read_back(kept: Path) -> None:
    schema = json.loads(call("config", "schema", "--report").expect(0).out)
    call("check", kept, "--after", "policy.yml", "-f", "json", "-o", "r.json").expect(1)
    data = json.loads(Path("r.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(data)
    call("gate", "r.json").expect(1)
    again = call("check", "--from-report", "r.json", "-f", "json").expect(1)
    assert json.loads(again.out)["after"] == data["after"]


def test_no_baseline_and_no_last_report_is_made_of_it(kept: Path) -> None:
    call("check", kept, "--after", "policy.yml", "-f", "json", "-o", "r.json").expect(1)
    result = call("baseline", "create", "r.json", "-o", "b.json").expect(2)
    assert "r.json is of GitLab after policy.yml, not as it is" in result.err
    assert "not as it is" in call("check", kept, "--previous", "r.json").expect(2).err
    assert "it is no point of a trend" in call("trend", "r.json", "r.json").expect(2).err
    call("check", kept, "-f", "json", "-o", "t.json").expect(1)
    both = call("check", kept, "--after", "policy.yml", "--previous", "t.json").expect(2)
    assert "--after compares with GitLab as it is" in both.err


def test_new_only_shows_what_the_change_brings(kept: Path) -> None:
    then = report(kept, "--after", "policy.yml", "--new-only", code=1)
    assert {each["state"] for each in then["findings"]} == {"new"}


def test_a_declared_section_and_a_config_that_names_a_policy(kept: Path) -> None:
    levels = POLICY.split("\n", 1)[1].replace("\n", "\n  ")
    Path("own.yml").write_text(f"declared:\n  {levels}\n", encoding="utf-8")
    Path("named.yml").write_text("policy: {gitlabform: policy.yml}\n", encoding="utf-8")
    for name, file in (("own.yml", "own.yml"), ("named.yml", "policy.yml")):
        after = report(kept, "--after", name, code=1)["after"]
        assert (after["source"], len(after["new"])) == (file, 2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "neither a plan nor a declared policy"),
        ("gate: {fail_on: high}\n", "neither a plan nor a declared policy"),
        ("- 1\n", "neither a plan nor a declared policy"),
        ("{}", "is not a scopelint plan"),
        ('{"schema": "scopelint-plan/1"}', "is not a scopelint plan"),
        ("projects_and_groups: {a/b: {}}\n", "config_version"),
        ("a: [\n", "odd"),
    ],
)
def test_a_file_that_is_no_wanted_state_is_refused(kept: Path, text: str, said: str) -> None:
    Path("odd").write_text(text, encoding="utf-8")
    assert said in call("check", kept, "--after", "odd").expect(2).err


def test_a_file_that_is_not_there(kept: Path) -> None:
    assert "cannot be read" in call("check", kept, "--after", "nowhere").expect(2).err


def test_a_plan_of_another_instance_is_refused(kept: Path) -> None:
    call("plan", kept, "--unsafe", "-o", "p.json").expect(0)
    plan = json.loads(Path("p.json").read_text(encoding="utf-8"))
    plan["instance"] = "https://other.example.com"
    Path("p.json").write_text(json.dumps(plan), encoding="utf-8")
    assert "https://other.example.com" in call("check", kept, "--after", "p.json").expect(2).err


def test_what_is_not_known_after_the_change_is_no_pass(kept: Path) -> None:
    Path("policy.yml").write_text(POLICY.replace("- acme\n", "- partner/x\n"), encoding="utf-8")
    then = report(kept, "--after", "policy.yml", code=3)
    assert then["gate"]["result"] == "incomplete"
    [gap] = [gap for gap in then["scan"]["gaps"] if gap["fact"] == "entries"]
    assert "the group partner/x is not known after the change (policy.yml:7)" in gap["detail"]


def test_scan_does_both(gitlab: Simulator, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCOPELINT_TOKEN", TOKEN)
    policy = "declared:\n  projects_and_groups:\n    acme/tool:\n      job_token_scope:\n"
    policy += "        allowlist: {groups: [acme]}\n"
    (place / "own.yml").write_text(policy)
    given = ("acme", "--url", gitlab.url, "--after", "own.yml", "-f", "json")
    result = call("scan", *given).expect(1)
    after = json.loads(result.out)["after"]
    assert len(after["new"]) == 1
    assert after["access"] == [{"project": "acme/tool", "gained": ["group acme"]}]


def _terraform(after: dict[str, Any] | None, **more: Any) -> None:
    """Write the JSON of a plan with one resource."""
    made = plan(changed("gitlab_project_job_token_scopes.x", after, **more))
    Path("tf.json").write_text(json.dumps(made), encoding="utf-8")


def test_the_json_of_a_terraform_plan(kept: Path) -> None:
    lists: dict[str, Any] = {"target_project_ids": [], "target_group_ids": []}
    _terraform({"project": "acme/open", "enabled": True, **lists})
    then = report(kept, "--after", "tf.json", code=0)
    assert [each["rule"] for each in then["after"]["fixed"]] == ["SL101"]
    assert then["after"]["source"] == "tf.json"


def test_a_terraform_project_that_is_not_known_may_be_any(kept: Path) -> None:
    _terraform({"enabled": True}, after_unknown={"project": True})
    then = report(kept, "--after", "tf.json", code=3)
    [gap] = [gap for gap in then["scan"]["gaps"] if gap["fact"] == "entries"]
    assert gap["project"] is None
    assert "gitlab_project_job_token_scopes.x" in gap["detail"]
    call("check", kept, "--after", "tf.json", "-f", "json", "-o", "r.json").expect(3)
    call("gate", "r.json").expect(3)


def test_a_folder_of_terraform_sources(kept: Path) -> None:
    pytest.importorskip("hcl2")
    Path("infra").mkdir()
    source = 'resource "gitlab_project_job_token_scopes" "x" {\n  project = "acme/open"\n'
    source += "  enabled = true\n  target_project_ids = []\n  target_group_ids = []\n}\n"
    (Path("infra") / "main.tf").write_text(source, encoding="utf-8")
    then = report(kept, "--after", "infra", code=0)
    assert [each["rule"] for each in then["after"]["fixed"]] == ["SL101"]


def test_what_a_terraform_plan_destroys_is_gone_after_it(kept: Path) -> None:
    before = {"project": "acme/web/shop", "enabled": False}
    _terraform(None, before=before, actions=["delete"])
    then = report(kept, "--after", "tf.json", "--select", "SL1", code=0)
    [change] = then["after"]["access"]
    assert change["project"] == "acme/web/shop"
    assert change["lost"] == ["group acme/web"]


@pytest.mark.parametrize("key", ["enabled", "target_group_ids", "target_project_ids"])
def test_what_a_terraform_plan_does_not_tell_is_a_gap_by_its_address(kept: Path, key: str) -> None:
    lists: dict[str, Any] = {"target_project_ids": [], "target_group_ids": []}
    values = {"project": "acme/web/shop", "enabled": True, **lists, key: None}
    _terraform(values, after_unknown={key: True})
    then = report(kept, "--after", "tf.json", "--fail-on", "never", code=3)
    address = f"gitlab_project_job_token_scopes.x.{key}"
    assert any(address in gap["detail"] for gap in then["scan"]["gaps"])


def test_json_that_is_no_plan_of_terraform_is_refused(kept: Path) -> None:
    Path("state.json").write_text('{"format_version": "1.0", "values": {}}')
    found = call("check", kept, "--after", "state.json").expect(2)
    assert "this is a state, not a plan" in found.err


def test_a_finding_that_the_change_widens_is_new(kept: Path) -> None:
    described = {
        "version": "19.3.0-ee",
        "enforcement": "off",
        "groups": ["acme", "acme/web"],
        "projects": {
            "acme/web/shop": {"entries": [{"group": "acme", "policies": ["READ_JOBS"]}]},
            "acme/tool": {},
        },
    }
    write(described, Path("fine"))
    with open_snapshots([Path("fine")]) as source:
        inventory = Inventory(source)
        shop = next(each for each in inventory.projects() if each.path == "acme/web/shop")
        state = state_of(shop)
        assert isinstance(state, ScopeState)
        [was] = state.entries
        wide = was.model_copy(update={"default_permissions": True, "policies": ()})
        change = Action(operation="change-permissions", entry=wide, was=was, reason="a test")
        made = make_plan(inventory, "findings", [project_plan(shop, state, [change])])
    Path("p.json").write_text(made.text(), encoding="utf-8")
    then = report("fine", "--after", "p.json", "--select", "SL301", code=1)
    [finding] = then["findings"]
    assert (finding["state"], then["after"]["new"]) == ("new", [finding["fingerprint"]])
    assert then["after"]["unchanged"] == 0


def test_the_page_and_the_note_say_who_gains_and_loses_access(kept: Path) -> None:
    page = call("check", kept, "--after", "policy.yml", "-f", "html").expect(1).out
    section = lxml.html.fromstring(page).get_element_by_id("after")
    rows = [
        " ".join(row.text_content().split())
        for row in section.xpath(".//table[contains(@class, 'access')]//tr")
    ]
    assert rows == [
        "ProjectLets inShuts out",
        "acme/opennobody neweveryone",
        "acme/web/shopgroup acmenobody",
    ]
    said = " ".join(section.text_content().split())
    assert "as it will be after policy.yml, a declared policy, and not as it is today" in said
    assert "2 new1 fixed1 unchanged" in said.replace(" ", "", 0) or "1 fixed" in said
    assert "The inbound limit is off" in said
    assert 'id="after"' not in call("check", kept, "-f", "html").expect(1).out

    note = call("check", kept, "--after", "policy.yml", "-f", "markdown").expect(1).out
    assert "- `acme/open` shuts out `everyone`" in note
    assert "- `acme/web/shop` lets in `group acme`" in note
    assert note.index("**Access after the change**") < note.index("### Findings")
    assert "**Fixed by the change: " in note
