"""The catalogue of built-in rules: identities, pages, cases, references."""

import inspect
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml
from graphql import parse

import scopelint_rules
from scopelint.model import BREAKS_COMPLETENESS, Fact, Reason
from scopelint.remedy import (
    NarrowEntry,
    NoRemedy,
    RemoveEntry,
    RemoveOutboundEntries,
    RestrictProject,
    SwitchSetting,
)
from scopelint.rule import InstanceContext, Rule
from scopelint.testing import load_cases
from scopelint_rules.scan_incomplete import ScanIncomplete
from tests.rules.catalogue import CASES, RULES, case_file

EXPECTED = {
    "SL101": "inbound-limit-disabled",
    "SL102": "inbound-limit-only-enforced",
    "SL103": "instance-enforcement-disabled",
    "SL104": "limit-weakened-by-visibility",
    "SL201": "outbound-limit-enabled",
    "SL202": "outbound-allowlist-not-empty",
    "SL301": "top-level-group-allowed",
    "SL302": "group-entry-too-broad",
    "SL303": "ancestor-group-allowed",
    "SL304": "outside-group-allowed",
    "SL305": "outside-project-allowed",
    "SL306": "personal-project-allowed",
    "SL307": "less-private-project-allowed",
    "SL308": "boundary-crossed",
    "SL309": "reach-too-wide",
    "SL310": "forks-run-in-allowed-project",
    "SL401": "redundant-entry",
    "SL402": "dangling-entry",
    "SL403": "archived-target-allowed",
    "SL404": "allowlist-nearly-full",
    "SL405": "empty-group-allowed",
    "SL406": "autopopulated-group-entry",
    "SL501": "default-permissions",
    "SL502": "admin-policy-granted",
    "SL503": "empty-permissions-entry",
    "SL504": "nearer-entry-overrides",
    "SL601": "job-token-push-allowed",
    "SL602": "cross-project-push-allowed",
    "SL603": "push-into-mirror",
    "SL701": "unused-entry",
    "SL702": "use-without-entry",
    "SL703": "group-entry-wider-than-use",
    "SL801": "declared-setting-differs",
    "SL802": "declared-entry-missing",
    "SL803": "undeclared-entry",
    "SL804": "declared-target-unknown",
    "SL805": "declared-policy-fault",
    "SL901": "scope-unreadable",
    "SL902": "scan-incomplete",
}

WITHOUT_CASE = {
    ("SL103", "unknown"): "where nothing proves the setting, the rule is not judged",
    ("SL901", "fail"): "what was not read is unknown, never a fail",
    ("SL901", "pass"): "it is asked only of projects that could not be read",
    ("SL902", "fail"): "what was not read is unknown, never a fail",
}

SECTIONS = [
    "## What it flags",
    "## Why it matters",
    "## How to fix",
    "### UI",
    "### API",
    "### gitlabform",
    "### Terraform",
    "## Options",
    "## When it says unknown",
    "## References",
]

# A SARIF result with one of these is filed under secret detection by GitLab.
SECRET_DETECTION_CWES = {798, 259, 321, 522, 312, 319, 256, 257, 540}

FOLDER = Path(scopelint_rules.__path__[0])
every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)


