"""Terraform as `policy.terraform` on the command line: findings with their places, and refusals."""

import builtins
import json
import os
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest

from scopelint.testing import write
from tests.cli.kit import call
from tests.terraform.plans import SCOPES, changed, plan

ESTATE = Path(__file__).parent / "estate"
PAGE = Path(__file__).parents[2] / "docs" / "terraform.md"
INVENTORY = """
targets: [acme]
projects:
  acme/web/shop:
    inbound_own: false
    inbound_effective: false
    entries: [{group: acme/web, id: 5}, {group: acme/other, id: 6}]
  acme/platform/release: {entries: [{project: acme/web/shop}]}
  acme/platform/deploy: {entries: []}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    shutil.copytree(ESTATE, tmp_path / "infra")
    (tmp_path / "scopelint.yml").write_text("policy: {terraform: infra}\n")
    write(INVENTORY, tmp_path / "s.db")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def findings(*words: str) -> list[dict[str, Any]]:
    done = call("check", "s.db", "--select", "SL8", "-f", "json", *words)
    assert done.code == 1, done.err
    return list(json.loads(done.out)["findings"])


def test_sources_are_a_declared_policy(folder: Path) -> None:
    found = {
        (one["rule"], one["verdict"], one["project"]["path"] if one["project"] else ""): one
        for one in findings()
    }
    place = {key: one["evidence"]["declared_at"] for key, one in found.items()}
    shop = "acme/web/shop"
    assert place["SL801", "fail", shop] == {"file": "infra/main.tf", "line": 24}
    assert place["SL803", "fail", shop] == {"file": "infra/modules/scope/main.tf", "line": 19}
    assert place["SL802", "fail", shop]["file"] in {"infra/main.tf", "infra/terraform.tfvars"}
    release = found["SL803", "unknown", "acme/platform/release"]
    address = "gitlab_project_job_token_scopes.release.target_project_ids"
    assert release["evidence"]["address"] == address
    assert release["evidence"]["why"] == "var.release_project_id has no default"
    # An entry that may be declared is neither undeclared nor a pass.
    assert ("SL803", "fail", "acme/platform/release") not in found


def test_every_drift_rule_says_what_it_could_not_tell(folder: Path) -> None:
    text = f'resource "{SCOPES}" "a" {{ project = "acme/web/shop" }}\n'
    text += f'resource "{SCOPES}" "b" {{ project = var.p }}\n'
    (folder / "infra" / "more.tf").write_text(text)
    said = {(one["rule"], one["verdict"]) for one in findings()}
    assert {(f"SL80{n}", "unknown") for n in range(1, 6)} <= said


def test_sarif_points_to_the_line(folder: Path) -> None:
    done = call("check", "s.db", "--select", "SL801", "-f", "sarif")
    [run] = json.loads(done.out)["runs"]
    [first, *_] = run["results"]
    place = first["relatedLocations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "infra/main.tf"


def test_a_plan_is_a_declared_policy_as_the_page_says(folder: Path) -> None:
    values = {"project": "acme/web/shop", "enabled": True, "target_group_ids": [5]}
    after = {**values, "target_project_ids": []}
    (folder / "plan.json").write_text(json.dumps(plan(changed(f"{SCOPES}.web", after))))
    text = PAGE.read_text(encoding="utf-8")
    [line] = re.findall(r"^scopelint .+$", text, re.MULTILINE)
    [policy] = re.findall(r"where `plan-policy.yml` has `(.+)`", text)
    (folder / "plan-policy.yml").write_text(f"{policy}\n")
    (folder / "s.db").rename(folder / "acme.snapshot")
    done = call(*shlex.split(line)[1:])
    assert done.code == 1, done.err
    assert f"plan.json:1 ({SCOPES}.web) declares it on" in " ".join(done.out.split())


def test_plan_to_declared_repairs_by_terraform(folder: Path) -> None:
    values = {"project": "acme/web/shop", "enabled": True, "target_group_ids": [5, 6]}
    after = {**values, "target_project_ids": None}
    unknown = {"target_project_ids": True}
    text = json.dumps(plan(changed(f"{SCOPES}.web", after, after_unknown=unknown)))
    (folder / "plan.json").write_text(text)
    (folder / "own.yml").write_text("policy: {terraform: plan.json}\n")
    words = ("--to", "declared", "--unsafe", "--config", "own.yml", "-o", "repair.json")
    done = call("plan", "s.db", *words)
    assert done.code == 0, done.err
    made = json.loads((folder / "repair.json").read_text())
    [project] = made["projects"]
    assert [action["operation"] for action in project["actions"]] == ["set-inbound"]
    assert "nothing is removed" in json.dumps(made)


def test_without_the_extra_the_line_that_installs_it_is_printed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "hcl2":
            raise ModuleNotFoundError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    done = call("check", "s.db")
    assert done.code == 2
    assert "need the extra 'terraform': python-hcl2 is not installed" in done.err
    assert re.search(r"python -m pip install 'python-hcl2[<>=.,0-9]*'", done.err)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("policy: {terraform: ../out}", "scopelint.yml:1:22: this leads out of"),
        ("policy: {terraform: /etc}", "an absolute path is not allowed here"),
        ("policy: {terraform: none}", "scopelint.yml:1:21: none: there is no such folder"),
        ("policy: {terraform: none.json}", "none.json: there is no such file"),
        ("policy: {terraform: s.db}", "this is no folder of Terraform sources"),
        ("policy: {terraform: link.json}", "this leads out of"),
        ("policy: {terraform: pipe}", "pipe/main.tf: this is no file that can be read"),
        ("policy: {terraform: infra, gitlabform: x.yml}",
         "policy.gitlabform and policy.terraform are both given"),
        ("policy: {terraform: infra}\ndeclared: {projects_and_groups: {a/*: {}}}",
         "policy.terraform and declared are both given"),
    ],
)  # fmt: skip
def test_refused(folder: Path, config: str, message: str) -> None:
    outside = folder.parent / f"{folder.name}.json"
    outside.write_text("{}")
    (folder / "link.json").symlink_to(outside)
    (folder / "pipe").mkdir()
    os.mkfifo(folder / "pipe" / "main.tf")
    (folder / "scopelint.yml").write_text(f"{config}\n")
    done = call("check", "s.db")
    assert done.code == 2
    assert message in done.err.replace("21: this leads", "22: this leads")
