"""Getting it: what is locked, what the pipeline releases, and which lines a user is told to type."""

import json
import netrc
import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lxml.etree
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import scopelint
from tests.meta.sources import ROOT

LOCKED = {path.stem: path for path in sorted((ROOT / "requirements").glob("*.txt"))}
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PIPELINE: dict[str, Any] = yaml.safe_load((ROOT / ".gitlab-ci.yml").read_text(encoding="utf-8"))
AT_A_TAG = {"signed-tag", "packages", "container", "release"}
DIGEST = re.compile(r"python:3\.13-slim@sha256:[0-9a-f]{64}")


def pins(path: Path) -> dict[str, tuple[str, int]]:
    """Read a lock file: package → its version, and with how many hashes."""
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [
        line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")
    ]
    found = {}
    for line in lines:
        name, version = re.match(r"([\w.-]+)==([^\s;]+)", line).groups()  # type: ignore[union-attr]
        found[str(canonicalize_name(name))] = (version, len(re.findall("--hash=sha256:", line)))
    return found


def asked(of: str) -> Iterator[Requirement]:
    """What pyproject.toml asks for, that the lock file of this name has to give."""
    project, groups = PYPROJECT["project"], PYPROJECT["dependency-groups"]
    extras = project["optional-dependencies"]
    lines = {
        "build": groups["build"],
        "release": groups["release"],
        "run": project["dependencies"],
        "demo": [*project["dependencies"], *extras["demo"]],
        "terraform": [*project["dependencies"], *extras["terraform"]],
        "test": [
            *project["dependencies"],
            *extras["demo"],
            *extras["terraform"],
            *extras["test"],
        ],
    }[of]
    for line in lines:
        if isinstance(line, dict):
            yield from map(Requirement, groups[line["include-group"]])
        elif not line.startswith("scopelint"):
            yield Requirement(line)


class TestLocks:
    def test_there_is_one_for_each_use(self) -> None:
        assert set(LOCKED) == {"build", "run", "demo", "terraform", "test", "release"}

    @pytest.mark.parametrize("name", LOCKED)
    def test_each_package_has_a_version_and_hashes(self, name: str) -> None:
        found = pins(LOCKED[name])
        assert found
        assert all(hashes >= 1 for _, hashes in found.values())

    @pytest.mark.parametrize("name", LOCKED)
    def test_it_gives_what_pyproject_asks_for(self, name: str) -> None:
        found = pins(LOCKED[name])
        for requirement in asked(name):
            version, _ = found[str(canonicalize_name(requirement.name))]
            assert requirement.specifier.contains(version, prereleases=True), str(requirement)

    def test_two_locks_never_name_two_versions(self) -> None:
        seen: dict[str, set[str]] = {}
        for path in LOCKED.values():
            for name, (version, _) in pins(path).items():
                seen.setdefault(name, set()).add(version)
        assert not {name: versions for name, versions in seen.items() if len(versions) > 1}

    @pytest.mark.parametrize("name", LOCKED)
    def test_it_names_no_index(self, name: str) -> None:
        text = LOCKED[name].read_text(encoding="utf-8")
        assert "://" not in text
        assert "index-url" not in text


def jobs() -> dict[str, dict[str, Any]]:
    """The pipeline's jobs, with what they extend laid under them."""
    words = {"stages", "workflow", "variables", "default"}
    found = {}
    for name, job in PIPELINE.items():
        if name in words or name.startswith("."):
            continue
        base = PIPELINE.get(job.get("extends", ""), {})
        found[name] = {**base, **job}
    return found


class TestPipeline:
    def test_only_a_tag_releases(self) -> None:
        for name, job in jobs().items():
            assert (job.get("rules") == [{"if": "$CI_COMMIT_TAG"}]) == (name in AT_A_TAG), name

    def test_only_a_protected_tag_of_a_version_starts_it(self) -> None:
        [rule] = [line["if"] for line in PIPELINE["workflow"]["rules"] if "TAG" in line["if"]]
        assert r"/^v\d+\.\d+\.\d+$/" in rule
        assert '$CI_COMMIT_REF_PROTECTED == "true"' in rule

    def test_nothing_is_published_before_tests_and_signature(self) -> None:
        for name in ("packages", "container"):
            assert {"test", "test-other-pythons", "signed-tag"} <= set(jobs()[name]["needs"])
        assert set(jobs()["release"]["needs"]) == {"packages", "container"}

    def test_every_job_has_a_stage_and_its_needs_exist(self) -> None:
        for name, job in jobs().items():
            assert job["stage"] in PIPELINE["stages"], name
            assert set(job.get("needs", [])) <= set(jobs()), name

    def test_pipeline_and_container_stand_on_one_base(self) -> None:
        [ours] = DIGEST.findall(PIPELINE["variables"]["PYTHON_IMAGE"])
        assert DIGEST.findall((ROOT / "Containerfile").read_text(encoding="utf-8")) == [ours]
        assert PIPELINE["default"]["image"] == "$PYTHON_IMAGE"

    @pytest.mark.slow
    def test_its_scripts_are_shell(self) -> None:
        for name, job in jobs().items():
            for part in ("before_script", "script"):
                text = "\n".join(job.get(part, []))
                done = subprocess.run(["sh", "-n"], input=text, text=True, check=False)
                assert done.returncode == 0, (name, part)

    @pytest.mark.slow
    def test_gitlab_knows_every_key(self) -> None:
        tools = os.environ.get("SCOPELINT_TOOLS")
        if not tools:
            pytest.skip("SCOPELINT_TOOLS is not set: no check-jsonschema")
        checker = Path(tools, "venv", "bin", "check-jsonschema")
        words = ["--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"]
        done = subprocess.run(
            [checker, *words, ROOT / ".gitlab-ci.yml"], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout


def git(folder: Path, *words: str) -> None:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "gpg.format=ssh"]
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


