"""docs/owners.md: every command on the page works, in the order in which it stands there."""

import json
import re
from pathlib import Path

import pytest

from scopelint.errors import ExitCode
from scopelint_simulator import Simulator, load_instance
from tests.meta.kit import Ran, run
from tests.meta.sources import ROOT

pytestmark = pytest.mark.slow

EXAMPLE_URL = "https://gitlab.example.com"
TOKEN = "glpat-owners-reader"
INVENTORY = f"""
gitlab: {{version: "19.3.0", enforce_inbound: false}}
users: [{{username: bot}}]
tokens: [{{token: {TOKEN}, user: bot, scopes: [read_api]}}]
roles: [{{user: bot, on: acme, role: maintainer}}, {{user: bot, on: beta, role: maintainer}}]
groups: [{{path: acme}}, {{path: acme/web}}, {{path: acme/ops}}, {{path: beta}}]
projects:
  - {{path: acme/web/shop, scope: {{inbound: false}}}}
  - {{path: acme/ops/tool, topics: [pci], scope: {{allowlist: [{{project: beta/sdk}}]}}}}
  - {{path: acme/stray, scope: {{inbound: false}}}}
  - {{path: beta/sdk, scope: {{allowlist: [{{group: acme/web}}]}}}}
"""
CODEOWNERS = """\
[Groups] @acme/platform
/acme/ops/
/acme/web/ @acme/web-leads @mia
"""
TEXT = (ROOT / "docs" / "owners.md").read_text(encoding="utf-8")
LINES = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    for line in block.splitlines()
]
CODES = {"scopelint gate all.json": ExitCode.FINDINGS}
"""The lines, by how they begin, whose exit code is not 0."""
OWNERS = """\
owners:
  - {projects: ["acme/web/**"], owner: web}
  - {topics: [pci], owner: payments}
"""


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Ran], Path]:
    """Run every line of the page in one folder; give what each did."""
    folder = tmp_path_factory.mktemp("owners")
    (folder / "CODEOWNERS").write_text(CODEOWNERS, encoding="utf-8")
    ran: dict[str, Ran] = {}
    with Simulator(load_instance(INVENTORY)) as gitlab:
        for line in LINES:
            if " scan " in line:
                # The page goes on with the owners of its example.
                (folder / "scopelint.yml").write_text(OWNERS, encoding="utf-8")
            command = line.replace(EXAMPLE_URL, gitlab.url)
            ran[line] = run(["bash", "-uc", command], folder, {"SCOPELINT_TOKEN": TOKEN})
        assert gitlab.crashes == []
    return ran, folder


@pytest.mark.parametrize("line", LINES)
def test_every_command_works(walked: tuple[dict[str, Ran], Path], line: str) -> None:
    ran, _ = walked
    code = next((code for begins, code in CODES.items() if line.startswith(begins)), ExitCode.OK)
    assert ran[line].code == code, ran[line].out + ran[line].err


def test_each_part_has_its_files_as_the_page_says(walked: tuple[dict[str, Ran], Path]) -> None:
    _, folder = walked
    names = {path.name for path in folder.glob("report-*")}
    assert names == {
        f"report-{name}.{kind}"
        for name in ("web", "payments", "unowned")
        for kind in ("html", "json")
    }
    data = json.loads((folder / "report-payments.json").read_text())
    assert data["projects"] == ["acme/ops/tool"]
    assert {path.name for path in folder.glob("both-*.json")} == {
        "both-acme.json",
        "both-acme-ops.json",
        "both-acme-web.json",
        "both-beta.json",
    }


def test_the_example_of_the_page_is_a_config(tmp_path: Path) -> None:
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    (tmp_path / "scopelint.yml").write_text(block, encoding="utf-8")
    assert run(["scopelint", "config", "check"], tmp_path, {}).code == ExitCode.OK
