"""docs/publish.md: every command on the page works, in the order in which it stands there."""

import re
from collections.abc import Iterator

import pytest

from scopelint.errors import ExitCode
from scopelint_simulator import Simulator, load_instance
from tests.meta.kit import Ran, run
from tests.meta.sources import ROOT

pytestmark = pytest.mark.slow

EXAMPLE_URL = "https://gitlab.example.com"
TOKEN = "glpat-publish-docs-token"
SECRET = "the-secret-of-control-seven"
INSTANCE = f"""
gitlab: {{version: "19.3.0", enforce_inbound: false}}
users: [{{username: bot}}]
tokens: [{{token: {TOKEN}, user: bot, scopes: [api]}}]
roles: [{{user: bot, on: acme, role: maintainer}}]
groups: [{{path: acme}}, {{path: acme/web}}, {{path: acme/lib}}]
projects:
  - {{id: 1, path: acme/security}}
  - {{id: 2, path: acme/web/security}}
  - {{id: 3, path: acme/web/shop, scope: {{inbound: false}}}}
  - {{id: 4, path: acme/lib/core, scope: {{inbound: false}}}}
merge_requests: [{{project: acme/security, iid: 7}}]
controls:
  - {{id: 7, secret: {SECRET}, projects: [acme/security, acme/web/security, acme/web/shop, acme/lib/core]}}
"""
TEXT = (ROOT / "docs" / "publish.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)


LINES = [line for block in blocks("sh") for line in block.splitlines()]


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Simulator, dict[str, Ran]]]:
    folder = tmp_path_factory.mktemp("publish")
    (folder / "scopelint.yml").write_text(blocks("yaml")[0], encoding="utf-8")
    (folder / "control.secret").write_text(SECRET, encoding="utf-8")
    extra = {
        "SCOPELINT_TOKEN": TOKEN,
        "CI_MERGE_REQUEST_IID": "7",
        "CI_MERGE_REQUEST_PROJECT_ID": "1",
    }
    with Simulator(load_instance(INSTANCE)) as gitlab:
        ran = {
            line: run(["bash", "-uc", line.replace(EXAMPLE_URL, gitlab.url)], folder, extra)
            for line in LINES
        }
        yield gitlab, ran


@pytest.mark.parametrize("line", LINES)
def test_every_command_works(walked: tuple[Simulator, dict[str, Ran]], line: str) -> None:
    ran = walked[1][line]
    assert ran.code == ExitCode.OK, ran.out + ran.err
    if " publish " in line and not line.endswith("--yes"):
        assert "Nothing was written: this takes" in ran.out


def test_what_the_page_promises_is_there(walked: tuple[Simulator, dict[str, Ran]]) -> None:
    delivery = walked[0].instance.delivery
    [web], [lib] = delivery.issues[2], delivery.issues[1]
    assert ("for web" in web.title, "for lib" in lib.title) == (True, True)
    assert (web.confidential, web.labels) == (True, ["scopelint"])
    assert delivery.mentions == {"acme/web-leads"}
    assert delivery.controls[7].statuses == {1: "pass", 2: "pass", 3: "fail", 4: "fail"}
    assert len(delivery.notes[1, 7]) == 1


def test_the_commands_in_an_issue_work_as_printed(
    walked: tuple[Simulator, dict[str, Ran]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The owner copies them, in order; then nothing is open any more and the issue is closed."""
    gitlab, _ = walked
    folder = tmp_path_factory.mktemp("owner")
    [web] = gitlab.instance.delivery.issues[2]
    block = web.description.partition("```sh\n")[2].partition("\n```")[0]
    for line in block.splitlines():
        words = f"{line} --yes" if " apply " in line else line
        ran = run(["bash", "-uc", words], folder, {"SCOPELINT_TOKEN": TOKEN})
        assert ran.code == ExitCode.OK, (line, ran.out, ran.err)
    shop = gitlab.instance.project_at("acme/web/shop")
    assert shop is not None
    assert shop.scope.inbound
    undo = re.findall(r"`(scopelint undo [^`]*)`", web.description)[0]
    ran = run(["bash", "-uc", f"{undo} --yes"], folder, {"SCOPELINT_TOKEN": TOKEN})
    assert ran.code == ExitCode.OK, ran.err
    assert not shop.scope.inbound
