"""The JUnit report: the Tests tab of GitLab, Jenkins and others, passes included.

The dialect is that of `junit-10.xsd` (Jenkins' xUnit plug-in), which GitLab reads as well: no
attribute beyond it, text inside every failure, error and skipped. GitLab reads at most 30 MB, and
identifies a case by suite, classname and name.
"""

from io import StringIO
from typing import BinaryIO
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

from scopelint.report import Report, Reporter
from scopelint_reports.junit_cases import JunitCase, JunitSuite, suites
from scopelint_reports.narrowing import judged_words, rule_words

MAX_CASES = 50_000
"""Above this many cases those that pass are folded into one a rule."""
MAX_BYTES = 28_000_000
"""The size at which cases are left out, and counted; GitLab refuses a file of 30 MB."""

_ROOM = 1_000
"""What the last suite and the end of the document take, in bytes."""


class JunitReporter(Reporter):
    """Test reports: a project is a suite, a rule a case."""

    name = "junit"
    title = "JUnit XML for the Tests tab of GitLab and others"

    def render(self, report: Report, out: BinaryIO) -> None:
        """Write the report, severest projects first; what does not fit is counted at the end."""
        out.write(b'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="scopelint">\n')
        written = left_out = judged = 0
        fail_all = self.options.junit_fail == "all"
        for suite in suites(report, MAX_CASES, fail_all=fail_all):
            data = b"" if left_out else _xml(suite)
            if left_out or written + len(data) > MAX_BYTES - _ROOM:
                left_out += len(suite.cases)
                continue
            out.write(data)
            written += len(data)
            judged += len(suite.cases) - suite.count("skipped")
        if left_out:
            out.write(_xml(_left_out(left_out)))
        elif not judged:
            out.write(_xml(_nothing(report)))
        out.write(b"</testsuites>\n")
        self.notes = [_too_many(left_out)] if left_out else []


def _left_out(count: int) -> JunitSuite:
    text = _too_many(count)
    case = JunitCase("scopelint.report", "cases left out", "error", "left_out", text, text)
    return JunitSuite("scopelint", [case])


def _too_many(count: int) -> str:
    return f"{count} cases are left out: the file would be larger than GitLab reads."


def _nothing(report: Report) -> JunitSuite:
    """Make the one case of a report without any: consumers take a file without one for broken.

    It passes only where there was something to scan and all of it was read.
    """
    name = "what was judged is without a finding"
    if report.scan.complete and report.scan.projects.read:
        words = f"{judged_words(report)}; {rule_words(report)}"
        return JunitSuite("scopelint", [JunitCase("scopelint.report", name, output=words)])
    text = f"the scan is empty or incomplete: {judged_words(report)}"
    return JunitSuite(
        "scopelint", [JunitCase("scopelint.report", name, "error", "unknown", text, text)]
    )


def _xml(suite: JunitSuite) -> bytes:
    text = StringIO()
    xml = XMLGenerator(text, "utf-8", short_empty_elements=True)
    counts = {
        "name": suite.name,
        "tests": str(len(suite.cases)),
        "failures": str(suite.count("failure")),
        "errors": str(suite.count("error")),
        "skipped": str(suite.count("skipped")),
    }
    xml.startElement("testsuite", AttributesImpl(counts))
    if suite.owner:
        xml.startElement("properties", AttributesImpl({}))
        xml.startElement("property", AttributesImpl({"name": "owner", "value": suite.owner}))
        xml.endElement("property")
        xml.endElement("properties")
    for case in suite.cases:
        xml.characters("\n")
        _case(xml, case)
    xml.characters("\n")
    xml.endElement("testsuite")
    xml.characters("\n")
    return text.getvalue().encode()


def _case(xml: XMLGenerator, case: JunitCase) -> None:
    name = AttributesImpl({"classname": case.classname, "name": case.name})
    xml.startElement("testcase", name)
    if case.status:
        why = AttributesImpl({"type": case.kind, "message": case.message})
        xml.startElement(case.status, why)
        xml.characters(case.text)
        xml.endElement(case.status)
    if case.output:
        xml.startElement("system-out", AttributesImpl({}))
        xml.characters(case.output)
        xml.endElement("system-out")
    xml.endElement("testcase")
