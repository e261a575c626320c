"""The official schemas and other projects' validators, over every document there is."""

import json
import re
from pathlib import Path

import pytest

from scopelint.registry import find_rules
from scopelint.report import RenderOptions, Report, Reporter
from scopelint.testing import report
from scopelint_reports import sarif
from scopelint_reports.codequality import CodeQualityReporter
from scopelint_reports.gitlab_sast import GitlabSastReporter
from scopelint_reports.junit import JunitReporter
from scopelint_reports.openmetrics import OpenMetricsReporter
from scopelint_reports.sarif import SarifReporter
from tests.reports import build, tools
from tests.reports.kit import official, rendered

INVENTORY = """
enforcement: off
projects:
  acme/web/shop: {inbound_own: false, entries: [{group: partner}, {group: acme}]}
  acme/hr/payroll: {unreadable: forbidden}
"""
REPORTS = {
    "catalogue": report(INVENTORY, [found.cls for found in find_rules().values()]),
    "clean": build.clean(),
    "everything": build.everything(),
    "incomplete": build.incomplete(),
    "large": build.large(300),
}
# Of the notes, which are advice, only these are left: a message without arguments, no version
# control and no source text behind an API's setting, names in kebab case, and a schema that a
# machine without a network cannot fetch.
KNOWN_NOTES = {"SARIF2002", "SARIF2003", "SARIF2006", "SARIF2010", "SARIF2011", "SARIF2012"}

AJV = """
const [schema, ...files] = process.argv.slice(1).map(
  (name) => JSON.parse(require("fs").readFileSync(name, "utf8")));
const draft04 = (schema.$schema || "").includes("draft-04");
const Ajv = require(draft04 ? "ajv-draft-04" : "ajv").default;
const ajv = new Ajv({strict: false, allErrors: true});
require("ajv-formats").default(ajv);
const validate = ajv.compile(schema);
for (const file of files) {
  if (!validate(file)) {
    console.log(ajv.errorsText(validate.errors.slice(0, 5)));
    process.exitCode = 1;
  }
}
"""


def write(folder: Path, reporter: Reporter, reports: dict[str, Report] | None = None) -> list[Path]:
    files = []
    for name, what in (reports or REPORTS).items():
        path = folder / f"{name}.{reporter.name}"
        path.write_bytes(rendered(reporter, what))
        files.append(path)
    return files


@pytest.fixture
def sarifs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    suppressed = SarifReporter(RenderOptions(keep_waived=True))
    files = write(tmp_path, suppressed, {"suppressed": build.everything()})
    files += write(tmp_path, SarifReporter())
    monkeypatch.setattr(sarif, "RESULTS_A_RUN", 100)
    several = SarifReporter(RenderOptions(sarif_runs=4))
    return files + write(tmp_path, several, {"runs": build.large(300)})


