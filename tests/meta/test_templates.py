"""The CI/CD component and the plain include: valid, and every line of them works as written."""

import json
import re
import shutil
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
import requests
import yaml

from scopelint.config import CONFIG_NAMES
from scopelint.config.pipeline import jobs_text
from scopelint.errors import ExitCode
from scopelint_simulator import Simulator, load_instance
from tests.meta.kit import INVENTORY, TOKEN
from tests.meta.pipeline import InputError, interpolated, is_added, jobs, play
from tests.meta.sources import CODE, ROOT
from tests.reports import tools

pytestmark = pytest.mark.slow

COMPONENT = ROOT / "templates" / "scopelint" / "template.yml"
PLAIN = ROOT / "templates" / "scopelint.gitlab-ci.yml"
FILES = {
    "scopelint.json",
    "scopelint.html",
    "scopelint.md",
    "gl-sast-report.json",
    "gl-code-quality-report.json",
    "gl-scopelint-junit.xml",
    "gl-annotations.json",
    "metrics.txt",
}
SOURCES = {
    "component": lambda: interpolated(COMPONENT),
    "plain": lambda: PLAIN.read_text(encoding="utf-8"),
    "config init": lambda: jobs_text(["acme"], "ci.yml"),
}
"""The pipelines that there are, each as GitLab reads it."""
DEFAULT_BRANCH = {"CI_COMMIT_BRANCH": "main", "CI_DEFAULT_BRANCH": "main"}
MERGE_REQUEST = {"CI_DEFAULT_BRANCH": "main", "CI_PIPELINE_SOURCE": "merge_request_event"}
JOB_TOKEN = "glcbt-job-of-this-pipeline"
SHELLS = [shell for shell in ("sh", "bash") if shutil.which(shell)]


@pytest.fixture
def gitlab() -> Iterator[str]:
    with Simulator(load_instance(INVENTORY)) as simulator:
        yield simulator.url


def variables(url: str, folder: Path, **more: str) -> dict[str, str]:
    return {
        "CI": "true",
        "GITLAB_CI": "true",
        "CI_SERVER_URL": url,
        "CI_API_V4_URL": f"{url}/api/v4",
        "CI_PROJECT_ID": "7",
        "CI_JOB_NAME": "scopelint-scan",
        "CI_DEFAULT_BRANCH": "main",
        "CI_JOB_TOKEN": JOB_TOKEN,
        "CI_PROJECT_DIR": str(folder),
        "CI_JOB_URL": f"{url}/acme/audit/-/jobs/7",
        "CI_PROJECT_ROOT_NAMESPACE": "acme",
        "SCOPELINT_TOKEN": TOKEN,
        **more,
    }


def check(folder: Path, text: str) -> None:
    """Check a configuration by GitLab's own schema of it."""
    path = folder / "checked.gitlab-ci.yml"
    path.write_text(text, encoding="utf-8")
    program = tools.program("check-jsonschema")
    ran = tools.run([program, "--builtin-schema", "vendor.gitlab-ci", path])
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("inputs", [{}, {"shards": 3, "usage": True, "merge_requests": True}])
def test_the_component_is_valid(inputs: dict[str, Any], tmp_path: Path) -> None:
    check(tmp_path, interpolated(COMPONENT, **inputs))
    check(tmp_path, COMPONENT.read_text(encoding="utf-8").split("\n---\n")[0])


def test_the_plain_include_is_valid(tmp_path: Path) -> None:
    check(tmp_path, PLAIN.read_text(encoding="utf-8"))


def test_the_schema_finds_a_fault(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"artifacts|access"):
        check(tmp_path, interpolated(COMPONENT).replace("access: developer", "access: everybody"))


def test_every_input_is_described_bounded_used_and_quoted() -> None:
    head, text = COMPONENT.read_text(encoding="utf-8").split("\n---\n")
    inputs = yaml.safe_load(head)["spec"]["inputs"]
    used = re.findall(r"(.?)\$\[\[ inputs\.(\w+) \]\]", text)
    assert {name for _, name in used} == set(inputs)
    for name, spec in inputs.items():
        assert spec["description"].endswith(".") or ". " in spec["description"]
        assert spec.get("type", "string") != "string" or "regex" in spec or "options" in spec, name
    for line in text.splitlines():
        if "inputs." in line and "parallel:" not in line:
            before = line.partition("$[[")[0]
            assert before.count('"') % 2 == 1, line