def key(folder: Path, name: str) -> Path:
    words = ["-q", "-t", "ed25519", "-N", "", "-f", name]
    subprocess.run(["ssh-keygen", *words], cwd=folder, check=True, capture_output=True)
    return folder / name


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout of version 1.2.3 with the release's script, and two keys beside it."""
    if subprocess.run(["sh", "-c", "command -v ssh-keygen"], check=False).returncode:
        pytest.skip("ssh-keygen is not installed")
    folder = tmp_path / "checkout"
    (folder / ".ci").mkdir(parents=True)
    (folder / "scopelint").mkdir()
    (folder / "scopelint" / "__init__.py").write_text('__version__ = "1.2.3"\n')
    (folder / "CHANGELOG.md").write_text("# Changelog\n\n## [1.2.3] - 2026-12-01\n\n- All.\n")
    script = folder / ".ci" / "check-tag"
    script.write_bytes((ROOT / ".ci" / "check-tag").read_bytes())
    script.chmod(0o755)
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "All")
    ours, _ = key(tmp_path, "ours"), key(tmp_path, "theirs")
    public = ours.with_suffix(".pub").read_text().split()
    (tmp_path / "signers").write_text(f"a@example.com {public[0]} {public[1]}\n")
    return folder


def sign(folder: Path, tag: str, who: str) -> None:
    git(folder, "-c", f"user.signingkey={folder.parent / who}", "tag", "-s", "-m", tag, tag)


