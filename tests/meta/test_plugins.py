"""Rules and reporters of another distribution: found, run, and named when they are broken."""

import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scopelint.errors import ExitCode
from scopelint_simulator import Simulator, load_instance
from tests.meta.kit import INVENTORY, TOKEN, Ran, run, scopelint
from tests.meta.sources import ROOT

pytestmark = pytest.mark.slow

SOURCE = Path(__file__).parent / "thirdparty"
DISTRIBUTION = "acme-scopelint"


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A snapshot of the shared inventory, collected over HTTP."""
    folder = tmp_path_factory.mktemp("snapshot")
    with Simulator(load_instance(INVENTORY)) as gitlab:
        extra = {"GITLAB_TOKEN": TOKEN}
        words = ("collect", "--url", gitlab.url, "acme", "-o", "acme.snapshot", "-q")
        ran = scopelint(folder, *words, extra=extra)
    assert ran.code == ExitCode.OK, ran.err
    return folder / "acme.snapshot"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that pip installed the package into."""
    folder = tmp_path_factory.mktemp("thirdparty")
    shutil.copytree(SOURCE, folder / "source")
    pip: list[str | Path] = [
        sys.executable,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "install",
        "--quiet",
    ]
    options: list[str | Path] = [
        "--no-deps",
        "--no-index",
        "--no-build-isolation",
        "--target",
        folder / "site",
    ]
    ran = run([*pip, *options, folder / "source"], folder)
    assert ran.code == 0, ran.err
    return folder / "site"


@pytest.fixture
def site(installed: Path, tmp_path: Path) -> Path:
    """A copy of the installed package that a test may break."""
    return shutil.copytree(installed, tmp_path / "site")


Call = Callable[..., Ran]


@pytest.fixture
def call(site: Path, tmp_path: Path) -> Call:
    """Run scopelint with the package installed beside it."""
    extra = {"PYTHONPATH": f"{site}", "PYTHONDONTWRITEBYTECODE": "1"}
    return lambda *words: scopelint(tmp_path, *words, extra=extra)


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def rule_file(site: Path) -> Path:
    return site / "acme_scopelint" / "rules" / "public_project.py"


def reporter_file(site: Path) -> Path:
    return site / "acme_scopelint" / "reporters" / "tally.py"


def test_it_is_in_the_catalogue(call: Call) -> None:
    rules = {rule["code"]: rule for rule in json.loads(call("rules", "-f", "json").out)}
    assert rules["ACME001"]["name"] == "public-project"
    assert rules["ACME001"]["distribution"] == DISTRIBUTION
    assert rules["SL101"]["distribution"] == "scopelint"
    assert call("explain", "public-project").out.startswith("# ACME001 public-project\n")


def test_it_judges_beside_ours(call: Call, snapshot: Path) -> None:
    ran = call("check", snapshot, "-f", "json")
    assert ran.code == ExitCode.FINDINGS, ran.err
    report = json.loads(ran.out)
    found = [finding for finding in report["findings"] if finding["rule"] == "ACME001"]
    assert [finding["project"]["path"] for finding in found] == ["acme/web/shop"]
    assert found[0]["severity"] == "critical"
    assert {"SL101", "SL301"} <= {finding["rule"] for finding in report["findings"]}


def test_it_is_selected_and_configured_like_ours(
    call: Call, snapshot: Path, tmp_path: Path
) -> None:
    config = tmp_path / "scopelint.yml"
    config.write_text("select: [ACME]\nseverity: {ACME001: low}\n", encoding="utf-8")
    ran = call("check", snapshot, "-f", "json", "--config", config)
    assert ran.code == ExitCode.OK, ran.err
    report = json.loads(ran.out)
    assert [rule["code"] for rule in report["rules"]] == ["ACME001"]
    assert [finding["severity"] for finding in report["findings"]] == ["low"]
    assert call("check", snapshot, "--ignore", "ACME001", "-f", "json").out.count("ACME001") == 0
    config.write_text("rules: {ACME001: {most: 3}}\n", encoding="utf-8")
    assert call("config", "check", config).code == ExitCode.USAGE


def test_its_format_is_one_of_the_formats(call: Call, snapshot: Path, tmp_path: Path) -> None:
    assert re.search(r"^tally +one line", call("scan", "-f", "help").out, re.MULTILINE)
    ran = call("check", snapshot, "-f", "tally", "--report", "tally=tally.txt")
    assert ran.out == "ACME001=1 SL101=1 SL301=1 SL305=1\n"
    assert (tmp_path / "tally.txt").read_text() == ran.out


def test_without_it_nothing_of_it_is_left(snapshot: Path, tmp_path: Path) -> None:
    ran = scopelint(tmp_path, "check", snapshot, "-f", "tally")
    assert ran.code == ExitCode.USAGE
    assert "unknown format 'tally'" in ran.err