@pytest.mark.parametrize(
    "inputs",
    [
        {"target": 'acme"; id; "'},
        {"target": "acme $(id)"},
        {"prefix": "a: b"},
        {"fail_on": "always"},
        {"shards": "2"},
        {"image": "python:3.13\nscript: id"},
        {"nonsense": "x"},
    ],
)
def test_inputs_that_would_break_out_are_refused(inputs: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        interpolated(COMPONENT, **inputs)


def test_which_jobs_run_when() -> None:
    def added(where: dict[str, str], **inputs: Any) -> set[str]:
        found = jobs(interpolated(COMPONENT, **inputs))
        return {
            name.removeprefix("scopelint-") for name, job in found.items() if is_added(job, where)
        }

    assert added(DEFAULT_BRANCH) == {"scan", "gate"}
    assert added(DEFAULT_BRANCH, shards=4) == {"collect", "merge", "gate"}
    assert added(MERGE_REQUEST) == set()
    assert added(MERGE_REQUEST, merge_requests=True) == {"scan", "gate"}
    assert added(MERGE_REQUEST, merge_requests=True, shards=4) == {"collect", "merge", "gate"}
    assert added({"CI_COMMIT_BRANCH": "other", "CI_DEFAULT_BRANCH": "main"}) == set()
    assert added({"CI_PIPELINE_SOURCE": "schedule"}) == {"scan", "gate"}
    assert added(MERGE_REQUEST, config="ci/strict.yml") == {"config"}


@pytest.mark.parametrize("source", SOURCES)
def test_a_merge_request_has_its_configuration_checked_without_a_token(
    source: str, tmp_path: Path
) -> None:
    job = jobs(SOURCES[source]())["scopelint-config"]
    assert not is_added(job, MERGE_REQUEST)
    assert not is_added(job, DEFAULT_BRANCH, CONFIG_NAMES)
    for name in CONFIG_NAMES:
        assert is_added(job, MERGE_REQUEST, [name])
    (tmp_path / ".git").mkdir()
    config = tmp_path / "scopelint.yml"
    config.write_text("policy: {gitlabform: policy.yml}\n")
    policy = tmp_path / "policy.yml"
    policy.write_text("projects_and_groups: {}\n")
    assert "policy.yml:1:1" in play(job, tmp_path, {}, "sh").err
    policy.write_text("config_version: 4\nprojects_and_groups: {}\n")
    assert "projects_and_groups is missing or empty" in play(job, tmp_path, {}, "sh").err
    policy.write_text(
        "config_version: 4\n"
        "projects_and_groups:\n"
        "  acme/web/shop: {job_token_scope: {limit_access_to_this_project: true}}\n"
    )
    assert play(job, tmp_path, {}, "sh").code == ExitCode.OK
    config.write_text("profile: loose\nnonsense: 1\n")
    ran = play(job, tmp_path, {}, "sh")
    assert (ran.code, ran.err.count("scopelint.yml:")) == (ExitCode.USAGE, 2)
    (tmp_path / "named.yml").write_text("profile: strict\n")
    assert play(job, tmp_path, {"SCOPELINT_CONFIG": "named.yml"}, "sh").code == ExitCode.OK


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("source", SOURCES)
def test_a_missing_protected_variable_is_explained(
    source: str, shell: str, gitlab: str, tmp_path: Path
) -> None:
    job = jobs(SOURCES[source]())["scopelint-scan"]
    for protected, words in (
        ("false", "a protected variable is only there on protected branches"),
        ("true", "add it under Settings > CI/CD > Variables"),
    ):
        given = variables(gitlab, tmp_path, CI_COMMIT_REF_PROTECTED=protected, SCOPELINT_TOKEN="")
        ran = play(job, tmp_path, given, shell)
        assert (ran.code, ran.out) == (ExitCode.FAILURE, "")
        assert "there is no SCOPELINT_TOKEN in this job" in ran.err
        assert words in ran.err


@pytest.mark.parametrize("source", SOURCES)
def test_all_pipelines_are_the_same_jobs(source: str) -> None:
    found = jobs(SOURCES[source]())
    assert set(found) >= {"scopelint-config", "scopelint-scan", "scopelint-gate"}
    scan = found["scopelint-scan"]
    assert (scan["artifacts"]["access"], scan["artifacts"]["when"]) == ("developer", "always")
    assert is_added(scan, DEFAULT_BRANCH)
    assert is_added(scan, {"CI_PIPELINE_SOURCE": "schedule"})
    assert not is_added(scan, MERGE_REQUEST)
    component = jobs(SOURCES["component"]())
    for name in ("config", "scan", "gate"):
        ours, other = (_but_targets(every[f"scopelint-{name}"]) for every in (found, component))
        assert ours == other


def _but_targets(job: Any) -> list[str]:
    lines: list[str] = job["script"]
    return [line for line in lines if ' -- "$SCOPELINT_TARGET"' not in line and "acme" not in line]


@pytest.mark.parametrize("name", ["scan", "merge"])
def test_reports_are_all_uploaded_and_kept_from_strangers(name: str) -> None:
    job = jobs(interpolated(COMPONENT, shards=2))[f"scopelint-{name}"]
    artifacts = job["artifacts"]
    assert (artifacts["access"], artifacts["when"]) == ("developer", "always")
    assert {*artifacts["paths"], *artifacts["reports"].values()} == FILES
    assert {"sast", "codequality", "junit", "annotations", "metrics"} == set(artifacts["reports"])
    assert "allow_failure" not in job
    written = set(re.findall(r"--report \S+=(\S+)", " ".join(job["script"])))
    assert written == FILES


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("source", SOURCES)
def test_scan_and_gate(source: str, shell: str, gitlab: str, tmp_path: Path) -> None:
    found = jobs(SOURCES[source]())
    given = variables(gitlab, tmp_path)
    scanned = play(found["scopelint-scan"], tmp_path, given, shell)
    assert scanned.code == ExitCode.OK, scanned.err
    assert TOKEN not in scanned.out + scanned.err
    assert {path.name for path in tmp_path.iterdir()} == FILES
    assert json.loads((tmp_path / "scopelint.json").read_text())["gate"]["result"] == "fail"
    assert (
        f"{given['CI_JOB_URL']}/artifacts/file/scopelint.html"
        in (tmp_path / "scopelint.md").read_text()
    )
    gated = play(found["scopelint-gate"], tmp_path, given, shell)
    assert gated.code == ExitCode.FINDINGS, gated.err


class FormerJobs(BaseHTTPRequestHandler):
    """GitLab's two routes of former jobs and their artifacts; the rest is the simulator's."""

    behind: ClassVar[str]
    report: ClassVar[bytes | None]
    status: ClassVar[int]

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if path == "/api/v4/projects/7/jobs":
            assert self.headers["JOB-TOKEN"] == JOB_TOKEN
            assert "success" in query
            others = [{"id": 3, "name": "scopelint-scan", "ref": "other"}]
            ours = [{"id": 2, "name": "scopelint-scan", "ref": "main"}]
            jobs = [*others, *(ours if self.report is not None else [])]
            self._answer(self.status, json.dumps(jobs).encode())
        elif path == "/api/v4/projects/7/jobs/2/artifacts/scopelint.json":
            assert self.headers["JOB-TOKEN"] == JOB_TOKEN
            self._answer(200, self.report or b"")
        else:
            self._pass_on(None)

    def do_POST(self) -> None:
        self._pass_on(self.rfile.read(int(self.headers["Content-Length"])))

    def _pass_on(self, body: bytes | None) -> None:
        names = ("PRIVATE-TOKEN", "Authorization", "Content-Type")
        headers = {name: self.headers[name] for name in names if name in self.headers}
        words = (self.behind + self.path, body, headers)
        answer = requests.request(
            self.command, words[0], data=words[1], headers=words[2], timeout=30
        )
        links = {"Link": answer.headers["Link"]} if "Link" in answer.headers else {}
        self._answer(answer.status_code, answer.content, links)

    def _answer(self, status: int, body: bytes, more: Mapping[str, str] = {}) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **more}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def former_jobs(gitlab: str) -> Iterator[type[FormerJobs]]:
    """The simulator behind a server that also knows former jobs; `url` is its address."""

    class Here(FormerJobs):
        behind, report, status = gitlab, None, 200

    server = ThreadingHTTPServer(("127.0.0.1", 0), Here)
    Here.url = f"http://127.0.0.1:{server.server_address[1]}"  # type: ignore[attr-defined]
    with server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Here
        server.shutdown()