def check(folder: Path, tag: str) -> tuple[int, str]:
    done = subprocess.run(
        [folder / ".ci" / "check-tag", tag, folder.parent / "signers"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
class TestSignedTag:
    def test_a_signed_tag_of_this_version_releases(self, checkout: Path) -> None:
        sign(checkout, "v1.2.3", "ours")
        code, text = check(checkout, "v1.2.3")
        assert code == 0, text

    def test_a_tag_signed_by_a_stranger_does_not(self, checkout: Path) -> None:
        sign(checkout, "v1.2.3", "theirs")
        code, text = check(checkout, "v1.2.3")
        assert code == 1
        assert "not signed by a key of" in text

    def test_a_tag_without_a_signature_does_not(self, checkout: Path) -> None:
        git(checkout, "tag", "-m", "plain", "v1.2.3")
        assert check(checkout, "v1.2.3")[0] == 1

    def test_a_tag_of_another_version_does_not(self, checkout: Path) -> None:
        sign(checkout, "v1.2.4", "ours")
        code, text = check(checkout, "v1.2.4")
        assert (code, "the package is version 1.2.3" in text) == (1, True)

    def test_a_tag_of_another_commit_does_not(self, checkout: Path) -> None:
        sign(checkout, "v1.2.3", "ours")
        git(checkout, "commit", "-q", "--allow-empty", "-m", "Later")
        code, text = check(checkout, "v1.2.3")
        assert (code, "another commit" in text) == (1, True)

    def test_a_version_without_a_dated_section_does_not(self, checkout: Path) -> None:
        (checkout / "CHANGELOG.md").write_text("## [1.2.3] - unreleased\n")
        git(checkout, "commit", "-qam", "Undated")
        sign(checkout, "v1.2.3", "ours")
        code, text = check(checkout, "v1.2.3")
        assert (code, "no dated section" in text) == (1, True)


INSTALL = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", INSTALL, re.DOTALL | re.MULTILINE)
TEXTS = [*(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
PRODUCT = [path for name in ("scopelint", "templates") for path in (ROOT / name).rglob("*.*")]


class TestInstallLines:
    def test_no_line_installs_a_name_that_is_not_ours(self) -> None:
        """`scopelint` alone is looked up on a public index, where anybody may have taken it."""
        installs = re.compile(r"(?:pip3? install|pipx install|pipx run|uvx|uv tool install) (.*)")
        name = re.compile(r"(?:^|[\s'\"])scopelint(?!\s@|/)")
        found = 0
        for path in [*TEXTS, *PRODUCT]:
            if path.suffix not in {".md", ".py", ".yml"}:
                continue
            for words in installs.findall(path.read_text(encoding="utf-8")):
                found += 1
                assert "--from" in words or not name.search(words), f"{path.name}: {words}"
        assert found > 10

    def test_yaml_and_json_parse(self) -> None:
        for language, text in BLOCKS:
            if language == "yaml":
                assert yaml.safe_load(text)
            if language == "json":
                assert json.loads(text)

    def test_no_line_of_a_job_uses_the_job_token(self) -> None:
        for language, text in BLOCKS:
            assert language == "sh" or "CI_JOB_TOKEN" not in text

    @pytest.mark.slow
    def test_the_token_is_in_a_file_that_only_its_owner_reads(self, tmp_path: Path) -> None:
        [text] = [text for _, text in BLOCKS if ".netrc" in text]
        lines = yaml.safe_load(text)["before_script"]
        variables = {"CI_SERVER_HOST": "gitlab.example.com", "HOME": str(tmp_path)}
        variables |= {"SCOPELINT_DEPLOY_USER": "gitlab+deploy-token-1", "PATH": os.environ["PATH"]}
        variables["SCOPELINT_DEPLOY_TOKEN"] = "gldt-not-a-token"
        subprocess.run(["sh", "-ec", lines[0]], env=variables, check=True)
        file = tmp_path / ".netrc"
        assert file.stat().st_mode & 0o777 == 0o600
        login = netrc.netrc(file).authenticators("gitlab.example.com")
        assert login is not None
        assert (login[0], login[2]) == ("gitlab+deploy-token-1", "gldt-not-a-token")
        subprocess.run(["sh", "-ec", lines[-1]], env=variables, check=True)
        assert not file.exists()

    def test_the_readme_links_every_page(self) -> None:
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        for page in (ROOT / "docs").glob("*.md"):
            assert f"(docs/{page.name})" in readme, page.name

    def test_the_readme_shows_the_page_and_the_terminal(self) -> None:
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        shown = dict(re.findall(r"!\[([^\]]+)\]\(([^)]+)\)", readme))
        assert set(shown.values()) == {"docs/pictures/page.png", "docs/pictures/terminal.svg"}
        page = (ROOT / "docs" / "pictures" / "page.png").read_bytes()
        assert page.startswith(b"\x89PNG")
        assert len(page) < 300_000
        terminal = (ROOT / "docs" / "pictures" / "terminal.svg").read_text(encoding="utf-8")
        assert re.findall(r"https?://[^\"\s]+", terminal) == ["http://www.w3.org/2000/svg"]
        words = " ".join(lxml.etree.fromstring(terminal.encode()).itertext()).replace("\xa0", " ")
        assert "SL101" in words
        assert "FAIL" in words

    @pytest.mark.slow
    @pytest.mark.network
    def test_pip_installs_from_a_repository(self, tmp_path: Path) -> None:
        [text] = [text for language, text in BLOCKS if "git+https" in text and "venv" in text]
        address = "git+https://gitlab.example.com/tools/scopelint.git@v0.1.0"
        assert address in text
        subprocess.run(["git", "clone", "-q", ROOT, tmp_path / "clone"], check=True)
        git(tmp_path / "clone", "tag", "v0.1.0")
        script = text.replace(address, f"git+file://{tmp_path / 'clone'}@v0.1.0")
        ran = subprocess.run(
            ["sh", "-ec", script],
            env={**os.environ, "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        assert ran.stdout.splitlines()[-1] == f"scopelint {scopelint.__version__}"


@pytest.mark.slow
@pytest.mark.network
def test_make_dist_builds_the_packages_and_names_all_that_is_in_them(tmp_path: Path) -> None:
    """From a copy, into an environment of its own: what the pipeline's job `dist` does."""
    copy = tmp_path / "copy"
    subprocess.run(["git", "clone", "-q", ROOT, copy], check=True)
    done = subprocess.run(
        ["make", "dist", f"VENV={tmp_path / 'venv'}"],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    made = {path.name for path in (copy / "dist").iterdir()}
    assert {"scopelint.cdx.json", "SHA256SUMS"} < made
    assert len(made) == 4
    bom = json.loads((copy / "dist" / "scopelint.cdx.json").read_text(encoding="utf-8"))
    root = bom["metadata"]["component"]
    assert (root["name"], root["version"]) == ("scopelint", scopelint.__version__)
    named = {str(canonicalize_name(part["name"])): part["version"] for part in bom["components"]}
    locked = {name: version for name, (version, _) in pins(LOCKED["run"]).items()}
    assert named.items() <= locked.items()
    assert {str(canonicalize_name(one.name)) for one in asked("run")} <= set(named)
    assert str(tmp_path) not in json.dumps(bom)
