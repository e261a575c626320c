"""The annotations report: links on the page of the GitLab job.

GitLab reads an object of lists of `external_link`, at most 80 KB. The first link is the verdict
and leads to the HTML report among the job's artifacts, where its address is known; then the
projects with the severest findings, each with its settings page.
"""

from collections import Counter
from collections.abc import Iterable
from typing import BinaryIO

from scopelint.finding import Finding, Severity
from scopelint.report import Report, Reporter
from scopelint.text import counted, json_text, shorten, visible
from scopelint_reports.location import settings_url, web_address
from scopelint_reports.summary import gate_words
from scopelint_reports.unknowns import results, survey

LINKS = 20
"""The most links a job page gets."""

_LABEL_CHARS = 200
_URL_CHARS = 2_000
_ABOUT = "https://docs.gitlab.com/ci/jobs/ci_job_token/"


class AnnotationsReporter(Reporter):
    """Links for a job page. Waived findings are left out; one link stands for all that is unknown."""

    name = "annotations"
    title = "links on the GitLab job page: the verdict, the worst projects"

    def render(self, report: Report, out: BinaryIO) -> None:
        """Write the report; the verdict is always there."""
        page = web_address(self.options.report_url)
        about = page or web_address(report.scan.scan.instance) or _ABOUT
        found = survey(report, most_notices=0)
        links = [_link(f"scopelint {report.gate.result}: {gate_words(report)}", about)]
        if found.summed_up is not None:
            text = f"{found.summed_up.rule} {found.summed_up.message}"
            links.append(_link(text, page or _help(report, found.summed_up.rule) or about))
        worst = _worst(f for f in results(report, found) if f is not found.summed_up)
        room = LINKS - len(links) - (len(worst) > LINKS - len(links))
        links += [_link(text, url) for text, url in worst[:room]]
        if worst[room:]:
            more = counted(len(worst) - room, "more project") + " with findings"
            links.append(_link(more, about))
        out.write(f"{json_text({'scopelint': links})}\n".encode())


def _link(text: str, url: str) -> dict[str, dict[str, str]]:
    return {"external_link": {"label": shorten(visible(text), _LABEL_CHARS), "url": url}}


def _help(report: Report, code: str) -> str | None:
    uris = (rule.help_uri for rule in (*report.rules, *report.not_run) if rule.code == code)
    return web_address(next(uris, None))


def _worst(findings: Iterable[Finding]) -> list[tuple[str, str]]:
    """Return label and settings page of each project with findings, the worst first."""
    pages: dict[str, str] = {}
    counts: dict[str, Counter[Severity]] = {}
    owners: dict[str, str] = {}
    for finding in findings:
        url = settings_url(finding)
        if finding.project is None or url is None or len(url) > _URL_CHARS:
            continue
        pages.setdefault(finding.project.path, url)
        owners[finding.project.path] = f" ({finding.owner})" if finding.owner else ""
        counts.setdefault(finding.project.path, Counter())[finding.severity] += 1
    order = sorted(
        counts, key=lambda path: ([-counts[path][severity] for severity in Severity], path)
    )
    return [(f"{path}: {_words(counts[path])}{owners[path]}", pages[path]) for path in order]


def _words(counts: Counter[Severity]) -> str:
    return ", ".join(f"{counts[level]} {level.value}" for level in Severity if counts[level])
