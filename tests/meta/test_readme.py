"""The README: its tables are fresh, and every example in it works as printed."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from scopelint.config.load import load_config
from scopelint.errors import ExitCode
from scopelint.registry import find_rules
from scopelint_simulator import Simulator, load_instance
from tests.meta.kit import INVENTORY, TOKEN, Ran, run
from tests.meta.pipeline import jobs, play
from tests.meta.readme import README, refreshed

pytestmark = pytest.mark.slow

EXAMPLE_URL = "https://gitlab.example.com"
TEXT = README.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
SHELL = [text for language, text in BLOCKS if language == "sh"]
YAML = [text for language, text in BLOCKS if language == "yaml"]
NOT_HERE = ("make ", "python3 -m venv", ". venv/bin/activate", "pip install")
"""Lines that set up an environment: `.ci/run` and the tests of the wheel and Makefile run them."""

EXIT_CODES = {
    "read -rs GITLAB_TOKEN": ExitCode.FINDINGS,
    "scopelint scan --url": ExitCode.FINDINGS,
    "scopelint collect": ExitCode.OK,
}


@pytest.fixture
def gitlab() -> Iterator[str]:
    with Simulator(load_instance(INVENTORY)) as simulator:
        yield simulator.url


def shell(script: str, folder: Path, url: str, extra: dict[str, str] | None = None) -> Ran:
    """Run a script as printed, but for the address of GitLab."""
    script = script.replace(EXAMPLE_URL, url)
    return run(["bash", "-uc", script], folder, extra, stdin=f"{TOKEN}\n")


def test_generated_parts_are_fresh() -> None:
    assert refreshed(TEXT) == TEXT, "run `make docs`"


def test_installing_puts_the_command_on_the_path() -> None:
    """The examples call `scopelint` by its name alone."""
    [install] = [text for text in SHELL if "pip install" in text]
    lines = install.splitlines()
    assert lines.index(". venv/bin/activate") < lines.index("pip install .")


def test_a_lost_part_is_named() -> None:
    with pytest.raises(ValueError, match="'formats'"):
        refreshed(TEXT.replace("<!-- generated: formats -->", ""))


def test_only_known_languages() -> None:
    assert {language for language, _ in BLOCKS} == {"sh", "yaml"}
    assert len(SHELL) == 2 + len(EXIT_CODES)
    assert len(YAML) == 2


def test_setting_up_names_real_targets_only(checkout: Path) -> None:
    lines = "".join(SHELL[:2]).splitlines()
    assert all(line.startswith(NOT_HERE) for line in lines)
    makefile = (checkout / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"make (\w+)", TEXT):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize(("begins", "code"), EXIT_CODES.items(), ids=list(EXIT_CODES))
def test_shell_example(begins: str, code: ExitCode, gitlab: str, tmp_path: Path) -> None:
    [script] = [text for text in SHELL if text.startswith(begins)]
    extra = {} if "GITLAB_TOKEN" in script else {"GITLAB_TOKEN": TOKEN}
    ran = shell(script, tmp_path, gitlab, extra)
    assert ran.code == code, ran.err
    assert "error:" not in ran.err
    assert TOKEN not in ran.out + ran.err
    assert "SL301" in ran.out
    for name in re.findall(r"--report \w+=(\S+)", script):
        assert (tmp_path / name).stat().st_size


def test_every_shell_line_of_an_example_works(gitlab: str, tmp_path: Path) -> None:
    [script] = [text for text in SHELL if text.startswith("scopelint collect")]
    codes = []
    for line in script.splitlines():
        ran = shell(line, tmp_path, gitlab, {"GITLAB_TOKEN": TOKEN})
        codes.append(ran.code)
    assert codes == [ExitCode.OK, ExitCode.FINDINGS, ExitCode.OK]


def test_config_example(gitlab: str, tmp_path: Path) -> None:
    config = tmp_path / "scopelint.yml"
    config.write_text(YAML[0].replace(EXAMPLE_URL, gitlab), encoding="utf-8")
    loaded = load_config(config, [found.cls for found in find_rules().values()])
    assert (loaded.targets, loaded.fail_on) == (("acme",), "high")
    check = shell("scopelint config check", tmp_path, gitlab)
    assert (check.code, check.err) == (0, "")
    scan = shell("scopelint scan -q -f json", tmp_path, gitlab, {"SCOPELINT_TOKEN": TOKEN})
    # A config found in the folder may not choose where an environment's token goes.
    assert scan.code == ExitCode.USAGE
    named = "scopelint scan -q -f json --config scopelint.yml"
    scan = shell(named, tmp_path, gitlab, {"SCOPELINT_TOKEN": TOKEN})
    assert scan.code == ExitCode.FINDINGS, scan.err
    rules = {finding["rule"] for finding in json.loads(scan.out)["findings"]}
    assert {"SL101", "SL301"} <= rules
    assert not {"SL303", "SL305"} & rules, "partner/** is trusted, SL303 ignored"


def test_pipeline_example(gitlab: str, tmp_path: Path) -> None:
    found = jobs(YAML[1])
    variables = {
        "GITLAB_CI": "true",
        "CI": "true",
        "CI_SERVER_URL": gitlab,
        "CI_JOB_TOKEN": "glcbt-job",
        "SCOPELINT_TOKEN": TOKEN,
    }
    scanned = play(found["scopelint-scan"], tmp_path, variables, "sh")
    assert scanned.code == ExitCode.OK, scanned.err
    artifacts = found["scopelint-scan"]["artifacts"]
    assert {path.name for path in tmp_path.iterdir()} == {
        *artifacts["paths"],
        *artifacts["reports"].values(),
    }
    gated = play(found["scopelint-gate"], tmp_path, variables, "sh")
    assert gated.code == ExitCode.FINDINGS, gated.err


def test_links_lead_somewhere(checkout: Path) -> None:
    for page in [*checkout.glob("*.md"), *checkout.glob("docs/*.md"), *checkout.glob("r*/*.md")]:
        for link in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
            if "://" not in link:
                assert (page.parent / link).exists(), f"{page.name}: {link}"
