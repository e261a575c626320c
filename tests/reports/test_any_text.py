"""Whatever GitLab's names hold, the formats for programs stay well-formed."""

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopelint.finding import EntryRef, ProjectRef, State, Waiver
from scopelint.model import Gap, Reason
from scopelint.report import RenderOptions, Report
from scopelint.report_file import report_schema
from scopelint.report_file.reading import load_report
from scopelint_reports.codequality import CodeQualityReporter
from scopelint_reports.gitlab_sast import GitlabSastReporter
from scopelint_reports.json_report import JsonReporter
from scopelint_reports.junit import JunitReporter
from scopelint_reports.sarif import SarifReporter
from tests.reports import build
from tests.reports.kit import BIDI_AND_CONTROLS, STEADY, rendered

ANY = st.text(st.characters(exclude_categories=()), max_size=30)
VALIDATOR = jsonschema.Draft202012Validator(report_schema())


def report_of(path: str, other: str, text: str) -> Report:
    on = ProjectRef(1, path, other)
    entry = EntryRef("group", 2, other)
    waiver = Waiver(text, None, other)
    gap = Gap(text or "x", Reason.ERROR, other, "project", 1, path)
    rule = replace(build.RULE_BY_CODE["SL101"], title=text, page=other, help_uri=other)
    rules = (rule, build.RULE_BY_CODE["SL304"], build.RULE_BY_CODE["SL901"])
    findings = [
        build.finding("SL101", on, message=text, evidence={text: [other]}, remediation=other),
        build.finding("SL304", on, entry=entry, message=other, state=State.WAIVED, waiver=waiver),
        build.finding("SL901", ProjectRef(3, other, None), message=text),
    ]
    return build.report(findings, gaps=(gap,), complete=False, rules=rules, targets=(other, text))


@STEADY
@given(ANY, ANY, ANY)
def test_documents_stay_well_formed(path: str, other: str, text: str) -> None:
    report = report_of(path, other, text)
    as_json = rendered(JsonReporter(), report)
    VALIDATOR.validate(json.loads(as_json))
    sarif = rendered(SarifReporter(RenderOptions(keep_waived=True)), report)
    assert len(json.loads(sarif)["runs"][0]["results"]) == 3
    junit = rendered(JunitReporter(), report)
    assert len(list(ET.fromstring(junit).iter("testcase"))) >= 3
    sast = rendered(GitlabSastReporter(), report)
    assert len(json.loads(sast)["vulnerabilities"]) == 2
    quality = rendered(CodeQualityReporter(), report)
    assert len(json.loads(quality)) == 2
    for document in (as_json, sarif, junit, sast, quality):
        assert not BIDI_AND_CONTROLS & set(document.decode())


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reports") / "report.json"


@STEADY
@given(path=ANY, other=ANY, text=ANY)
def test_a_report_survives_being_read_back(file: Path, path: str, other: str, text: str) -> None:
    written = rendered(JsonReporter(), report_of(path, other, text))
    file.write_bytes(written)
    assert rendered(JsonReporter(), load_report(file)) == written
