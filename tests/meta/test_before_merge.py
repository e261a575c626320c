"""docs/before-merge.md: every command on the page works, in its order, and says what the page says."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from scopelint.errors import ExitCode
from scopelint_simulator import Simulator, load_instance
from tests.meta.kit import Ran, run
from tests.meta.sources import ROOT
from tests.terraform.plans import SCOPES, changed, plan

pytestmark = pytest.mark.slow

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
  - {{path: acme/web/shop}}
  - {{path: acme/platform/deploy}}
"""
HIDDEN = f"{INVENTORY}  - {{path: acme/hidden, fails: always}}\n"
TEXT = (ROOT / "docs" / "before-merge.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
POLICY, PIPELINE = (text for kind, text in BLOCKS if kind == "yaml")
ACCESS = [text.split() for kind, text in BLOCKS if kind == "text"]
MODULE = dict(
    re.findall(r"`(infra/[\w.]+)`:\n\n```hcl\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
)
JOBS = yaml.safe_load(PIPELINE)
OF_JOBS = {
    name: [line for line in job["script"] if line.startswith("scopelint")]
    for name, job in JOBS.items()
    if isinstance(job, dict) and "script" in job
}
LINES = [line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines()]
OF_POLICY, OF_TERRAFORM = (
    f"scopelint check acme.snapshot --after {file}" for file in ("policy.yml", "infra")
)
[GATE] = [line for line in LINES if line.startswith("scopelint gate")]
WALK = [
    *(line for line in LINES if line != GATE),
    *(line for lines in OF_JOBS.values() for line in lines),
    GATE,
]
"""The page's lines in its order, with those of its jobs."""
WANTED = {
    "project": "acme/project-1",
    "enabled": True,
    "target_group_ids": [1],
    "target_project_ids": [],
}
ROWS = re.findall(r"^\| (a .*?|`file.*?) \| `(.*?)` \| .*? \|$", TEXT, re.MULTILINE)


def lay(folder: Path) -> None:
    """Write the page's files."""
    (folder / "infra").mkdir()
    (folder / "policy.yml").write_text(POLICY)
    for name, text in MODULE.items():
        (folder / name).write_text(text)
    (folder / "plan.json").write_text(json.dumps(plan(changed(f"{SCOPES}.x", WANTED))))


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Ran]]:
    """Run every line of the page in one folder; give what each did."""
    folder: Path = tmp_path_factory.mktemp("before-merge")
    lay(folder)
    with Simulator(load_instance(INVENTORY)) as gitlab:
        extra = {"SCOPELINT_TOKEN": TOKEN, "SCOPELINT_URL": gitlab.url}
        done = {}
        for line in WALK:
            if line.startswith("scopelint collect"):  # Each job begins in a folder of its own.
                (folder / "acme.snapshot").unlink(missing_ok=True)
            words = ["bash", "-uc", line.replace(EXAMPLE_URL, gitlab.url)]
            done[line] = run(words, folder, extra)
        yield done
        assert gitlab.crashes == []


@pytest.mark.parametrize("line", WALK)
def test_every_command_works(walked: dict[str, Ran], line: str) -> None:
    # The policy and the JSON of the plan bring a high finding, which the page says of the policy.
    brings = line == GATE or any(f"--after {name}" in line for name in ("policy.yml", "plan.json"))
    ran = walked[line]
    assert ran.code == (ExitCode.FINDINGS if brings else ExitCode.OK), ran.out + ran.err
    assert "Traceback" not in ran.err
    assert TOKEN not in ran.out + ran.err


@pytest.mark.parametrize(("line", "access"), [*zip((OF_POLICY, OF_TERRAFORM), ACCESS, strict=True)])
def test_who_gains_and_loses_access_is_as_the_page_says(
    walked: dict[str, Ran], line: str, access: list[str]
) -> None:
    assert " ".join(access) in " ".join(walked[line].out.split())


def test_the_policy_brings_what_the_page_says(walked: dict[str, Ran]) -> None:
    said = " ".join(walked[OF_POLICY].out.split())
    assert "judged as after policy.yml, not as GitLab is today" in said
    assert "SL301" in said
    place = POLICY.splitlines().index("          - acme") + 1
    assert f"policy.yml:{place} brings it" in said


def test_terraform_sources_and_plans_are_judged(walked: dict[str, Ran]) -> None:
    [judging] = OF_JOBS["scopelint-after-terraform"]
    sources, made = (" ".join(walked[line].out.split()) for line in (OF_TERRAFORM, judging))
    assert "judged as after infra, not as GitLab is today" in sources
    assert "0 new, 1 fixed" in sources
    assert "judged as after plan.json, not as GitLab is today" in made
    assert "SL301" in made
    assert f"plan.json:1 ({SCOPES}.x) brings it" in made


