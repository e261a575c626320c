"""The tutorial for rule authors, followed word by word, up to an installed package."""

import json
from pathlib import Path

import pytest

from tests.meta.kit import environment, run
from tests.meta.sources import ROOT
from tests.meta.tutorial import Command, follow

pytestmark = pytest.mark.slow

PAGE = ROOT / "docs" / "writing-rules.md"


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[Command, str]]]:
    """The folder of a reader who did all the page says, and what each command printed."""
    return follow(PAGE, tmp_path_factory.mktemp("reader"))


def test_every_command_prints_what_the_page_shows(
    followed: tuple[Path, list[tuple[Command, str]]],
) -> None:
    for command, said in followed[1]:
        assert command.fits(said), f"$ {command.line}\n{said}\n--- the page shows:\n{command.shown}"


def in_the_end(work: Path, *words: str) -> str:
    """Run the reader's scopelint where the tutorial ended; return what it printed."""
    path = f"{work.parent / 'venv' / 'bin'}:{environment()['PATH']}"
    done = run(["scopelint", *words], work, {"PATH": path})
    assert done.code in {0, 1}, done.err
    return done.out


def test_the_package_shows_up_everywhere_like_our_own(
    followed: tuple[Path, list[tuple[Command, str]]],
) -> None:
    work = followed[0]
    rules = {rule["code"]: rule for rule in json.loads(in_the_end(work, "rules", "-f", "json"))}
    assert rules["ACME002"]["distribution"] == "acme-rules"
    assert rules["ACME002"]["defaults"] == {"sandboxes": ["**/sandbox/**"]}
    assert rules["ACME002"].keys() == rules["SL101"].keys()

    explained = json.loads(in_the_end(work, "explain", "sandbox-allowed", "-f", "json"))
    assert explained["page"].startswith("# ACME002 sandbox-allowed\n")

    schema = json.loads(in_the_end(work, "config", "schema"))
    assert schema["$defs"]["ACME002-options"]["properties"]["sandboxes"]["type"] == "array"
    for keys in (schema["properties"], schema["$defs"]["OverrideSection"]["properties"]):
        assert keys["rules"]["properties"]["sandbox-allowed"] == {"$ref": "#/$defs/ACME002-options"}
        assert {"ACME", "ACME002", "sandbox-allowed"} <= set(keys["ignore"]["items"]["enum"])
        assert "ACME002" in keys["severity"]["properties"]


def test_the_package_shows_up_in_every_report(
    followed: tuple[Path, list[tuple[Command, str]]],
) -> None:
    work = followed[0]
    check = ("check", "acme.snapshot", "--no-config", "-f")
    report = json.loads(in_the_end(work, *check, "json"))
    assert "ACME002" in {rule["code"] for rule in report["rules"]}
    found = {f["project"]["path"] for f in report["findings"] if f["rule"] == "ACME002"}
    assert found == {"acme/web/shop", "acme/research/atlas"}

    [sarif] = json.loads(in_the_end(work, *check, "sarif"))["runs"]
    [rule] = [rule for rule in sarif["tool"]["driver"]["rules"] if rule["id"] == "ACME002"]
    assert rule["properties"]["distribution"] == "acme-rules"
    assert "Everybody at Acme" in rule["help"]["markdown"]
    assert "ACME002" in in_the_end(work, *check, "junit")
    assert "from acme-rules" in in_the_end(work, *check, "html")
    assert "acme-rules: ACME002" in in_the_end(work, *check, "console")
