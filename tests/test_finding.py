"""Findings: the fingerprint is a promise, so its values are written down here."""

import hashlib

import pytest

from scopelint.finding import Confidence, Finding, Outcome, ProjectRef, Severity, fingerprint


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (
            ("SL101", "https://gitlab.example.com", 1001, ""),
            "scopelint/1\nSL101\nhttps://gitlab.example.com\n1001\n",
        ),
        (
            ("SL304", "http://localhost:8080/gitlab", 7, "group:42"),
            "scopelint/1\nSL304\nhttp://localhost:8080/gitlab\n7\ngroup:42",
        ),
        (
            ("SL902", "https://gitlab.example.com", None, ""),
            "scopelint/1\nSL902\nhttps://gitlab.example.com\n\n",
        ),
    ],
)
def test_fingerprint_is_the_digest_of_the_documented_text(
    parts: tuple[str, str, int | None, str], expected: str
) -> None:
    """SHA-256 of format, code, instance, project and key, joined by newlines."""
    assert fingerprint(*parts) == hashlib.sha256(expected.encode()).hexdigest()


@pytest.mark.parametrize(
    ("parts", "golden"),
    [
        (
            ("SL101", "https://gitlab.example.com", 1001, ""),
            "cf1c82ecb4c669d20a1bf529699b1e33670198164a89914ec2df645f4ad59960",
        ),
        (
            ("SL304", "http://localhost:8080/gitlab", 7, "group:42"),
            "94e71d774f0f423434980741dc5ab95160a138291e1299c09cf4cb19075a0fab",
        ),
        (
            ("SL902", "https://gitlab.example.com", None, ""),
            "fb75fb07d0ca34f12c691353fada63cce2d2f2cb23c8d137ed289f5b6f12e3a6",
        ),
    ],
)
def test_fingerprint_never_changes(parts: tuple[str, str, int | None, str], golden: str) -> None:
    """Waivers, baselines and dashboards hold these values: a change would lose them all."""
    assert fingerprint(*parts) == golden


def test_severities_are_ordered() -> None:
    """Critical is the severest; unknown reaches no threshold but itself."""
    assert sorted(Severity, key=lambda s: s.rank)[0] is Severity.CRITICAL
    assert Severity.HIGH.reaches(Severity.MEDIUM)
    assert Severity.MEDIUM.reaches(Severity.MEDIUM)
    assert not Severity.LOW.reaches(Severity.MEDIUM)
    assert not Severity.UNKNOWN.reaches(Severity.INFO)


def test_no_two_findings_share_their_place() -> None:
    """Two projects may have one path: one of them was moved while the other was read."""
    one, other = (
        Finding(
            rule="SL101",
            name="x",
            severity=Severity.HIGH,
            confidence=Confidence.HIGH,
            verdict=Outcome.FAIL,
            message="m",
            project=ProjectRef(number, "acme/shop", None),
            entry=None,
            fingerprint=fingerprint("SL101", "https://g", number, ""),
        )
        for number in (8, 7)
    )
    assert sorted([one, other], key=lambda finding: finding.sort_key) == [other, one]
    assert one.sort_key != other.sort_key
