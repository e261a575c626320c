"""The house files: what is there, what they must not hold, and that they agree."""

import re
import shutil
import tomllib
from pathlib import Path

import pytest

import scopelint
from scopelint.cli import EXIT_CODES
from scopelint.errors import ExitCode
from tests.meta.kit import run
from tests.meta.sources import ROOT, texts

# Written so that this file does not match itself.
HOME = re.compile(r"(?<![\w.}])/(?:work|root|home|Users)/\w")
REGISTRY = re.compile(
    r"pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|rubygems\.org|crates\.io|docker\.io|ghcr\.io"
)
needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def test_files_are_there() -> None:
    names = (
        "README",
        "CHANGELOG",
        "CONTRIBUTING",
        "SECURITY",
        "rules/README",
        "reports/README",
        "finders/README",
    )
    for name in names:
        text = (ROOT / f"{name}.md").read_text(encoding="utf-8")
        assert text.startswith("# "), name
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License\n")
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111


def test_no_file_names_a_place_of_one_machine() -> None:
    assert not [name for name, text in texts() if HOME.search(text)]


def test_no_file_names_a_package_registry() -> None:
    assert not [name for name, text in texts() if REGISTRY.search(text)]


def test_every_text_ends_its_last_line() -> None:
    assert not [name for name, text in texts() if text and not text.endswith("\n")]


def test_changelog_begins_with_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## \[([\d.]+)\]", text, re.MULTILINE)
    assert versions[0] == scopelint.__version__


def test_the_help_names_every_exit_code() -> None:
    codes = [int(code) for code in re.findall(r"^ *(\d+)  ", EXIT_CODES, re.MULTILINE)]
    assert codes == [code.value for code in ExitCode]


def test_contributing_names_what_the_quick_tests_leave_out() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    [folders] = re.findall(r"^NOT_QUICK := (.+)$", makefile, re.MULTILINE)
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    [said] = [line for line in guide.splitlines() if line.startswith("`make test-fast`")]
    for folder in folders.split():
        assert (ROOT / "tests" / folder).is_dir()
        assert f"`{folder}`" in said


def test_extras() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    assert set(extras) == {"demo", "terraform", "test"}
    assert "scopelint[demo,terraform]" in extras["test"]
    assert not {"graphql-core", "python-hcl2"} & set(" ".join(project["dependencies"]).split())
    for name in extras:
        assert (ROOT / "requirements" / f"{name}.txt").is_file()


@pytest.mark.slow
@needs_make
def test_make_without_a_target_lists_every_target(tmp_path: Path) -> None:
    ran = run(["make", "-f", ROOT / "Makefile", "-C", ROOT, f"VENV={tmp_path}/none"], tmp_path)
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    [phony] = re.findall(r"^\.PHONY: (.+)$", text, re.MULTILINE)
    for target in set(phony.split()) - {"stale"}:
        assert re.search(rf"^  {target} +[A-Z].*\.$", ran.out, re.MULTILINE), target
    assert ran.code == 0
    assert not (tmp_path / "none").exists()


@pytest.mark.slow
@needs_make
@pytest.mark.parametrize("target", ["demo", "test", "test-fast", "lint", "bench"])
def test_make_says_what_it_needs(target: str, tmp_path: Path) -> None:
    old = tmp_path / "python-old"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    options = [f"VENV={tmp_path}/venv", f"PYTHON={old}"]
    ran = run(["make", "-C", ROOT, *options, target], tmp_path)
    assert ran.code == 2
    assert "scopelint needs Python 3.11 or newer" in ran.err
    assert f"make PYTHON=/path/to/python3.12 {target}" in ran.err
    assert not (tmp_path / "venv").exists()
