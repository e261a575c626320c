import re
from dataclasses import replace
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scopelint.finding import EntryRef, Finding, ProjectRef
from scopelint_reports.location import place, settings_url, web_address
from tests.reports import build
from tests.reports.kit import STEADY

SEGMENTS = re.compile(r"(?:[A-Za-z0-9_.~-]|%[0-9A-F]{2})+(?:/(?:[A-Za-z0-9_.~-]|%[0-9A-F]{2})+)*")
AREA = "job_token"


def uri(finding: Finding, instance: str = build.INSTANCE) -> str:
    return place(finding, instance).uri


def test_it_names_project_setting_and_entry() -> None:
    on = build.project(7, "acme/web/shop")
    base = f"gitlab.example.com/acme/web/shop/{AREA}"
    group = build.finding("SL301", on, entry=build.group_entry(100))
    assert uri(build.finding("SL101", on)) == f"{base}/SL101"
    assert uri(group) == f"{base}/SL301/group/100"
    assert place(group, build.INSTANCE).name == "acme/web/shop::job_token::SL301::group::100"
    assert uri(build.finding("SL201", on, key="outbound")) == f"{base}/SL201/outbound"
    assert uri(build.finding("SL103")) == f"gitlab.example.com/admin/{AREA}/SL103"


def test_a_key_of_the_rules_own_makes_a_location_of_its_own() -> None:
    on = build.project(7)
    gone = EntryRef("project", None, None)
    findings = [
        build.finding("SL305", on),
        build.finding("SL305", on, key="boundary:a"),
        build.finding("SL305", on, key="boundary:b"),
        build.finding("SL305", on, entry=gone, key="project:gone:1"),
        build.finding("SL305", on, entry=build.group_entry()),
        build.finding("SL305", on, entry=build.group_entry(), key="other"),
    ]
    uris = [uri(finding) for finding in findings]
    assert len(set(uris)) == len(uris)
    assert uris[1].endswith(f"/SL305/{findings[1].fingerprint[:16]}")


def test_every_finding_of_a_report_has_its_own_valid_location() -> None:
    for report in (build.everything(), build.large(1000)):
        uris = [uri(finding) for finding in report.findings]
        assert len(set(uris)) == len(uris)
        assert [u for u in uris if not SEGMENTS.fullmatch(u)] == []


def test_it_is_the_same_without_the_key_that_a_report_file_does_not_hold() -> None:
    for finding in build.everything().findings:
        assert uri(replace(finding, key="")) == uri(finding)


@pytest.mark.parametrize(
    ("instance", "prefix"),
    [
        ("https://gitlab.example.com:8443/git lab", "gitlab.example.com%3A8443/git%20lab"),
        ("http://[::1]:80", "%5B%3A%3A1%5D%3A80"),
        ("http://127.0.0.1:8080", "127.0.0.1%3A8080"),
    ],
)
def test_the_instance_is_its_beginning(instance: str, prefix: str) -> None:
    on = build.project(1, "acme/x")
    finding = replace(build.finding("SL101", on), fingerprint="0" * 64)
    assert uri(finding, instance) == f"{prefix}/acme/x/{AREA}/SL101/{'0' * 16}"


def test_paths_that_become_alike_have_their_own_locations() -> None:
    paths = ("acme/a\x00", "acme/a\x01", "acme/..", "acme/..~", "acme/", "acme/~")
    on = [ProjectRef(number, path, None) for number, path in enumerate(paths, start=1)]
    uris = [uri(build.finding("SL101", project)) for project in on]
    assert len(set(uris)) == len(uris)


@STEADY
@example("..")
@example(".")
@example("")
@example("a/../../../b")
@given(st.text(st.characters(exclude_categories=())))
def test_any_name_stays_inside_its_segment(name: str) -> None:
    finding = build.finding("SL101", ProjectRef(5, f"acme/{name}", None))
    written = uri(finding)
    assert SEGMENTS.fullmatch(written)
    assert urlsplit(written).scheme == ""
    base = "http://host/root/"
    assert urljoin(base, written) == base + written  # no segment is resolved away
    assert unquote(written).startswith("gitlab.example.com/acme/")


@pytest.mark.parametrize(
    ("given_url", "written"),
    [
        ("https://gitlab.example.com/a/b", "https://gitlab.example.com/a/b"),
        ("https://me:secret@host:99/a", "https://host:99/a"),
        ("http://[::1]:80/é%zz#a#b", "http://[::1]:80/%C3%A9%25zz#a%23b"),
        ('https://h/"><script>', "https://h/%22%3E%3Cscript%3E"),
        ("https://h/\x1b\ud800", "https://h/%EF%BF%BD%EF%BF%BD"),
        ("javascript:alert(1)", None),
        ("//evil/x", None),
        ("https://h:99999/", None),
        ("https://[bad/", None),
        ("", None),
        (None, None),
    ],
)
def test_web_addresses_are_http_or_nothing(given_url: str | None, written: str | None) -> None:
    assert web_address(given_url) == written


def test_the_settings_page() -> None:
    finding = build.finding("SL101", build.project(1, "acme/x"))
    page = "https://gitlab.example.com/acme/x/-/settings/ci_cd#js-token-access"
    assert settings_url(finding) == page
    assert settings_url(build.finding("SL103")) is None
    odd = ProjectRef(1, "acme/x", "https://gitlab.example.com/acme/x#frag")
    assert settings_url(build.finding("SL101", odd)) is None