@pytest.mark.parametrize("source", SOURCES)
def test_the_previous_report_is_kept_from_job_to_job(
    source: str, former_jobs: Any, tmp_path: Path
) -> None:
    """A night that is whole, then one that reads the log of nothing: what was there is carried."""
    job = jobs(SOURCES[source]())["scopelint-scan"]
    given = variables(former_jobs.url, tmp_path)
    first = play(job, tmp_path, given, "sh")
    assert first.code == ExitCode.OK, first.err
    assert "there is no previous report" in first.out
    whole = json.loads((tmp_path / "scopelint.json").read_text())
    known = {one["fingerprint"] for one in whole["findings"] if one["verdict"] == "fail"}
    assert known
    former_jobs.report = (tmp_path / "scopelint.json").read_bytes()
    (tmp_path / "scopelint.yml").write_text("ignore: [SL1, SL3]\n")
    (tmp_path / ".git").mkdir()
    second = play(job, tmp_path, given, "sh")
    assert second.code == ExitCode.OK, second.err
    assert JOB_TOKEN not in first.out + first.err + second.out + second.err
    report = json.loads((tmp_path / "scopelint.json").read_text())
    carried = {one["fingerprint"] for one in report["findings"] if one.get("carried")}
    assert carried
    assert {one["fingerprint"] for one in report["findings"]} >= known
    sast = json.loads((tmp_path / "gl-sast-report.json").read_text())
    assert len(sast["vulnerabilities"]) >= len(known)


