"""A GitLab whose certificate a private authority signed, over both APIs, scanned to the end."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scopelint_simulator import Simulator, load_instance
from tests.cli.kit import process
from tests.faults.certificates import Authority, make_authority
from tests.faults.kit import TOKEN, instance, scan

APIS = pytest.mark.parametrize("api", ["graphql", "rest"])


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("tls") / "ca")


@pytest.fixture(scope="module")
def gitlab(authority: Authority) -> Iterator[Simulator]:
    """A GitLab under a relative URL, by HTTPS; large enough for REST to turn a page."""
    made = load_instance(instance(120, groups=3))
    with Simulator(made, root="/gitlab", tls=authority.context()) as simulator:
        yield simulator


@APIS
def test_a_private_authority_is_trusted_by_its_file(
    gitlab: Simulator, authority: Authority, tmp_path: Path, api: str
) -> None:
    found = scan(gitlab.url, tmp_path, "--api", api, "--ca-file", authority.file)
    assert found.report["scan"]["instance"] == gitlab.url
    assert gitlab.url.startswith("https://")
    assert gitlab.url.endswith("/gitlab")
    assert found.report["scan"]["projects"]["read"] == 120
    assert found.report["scan"]["complete"] is True


@APIS
@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_a_private_authority_is_trusted_by_a_variable(
    gitlab: Simulator,
    authority: Authority,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    api: str,
    variable: str,
) -> None:
    monkeypatch.setenv(variable, str(authority.file))
    found = scan(gitlab.url, tmp_path, "--api", api)
    assert found.report["scan"]["projects"]["read"] == 120


@APIS
def test_an_unknown_authority_is_refused_at_once(
    gitlab: Simulator, tmp_path: Path, api: str
) -> None:
    found = scan(gitlab.url, tmp_path, "--api", api)
    found.result.expect(4, "certificate is not trusted", "unable to get local issuer", "--ca-file")
    assert TOKEN not in found.result.text


@APIS
def test_another_authority_does_not_do(gitlab: Simulator, tmp_path: Path, api: str) -> None:
    other = make_authority(tmp_path / "other", "Somebody Else")
    found = scan(gitlab.url, tmp_path, "--api", api, "--ca-file", other.file)
    found.result.expect(4, "certificate is not trusted", "--ca-file")


@APIS
def test_a_certificate_for_another_name_does_not_do(
    authority: Authority, tmp_path: Path, api: str
) -> None:
    context = authority.context("DNS:gitlab.example.com")
    with Simulator(load_instance(instance(1)), tls=context) as gitlab:
        found = scan(gitlab.url, tmp_path, "--api", api, "--ca-file", authority.file)
    found.result.expect(4, "certificate is not trusted", "127.0.0.1")


@APIS
def test_insecure_reads_on_and_warns_once(gitlab: Simulator, tmp_path: Path, api: str) -> None:
    # A process of its own, where warnings go where they go for users.
    given = ("--url", gitlab.url, "--group", "acme", "--no-config", "--api", api, "--insecure")
    result = process(
        "collect", *given, "-o", tmp_path / "x.snapshot", env={"SCOPELINT_TOKEN": TOKEN}
    )
    result.expect(0, "--insecure: GitLab's certificate is not checked", "120 of 120 projects read")
    assert result.err.lower().count("warning") == 1


def test_what_is_no_pem_file_is_named(gitlab: Simulator, tmp_path: Path) -> None:
    bad = tmp_path / "bad.pem"
    bad.write_text("not a certificate\n")
    found = scan(gitlab.url, tmp_path, "--ca-file", bad)
    found.result.expect(2, "bad.pem", "PEM")