def prose(page: str) -> str:
    """The page without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", page, flags=re.DOTALL | re.MULTILINE)


def section(page: str, heading: str) -> str:
    """The text of one second-level section."""
    return re.split(r"^## ", page.split(f"\n{heading}\n")[1], flags=re.MULTILINE)[0]


def test_the_catalogue_is_what_was_promised() -> None:
    assert {rule.code: rule.name for rule in RULES} == EXPECTED
    assert len(RULES) == len(EXPECTED)


@every_rule
def test_identity(rule: type[Rule]) -> None:
    assert re.fullmatch(r"SL\d{3}", rule.code)
    module = rule.name.replace("-", "_")
    assert rule.__module__ == f"scopelint_rules.{module}"
    assert rule.__name__ == "".join(word.capitalize() for word in rule.name.split("-"))
    assert (FOLDER / f"{module}.md").is_file()
    assert case_file(rule).is_file()


def test_no_page_or_case_file_without_a_rule() -> None:
    modules = {name.replace("-", "_") for name in EXPECTED.values()}
    assert {page.stem for page in FOLDER.glob("*.md")} == modules
    assert {file.stem for file in CASES.iterdir()} == set(EXPECTED.values())


@every_rule
def test_texts_fit_every_format(rule: type[Rule]) -> None:
    assert 10 <= len(rule.title) <= 72
    assert rule.title[0].isupper()
    assert not rule.title.endswith(".")
    assert inspect.getdoc(rule)
    assert rule.help_uri.startswith("https://docs.gitlab.com/")


@every_rule
def test_a_rule_declares_what_holds_where_it_passes_and_what_fixes_a_finding(
    rule: type[Rule],
) -> None:
    assert {"requirement", "remedy"} <= vars(rule).keys()
    assert 10 <= len(rule.requirement) <= 90
    assert rule.requirement[0].isupper()
    assert not rule.requirement.endswith(".")
    assert rule.remedy != NoRemedy()
    assert str(rule.remedy).startswith("`scopelint plan` ")
    assert str(rule.remedy).endswith(".")


SWITCHES = {
    ("inbound", True): "inboundJobTokenScopeEnabled: true",
    ("outbound", False): ", jobTokenScopeEnabled: false",
    ("push", False): '"ci_push_repository_for_job_token_allowed": false',
    ("cross-project-push", False): "crossProjectPushForJobTokenAllowed: false",
}
"""How a page's request to GitLab does what a `SwitchSetting` does."""


@every_rule
def test_a_page_fixes_a_finding_as_the_remedy_does(rule: type[Rule]) -> None:
    """Its request to GitLab is the one that `scopelint plan` would make."""
    remedy = rule.remedy
    [fix] = re.findall(r"^## How to fix\n(.*?)^## ", rule.page(), re.MULTILINE | re.DOTALL)
    switched = {key for key, request in SWITCHES.items() if request in fix}
    match remedy:
        case SwitchSetting():
            assert switched == {(remedy.setting, remedy.value)}
        case RemoveEntry() | NarrowEntry():
            assert "--request DELETE" in fix
            assert not switched
        case RemoveOutboundEntries():
            assert "ciJobTokenScopeRemoveProject" in fix
            assert "direction: OUTBOUND" in fix
        case RestrictProject():
            assert not remedy.alone or '{"enabled": true}' in fix
        case NoRemedy():
            assert not switched


@every_rule
def test_references(rule: type[Rule]) -> None:
    assert rule.tags
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", tag) for tag in rule.tags)
    # "security", "gitlab" and one a CWE come on top; consumers take ten.
    assert len(rule.tags) + len(rule.cwe) + 2 <= 10
    assert rule.cwe
    assert not SECRET_DETECTION_CWES & set(rule.cwe)
    assert rule.owasp
    assert all(re.fullmatch(r"CICD-SEC-([1-9]|10)", risk) for risk in rule.owasp)


@every_rule
def test_page_has_its_sections_in_order(rule: type[Rule]) -> None:
    page = rule.page()
    assert [line for line in prose(page).splitlines() if line.startswith("##")] == SECTIONS
    title, blank, summary, *_ = page.splitlines()
    assert title == f"# {rule.code} {rule.name}"
    assert blank == ""
    assert re.fullmatch(r"[A-Z][^\n]*[a-z]\.", summary)
    assert ". " not in summary
    assert len(summary) <= 1024
    for heading in SECTIONS:
        text = page.split(f"\n{heading}\n")[1].split("\n#")[0].strip()
        assert text or heading == "## How to fix", heading


