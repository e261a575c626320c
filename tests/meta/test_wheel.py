"""The wheel and the sdist: what is in them, and that they work where nothing of the checkout is."""

import json
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

import scopelint
from scopelint.cli.demo import REPORTS, SNAPSHOT
from scopelint.errors import ExitCode
from tests.meta.kit import Ran
from tests.meta.sources import FOLDERS, ROOT

pytestmark = pytest.mark.slow

PACKAGES = (
    "scopelint",
    "rules/scopelint_rules",
    "reports/scopelint_reports",
    "finders/scopelint_finders",
    "simulator/scopelint_simulator",
)
TOP = {package.rpartition("/")[2] for package in PACKAGES}
MUST_HAVE = [
    "scopelint/py.typed",
    "scopelint_rules/py.typed",
    "scopelint_reports/py.typed",
    "scopelint_finders/py.typed",
    "scopelint_simulator/py.typed",
    "scopelint_simulator/schema.graphql",
    "scopelint_simulator/instances/before.yml",
    "scopelint_simulator/instances/after.yml",
    "scopelint_simulator/instances/scopelint.yml",
    "scopelint_rules/inbound_limit_disabled.md",
    "scopelint_reports/templates/report.html.j2",
    "scopelint_finders/gitlab_ci.md",
]
INSTALL_THE_EXTRA = "python -m pip install 'graphql-core<4,>=3.2.6'"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the sdist, built from a copy of the sources, and of the wheel made from it."""
    folder = tmp_path_factory.mktemp("built")
    source = folder / "source"
    ignored = shutil.ignore_patterns("__pycache__")
    for name in FOLDERS:
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    for path in ROOT.iterdir():
        if path.is_file() and path.name != ".git":
            shutil.copy(path, source)
    done = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, source],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    """The wheel."""
    [found] = built.glob("*.whl")
    return found


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


def test_the_packages_are_the_top_level_names(names: set[str]) -> None:
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
        ".py", ".md", ".yml", ".json", ".graphql", ".j2", ".js", ".css", ".tsv", ".typed", "py.typed",
    }  # fmt: skip


def test_the_sdist_holds_what_a_checkout_holds(built: Path) -> None:
    [sdist] = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    folders = [ROOT / name for name in FOLDERS if name != ".ci"]
    files = (path for folder in folders for path in folder.rglob("*") if path.is_file())
    wanted = {path.relative_to(ROOT).as_posix() for path in files if path.suffix != ".pyc"}
    assert wanted <= inside
    assert {"Makefile", "README.md", "LICENSE", "CHANGELOG.md", "Containerfile"} <= inside


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
def pip_environment(original_environment: dict[str, str]) -> dict[str, str]:
    """The environment in which pip finds its index as it is configured."""
    return {**original_environment, "PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


@pytest.fixture(scope="module", params=["", "[demo]"], ids=["plain", "demo"])
def installed(
    request: pytest.FixtureRequest,
    wheel: Path,
    tmp_path_factory: pytest.TempPathFactory,
    pip_environment: dict[str, str],
) -> Installed:
    """Install the wheel, without and with its extra, into an environment of its own."""
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    pip: list[str | Path] = [python, "-m", "pip", "install", "--quiet", f"{wheel}{request.param}"]
    done = subprocess.run(pip, env=pip_environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8"}
    return Installed(python, elsewhere, environment)


plain_only = pytest.mark.parametrize("installed", [""], indirect=True, ids=["plain"])
demo_only = pytest.mark.parametrize("installed", ["[demo]"], indirect=True, ids=["demo"])


@pytest.mark.slow
@pytest.mark.network
class TestInstalled:
    """What a user has after `pip install`."""

    def test_it_runs_from_the_wheel(self, installed: Installed) -> None:
        assert installed.run("--version").out == f"scopelint {scopelint.__version__}\n"
        for name in TOP - {"scopelint_simulator"}:
            ran = installed.run("-c", f"import {name}; print({name}.__file__)", program="python")
            assert "site-packages" in ran.out, ran.err
            assert str(ROOT) not in ran.out

    def test_names_of_the_shelves_are_not_importable(self, installed: Installed) -> None:
        for name in ("rules", "reports", "finders", "simulator", "tests"):
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

    @plain_only
    @pytest.mark.parametrize("command", [("demo",), ("simulate", "instance.yml")])
    def test_without_the_extra_it_says_what_to_install(
        self, installed: Installed, command: tuple[str, ...]
    ) -> None:
        ran = installed.run(*command)
        assert ran.code == ExitCode.USAGE
        assert "needs the extra 'demo'" in ran.err
        assert INSTALL_THE_EXTRA in ran.err
        assert not (installed.folder / "demo-out").exists()

    @plain_only
    def test_what_it_says_to_install_is_enough(
        self, installed: Installed, pip_environment: dict[str, str], tmp_path: Path
    ) -> None:
        venv = tmp_path / "venv"
        shutil.copytree(installed.python.parents[1], venv, symlinks=True)
        python = venv / "bin" / "python"
        pip = shlex.split(INSTALL_THE_EXTRA)[2:]
        done = subprocess.run(
            [python, "-m", *pip], env=pip_environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        copied = Installed(python, tmp_path, installed.environment)
        assert copied.run("-m", "scopelint", "demo", program="python").code == ExitCode.OK

    @demo_only
    def test_demo(self, installed: Installed) -> None:
        ran = installed.run("demo")
        assert ran.code == ExitCode.OK, ran.err
        assert re.search(r"SL101", ran.out)
        folder = installed.folder / "demo-out"
        written = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))
        kinds = sorted([*REPORTS.values(), SNAPSHOT])
        assert written == [f"{act}/{kind}" for act in ("after", "before") for kind in kinds]
        assert ran.out.splitlines()[-1].endswith(str(folder))

    def test_published_schemas(self, installed: Installed) -> None:
        for words in (("schema",), ("schema", "--report")):
            assert "$schema" in json.loads(installed.run("config", *words).out)