@pytest.mark.slow
def test_multitool_has_no_error_and_no_warning(sarifs: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out" / "log.sarif"
    out.parent.mkdir()
    levels = ("--rule-kind", "Sarif;Ghas", "--level", "Error;Warning;Note")
    words: list[str | Path] = [
        tools.multitool(),
        "validate",
        *sarifs,
        *levels,
        "-o",
        out,
        "--log",
        "ForceOverwrite",
    ]
    ran = tools.run(words, {"DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"})
    assert f"{len(sarifs)} files scanned" in ran.stdout, ran.stdout + ran.stderr
    told = re.findall(r"\): (error|warning|note) (\w+)", ran.stdout)
    assert {level for level, _ in told} == {"note"}
    assert {rule for _, rule in told} <= KNOWN_NOTES


def test_multitool_finds_the_traps(tmp_path: Path) -> None:
    """The check above sees what it should: an invalid address and a missing text are errors."""
    document = json.loads(rendered(SarifReporter(), build.large(1)))
    result = document["runs"][0]["results"][0]
    place = result["locations"][0]["physicalLocation"]["artifactLocation"]
    place["uri"] = "no file associated with this alert"
    del document["runs"][0]["tool"]["driver"]["rules"][0]["shortDescription"]
    path = tmp_path / "bad.sarif"
    path.write_text(json.dumps(document), encoding="utf-8")
    levels = ("--rule-kind", "Sarif;Ghas", "--level", "Error;Warning")
    words: list[str | Path] = [
        tools.multitool(),
        "validate",
        path,
        *levels,
        "-o",
        tmp_path / "o.sarif",
    ]
    ran = tools.run(words, {"DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"})
    assert {rule for _, rule in re.findall(r"\): (error|warning) (\w+)", ran.stdout)} >= {
        "SARIF1002"
    }


def test_ajv_with_formats_takes_sarif(sarifs: list[Path]) -> None:
    ran = tools.node(AJV, official("sarif-schema-2.1.0.json"), *sarifs)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_ajv_takes_the_security_report(tmp_path: Path) -> None:
    files = write(tmp_path, GitlabSastReporter())
    ran = tools.node(AJV, official("gitlab-sast-report-format-15.2.1.json"), *files)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_sarif_tools_reads_the_same_numbers(sarifs: list[Path]) -> None:
    large = next(path for path in sarifs if path.name == "large.sarif")
    ran = tools.run([tools.program("sarif"), "--check", "error", "summary", large])
    assert ran.returncode == 120, "as many as there are errors"
    counts = dict(re.findall(r"^(error|warning|note): (\d+)$", ran.stdout, re.MULTILINE))
    assert counts == {"error": "120", "warning": "120", "note": "60"}
    clean = next(path for path in sarifs if path.name == "clean.sarif")
    assert tools.run([tools.program("sarif"), "--check", "error", "summary", clean]).returncode == 0


@pytest.mark.parametrize(
    ("reporter", "schema"),
    [
        (GitlabSastReporter(), "gitlab-sast-report-format-15.2.1.json"),
        (CodeQualityReporter(), "gitlab-codequality-array-strict.schema.json"),
    ],
    ids=["gitlab-sast", "gitlab-codequality"],
)
def test_check_jsonschema_takes_the_official_schemas(
    reporter: Reporter, schema: str, tmp_path: Path
) -> None:
    files = write(tmp_path, reporter)
    program = tools.program("check-jsonschema")
    ran = tools.run([program, "--schemafile", official(schema), *files])
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_junitparser_reads_the_same_numbers(tmp_path: Path) -> None:
    files = write(tmp_path, JunitReporter())
    program = tools.program("junitparser")
    codes = {path.stem: tools.run([program, "verify", path]).returncode for path in files}
    assert codes == {"catalogue": 1, "clean": 0, "everything": 1, "incomplete": 1, "large": 1}


def test_xmllint_takes_junit_by_the_schema_of_jenkins(tmp_path: Path) -> None:
    schema = official("junit-10.xsd")
    files = write(tmp_path, JunitReporter())
    try:
        ran = tools.run(["xmllint", "--noout", "--schema", schema, *files])
    except FileNotFoundError:
        pytest.skip("xmllint is not installed")
    assert ran.returncode == 0, ran.stderr


def test_prometheus_reads_the_metrics(tmp_path: Path) -> None:
    python = tools.program("python")
    script = (
        "import sys\n"
        "from prometheus_client.openmetrics.parser import text_string_to_metric_families\n"
        "for name in sys.argv[1:]:\n"
        "    families = list(text_string_to_metric_families(open(name).read()))\n"
        "    print(sum(len(family.samples) for family in families), families[0].type)\n"
    )
    files = write(tmp_path, OpenMetricsReporter())
    ran = tools.run([python, "-c", script, *files])
    if "No module named" in ran.stderr:
        pytest.skip("prometheus_client is not installed in the folder that SCOPELINT_TOOLS names")
    lines = (path.read_text(encoding="utf-8").splitlines() for path in files)
    samples = [sum(not line.startswith("#") for line in each) for each in lines]
    assert min(samples) > 20
    assert ran.stdout.splitlines() == [f"{n} gauge" for n in samples], ran.stderr
