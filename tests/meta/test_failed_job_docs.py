"""docs/failed-job.md: every command on the page works, in the order in which it stands there."""

import re
from collections.abc import Iterator

import pytest

from scopelint.errors import ExitCode
from scopelint_simulator import Simulator, load_instance
from tests.meta.kit import Ran, run
from tests.meta.sources import ROOT

pytestmark = pytest.mark.slow

EXAMPLE_URL = "https://gitlab.example.com"
TOKEN = "glpat-failed-job-reader"
INVENTORY = f"""
gitlab: {{version: "19.3.0"}}
users: [{{username: bot}}]
tokens: [{{token: {TOKEN}, user: bot, scopes: [read_api]}}]
roles: [{{user: bot, on: acme, role: maintainer}}]
groups: [{{path: acme}}, {{path: acme/web}}, {{path: acme/lib}}]
projects: [{{path: acme/web/shop}}, {{path: acme/lib/sdk}}]
"""
LOG = """
Initialized empty Git repository in /builds/acme/web/shop/.git/
$ git clone https://gitlab-ci-token:${CI_JOB_TOKEN}@gitlab.example.com/acme/lib/sdk.git
remote: Authentication by CI/CD job token not allowed from shop to sdk.
fatal: unable to access 'https://gitlab.example.com/acme/lib/sdk.git/': The requested URL returned error: 403
"""
TEXT = (ROOT / "docs" / "failed-job.md").read_text(encoding="utf-8")
LINES = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    for line in block.splitlines()
]


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Ran]]:
    folder = tmp_path_factory.mktemp("failed-job")
    (folder / "job.log").write_text(LOG, encoding="utf-8")
    with Simulator(load_instance(INVENTORY)) as gitlab:
        extra = {"SCOPELINT_TOKEN": TOKEN}
        yield {
            line: run(["bash", "-uc", line.replace(EXAMPLE_URL, gitlab.url)], folder, extra)
            for line in LINES
        }


@pytest.mark.parametrize("line", LINES)
def test_every_command_works(walked: dict[str, Ran], line: str) -> None:
    ran = walked[line]
    assert ran.code == ExitCode.OK, ran.out + ran.err
    if " why " in line:
        assert "Cause: the project's allowlist has no entry" in ran.out
        assert "Please add acme/web/shop to the allowlist of acme/lib/sdk" in ran.out