@pytest.mark.parametrize("source", SOURCES)
def test_a_previous_report_that_is_refused_is_no_trap(
    source: str, former_jobs: Any, tmp_path: Path
) -> None:
    """The last job that succeeded stays the same one, so the way out does without its report."""
    job = jobs(SOURCES[source]())["scopelint-scan"]
    given = variables(former_jobs.url, tmp_path)
    assert play(job, tmp_path, given, "sh").code == ExitCode.OK
    other = json.loads((tmp_path / "scopelint.json").read_text())
    other["scan"]["targets"] = ["globex"]
    former_jobs.report = json.dumps(other).encode()
    assert play(job, tmp_path, given, "sh").code == ExitCode.USAGE
    refused = play(job, tmp_path, given, "sh")
    assert refused.code == ExitCode.USAGE, "and every night again"
    hint = re.search(r"SCOPELINT_PREVIOUS=(\w+)", refused.err)
    assert hint, refused.err
    ran = play(job, tmp_path, {**given, "SCOPELINT_PREVIOUS": hint[1]}, "sh")
    assert ran.code == ExitCode.OK, ran.err
    assert "going on without the previous report" in ran.err
    assert (tmp_path / "gl-sast-report.json").exists(), "a whole run is uploaded without one"
    former_jobs.report = (tmp_path / "scopelint.json").read_bytes()
    assert play(job, tmp_path, given, "sh").code == ExitCode.OK


def test_without_the_previous_report_a_part_is_not_uploaded(
    former_jobs: Any, tmp_path: Path
) -> None:
    """A server error is no first run, and a part without a last report would close what is open."""
    job = jobs(SOURCES["component"]())["scopelint-scan"]
    given = variables(former_jobs.url, tmp_path)
    former_jobs.status = 500
    (tmp_path / ".git").mkdir()
    (tmp_path / "scopelint.yml").write_text("ignore: [SL3]\n")
    (tmp_path / "scopelint-previous.json").write_text("{}")
    ran = play(job, tmp_path, given, "sh")
    assert ran.code == ExitCode.OK, ran.err
    assert "the list of jobs could not be read: HTTP 500" in ran.err
    assert "going on without the previous report" in ran.err
    assert "gitlab-sast, gitlab-codequality: not written, because rules are ignored" in ran.err
    assert not (tmp_path / "gl-sast-report.json").exists()
    assert (tmp_path / "scopelint.json").exists()


def test_the_scan_is_whole_so_that_gitlab_may_resolve_what_is_gone(
    gitlab: str, tmp_path: Path
) -> None:
    job = jobs(interpolated(COMPONENT, target="acme/web"))["scopelint-scan"]
    assert play(job, tmp_path, variables(gitlab, tmp_path), "sh").code == ExitCode.OK
    scan = json.loads((tmp_path / "gl-sast-report.json").read_text())["scan"]
    listed = {one["value"] for one in scan["primary_identifiers"]}
    assert {"SL101", "SL301", "SL902"} <= listed


