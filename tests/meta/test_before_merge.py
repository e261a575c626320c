"""docs/before-merge.md: every command on the page works, in its order, and says what the page says."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from scopelint.errors import ExitCode
from scopelint_simulator import Simulator, load_instance
from tests.meta.kit import Ran, run
from tests.meta.sources import ROOT

pytestmark = pytest.mark.slow

EXAMPLE_URL = "https://gitlab.example.com"
TOKEN = "glpat-before-merge"
INVENTORY = f"""
gitlab: {{version: "19.3.0", enforce_inbound: false}}
users: [{{username: bot}}]
tokens: [{{token: {TOKEN}, user: bot, scopes: [read_api]}}]
roles: [{{user: bot, on: acme, role: maintainer}}]
groups: [{{path: acme}}, {{path: acme/web}}]
projects:
  - {{path: acme/project-1}}
  - {{path: acme/project-3, scope: {{inbound: false}}}}
  - {{path: acme/project-2, scope: {{allowlist: [{{group: acme/web}}, {{project: acme/web/x}}]}}}}
  - {{path: acme/web/x}}
"""
TEXT = (ROOT / "docs" / "before-merge.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(sh|yaml)\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
POLICY, PIPELINE = (text for kind, text in BLOCKS if kind == "yaml")
JOB = yaml.safe_load(PIPELINE)["scopelint-before-merge"]
LINES = [line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines()]
WALK = [*LINES[:-1], *JOB["script"], LINES[-1]]
"""The page's lines in its order, with those of its job."""


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Ran]]:
    """Run every line of the page in one folder; give what each did."""
    folder: Path = tmp_path_factory.mktemp("before-merge")
    (folder / "policy.yml").write_text(POLICY)
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
    brings = "--after policy.yml" in line or line == LINES[-1]
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


def test_the_job_writes_what_its_artifacts_name() -> None:
    assert JOB["artifacts"]["paths"] == ["after.json"]
    assert f"junit={JOB['artifacts']['reports']['junit']}" in JOB["script"][0]
    assert "json=after.json" in JOB["script"][0]