def test_each_job_is_given_what_it_reads() -> None:
    collecting, judging, after = (
        JOBS[f"scopelint-{name}"] for name in ("collect", "before-merge", "after-terraform")
    )
    snapshot = {
        "project": "$CI_PROJECT_PATH",
        "job": "scopelint-collect",
        "ref": "$CI_DEFAULT_BRANCH",
        "artifacts": True,
    }
    assert collecting["artifacts"]["paths"] == ["acme.snapshot"]
    assert collecting["script"][0].endswith("-o acme.snapshot")
    assert judging["needs"] == [snapshot]
    assert after["needs"] == [snapshot, {"job": "terraform-plan", "artifacts": True}]
    terraform = JOBS["terraform-plan"]
    assert terraform["script"][-1].endswith(">plan.json")
    assert terraform["artifacts"]["paths"] == ["plan.json"]
    assert terraform["artifacts"]["access"] == "maintainer"
    assert {job["stage"] for job in (collecting, judging, after, terraform)} == set(JOBS["stages"])


@pytest.mark.parametrize("name", ["scopelint-before-merge", "scopelint-after-terraform"])
def test_a_job_of_a_merge_request_writes_what_its_artifacts_name(name: str) -> None:
    job = JOBS[name]
    assert job["artifacts"]["when"] == "always"
    assert job["rules"][0]["if"] == '$CI_PIPELINE_SOURCE == "merge_request_event"'
    paths = [*job["artifacts"].get("paths", ()), job["artifacts"]["reports"]["junit"]]
    assert all(f"={path}" in job["script"][0] for path in paths)


def _terraform(text: str) -> Callable[[Path], str]:
    def write(folder: Path) -> str:
        (folder / "infra" / "more.tf").write_text(text)
        return "infra"

    return write


def _scopes(groups: str, head: str = 'project = "acme/project-1"') -> str:
    lists = f"  target_group_ids = {groups}\n  target_project_ids = []\n"
    return f'resource "{SCOPES}" "more" {{\n  {head}\n  enabled = true\n{lists}}}\n'


def _policy(old: str, new: str) -> Callable[[Path], str]:
    def write(folder: Path) -> str:
        (folder / "policy.yml").write_text(POLICY.replace(old, new))
        return "policy.yml"

    return write


def _after_apply(folder: Path) -> str:
    unknown: dict[str, Any] = {"after_unknown": {"target_group_ids": True}}
    made = plan(changed(f"{SCOPES}.x", {**WANTED, "target_group_ids": None}, **unknown))
    (folder / "plan.json").write_text(json.dumps(made))
    return "plan.json"


CHANGES: dict[str, Callable[[Path], str]] = {
    "var.extra has no default": _terraform(
        'variable "extra" { type = number }\n' + _scopes("[var.extra]")
    ),
    "the snapshot does not list it": _policy("acme/platform", "acme/plattform"),
    "nothing of it was read": _policy("acme/platform", "partner/platform"),
    "its source is no local folder, so it is not read": _terraform(
        'module "scopes" {\n  source = "acme/scopes/gitlab"\n  version = "1.0.0"\n}\n'
    ),
    "the function jsondecode is not worked out here": _terraform(
        _scopes("each.value", 'for_each = jsondecode(file("teams.json"))\n  project = each.key')
    ),
    "it is known only once the plan is applied": _after_apply,
    "its scope was not read": _policy("acme/*", "acme/*"),
    "what is declared is no boolean": _policy(
        "limit_access_to_this_project: true", "limit_access_to_this_project: maybe"
    ),
}
"""By what is said: how to make the change of the row."""


def test_the_table_has_a_change_for_every_row() -> None:
    assert [said for _, said in ROWS] == list(CHANGES)


@pytest.mark.parametrize("said", CHANGES)
def test_what_is_not_known_is_said_and_never_a_pass(said: str, tmp_path: Path) -> None:
    lay(tmp_path)
    hidden = said == "its scope was not read"
    with Simulator(load_instance(HIDDEN if hidden else INVENTORY)) as gitlab:
        extra = {"SCOPELINT_TOKEN": TOKEN, "SCOPELINT_URL": gitlab.url}
        line = LINES[0].replace(EXAMPLE_URL, gitlab.url)
        run(["bash", "-uc", line], tmp_path, extra)
    file = CHANGES[said](tmp_path)
    words = ["scopelint", "check", "acme.snapshot", "--after", file, "--fail-on", "never"]
    ran = run([*words, "-f", "json"], tmp_path)
    assert ran.code == ExitCode.INCOMPLETE, ran.err
    assert re.search(rf"{file}\S*:\d+\S*: not known: .*{re.escape(said)}", ran.err), ran.err
    report = json.loads(ran.out)
    assert any(said in gap["detail"] for gap in report["scan"]["gaps"])
    assert report["after"]["access_known"] is False
