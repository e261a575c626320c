"""What consumers make of one upload after another: a model of GitLab's default branch, for tests.

From the ingestion of GitLab EE 18.9 to 19.x: a security report's findings are stored by identity,
and one that the newest report does not have becomes "no longer detected"; the scan's status, its
messages and an incomplete scan change nothing in that. Code Quality compares two reports by
fingerprint and calls "fixed" what only the older one has. A pipeline without such a report leaves
everything as it was.
"""

import json
from collections.abc import Callable, Hashable, Set
from dataclasses import dataclass, field

from scopelint.report import Report, Reporter
from scopelint_reports.codequality import CodeQualityReporter
from scopelint_reports.gitlab_sast import GitlabSastReporter
from scopelint_reports.sarif import SarifReporter
from tests.reports import gitlab_ingest
from tests.reports.kit import rendered

Identity = Hashable


def _sast(data: bytes) -> set[Identity]:
    """Identities by place, as every tier has them: the primary identifier and the location."""
    kept = gitlab_ingest.merged(json.loads(data))
    return {
        (item["identifiers"][0]["value"], item["location"]["file"], item["location"]["start_line"])
        for item in kept
    }


def _signatures(data: bytes) -> set[Identity]:
    """Identities by vulnerability signature, as the highest tier has them."""
    return {
        item["tracking"]["items"][0]["signatures"][0]["value"]
        for item in gitlab_ingest.merged(json.loads(data))
    }


def _sarif(data: bytes) -> set[Identity]:
    found = gitlab_ingest.sarif(data)
    assert not found.rejected
    return {each.identity for each in found.vulnerabilities}


def _codequality(data: bytes) -> set[Identity]:
    return {issue["fingerprint"] for issue in json.loads(data)}


CONSUMERS: dict[str, tuple[type[Reporter], Callable[[bytes], set[Identity]]]] = {
    "gitlab-sast": (GitlabSastReporter, _sast),
    "gitlab-sast, by signature": (GitlabSastReporter, _signatures),
    "sarif": (SarifReporter, _sarif),
    "gitlab-codequality": (CodeQualityReporter, _codequality),
}


def identities(consumer: str, report: Report) -> set[Identity]:
    """Return what a consumer takes out of a report."""
    reporter, read = CONSUMERS[consumer]
    return read(rendered(reporter(), report))


@dataclass(slots=True)
class History:
    """What one consumer shows of the default branch, upload after upload."""

    consumer: str
    detected: Set[Identity] = field(default_factory=set)

    def upload(self, report: Report | None) -> Set[Identity]:
        """Take a report, None where the pipeline has none; return what is no longer detected."""
        if report is None:
            return set()
        now = identities(self.consumer, report)
        gone = self.detected - now
        self.detected = now
        return gone
