"""The part of a SARIF run that is the same for every result: tool, rules, taxonomy."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import sarif_om as om

from scopelint.finding import Severity
from scopelint.report import RuleSummary
from scopelint.text import plain, plain_line, shorten
from scopelint_reports.location import web_address
from scopelint_reports.rule_page import page_text

LEVELS: Mapping[Severity, Literal["note", "warning", "error"]] = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
    Severity.UNKNOWN: "warning",
}
# One decimal, well inside GitLab's and GitHub's ranges (critical from 9.0, high from 7.0, medium
# from 4.0); GitLab's ranges have gaps at their borders. Unknown has none: it is no rating.
SECURITY_SEVERITIES = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "2.0",
    Severity.INFO: "0.5",
}

# Readers of a report who ask "what is this about" are sent to GitLab's own page on job tokens.
_SUBJECT = "https://docs.gitlab.com/ci/jobs/ci_job_token/"
# GitLab and GitHub: limits of a rule's texts; an over-long one drops the rule's results.
_NAME_CHARS = 255
_DESCRIPTION_CHARS = 1000
_URI_CHARS = 2048
_TAGS = 10
# GitLab files results whose rule relates to one of these under Secret Detection.
_SECRET_DETECTION = frozenset({798, 259, 321, 522, 312, 319, 256, 257, 540})
# GitLab reads a weakness or a vulnerability out of tags of this form.
_TYPING_TAG = re.compile(r"(?i)(cwe|cve)[:-]")
# A full stop within a name (`.gitlab-ci.yml`, `18.0`) or before a lower-case word ends none.
_SENTENCE = re.compile(r"\S.*?[.!?](?=\s+[^a-z\s]|\s*$)", re.DOTALL)
_PROBLEM = {"error": "error", "warning": "warning", "note": "recommendation"}
_FLAGS = re.compile(
    r"^#+ +what it flags *\n+(.+?)(?:\n\n|\n#|\Z)", re.IGNORECASE | re.DOTALL | re.M
)


def tool(version: str, rules: Sequence[RuleSummary]) -> om.Tool:
    """Return the tool with every rule of the run, those that found nothing too."""
    numbers = _weaknesses(rules)
    driver = om.ToolComponent(
        name="scopelint",
        full_name=f"scopelint {version}",
        organization="scopelint",
        information_uri=_SUBJECT,
        version=version,
        semantic_version=version,
        short_description=om.MultiformatMessageString(
            text="A policy linter for GitLab CI/CD job token scopes."
        ),
        rules=[_descriptor(rule, numbers) for rule in rules],
        supported_taxonomies=[om.ToolComponentReference(name="CWE", index=0)] if numbers else None,
    )
    return om.Tool(driver=driver)


def taxonomies(rules: Sequence[RuleSummary]) -> list[om.ToolComponent] | None:
    """Return the CWE entries that the rules refer to, None where there are none."""
    numbers = _weaknesses(rules)
    if not numbers:
        return None
    taxa = [
        om.ReportingDescriptor(
            id=f"CWE-{number}",
            help_uri=f"https://cwe.mitre.org/data/definitions/{number}.html",
        )
        for number in numbers
    ]
    return [
        om.ToolComponent(
            name="CWE",
            organization="MITRE",
            information_uri="https://cwe.mitre.org/",
            short_description=om.MultiformatMessageString(text="Common Weakness Enumeration"),
            taxa=taxa,
        )
    ]


def _weaknesses(rules: Iterable[RuleSummary]) -> list[int]:
    return sorted({number for rule in rules for number in rule.cwe} - _SECRET_DETECTION)


def _descriptor(rule: RuleSummary, numbers: list[int]) -> om.ReportingDescriptor:
    title = shorten(plain(rule.title).strip() or rule.name, _DESCRIPTION_CHARS)
    page = plain(rule.page).strip()
    uri = web_address(rule.help_uri)
    if uri and len(uri) > _URI_CHARS:
        uri = None
    return om.ReportingDescriptor(
        id=rule.code,
        name=shorten(plain_line(rule.name), _NAME_CHARS),
        short_description=om.MultiformatMessageString(text=title),
        full_description=om.MultiformatMessageString(text=_description(title, page)),
        help=om.MultiformatMessageString(text=_help(rule, title, uri), markdown=page or None),
        help_uri=uri,
        default_configuration=om.ReportingConfiguration(level=LEVELS[rule.severity]),
        relationships=[_relation(n, numbers) for n in rule.cwe if n in numbers] or None,
        properties=_properties(rule),
    )


def _help(rule: RuleSummary, title: str, uri: str | None) -> str:
    """Return what a consumer shows that does not read the page's Markdown."""
    parts = [title, rule.requirement and f"Requirement: {rule.requirement}"]
    parts += [rule.remedy.replace("`", ""), f"See {uri}" if uri else ""]
    sentences = (plain(part).strip().rstrip(".") for part in parts)
    return ". ".join(filter(None, sentences))


def _description(title: str, page: str) -> str:
    """Return the title and the whole sentences that say what the rule flags, without Markdown.

    A paragraph that leads over to a list ends with a colon: what does not end there is left out.
    """
    found = _FLAGS.search(page)
    text = plain(page_text(found[1])) if found else ""
    said = title if title.endswith((".", "!", "?")) else f"{title}."
    for sentence in _SENTENCE.findall(text):
        if len(said) + len(sentence) >= _DESCRIPTION_CHARS:
            break
        said += f" {sentence}"
    return said


def _relation(number: int, numbers: list[int]) -> om.ReportingDescriptorRelationship:
    target = om.ReportingDescriptorReference(
        id=f"CWE-{number}",
        index=numbers.index(number),
        tool_component=om.ToolComponentReference(name="CWE", index=0),
    )
    return om.ReportingDescriptorRelationship(target=target, kinds=["superset"])


def _properties(rule: RuleSummary) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "tags": _tags(rule),
        "precision": rule.confidence,
        "problem.severity": _PROBLEM[LEVELS[rule.severity]],
    }
    if rule.severity in SECURITY_SEVERITIES:
        properties["security-severity"] = SECURITY_SEVERITIES[rule.severity]
    if rule.requirement:
        properties["requirement"] = plain_line(rule.requirement)
    if rule.remedy:
        properties["remedy"] = plain_line(rule.remedy)
    if rule.owasp:
        properties["owasp"] = [plain_line(name) for name in rule.owasp]
    if rule.references:
        properties["supports"] = {
            plain_line(standard): [plain_line(item) for item in items]
            for standard, items in rule.references.items()
        }
    if rule.not_judged is not None:
        properties["notJudged"] = shorten(plain(rule.not_judged), _DESCRIPTION_CHARS)
    if rule.distribution != "scopelint":
        properties["distribution"] = plain_line(rule.distribution)
    return properties


def _tags(rule: RuleSummary) -> list[str]:
    tags = ["security", "gitlab", *(f"external/cwe/cwe-{number}" for number in rule.cwe)]
    tags += [plain_line(tag) for tag in rule.tags if not _TYPING_TAG.match(tag)]
    return list(dict.fromkeys(tags))[:_TAGS]
