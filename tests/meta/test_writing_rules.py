"""The tutorial for rule authors, followed word by word, up to an installed package."""

import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.meta.kit import environment, run, without_age
from tests.meta.sources import ROOT
from tests.meta.tutorial import MARKER, Command, script

pytestmark = pytest.mark.slow

PAGE = ROOT / "docs" / "writing-rules.md"
OFFLINE = {
    "PIP_NO_INDEX": "1",
    "PIP_NO_BUILD_ISOLATION": "0",  # pip reads any negative option's variable the other way round
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_CONFIG_FILE": "/dev/null",
}


def made(place: Path) -> Path:
    """Make a virtual environment that sees ours; return the folder of its programs."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
    python = place / "bin" / "python"
    asked = "import sysconfig; print(sysconfig.get_path('purelib'))"
    inner = Path(subprocess.check_output([python, "-c", asked], text=True).strip())
    ours = sysconfig.get_path("purelib")
    (inner / "ours.pth").write_text(f"import site; site.addsitedir({ours!r})\n")
    program = place / "bin" / "scopelint"
    program.write_text(f'#!/bin/sh\nexec "{python}" -m scopelint "$@"\n')
    program.chmod(0o755)
    return place / "bin"


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[Command, str]]]:
    """The folder of a reader who did all the page says, and what each command printed."""
    top = tmp_path_factory.mktemp("reader")
    (work := top / "work").mkdir()
    (kept := top / "kept").mkdir()
    programs = made(top / "venv")
    text, commands = script(PAGE, kept)
    path = f"{programs}:{environment()['PATH']}"
    done = run(["bash", "-c", text], work, OFFLINE | {"PATH": path})
    parts = without_age(done.out).split(f"{MARKER}\n")[:-1]
    assert not done.err
    return work, list(zip(commands, parts, strict=True))


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