def named(ran: Ran, *words: str) -> None:
    """Assert that the run failed for a broken plug-in, named, without a traceback or a report."""
    assert ran.code == ExitCode.FAILURE
    assert ran.out == ""
    assert "Traceback" not in ran.err
    assert "scopelint itself failed" not in ran.err
    for word in words:
        assert word in ran.err


BROKEN_MODULES = {
    "import error": (
        "from scopelint.rule import",
        "import no_such_module\nfrom scopelint.rule import",
    ),
    "syntax error": ("class PublicProject", "class PublicProject("),
    "crash on import": ('code = "ACME001"', "code = 1 / 0"),
    "exits on import": ('code = "ACME001"', "code = exit(0)"),
}


@pytest.mark.parametrize("what", BROKEN_MODULES)
def test_a_rule_that_does_not_load_is_named(
    what: str, call: Call, site: Path, snapshot: Path
) -> None:
    change(rule_file(site), *BROKEN_MODULES[what])
    for words in (["rules"], ["check", snapshot]):
        named(call(*words), DISTRIBUTION, "acme_scopelint.rules.public_project")


BROKEN_DECLARATIONS = {
    "no title": ('    title = "The project is public"\n', "", "does not declare title"),
    "our code": ("ACME001", "SL101", "two rules are called SL101"),
    "our name": ('"public-project"', '"inbound-limit-disabled"', "two rules are called"),
    "odd code": ("ACME001", "acme-1", "'acme-1'"),
    "judge of another version": (
        "def judge(self, context: ProjectContext)",
        "def judge(self, project, scope, inventory)",
        "judge takes (self, project, scope, inventory)",
    ),
}


@pytest.mark.parametrize("what", BROKEN_DECLARATIONS)
def test_a_rule_that_is_not_fully_declared_is_named(what: str, call: Call, site: Path) -> None:
    old, new, words = BROKEN_DECLARATIONS[what]
    change(rule_file(site), old, new)
    named(call("rules"), DISTRIBUTION, "PublicProject", words)


def test_a_rule_without_a_page_is_explained_by_its_docstring(call: Call, site: Path) -> None:
    rule_file(site).with_suffix(".md").unlink()
    assert "A project that everybody can see." in call("explain", "ACME001").out


def test_a_rule_without_a_page_and_a_docstring_is_named(call: Call, site: Path) -> None:
    rule_file(site).with_suffix(".md").unlink()
    change(rule_file(site), '    """A project that everybody can see."""\n', "")
    change(rule_file(site), '"""ACME001: Acme keeps all its projects private."""\n', "")
    named(call("rules"), DISTRIBUTION, "PublicProject", "has no page")


@pytest.mark.parametrize(
    "crash", ["raise KeyError(context.project.path)", "yield 'no verdict'", "exit(0)"]
)
def test_a_rule_that_crashes_is_named_with_its_project(
    crash: str, call: Call, site: Path, snapshot: Path, tmp_path: Path
) -> None:
    change(
        rule_file(site),
        "        if context.project.visibility",
        f"        {crash}\n        if context.project.visibility",
    )
    before = tmp_path / "old.json"
    before.write_text("{}")
    ran = call("check", snapshot, "-f", "json", "--report", f"html={before}")
    named(ran, "ACME001", "acme/")
    assert before.read_text() == "{}"


def test_a_crashing_rule_that_is_not_selected_harms_nobody(
    call: Call, site: Path, snapshot: Path
) -> None:
    change(
        rule_file(site),
        "        if context.project.visibility",
        "        raise KeyError\n        if True",
    )
    assert call("check", snapshot, "--ignore", "ACME").code == ExitCode.FINDINGS


def test_a_reporter_that_does_not_load_is_named(call: Call, site: Path, snapshot: Path) -> None:
    change(reporter_file(site), "from collections import Counter", "import no_such_module")
    named(call("check", snapshot), DISTRIBUTION, "acme_scopelint.reporters.tally")


def test_a_reporter_that_crashes_is_named(
    call: Call, site: Path, snapshot: Path, tmp_path: Path
) -> None:
    change(
        reporter_file(site), "        counts =", "        raise KeyError('oh')\n        counts ="
    )
    before = tmp_path / "old.txt"
    before.write_text("old")
    named(call("check", snapshot, "-f", "tally"), "tally")
    named(call("check", snapshot, "-f", "tally", "-o", before), "tally")
    assert before.read_text() == "old"


def test_the_guide_to_reporters_holds() -> None:
    text = (ROOT / "reports" / "README.md").read_text(encoding="utf-8")
    reporter, test = re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    names: dict[str, object] = {}
    exec(compile(reporter + test, "reports/README.md", "exec"), names)
    check = names["test_tally"]
    assert callable(check)
    check()
    [entry] = re.findall(r"^```toml\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert entry in (SOURCE / "pyproject.toml").read_text(encoding="utf-8")