def test_inputs_reach_the_command(gitlab: str, tmp_path: Path) -> None:
    (tmp_path / "ci.yml").write_text("gitlab: {targets: [acme/sandbox]}\nselect: [SL101]\n")
    inputs = {"target": "", "config": "ci.yml", "usage": True, "fail_on": "critical"}
    found = jobs(interpolated(COMPONENT, **inputs))
    given = variables(gitlab, tmp_path)
    assert play(found["scopelint-scan"], tmp_path, given, "sh").code == ExitCode.OK
    report = json.loads((tmp_path / "scopelint.json").read_text())
    assert report["scan"]["targets"] == ["acme/sandbox"]
    assert [rule["code"] for rule in report["rules"]] == ["SL101"]
    assert report["summary"]["high"] == 1
    assert play(found["scopelint-gate"], tmp_path, given, "sh").code == ExitCode.OK


def test_shards_are_merged(gitlab: str, tmp_path: Path) -> None:
    found = jobs(interpolated(COMPONENT, shards=2))
    collect = found["scopelint-collect"]
    assert collect["parallel"] == 2
    for index in ("1", "2"):
        given = variables(gitlab, tmp_path, CI_NODE_INDEX=index, CI_NODE_TOTAL="2")
        ran = play(collect, tmp_path, given, "sh")
        assert ran.code == ExitCode.OK, ran.err
    given = variables(gitlab, tmp_path)
    merged = play(found["scopelint-merge"], tmp_path, given, "sh")
    assert merged.code == ExitCode.OK, merged.err
    report = json.loads((tmp_path / "scopelint.json").read_text())
    assert report["scan"]["complete"] is True
    assert report["scan"]["projects"]["total"] == 3
    assert play(found["scopelint-gate"], tmp_path, given, "sh").code == ExitCode.FINDINGS
    (tmp_path / "scopelint-2.snapshot").unlink()
    assert play(found["scopelint-merge"], tmp_path, given, "sh").code == ExitCode.OK
    report = json.loads((tmp_path / "scopelint.json").read_text())
    assert report["scan"]["complete"] is False


def test_without_scopelint_and_without_a_source_the_job_says_what_is_missing(
    tmp_path: Path,
) -> None:
    job = jobs(interpolated(COMPONENT))["scopelint-scan"]
    bare = tmp_path / "bin"
    bare.mkdir()
    for name in ("sh", "pip"):
        (bare / name).symlink_to(shutil.which(name) or "/bin/false")
    ran = play(job, tmp_path, {"PATH": str(bare)}, "sh")
    assert ran.code != 0
    assert "SCOPELINT_SOURCE" in ran.err


def test_the_hook_checks_a_configuration(tmp_path: Path) -> None:
    [hook] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert all(re.search(hook["files"], name) for name in CONFIG_NAMES)
    assert not re.search(hook["files"], "other/scopelint.yml.bak")
    (tmp_path / ".git").mkdir()
    config = tmp_path / "scopelint.yml"
    job = {"variables": {}, "script": [hook["entry"]]}
    config.write_text("profile: strict\n")
    assert play(job, tmp_path, {}, "sh").code == ExitCode.OK
    config.write_text("profile: loose\nnonsense: 1\n")
    ran = play(job, tmp_path, {}, "sh")
    assert (ran.code, ran.err.count("scopelint.yml:")) == (ExitCode.USAGE, 2)


def test_the_container_has_what_the_build_needs_and_no_rights() -> None:
    lines = (ROOT / "Containerfile").read_text(encoding="utf-8").splitlines()
    kept = (ROOT / ".containerignore").read_text(encoding="utf-8").splitlines()
    assert {f"!{name}" for name in (*CODE, "pyproject.toml", "requirements")} <= set(kept)
    assert "USER 10001" in lines
    assert 'ENTRYPOINT ["scopelint"]' in lines
    [base] = [line for line in lines if line.startswith("ARG BASE=")]
    assert re.fullmatch(r"ARG BASE=python:3\.\d+-slim@sha256:[0-9a-f]{64}", base)
    assert {line for line in lines if line.startswith("FROM")} == {
        "FROM ${BASE} AS build",
        "FROM ${BASE}",
    }
    installs = [line for line in lines if "pip install" in line]
    assert all("--require-hashes" in line or "--no-deps" in line for line in installs)