@every_rule
def test_page_names_the_declared_references(rule: type[Rule]) -> None:
    references = section(rule.page(), "## References")
    for number in rule.cwe:
        assert f"https://cwe.mitre.org/data/definitions/{number}.html" in references
        assert f"[CWE-{number}: " in references
    for risk in rule.owasp:
        number = int(risk.rpartition("-")[2])
        assert f"[OWASP {risk}: " in references
        assert f"/CICD-SEC-{number:02}-" in references
    assert "https://docs.gitlab.com/" in references
    assert len(re.findall(r"definitions/\d+", references)) == len(rule.cwe)
    assert references.count("[OWASP ") == len(rule.owasp)


@every_rule
def test_page_documents_the_options(rule: type[Rule]) -> None:
    options = section(rule.page(), "## Options")
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| `(.+?)` \| (.+?) \|$", options, re.MULTILINE)
    fields = rule.Options.model_json_schema().get("properties", {})
    assert rows == [
        (name, _type_in_words(field), json.dumps(field["default"]), field["description"])
        for name, field in fields.items()
    ]
    if not fields:
        assert options.strip().startswith("None.")


def _type_in_words(field: dict[str, Any]) -> str:
    if field["type"] == "boolean":
        return "true or false"
    assert field["type"] == "integer"
    if "maximum" in field:
        return f"whole number, {field['minimum']} to {field['maximum']}"
    return f"whole number, at least {field['minimum']}"


@every_rule
def test_page_links_are_absolute_and_commands_use_placeholders(rule: type[Rule]) -> None:
    page = rule.page()
    links = re.findall(r"\]\(([^)]*)\)", page)
    assert links
    hosts = {re.match(r"https://([^/]+)/", link)[1] for link in links}  # type: ignore[index]
    assert hosts <= {"docs.gitlab.com", "owasp.org", "cwe.mitre.org"}
    for address in re.findall(r"https://[^\s\"')]+", page):
        assert re.match(
            r"https://(docs\.gitlab|gitlab\.example)\.com/|https://(owasp|cwe)", address
        )
    for header in re.findall(r"PRIVATE-TOKEN: ([^\"]*)", page):
        assert header.startswith("$GITLAB_")


@every_rule
def test_every_rule_has_a_fail_a_pass_and_an_unknown_case(rule: type[Rule]) -> None:
    kinds = {case.kind for case in load_cases(case_file(rule))}
    for kind in ("fail", "pass", "unknown"):
        if (rule.code, kind) in WITHOUT_CASE:
            assert kind not in kinds, "no exception needed any more"
        else:
            assert kind in kinds


@every_rule
def test_page_examples_parse(rule: type[Rule]) -> None:
    page = rule.page()
    for data in re.findall(r"--data '([^']*)'", page):
        body = json.loads(data)
        assert isinstance(body, dict)
        if "query" in body:
            assert parse(body["query"]).definitions
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert {language for language, _ in blocks} <= {"shell", "yaml", "hcl"}
    for language, text in blocks:
        if language == "yaml":
            assert isinstance(yaml.safe_load(text), dict)
        if language == "hcl":
            assert text.count("{") == text.count("}") > 0


def test_the_page_of_an_unreadable_scope_names_every_reason() -> None:
    page = (Path(scopelint_rules.__file__).parent / "scope_unreadable.md").read_text("utf-8")
    table = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    assert sorted(table) == sorted(reason.value for reason in Reason)


@pytest.mark.parametrize("fact", sorted(BREAKS_COMPLETENESS))
def test_every_fact_that_makes_a_scan_incomplete_has_a_row_and_a_next_step(fact: Fact) -> None:
    page = (Path(scopelint_rules.__file__).parent / "scan_incomplete.md").read_text("utf-8")
    assert f"| `{Fact(fact).value}` |" in page
    gap = SimpleNamespace(fact=fact, breaks_completeness=True)
    inventory = SimpleNamespace(complete=False, left_out=(), total=1, read=0, gaps=(gap,))
    context = cast("InstanceContext", SimpleNamespace(inventory=inventory))
    (verdict,) = ScanIncomplete().judge(context)
    assert not (verdict.remediation or ".").startswith(".")
