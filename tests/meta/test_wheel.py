"""The wheel: what is in it, and that it works where nothing of the checkout is."""

import json
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

import scopelint
from scopelint.errors import ExitCode
from tests.meta.kit import Ran
from tests.meta.sources import ROOT

PACKAGES = ("scopelint", "rules/scopelint_rules", "reports/scopelint_reports")
TOP = {"scopelint", "scopelint_rules", "scopelint_reports"}
MUST_HAVE = [
    "scopelint/py.typed",
    "scopelint_rules/py.typed",
    "scopelint_reports/py.typed",
    "scopelint/simulator/schema.graphql",
    "scopelint/simulator/inventories/before.yml",
    "scopelint/simulator/inventories/after.yml",
    "scopelint/simulator/inventories/scopelint.yml",
    "scopelint_rules/inbound_limit_disabled.md",
    "scopelint_reports/templates/report.html.j2",
]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the sources that are committed."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("scopelint", "rules", "reports"):
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE", ".gitignore"):
        shutil.copy(ROOT / name, source / name)
    options: list[str | Path] = ["--wheel", "--no-isolation", "--outdir", folder]
    done = subprocess.run(
        [sys.executable, "-m", "build", *options, source],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    """The files in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_name_and_version(wheel: Path) -> None:
    assert wheel.name == f"scopelint-{scopelint.__version__}-py3-none-any.whl"


def test_check_wheel_contents(wheel: Path) -> None:
    program = Path(sys.executable).with_name("check-wheel-contents")
    done = subprocess.run(
        [program, "--config", ROOT / "pyproject.toml", wheel],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_three_top_level_names(names: set[str]) -> None:
    top = {name.partition("/")[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == TOP


def test_every_file_of_the_packages_is_inside(names: set[str]) -> None:
    files = set()
    for package in PACKAGES:
        folder = ROOT / package
        found = (path for path in folder.rglob("*") if path.is_file())
        files |= {path.relative_to(folder.parent).as_posix() for path in found}
    assert {name for name in files if "__pycache__" not in name} <= names
    assert set(MUST_HAVE) <= names


def test_nothing_else_is_inside(names: set[str]) -> None:
    kinds = {Path(name).suffix or Path(name).name for name in names if ".dist-info/" not in name}
    assert kinds <= {
        ".py", ".md", ".yml", ".json", ".graphql", ".j2", ".js", ".css", ".typed", "py.typed",
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Installed:
    """A clean environment with the wheel, and a folder that is not the checkout."""

    python: Path
    folder: Path
    environment: dict[str, str]

    def run(self, *words: str | Path, program: str = "scopelint") -> Ran:
        """Run a program of that environment."""
        done = subprocess.run(
            [self.python.with_name(program), *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def installed(
    wheel: Path,
    tmp_path_factory: pytest.TempPathFactory,
    original_environment: dict[str, str],
) -> Installed:
    """Install the wheel with the extra of the demo, its dependencies by pip as it is configured."""
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    pip: list[str | Path] = [
        python,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "install",
        "--quiet",
    ]
    done = subprocess.run(
        [*pip, f"{wheel}[demo]"],
        env={**original_environment, "PIP_USER": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8"}
    return Installed(python, elsewhere, environment)


@pytest.mark.slow
@pytest.mark.network
class TestInstalled:
    """What a user has after `pip install`."""

    def test_it_runs_from_the_wheel(self, installed: Installed) -> None:
        assert installed.run("--version").out == f"scopelint {scopelint.__version__}\n"
        where = "import scopelint, scopelint_rules as r, scopelint_reports as p; print(scopelint.__file__, r.__file__, p.__file__)"
        ran = installed.run("-c", where, program="python")
        assert ran.out.count("site-packages") == 3, ran.out + ran.err
        assert str(ROOT) not in ran.out

    def test_names_of_the_shelves_are_not_importable(self, installed: Installed) -> None:
        for name in ("rules", "reports", "tests"):
            assert installed.run("-c", f"import {name}", program="python").code == 1

    def test_requirements_agree(self, installed: Installed) -> None:
        ran = installed.run("-m", "pip", "check", program="python")
        assert ran.code == 0, ran.out

    def test_rules_and_their_pages(self, installed: Installed) -> None:
        ran = installed.run("rules", "-f", "json")
        codes = {rule["code"] for rule in json.loads(ran.out)}
        pages = {page.stem for page in (ROOT / "rules" / "scopelint_rules").glob("*.md")}
        assert len(codes) == len(pages)
        assert installed.run("explain", "SL101").out.startswith("# SL101 inbound-limit-disabled\n")

    def test_demo(self, installed: Installed) -> None:
        ran = installed.run("demo")
        assert ran.code == ExitCode.OK, ran.err
        assert re.search(r"SL101", ran.out)
        folder = installed.folder / "demo-out"
        written = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))
        kinds = ("scopelint-junit.xml", "scopelint.html", "scopelint.json", "scopelint.sarif")
        assert written == [f"{act}/{kind}" for act in ("after", "before") for kind in kinds]
        assert ran.out.splitlines()[-1].endswith(str(folder))

    def test_published_schemas(self, installed: Installed) -> None:
        for words in (("schema",), ("schema", "--report")):
            assert "$schema" in json.loads(installed.run("config", *words).out)
