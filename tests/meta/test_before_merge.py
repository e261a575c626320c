"""docs/before-merge.md: every command on the page works, in its order, and says what the page says."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from scopelint.errors import ExitCode
from scopelint_simulator import Simulator, load_instance
from tests.meta.kit import Ran, run
from tests.meta.sources import ROOT
from tests.terraform.plans import SCOPES, changed, plan

pytestmark = pytest.mark.slow

ESTATE = ROOT / "tests" / "terraform" / "estate"
WANTED = {
    "project": "acme/project-1",
    "enabled": True,
    "target_group_ids": [1],
    "target_project_ids": [],
}
EXAMPLE_URL = "https://gitlab.example.com"
TOKEN = "glpat-before-merge"
INVENTORY = f"""
gitlab: {{version: "19.3.0", enforce_inbound: false}}
users: [{{username: bot}}]
tokens: [{{token: {TOKEN}, user: bot, scopes: [read_api]}}]
roles: [{{user: bot, on: acme, role: maintainer}}]
groups: [{{path: acme, id: 1}}, {{path: acme/web}}, {{path: acme/platform}}]
projects:
  - {{path: acme/project-1}}
  - {{path: acme/project-3, scope: {{inbound: false}}}}
  - {{path: acme/project-2, scope: {{allowlist: [{{group: acme/web}}, {{project: acme/web/x}}]}}}}
  - {{path: acme/web/x}}
  - {{path: acme/web/shop, id: 41}}
  - {{path: acme/web/till}}
  - {{path: acme/platform/deploy, id: 42}}
  - {{path: acme/platform/release}}
  - {{path: acme/platform/seven, id: 7}}
  - {{path: acme/platform/nine, id: 9}}
"""
TEXT = (ROOT / "docs" / "before-merge.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(sh|yaml)\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
POLICY, PIPELINE, TERRAFORM = (text for kind, text in BLOCKS if kind == "yaml")
JOB = yaml.safe_load(PIPELINE)["scopelint-before-merge"]
JOBS = yaml.safe_load(TERRAFORM)
LINES = [line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines()]
[GATE] = [line for line in LINES if line.startswith("scopelint gate")]
_BEFORE = LINES[: LINES.index(GATE)]
OF_TERRAFORM = [
    *LINES[LINES.index(GATE) + 1 :],
    *JOBS["scopelint-after-terraform"]["script"],
]
WALK = [*_BEFORE, *JOB["script"], GATE, *OF_TERRAFORM]
"""The page's lines in its order, with those of its job."""


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Ran]]:
    """Run every line of the page in one folder; give what each did."""
    folder: Path = tmp_path_factory.mktemp("before-merge")
    (folder / "policy.yml").write_text(POLICY)
    shutil.copytree(ESTATE, folder / "infra")
    (folder / "infra" / "release.auto.tfvars").write_text("release_project_id = 9\n")
    (folder / "plan.json").write_text(json.dumps(plan(changed(f"{SCOPES}.x", WANTED))))
    with Simulator(load_instance(INVENTORY)) as gitlab:
        extra = {"SCOPELINT_TOKEN": TOKEN, "SCOPELINT_URL": gitlab.url}
        yield {
            line: run(["bash", "-uc", line.replace(EXAMPLE_URL, gitlab.url)], folder, extra)
            for line in WALK
        }
        assert gitlab.crashes == []


@pytest.mark.parametrize("line", WALK)
def test_every_command_works(walked: dict[str, Ran], line: str) -> None:
    # The policy brings a high finding, which the page says; the plan brings none.
    brings = "--after policy.yml" in line or line in (
        OF_TERRAFORM[0],
        GATE,
        *JOBS["scopelint-after-terraform"]["script"],
    )
    ran = walked[line]
    assert ran.code == (ExitCode.FINDINGS if brings else ExitCode.OK), ran.out + ran.err
    assert "Traceback" not in ran.err
    assert TOKEN not in ran.out + ran.err


def test_the_policy_brings_what_the_page_says(walked: dict[str, Ran]) -> None:
    said = " ".join(walked["scopelint check acme.snapshot --after policy.yml"].out.split())
    assert "judged as after policy.yml, not as GitLab is today" in said
    assert "SL301" in said
    assert "policy.yml:10 brings it" in said
    assert "acme/project-1 lets in group acme" in said
    assert "acme/project-3 shuts out everyone" in said


def test_terraform_sources_and_plans_are_judged(walked: dict[str, Ran]) -> None:
    sources, made = (" ".join(walked[line].out.split()) for line in OF_TERRAFORM)
    assert "judged as after infra, not as GitLab is today: 2 new" in sources
    assert "acme/web/till lets in everyone" in sources
    assert "infra/main.tf:24 brings it" in sources
    assert "judged as after plan.json, not as GitLab is today" in made
    assert "SL301" in made
    assert f"plan.json:1 ({SCOPES}.x) brings it" in made


def test_the_plan_is_handed_on_to_the_job_that_judges_it() -> None:
    terraform, judging = JOBS["terraform-plan"], JOBS["scopelint-after-terraform"]
    assert terraform["script"][-1].endswith(">plan.json")
    assert terraform["artifacts"]["paths"] == ["plan.json"]
    assert judging["needs"] == ["terraform-plan"]


def test_the_job_writes_what_its_artifacts_name() -> None:
    assert JOB["artifacts"]["paths"] == ["after.json"]
    assert f"junit={JOB['artifacts']['reports']['junit']}" in JOB["script"][0]
    assert "json=after.json" in JOB["script"][0]
